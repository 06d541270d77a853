"""What rules see of a training: its history, its scores, and what a batch does in the network."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlcli.metrics.luck import margin_over

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class LayerSignal:
    """What a batch does in one layer.

    Attributes:
        layer: Its id.
        dead: Share of its relu units that are 0 for the whole batch; None if it has none.
        units: How many relu units it has.
        gradient: Norm of the gradient by its kernel, as a share of the kernel's norm; None without
            one.
    """

    layer: str
    dead: float | None = None
    units: int = 0
    gradient: float | None = None


@dataclass(frozen=True)
class RunScore:
    """A score of the finished model, and what it is worth.

    Attributes:
        metric: As typed.
        train: On the training part.
        validation: On the validation part; None without one.
        chance: What a model scores on the training part that has learned nothing.
        best: The best possible score.
        greater_is_better: Whether that is an upper bound.
    """

    metric: str
    train: float
    validation: float | None
    chance: float
    best: float
    greater_is_better: bool

    @property
    def is_chance(self) -> bool:
        """Whether the training part is not told better than by chance."""
        sign = 1 if self.greater_is_better else -1
        margin = margin_over(self.chance, self.best, greater_is_better=self.greater_is_better)
        return (self.train - self.chance) * sign <= margin


@dataclass(frozen=True)
class Course:
    """A finished training.

    Attributes:
        rows: Of the history, one an epoch.
        score: By the first metric that is a number; None where it is not defined.
        sizes: Examples of each part.
        diverged: Whether a loss or weight is not a finite number.
        restored: Whether the best epoch's weights were put back.
        signals: What a batch does in each layer, from the input on.
    """

    rows: Sequence[Mapping[str, Any]]
    score: RunScore | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    diverged: bool = False
    restored: bool = False
    signals: Sequence[LayerSignal] = ()

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return len(self.rows)

    def column(self, name: str) -> list[float]:
        """Return what every epoch logged under a name; empty if one did not."""
        if not all(isinstance(row.get(name), int | float) for row in self.rows):
            return []
        return [float(row[name]) for row in self.rows]

    @property
    def watched(self) -> str:
        """The loss that says whether to go on: of validation, where there is any."""
        return "val_loss" if self.column("val_loss") else "loss"

    def is_finite(self) -> bool:
        """Whether all losses are finite numbers."""
        losses = [*self.column("loss"), *self.column("val_loss")]
        return not self.diverged and all(math.isfinite(value) for value in losses)


def smoothed(values: Sequence[float], width: int) -> list[float]:
    """Return the means of each so many values in a row, shorter by `width - 1`."""
    return [sum(values[i : i + width]) / width for i in range(len(values) - width + 1)]
