"""DoG: gradient descent whose step is the distance so far over the gradients so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Joint, total

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class DoG(Joint):
    """Gradient descent without a learning rate ("distance over gradients").

    Over all weights w, which began as w_0:

        r = max(r, |w - w_0|), at least initial_distance * (1 + |w_0|)
        G = G + |g|^2
        w -= rate * r / sqrt(G + epsilon) * g

    Weight decay is added to the gradient: g + decay * w. No rate is searched: it stays 1. The
    authors find that averaging the weights is crucial: give `use_ema=True`.

    Ivgi et al. 2023, "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size Schedule"
    (https://arxiv.org/abs/2302.12022).

    Args:
        learning_rate: Float, or a schedule. Multiplies the step that is found; 1 is meant.
        initial_distance: Float. The first step in proportion to the weights; 1e-4 with batch
            normalization.
        epsilon: Float. Keeps the denominator above zero.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1.0, 1.0)
    rates_source = "Ivgi et al. 2023: the rate is found while training"

    def __init__(
        self,
        learning_rate: Any = 1.0,
        initial_distance: float = 1e-6,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_distance = initial_distance
        self.epsilon = epsilon

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the distance, the sum, and a copy of the weights."""
        self._starts = self.copies(variables, "start")
        self._distance = self.scalar("distance", 0.0, variables)
        self._gradients = self.scalar("gradients", 0.0, variables)

    def update(self, gradients: list[Any], variables: list[Any], rate: Any) -> None:
        """Do a step."""
        starts = [self._starts[self._get_variable_index(v)] for v in variables]
        pairs = zip(gradients, variables, strict=True)
        gradients = [g + self.decay_of(w) * w for g, w in pairs]
        moved = _norm([w - s for w, s in zip(variables, starts, strict=True)])
        least = self.initial_distance * (1 + _norm(starts))
        self.assign(self._distance, ops.maximum(ops.maximum(self._distance, moved), least))
        self.assign_add(self._gradients, total([ops.square(g) for g in gradients]))
        step = rate * self._distance / ops.sqrt(self._gradients + self.epsilon)
        for g, w in zip(gradients, variables, strict=True):
            self.assign_sub(w, step * g)


def _norm(tensors: list[Any]) -> Any:
    """Return the Euclidean norm of all tensors together."""
    return ops.sqrt(total([ops.square(tensor) for tensor in tensors]))
