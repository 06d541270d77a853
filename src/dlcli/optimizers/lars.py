"""LARS: momentum whose step in each layer is a share of the layer's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import OwnDecay, dense

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class LARS(OwnDecay):
    """Momentum with a rate for each layer, in proportion to its weights: for large batches.

        u = g + decay * w
        m = momentum * m + rate * trust_coefficient * |w| / (|u| + epsilon) * u
        w -= m

    with norms over a whole variable; where one of them is 0, u is not scaled.

    You et al. 2017, "Large Batch Training of Convolutional Networks"
    (https://arxiv.org/abs/1708.03888).

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        momentum: Float between 0 and 1. Share of the last step that is kept.
        trust_coefficient: Float. The step as a share of the weights, at a rate of 1.
        epsilon: Float. Added to the gradient's norm.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-2, 1e2)
    rates_source = "You et al. 2017 give 2 to 32 at a trust coefficient of 1e-3, for large batches"

    def __init__(
        self,
        learning_rate: Any = 1.0,
        momentum: float = 0.9,
        trust_coefficient: float = 1e-3,
        epsilon: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = momentum
        self.trust_coefficient = trust_coefficient
        self.epsilon = epsilon

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the momentum."""
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        m = self._momentums[self._get_variable_index(variable)]
        u = dense(gradient, variable) + self.decay_of(variable) * variable
        weights, size = ops.sqrt(ops.sum(variable**2)), ops.sqrt(ops.sum(ops.square(u)))
        unscaled = ops.logical_or(ops.equal(weights, 0), ops.equal(size, 0))
        safe = ops.where(unscaled, 1.0, size + self.epsilon)
        trust = ops.where(unscaled, 1.0, self.trust_coefficient * weights / safe)
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign(m, self.momentum * m + rate * trust * u)
        self.assign_sub(variable, m)
