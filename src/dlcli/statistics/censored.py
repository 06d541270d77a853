"""Epochs, steps or seconds to a target, where some runs never get there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def default_target(best_scores: ArrayLike, chance: float = -math.inf) -> float | None:
    """Return the score that the median candidate reaches in its median run.

    With an even number of candidates it is the lower of the middle two, so that at least half of
    the candidates reach it. Targets that all of a field should be able to reach are those of Dahl
    et al. 2023 (AlgoPerf) and Schneider et al. 2019 (DeepOBS).

    Args:
        best_scores: Shape (candidates, seeds): each run's best validation score, greater is
            better; NaN for a run without one. Candidates without any are left out.
        chance: The score of knowing nothing, which is no target: where the median candidate comes
            no further, the target is the lowest median above it.

    Returns:
        None if no candidate's median is above chance.

    Raises:
        ValueError: If there is no score at all.
    """
    values = np.asarray(best_scores, dtype=float)
    rows = [row[~np.isnan(row)] for row in values]
    medians = [np.quantile(row, 0.5, method="lower") for row in rows if len(row)]
    if not medians:
        raise ValueError("no run has a validation score to take a target from")
    target = float(np.quantile(medians, 0.5, method="lower"))
    if target > chance:
        return target
    above = [float(median) for median in medians if median > chance]
    return min(above, default=None)


@dataclass(frozen=True)
class Arrival:
    """How long one candidate takes to its target, where every training has ended.

    Attributes:
        median: In the unit of the times, over all trainings; NaN unless more than half get there.
        reached: Trainings that reached the target.
        never: Trainings that ended without reaching it.
    """

    median: float
    reached: int
    never: int


def arrival(reached: ArrayLike) -> Arrival:
    """Return the median time to the target over all trainings that have ended.

    A training that has ended without reaching the target never reaches it, whether its epochs were
    over, EarlyStopping ended it, or it failed: it is not censored at its last epoch, and its own
    clock does not matter. So the median is that of all trainings, with those counted as infinite.
    Where exactly half arrive there is none, see `kaplan_meier_median`.

    Args:
        reached: Shape (trainings,): when the target was reached, NaN where it was not.
    """
    times = np.asarray(reached, dtype=float)
    there = ~np.isnan(times)
    found = (
        float(np.median(np.where(there, times, np.inf)))
        if 2 * there.sum() > len(times)
        else (math.nan)
    )
    return Arrival(found, int(there.sum()), int((~there).sum()))
