"""Epochs, steps or seconds to a target, where some runs never get there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class TimeToTarget:
    """How long one candidate takes to its target.

    Attributes:
        median: Kaplan-Meier median in the unit of the times; NaN unless more than half get there.
        reached: Runs that reached the target.
        censored: Runs that did not.
    """

    median: float
    reached: int
    censored: int


def default_target(best_scores: ArrayLike, chance: float | None = None) -> float:
    """Return the score that the median candidate reaches in its median run.

    With an even number of candidates it is the lower of the middle two, so that at least half of
    the candidates reach it. Targets that all of a field should be able to reach are those of Dahl
    et al. 2023 (AlgoPerf) and Schneider et al. 2019 (DeepOBS).

    Args:
        best_scores: Shape (candidates, seeds): each run's best validation score, greater is
            better; NaN for a run without one. Candidates without any are left out.
        chance: The score of knowing nothing, which is no target: where the median candidate comes
            no further, the target is the lowest median above it.

    Raises:
        ValueError: If there is no score at all, or no candidate's median is above chance.
    """
    values = np.asarray(best_scores, dtype=float)
    rows = [row[~np.isnan(row)] for row in values]
    medians = [np.quantile(row, 0.5, method="lower") for row in rows if len(row)]
    if not medians:
        raise ValueError("no run has a validation score to take a target from")
    target = float(np.quantile(medians, 0.5, method="lower"))
    if chance is None or target > chance:
        return target
    above = [median for median in medians if median > chance]
    if not above:
        raise ValueError("no candidate's median run is above chance")
    return float(min(above))


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


def time_to_target(
    reached: ArrayLike, observed: ArrayLike, failed: ArrayLike | None = None
) -> TimeToTarget:
    """Return the Kaplan-Meier median of the time to target (Kaplan & Meier 1958).

    A run that ended before the target is censored: all that is known is that it takes longer. The
    mean over those that got there would favour the candidate that rarely does. A diverged or
    stuck run never gets there, however long: it stays among those still to arrive to the end.

    Args:
        reached: Shape (runs,): when the target was reached, NaN if it was not.
        observed: Shape (runs,): how long the run was watched, in the same unit.
        failed: Shape (runs,), boolean: the run diverged or was stuck.
    """
    times = np.asarray(reached, dtype=float)
    there = ~np.isnan(times)
    watched = np.where(there, times, np.asarray(observed, dtype=float))
    if failed is not None:
        hopeless = np.asarray(failed, bool) & ~there
        watched = np.where(hopeless, np.fmax.reduce(watched, initial=0.0), watched)
    return TimeToTarget(kaplan_meier_median(watched, there), int(there.sum()), int((~there).sum()))


def kaplan_meier_median(times: ArrayLike, events: ArrayLike) -> float:
    """Return the median of right-censored times, NaN unless the curve falls below one half.

    Where the survival curve is exactly one half for a while, the median is the middle of that
    while (as R's survfit has it), so that without censoring it is the ordinary median. Where it
    stays at one half to the end, no time is known by which more than half have arrived: that is NaN
    here, or a candidate of which half never arrive could look faster than one that always does.

    Args:
        times: Shape (runs,): time of the event, or of the end of watching.
        events: Shape (runs,), boolean: the event happened.
    """
    moments, happened = np.asarray(times, dtype=float), np.asarray(events, bool)
    if not happened.any():
        return math.nan
    survival = stats.ecdf(stats.CensoredData(moments[happened], right=moments[~happened])).sf
    left = np.asarray(survival.probabilities)
    below = np.flatnonzero(left < 0.5 - 1e-9)
    if not len(below):
        return math.nan
    half = np.flatnonzero(np.abs(left - 0.5) <= 1e-9)
    ends = survival.quantiles
    return float((ends[half[0]] + ends[below[0]]) / 2 if len(half) else ends[below[0]])
