"""What every implementation is run on: weights of several shapes, and noisy gradients of them.

Plain NumPy in float64, so that it is the same wherever it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STEPS = 100
KEPT = (1, 2, 3, 10, 30, 100)
"""Steps after which all weights are kept; after every step, a sum of each variable is."""

SHAPES = ((4, 4), (3, 5), (5,), (2, 2, 3, 4))
"""A square kernel, an oblong one, a vector, and a kernel of a convolution."""

RATE = 2.0**-6
DECAY = 2.0**-5
"""Settings that float32 holds exactly."""


def start() -> list[np.ndarray]:
    """Return the weights to begin with, one array a shape."""
    rng = np.random.default_rng(20)
    return [rng.normal(size=shape) for shape in SHAPES]


class Gradients:
    """Gradients of a quadratic function, with noise that is the same in every run."""

    def __init__(self) -> None:
        rng = np.random.default_rng(21)
        self._curvature = [np.exp(rng.normal(size=shape)) for shape in SHAPES]
        self._solution = [rng.normal(size=shape) for shape in SHAPES]
        self._noise = [rng.normal(size=(STEPS, *shape)) * 0.3 for shape in SHAPES]

    def __call__(self, step: int, weights: Sequence[Any]) -> list[np.ndarray]:
        """Return the gradients at a step, from 0, one array a shape."""
        parts = zip(self._curvature, self._solution, self._noise, weights, strict=True)
        return [c * (np.asarray(w, float) - s) + n[step] for c, s, n, w in parts]


def sums(weights: Sequence[Any]) -> np.ndarray:
    """Return a sum of each variable's elements, each with a factor of its own, shape (shapes,)."""
    rng = np.random.default_rng(22)
    return np.array([np.sum(rng.normal(size=np.shape(w)) * np.asarray(w, float)) for w in weights])


@dataclass(frozen=True)
class Case:
    """An optimizer with settings, and who else has run it.

    Attributes:
        optimizer: The class of dlcli.optimizers.
        settings: Its arguments.
        witness: The function of `make.py` that runs the other implementation.
    """

    optimizer: str
    settings: Mapping[str, Any]
    witness: str

    @property
    def begins_in_the_dark(self) -> bool:
        """Whether its first steps are too small for float32, in which their distance is noise."""
        found = {"d0", "initial_distance"} & self.settings.keys()
        return self.optimizer in ("Prodigy", "DAdaptAdam", "DoG") and not found

    @property
    def name(self) -> str:
        """Names the case in the file and in the tests."""
        given = [f"{k}={v:g}" for k, v in self.settings.items() if k != "learning_rate"]
        return " ".join([self.optimizer, *given, "by", self.witness])


def _cases(optimizer: str, witness: str, *variants: Mapping[str, Any], **common: Any) -> list[Case]:
    return [Case(optimizer, {**common, **variant}, witness) for variant in variants]


PLAIN: Mapping[str, Any] = {}
DECAYED: Mapping[str, Any] = {"weight_decay": DECAY}
CORRECTED: Mapping[str, Any] = {"use_bias_correction": True}

CASES = (
    *_cases("RAdam", "optax", PLAIN, DECAYED, {"beta_2": 0.9}, learning_rate=RATE),
    *_cases("AdaBelief", "optax", PLAIN, DECAYED, learning_rate=RATE),
    *_cases("Adan", "pytorch_optimizer", PLAIN, DECAYED, learning_rate=RATE),
    *_cases("ADOPT", "optax", PLAIN, DECAYED, {"clip_exponent": 0.5}, learning_rate=RATE),
    *_cases("AdEMAMix", "optax", PLAIN, DECAYED, {"warmup_steps": 40}, learning_rate=RATE),
    *_cases("Signum", "optax", PLAIN, DECAYED, {"momentum": 0.0}, learning_rate=RATE),
    *_cases("LARS", "optax", PLAIN, DECAYED, learning_rate=16.0),
    *_cases("MARS", "pytorch_optimizer", PLAIN, DECAYED, {"optimize_1d": True}, learning_rate=RATE),
    *_cases("Prodigy", "prodigyopt", PLAIN, DECAYED, CORRECTED, {"safeguard_warmup": True},
            {"growth_rate": 1.25, "d0": 2.0**-6, "d_coef": 0.5}),
    *_cases("Prodigy", "optax", CORRECTED, {**CORRECTED, **DECAYED}),
    *_cases("DAdaptAdam", "dadaptation", PLAIN, DECAYED, {"growth_rate": 1.25, "d0": 2.0**-10}),
    *_cases("DAdaptAdam", "optax", CORRECTED, {**CORRECTED, **DECAYED}),
    *_cases("DoG", "optax", PLAIN, DECAYED, {"initial_distance": 2.0**-10}),
    *_cases("ScheduleFreeSGD", "schedulefree", PLAIN, DECAYED, {"warmup_steps": 20},
            learning_rate=0.25),
    *_cases("ScheduleFreeSGD", "optax", DECAYED, learning_rate=0.25),
    # An axis longer than the others' product has directions that no gradient has shown yet, of
    # which each implementation picks its own: those get no basis here.
    *_cases("SOAP", "pytorch_optimizer", {"weight_decay": 0.0}, DECAYED,
            {"precondition_frequency": 3, "shampoo_beta": 0.75},
            learning_rate=RATE, max_precondition_dim=4),
)  # fmt: skip
