"""AdaBelief: Adam that trusts a gradient as far as it had expected it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Base, dense, one_minus_power

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class AdaBelief(Base):
    """Adam that divides by how far gradients are from their mean, and not by their size.

        m = beta_1 m + (1 - beta_1) g
        s = beta_2 s + (1 - beta_2) (g - m)^2 + epsilon
        w -= rate * m_hat / (sqrt(s_hat) + epsilon)

    where the hats divide by 1 - beta^t. Weight decay is decoupled.

    Zhuang et al. 2020, "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed
    Gradients" (https://arxiv.org/abs/2010.07468). The default of epsilon is that of the authors'
    package; their experiments on images have 1e-8.

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        beta_1: Float between 0 and 1. Decay of the mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their squared distance from it.
        epsilon: Float. Keeps the denominator above zero.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-5, 1e-1)
    rates_source = "as Adam, whose rate Zhuang et al. 2020 take over: 1e-3"

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-16,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the mean and the squared distance."""
        names = ["momentum", "deviation"]
        self._momentums, self._deviations = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, s = self._momentums[index], self._deviations[index]
        g, step = dense(gradient, variable), self.step_of(variable)
        self.assign_add(m, (g - m) * (1 - self.beta_1))
        self.assign_add(s, (ops.square(g - m) - s) * (1 - self.beta_2) + self.epsilon)
        m_hat = m / one_minus_power(self.beta_1, step)
        s_hat = s / one_minus_power(self.beta_2, step)
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * m_hat / (ops.sqrt(s_hat) + self.epsilon))
