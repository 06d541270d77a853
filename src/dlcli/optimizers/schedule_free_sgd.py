"""ScheduleFreeSGD: gradient descent that averages instead of lowering its rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Joint, ratio

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class ScheduleFreeSGD(Joint):
    """Gradient descent on weights z, whose average x is the result; gradients are taken between.

        z -= rate * (g + decay * y)
        c = rate^2 / (sum of rate^2 so far), with the greatest rate so far
        x = (1 - c) x + c z
        y = (1 - momentum) z + momentum x

    While training, the model's weights are y. At the end of `fit`, and wherever dlcli scores a
    trial, they are x: `finalize_variable_values` puts them there, and a training that goes on
    takes up z and x where they were.

    Defazio et al. 2024, "The Road Less Scheduled" (https://arxiv.org/abs/2405.15682).

    Args:
        learning_rate: Float, or a schedule. The learning rate; it needs no decay.
        momentum: Float between 0 and 1. Where between z and x gradients are taken.
        warmup_steps: Non-negative integer. Steps over which the rate grows from 0.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-2, 1e2)
    rates_source = "Defazio et al. 2024 give 1 to 10 with momentum 0.9: 10 to 50 times SGD's"
    averages_weights = True

    def __init__(
        self,
        learning_rate: Any = 1.0,
        momentum: float = 0.9,
        warmup_steps: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = momentum
        self.warmup_steps = warmup_steps

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create z and x, and what the average is made of."""
        self._steps = self.copies(variables, "step")
        self._averages = self.copies(variables, "average")
        self._weight = self.scalar("weight", 0.0, variables)
        self._greatest = self.scalar("greatest_rate", 0.0, variables)

    def update(self, gradients: list[Any], variables: list[Any], rate: Any) -> None:
        """Do a step."""
        if self.warmup_steps:
            rate = rate * ops.minimum(self.step_of(variables[0]) / self.warmup_steps, 1.0)
        self.assign(self._greatest, ops.maximum(self._greatest, rate))
        weight = ops.square(self._greatest)
        self.assign_add(self._weight, weight)
        share = ratio(weight, self._weight)
        for g, y in zip(gradients, variables, strict=True):
            index = self._get_variable_index(y)
            z, x = self._steps[index], self._averages[index]
            self.assign_sub(z, rate * (g + self.decay_of(y) * y))
            self.assign_add(x, share * (z - x))
            self.assign(y, z + self.momentum * (x - z))

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """Put the averages into the model, as Keras's `fit` asks for at its end."""
        super().finalize_variable_values(var_list)
        if not self.use_ema:
            for variable in var_list:
                self.assign(variable, self._averages[self._get_variable_index(variable)])
