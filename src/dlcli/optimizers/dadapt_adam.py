"""DAdaptAdam: Adam with D-Adaptation, the learning-rate-free forerunner of Prodigy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Joint, one_minus_power, ratio, total

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class DAdaptAdam(Joint):
    """Adam without a learning rate: it bounds the distance d from the start to a solution.

    With b = sqrt(beta_2) and step = d * rate:

        r = b r + (1 - b) step * <g, s / (sqrt(v) + epsilon)>   with v from before
        m = beta_1 m + (1 - beta_1) step * g
        v = beta_2 v + (1 - beta_2) g^2
        s = b s + (1 - b) step * g
        d = max(d, r / ((1 - b) |s|_1)), at most growth_rate times itself
        w -= m / (sqrt(v) + epsilon), less step * decay * w

    The step is the one before d grows. No rate is searched: it stays 1, or is a schedule with a
    peak of 1.

    Defazio & Mishchenko 2023, "Learning-Rate-Free Learning by D-Adaptation"
    (https://arxiv.org/abs/2301.07733).

    Args:
        learning_rate: Float, or a schedule. Multiplies the step that is found; 1 is meant.
        beta_1: Float between 0 and 1. Decay of the mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their squares.
        epsilon: Float. Keeps the denominator above zero.
        d0: Float. What d starts at, far below any distance.
        growth_rate: Float or None. How many times d may grow in a step; None for any.
        use_bias_correction: Boolean. Whether the first steps are corrected as Adam's are.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1.0, 1.0)
    rates_source = "Defazio & Mishchenko 2023: the rate is found while training"

    def __init__(
        self,
        learning_rate: Any = 1.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        d0: float = 1e-6,
        growth_rate: float | None = None,
        use_bias_correction: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.d0 = d0
        self.growth_rate = growth_rate
        self.use_bias_correction = use_bias_correction

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the moments and the sums."""
        names = ["momentum", "velocity", "gradient_sum"]
        self._momentums, self._velocities, self._sums = self.add_optimizer_variables(
            variables, names
        )
        self._distance = self.scalar("distance", self.d0, variables)
        self._product = self.scalar("product", 0.0, variables)

    def update(self, gradients: list[Any], variables: list[Any], rate: Any) -> None:
        """Do a step."""
        slots = [self._get_variable_index(v) for v in variables]
        d = ops.copy(self._distance)
        step = d * rate * self._correction(variables[0])
        b = math.sqrt(self.beta_2)
        passed = [
            g * self._sums[i] / (ops.sqrt(self._velocities[i]) + self.epsilon)
            for g, i in zip(gradients, slots, strict=True)
        ]
        gained = step * total(passed)
        self.assign(self._product, b * self._product + (1 - b) * gained)
        for g, i in zip(gradients, slots, strict=True):
            m, v, s = self._momentums[i], self._velocities[i], self._sums[i]
            self.assign_add(m, (step * g - m) * (1 - self.beta_1))
            self.assign_add(v, (ops.square(g) - v) * (1 - self.beta_2))
            self.assign_add(s, (step * g - s) * (1 - b))
        reached = (1 - b) * total([ops.abs(self._sums[i]) for i in slots])
        found = ratio(self._product, reached)
        if self.growth_rate is not None:
            found = ops.minimum(found, d * self.growth_rate)
        self.assign(self._distance, ops.maximum(d, found))
        for w, i in zip(variables, slots, strict=True):
            move = self._momentums[i] / (ops.sqrt(self._velocities[i]) + self.epsilon)
            self.assign_sub(w, move + step * self.decay_of(w) * w)

    def _correction(self, variable: Any) -> Any:
        """Return what makes up for moments that start at 0."""
        if not self.use_bias_correction:
            return 1.0
        count = self.step_of(variable)
        second = ops.sqrt(one_minus_power(self.beta_2, count))
        return second / one_minus_power(self.beta_1, count)
