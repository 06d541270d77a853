"""Adan: Adam with Nesterov's look ahead, from the difference of two gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import OwnDecay, dense, one_minus_power

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class Adan(OwnDecay):
    """Adam with a Nesterov momentum that needs no gradient at a second place.

    With `d` the difference to the last gradient, 0 in the first step:

        m = beta_1 m + (1 - beta_1) g
        v = beta_2 v + (1 - beta_2) d
        n = beta_3 n + (1 - beta_3) (g + beta_2 d)^2
        w = (w - rate * (m_hat + beta_2 v_hat) / (sqrt(n_hat) + epsilon)) / (1 + rate * decay)

    where the hats divide by 1 - beta^t, as the authors' code does. The paper's betas are 1 minus
    these.

    Xie et al. 2022, "Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep Models"
    (https://arxiv.org/abs/2208.06677).

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        beta_1: Float between 0 and 1. Decay of the mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their differences.
        beta_3: Float between 0 and 1. Decay of the mean of the squares.
        epsilon: Float. Keeps the denominator above zero.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-5, 1e-1)
    rates_source = "Xie et al. 2022: 5 to 10 times Adam's, 1e-3 to 1.5e-2"

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.98,
        beta_2: float = 0.92,
        beta_3: float = 0.99,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.beta_3 = beta_3
        self.epsilon = epsilon

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the three means and the last gradient."""
        names = ["momentum", "difference", "velocity", "last_gradient"]
        self._momentums, self._differences, self._velocities, self._gradients = (
            self.add_optimizer_variables(variables, names)
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v, n = self._momentums[index], self._differences[index], self._velocities[index]
        last = self._gradients[index]
        g, step = dense(gradient, variable), self.step_of(variable)
        d = ops.where(step > 1, g - last, ops.zeros_like(g))
        self.assign_add(m, (g - m) * (1 - self.beta_1))
        self.assign_add(v, (d - v) * (1 - self.beta_2))
        self.assign_add(n, (ops.square(g + self.beta_2 * d) - n) * (1 - self.beta_3))
        self.assign(last, g)
        m_hat = m / one_minus_power(self.beta_1, step)
        v_hat = v / one_minus_power(self.beta_2, step)
        n_hat = n / one_minus_power(self.beta_3, step)
        rate = ops.cast(learning_rate, variable.dtype)
        move = rate * (m_hat + self.beta_2 * v_hat) / (ops.sqrt(n_hat) + self.epsilon)
        self.assign(variable, (variable - move) / (1 + rate * self.decay_of(variable)))
