"""AdEMAMix: Adam with a second, very slow mean of the gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.optimizers.base import Base, dense, one_minus_power

if TYPE_CHECKING:
    from collections.abc import Sequence


@keras.saving.register_keras_serializable(package="dlcli")
class AdEMAMix(Base):
    """Adam that adds a mean of gradients over thousands of steps to that over ten.

        m = beta_1 m + (1 - beta_1) g
        s = beta_3 s + (1 - beta_3) g
        v = beta_2 v + (1 - beta_2) g^2
        w -= rate * (m_hat + alpha s) / (sqrt(v_hat) + epsilon)

    where the hats divide by 1 - beta^t. Weight decay is decoupled. The slow mean needs many steps:
    in a training of a few thousand, give a `beta_3` such as 0.999, or the length of the training
    as `warmup_steps`, over which alpha grows in proportion and beta_3 by its half-life from beta_1.

    Pagliardini et al. 2024, "The AdEMAMix Optimizer: Better, Faster, Older"
    (https://arxiv.org/abs/2409.03137).

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        beta_1: Float between 0 and 1. Decay of the fast mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their squares.
        beta_3: Float between 0 and 1. Decay of the slow mean.
        alpha: Float. Weight of the slow mean; the paper has 4 to 10.
        warmup_steps: Non-negative integer. Steps over which alpha and beta_3 grow; 0 for none.
        epsilon: Float. Keeps the denominator above zero.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-5, 1e-1)
    rates_source = "as AdamW, whose rates Pagliardini et al. 2024 take over"

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        beta_3: float = 0.9999,
        alpha: float = 5.0,
        warmup_steps: int = 0,
        epsilon: float = 1e-8,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.beta_3 = beta_3
        self.alpha = alpha
        self.warmup_steps = warmup_steps
        self.epsilon = epsilon

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the fast and the slow mean, and the squares."""
        names = ["momentum", "slow_momentum", "velocity"]
        self._momentums, self._slow, self._velocities = self.add_optimizer_variables(
            variables, names
        )

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, s, v = self._momentums[index], self._slow[index], self._velocities[index]
        g, step = dense(gradient, variable), self.step_of(variable)
        share, alpha = self._mixture(step)
        self.assign_add(m, (g - m) * (1 - self.beta_1))
        self.assign_add(s, (g - s) * share)
        self.assign_add(v, (ops.square(g) - v) * (1 - self.beta_2))
        m_hat = m / one_minus_power(self.beta_1, step)
        v_hat = v / one_minus_power(self.beta_2, step)
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * (m_hat + alpha * s) / (ops.sqrt(v_hat) + self.epsilon))

    def _mixture(self, step: Any) -> tuple[Any, Any]:
        """Return 1 - beta_3 and alpha at a step."""
        if not self.warmup_steps:
            return 1 - self.beta_3, self.alpha
        done = ops.minimum(step / self.warmup_steps, 1.0)
        first, last = _half_life(self.beta_1), _half_life(self.beta_3)
        share = -ops.expm1(math.log(0.5) / ((1 - done) * first + done * last + 1))
        return ops.where(done < 1, share, 1 - self.beta_3), done * self.alpha


def _half_life(decay: float) -> float:
    """Return after how many steps, less one, half of a gradient is forgotten."""
    return math.log(0.5) / math.log(decay + 1e-8) - 1
