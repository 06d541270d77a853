"""ADOPT: Adam in another order, so that it converges with any beta_2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Base, dense

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class ADOPT(Base):
    """Adam that divides a gradient by what was known before it, and averages afterwards.

        u = clip(g / max(sqrt(v), epsilon), -t^0.25, t^0.25)
        m = beta_1 m + (1 - beta_1) u
        w -= rate * m
        v = beta_2 v + (1 - beta_2) g^2

    with t from 0: the first step sets v to g^2 and moves nothing. Weight decay is decoupled.

    Taniguchi et al. 2024, "ADOPT: Modified Adam Can Converge with Any beta_2 with the Optimal Rate"
    (https://arxiv.org/abs/2411.02853).

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        beta_1: Float between 0 and 1. Decay of the mean of the scaled gradients.
        beta_2: Float between 0 and 1. Decay of the mean of the squares.
        epsilon: Float. Least denominator.
        clip_exponent: Float or None. Scaled gradients are clipped at the step to this power; None
            for no clipping.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-5, 1e-1)
    rates_source = "as Adam: Taniguchi et al. 2024 give 1e-3"

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.9999,
        epsilon: float = 1e-6,
        clip_exponent: float | None = 0.25,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.clip_exponent = clip_exponent

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create both moments."""
        names = ["momentum", "velocity"]
        self._momentums, self._velocities = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        g, step = dense(gradient, variable), self.step_of(variable) - 1
        scaled = g / ops.maximum(ops.sqrt(v), self.epsilon)
        if self.clip_exponent is not None:
            bound = step**self.clip_exponent
            scaled = ops.clip(scaled, -bound, bound)
        begun = step > 0
        self.assign(m, ops.where(begun, m + (scaled - m) * (1 - self.beta_1), m))
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * m)
        square = ops.square(g)
        self.assign(v, ops.where(begun, v + (square - v) * (1 - self.beta_2), square))
