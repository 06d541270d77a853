"""Prodigy: Adam that finds its learning rate while it trains."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Joint, one_minus_power, ratio, total

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class Prodigy(Joint):
    """Adam without a learning rate: it estimates the distance d from the start to a solution.

    Over all weights w, which began as w_0, with beta_3 = sqrt(beta_2) and step = d * rate:

        m = beta_1 m + (1 - beta_1) d g
        v = beta_2 v + (1 - beta_2) d^2 g^2
        r = beta_3 r + d / d0 * step * <g, w_0 - w>
        s = beta_3 s + d / d0 * step * g
        d = max(d, d_coef * r / |s|_1), at most growth_rate times itself
        w -= step * m / (sqrt(v) + d * epsilon), less step * decay * w

    The step is the one before d grows. No rate is searched: it stays 1, or is a schedule with a
    peak of 1.

    Mishchenko & Defazio 2023, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner"
    (https://arxiv.org/abs/2306.06101).

    Args:
        learning_rate: Float, or a schedule. Multiplies the step that is found; 1 is meant.
        beta_1: Float between 0 and 1. Decay of the mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their squares.
        beta_3: Float between 0 and 1, or None. Decay of the sums that d is estimated from; None
            for the square root of beta_2.
        epsilon: Float. Keeps the denominator above zero.
        d0: Float. What d starts at, far below any distance.
        d_coef: Float. Multiplies the estimate of d: 0.5 or 2 for smaller or larger steps.
        growth_rate: Float or None. How many times d may grow in a step; None for any.
        use_bias_correction: Boolean. Whether the first steps are corrected as Adam's are.
        safeguard_warmup: Boolean. Leaves the rate out of s, for schedules that warm up.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1.0, 1.0)
    rates_source = "Mishchenko & Defazio 2023: the rate is found while training"

    def __init__(
        self,
        learning_rate: Any = 1.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        beta_3: float | None = None,
        epsilon: float = 1e-8,
        d0: float = 1e-6,
        d_coef: float = 1.0,
        growth_rate: float | None = None,
        use_bias_correction: bool = False,
        safeguard_warmup: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.beta_3 = beta_3
        self.epsilon = epsilon
        self.d0 = d0
        self.d_coef = d_coef
        self.growth_rate = growth_rate
        self.use_bias_correction = use_bias_correction
        self.safeguard_warmup = safeguard_warmup

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the moments, the sums, and a copy of the weights."""
        names = ["momentum", "velocity", "gradient_sum"]
        self._momentums, self._velocities, self._sums = self.add_optimizer_variables(
            variables, names
        )
        self._starts = self.copies(variables, "start")
        self._distance = self.scalar("distance", self.d0, variables)
        self._longest = self.scalar("longest_distance", self.d0, variables)
        self._product = self.scalar("product", 0.0, variables)

    def update(self, gradients: list[Any], variables: list[Any], rate: Any) -> None:
        """Do a step."""
        slots = [self._get_variable_index(v) for v in variables]
        d = ops.copy(self._distance)
        step = d * rate * self._correction(variables[0])
        beta_3 = math.sqrt(self.beta_2) if self.beta_3 is None else self.beta_3
        share = d / self.d0 * (d if self.safeguard_warmup else step)
        moved = [self._starts[i] - w for w, i in zip(variables, slots, strict=True)]
        passed = [g * m for g, m in zip(gradients, moved, strict=True)]
        for g, i in zip(gradients, slots, strict=True):
            m, v, s = self._momentums[i], self._velocities[i], self._sums[i]
            self.assign_add(m, (d * g - m) * (1 - self.beta_1))
            self.assign_add(v, (ops.square(d * g) - v) * (1 - self.beta_2))
            self.assign(s, beta_3 * s + share * g)
        self.assign(self._product, beta_3 * self._product + d / self.d0 * step * total(passed))
        reached = total([ops.abs(self._sums[i]) for i in slots])
        self._estimate(d, self.d_coef * ratio(self._product, reached))
        for w, i in zip(variables, slots, strict=True):
            scale = ops.sqrt(self._velocities[i]) + self._distance * self.epsilon
            # Where d * epsilon is too small for the precision, 0 / 0 would be no number.
            move = self._momentums[i] / ops.where(ops.equal(scale, 0), 1.0, scale)
            self.assign_sub(w, step * (move + self.decay_of(w) * w))

    def _correction(self, variable: Any) -> Any:
        """Return what makes up for moments that start at 0."""
        if not self.use_bias_correction:
            return 1.0
        count = self.step_of(variable)
        second = ops.sqrt(one_minus_power(self.beta_2, count))
        return second / one_minus_power(self.beta_1, count)

    def _estimate(self, d: Any, found: Any) -> None:
        """Let d grow to what was found."""
        begun = ops.where(ops.equal(d, self._as(d, self.d0)), ops.maximum(d, found), d)
        self.assign(self._longest, ops.maximum(self._longest, found))
        longest = ops.copy(self._longest)
        if self.growth_rate is None:
            self.assign(self._distance, longest)
        else:
            self.assign(self._distance, ops.minimum(longest, begun * self.growth_rate))

    @staticmethod
    def _as(like: Any, value: float) -> Any:
        return ops.cast(value, like.dtype)
