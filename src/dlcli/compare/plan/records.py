"""What a trial is, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Status = Literal["ok", "diverged", "stuck", "pruned", "failed"]

FAILED_TRAINING: tuple[Status, ...] = ("diverged", "stuck")
"""Trainings that ran and came to nothing: they count, with the worst possible score."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One training.

    Attributes:
        candidate: Its index in the plan.
        rate: The learning rate, or a schedule's peak.
        seed: Decides the split, the initial weights, the order of the batches and dropout.
        fraction: Share of the training part, of the plan's `shares`; 1 for the candidate itself.
    """

    candidate: int
    rate: float
    seed: int
    fraction: float = 1.0

    @property
    def is_share(self) -> bool:
        """Whether it belongs to a curve over training size, and decides nothing."""
        return self.fraction != 1


@dataclass(frozen=True)
class Task:
    """Trials that one worker does in one go.

    Attributes:
        trials: One; or, to be halved successively, all the rates of a candidate at one seed.
        prune: Halve them: the worse half stops after a quarter of the epochs, then after half.
    """

    trials: tuple[Trial, ...]
    prune: bool = False


@dataclass(frozen=True)
class Check:
    """A task that makes sure of a problem's model and optimizers before anything is trained.

    Attributes:
        candidate: One of the problem.
        timed: Time a whole epoch and a validation too, not only some steps.
    """

    candidate: int
    timed: bool = False


@dataclass(frozen=True)
class JitCheck:
    """A task that times the steps of a problem's training with XLA and without.

    Attributes:
        candidate: One of the problem.
    """

    candidate: int


@dataclass(frozen=True)
class Measurement:
    """How long the parts of a candidate's trials take, in seconds.

    Attributes:
        compiling: Once in every process.
        epoch: Training one epoch.
        evaluation: Scoring the validation part once.
        obstacle: Why it is trained by Keras's own `fit`; empty if it is not.
    """

    compiling: float = 0.0
    epoch: float = 0.0
    evaluation: float = 0.0
    obstacle: str = ""

    def trial_seconds(self, epochs: int) -> float:
        """Return the time of a trial of so many epochs."""
        return epochs * (self.epoch + self.evaluation)


@dataclass(frozen=True)
class JitTimes:
    """How long an epoch takes with XLA and without, in seconds; infinite if XLA cannot do it."""

    with_xla: float
    without: float


@dataclass(frozen=True, slots=True)
class Result:
    """What one trial came to.

    Attributes:
        status: `diverged`: a loss or weight is not finite; `stuck`: finite, but no better than
            knowing nothing; `pruned`: stopped by successive halving; `failed`: it could not be run.
        history: A row an epoch: epoch, train_loss, val_loss, val_<metric>, seconds.
        steps: Updates of the weights.
        seconds: Training alone, without compiling and evaluating.
        compile_seconds: Spent on compiling before this trial, 0 where a program was ready.
        evaluation_seconds: Spent on the validation and test parts.
        best_epoch: With the best validation score, from 1; None without any.
        best: val_loss, val_<metric>, test_loss, test_<metric> with the weights of that epoch.
        last: The same with the weights at the end.
        blocks: The ranked test score without each of `blocks.BLOCKS` parts of the examples, read
            where the score is; empty without a test part.
        message: Why it failed.
        parameters: Of the network.
        flops: Of the network, for one example.
        prediction_seconds: For one example, in the fastest pass over a part of the data.
    """

    status: Status
    history: tuple[Mapping[str, Any], ...] = ()
    steps: int = 0
    seconds: float = 0.0
    compile_seconds: float = 0.0
    evaluation_seconds: float = 0.0
    best_epoch: int | None = None
    best: Mapping[str, float | None] = field(default_factory=dict)
    last: Mapping[str, float | None] = field(default_factory=dict)
    blocks: tuple[float, ...] = ()
    message: str = ""
    parameters: int | None = None
    flops: int | None = None
    prediction_seconds: float | None = None

    @property
    def train_loss(self) -> float | None:
        """The mean loss of the last epoch."""
        return self.history[-1]["train_loss"] if self.history else None


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """A trial with what it came to.

    Attributes:
        key: The hash of all that decides the result.
        jobs: How many trainings ran side by side, which decides how long it took.
        out_of_memory: It failed of a lack of memory, or may have.
    """

    trial: Trial
    result: Result
    key: str = ""
    jobs: int | None = None
    out_of_memory: bool = False


def read_result(content: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Result:
    """Return a result from plain data, as it was kept.

    Raises:
        ValueError: If it is not what a result can be.
        TypeError: If fields are missing or unknown.
    """
    blocks = tuple(content.get("blocks", ()))
    result = Result(**{**content, "blocks": blocks}, history=tuple(history))
    if result.status not in get_args(Status):
        raise ValueError(f"'{result.status}' is no status")
    readings = [*result.best.values(), *result.last.values(), result.best_epoch]
    numbers = [result.steps, result.seconds, result.compile_seconds, result.evaluation_seconds]
    readings += [*blocks, result.parameters, result.flops, result.prediction_seconds]
    known = [value for value in readings if value is not None]
    if not all(isinstance(value, int | float) for value in (*known, *numbers)):
        raise ValueError("a number is none")
    if any({"epoch", "train_loss", "val_loss", "seconds"} - set(row) for row in history):
        raise ValueError("the history lacks columns")
    return result
