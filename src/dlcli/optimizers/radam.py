"""RAdam: Adam whose steps are shortened while too few gradients have been seen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Base, dense, one_minus_power

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class RAdam(Base):
    """Adam that corrects the variance of its first steps, which replaces a warm-up.

    With `t` the step, `m` and `v` Adam's moments, and `r_t` the length of the simple moving average
    that `v` amounts to:

        r_inf = 2 / (1 - beta_2) - 1
        r_t = r_inf - 2 t beta_2^t / (1 - beta_2^t)
        c = sqrt((r_t - 4) (r_t - 2) r_inf / ((r_inf - 4) (r_inf - 2) r_t))
        w -= rate * c * m_hat / (sqrt(v_hat) + epsilon)   if r_t >= 5
        w -= rate * m_hat                                 before

    The paper has r_t > 4; the authors' code, and that of others, 5. Weight decay is decoupled.

    Liu et al. 2020, "On the Variance of the Adaptive Learning Rate and Beyond"
    (https://arxiv.org/abs/1908.03265).

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        beta_1: Float between 0 and 1. Decay of the mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their squares.
        epsilon: Float. Keeps the denominator above zero.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-5, 1e-1)
    rates_source = "as Adam; Liu et al. 2020 find it robust from 3e-3 to 1e-1"

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create both moments."""
        names = ["momentum", "velocity"]
        self._momentums, self._velocities = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        g, step = dense(gradient, variable), self.step_of(variable)
        self.assign_add(m, (g - m) * (1 - self.beta_1))
        self.assign_add(v, (ops.square(g) - v) * (1 - self.beta_2))
        m_hat = m / one_minus_power(self.beta_1, step)
        v_hat = v / one_minus_power(self.beta_2, step)
        length, longest = average_length(self.beta_2, step), 2 / (1 - self.beta_2) - 1
        product = (length - 4) * (length - 2) / ((longest - 4) * (longest - 2)) * longest / length
        rectified = ops.sqrt(ops.maximum(product, 0.0)) * m_hat / (ops.sqrt(v_hat) + self.epsilon)
        move = ops.where(length >= 5, rectified, m_hat)
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * move)


def average_length(decay: float, step: Any) -> Any:
    """Return the length of the simple moving average that an exponential one amounts to.

    The two terms of its formula are nearly equal in the first steps, and float32 would leave one
    digit of their difference. With a = -log(decay) and x = a t, 2 t decay^t / (1 - decay^t) is
    2/a times x / (e^x - 1) = 1 - x/2 + x^2/12 - x^4/720 + x^6/30240 - x^8/1209600 + ...: the 1
    cancels, and is left out below x = 1.

    Args:
        decay: Between 0 and 1.
        step: A scalar, from 1.
    """
    a = -math.log(decay)
    longest = 2 / (1 - decay) - 1
    x = a * step
    square = ops.minimum(x, 1.0) ** 2
    series = 1 / 12 - square * (1 / 720 - square * (1 / 30240 - square / 1209600))
    early = (longest - 2 / a) + step - 2 / a * square * series
    late = longest - 2 * step * ops.exp(-x) / one_minus_power(decay, step)
    return ops.where(x < 1, early, late)
