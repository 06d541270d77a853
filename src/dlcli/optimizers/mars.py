"""MARS: AdamW on gradients whose noise is reduced by the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Base, dense, one_minus_power

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class MARS(Base):
    """AdamW with variance reduction (MARS-AdamW, the approximate form that needs one gradient).

    For kernels, and other variables of two or more axes:

        c = g + gamma * beta_1 / (1 - beta_1) * (g - last g), scaled down to a norm of at most 1
        m = beta_1 m + (1 - beta_1) c
        v = beta_2 v + (1 - beta_2) c^2
        w -= rate * m_hat / (sqrt(v_hat) + epsilon)

    where the hats divide by 1 - beta^t, and the gradient before the first is 0. Biases and other
    vectors get AdamW with betas of their own, unless `optimize_1d`. Weight decay is decoupled.

    Yuan et al. 2024, "MARS: Unleashing the Power of Variance Reduction for Training Large Models"
    (https://arxiv.org/abs/2411.10438).

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        beta_1: Float between 0 and 1. Decay of the mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their squares.
        gamma: Float. How much of the variance is corrected.
        optimize_1d: Boolean. Whether vectors are corrected too.
        beta_1_1d: Float between 0 and 1. As `beta_1`, for vectors.
        beta_2_1d: Float between 0 and 1. As `beta_2`, for vectors.
        epsilon: Float. Keeps the denominator above zero.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-5, 1e-1)
    rates_source = "Yuan et al. 2024 give 3e-3 to 6e-3, where AdamW has 6e-4"

    def __init__(
        self,
        learning_rate: Any = 3e-3,
        beta_1: float = 0.95,
        beta_2: float = 0.99,
        gamma: float = 0.025,
        optimize_1d: bool = False,
        beta_1_1d: float = 0.9,
        beta_2_1d: float = 0.95,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.gamma = gamma
        self.optimize_1d = optimize_1d
        self.beta_1_1d = beta_1_1d
        self.beta_2_1d = beta_2_1d
        self.epsilon = epsilon

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create both moments and the last gradient."""
        names = ["momentum", "velocity", "last_gradient"]
        self._momentums, self._velocities, self._gradients = self.add_optimizer_variables(
            variables, names
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v, last = self._momentums[index], self._velocities[index], self._gradients[index]
        g, step = dense(gradient, variable), self.step_of(variable)
        corrected = self.optimize_1d or len(variable.shape) > 1
        beta_1, beta_2 = (
            (self.beta_1, self.beta_2) if corrected else (self.beta_1_1d, self.beta_2_1d)
        )
        c = self._corrected(g, last) if corrected else g
        self.assign(last, g)
        self.assign_add(m, (c - m) * (1 - beta_1))
        self.assign_add(v, (ops.square(c) - v) * (1 - beta_2))
        m_hat = m / one_minus_power(beta_1, step)
        v_hat = v / one_minus_power(beta_2, step)
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * m_hat / (ops.sqrt(v_hat) + self.epsilon))

    def _corrected(self, g: Any, last: Any) -> Any:
        """Return a gradient less a part of its noise, of a norm of at most 1."""
        c = g + self.gamma * self.beta_1 / (1 - self.beta_1) * (g - last)
        return c / ops.maximum(ops.sqrt(ops.sum(ops.square(c))), 1.0)
