"""Signum: the signs of the momentum, each weight by the same step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Base, dense

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class Signum(Base):
    """Momentum of which only the signs count; with `momentum=0`, signSGD.

        m = momentum * m + (1 - momentum) * g
        w -= rate * sign(m)

    Weight decay is decoupled.

    Bernstein et al. 2018, "signSGD: Compressed Optimisation for Non-Convex Problems"
    (https://arxiv.org/abs/1802.04434).

    Args:
        learning_rate: Float, or a schedule. The learning rate, by which each weight moves.
        momentum: Float between 0 and 1. Decay of the mean of the gradients.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-6, 1e-2)
    rates_source = "as Lion, whose step is a sign too; Bernstein et al. 2018 give 1e-4"

    def __init__(self, learning_rate: Any = 1e-4, momentum: float = 0.9, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = momentum

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the momentum."""
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        m = self._momentums[self._get_variable_index(variable)]
        self.assign_add(m, (dense(gradient, variable) - m) * (1 - self.momentum))
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * ops.sign(m))
