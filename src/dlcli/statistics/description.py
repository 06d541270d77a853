"""One candidate's scores: centre, spread and the interval of the mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TRIM = 0.25
"""The share of the scores that an interquartile mean leaves out at each end."""


@dataclass(frozen=True)
class Interval:
    """The two ends of an interval, in the units of the scores."""

    low: float
    high: float


@dataclass(frozen=True)
class Description:
    """One candidate's row of the summary.

    Attributes:
        runs: Runs with a score, failed ones (at the worst score) included.
        failed: How many of them diverged or were stuck.
        missing: Runs without a score (crashed): in none of the numbers.
        sd: Standard deviation with n - 1; NaN with fewer than two runs.
        iqm: Interquartile mean.
        interval: Student's t interval of the mean of all runs; None with fewer than two. Where some
            failed it says too little: with one failure in ten it covers the true mean in 40 % with
            5 replications and 65 % with 10. Then the three below say more.
        succeeded: Mean of the runs that did not fail; NaN without any.
        succeeded_interval: Student's t interval of that mean; None with fewer than two.
        failure_share: Exact binomial interval of the share of trainings that fail (Clopper &
            Pearson 1934); None without any run.
    """

    runs: int
    failed: int
    missing: int
    mean: float
    sd: float
    median: float
    iqm: float
    interval: Interval | None
    succeeded: float
    succeeded_interval: Interval | None
    failure_share: Interval | None


def describe(
    scores: ArrayLike, failed: ArrayLike | None = None, *, confidence: float = 0.95
) -> Description:
    """Describe one candidate's scores over seeds.

    Args:
        scores: Shape (seeds,); NaN where a run has no score.
        failed: Shape (seeds,), boolean: the run diverged or was stuck.
        confidence: Of the interval of the mean.
    """
    values = np.asarray(scores, dtype=float)
    present = ~np.isnan(values)
    marks = np.zeros(len(values), bool) if failed is None else np.asarray(failed, bool)
    kept = values[present]
    some = len(kept) > 0
    fine = values[present & ~marks]
    return Description(
        runs=len(kept),
        failed=int((marks & present).sum()),
        missing=int((~present).sum()),
        mean=float(kept.mean()) if some else math.nan,
        sd=float(kept.std(ddof=1)) if len(kept) > 1 else math.nan,
        median=float(np.median(kept)) if some else math.nan,
        iqm=interquartile_mean(kept) if some else math.nan,
        interval=mean_interval(kept, confidence=confidence),
        succeeded=float(fine.mean()) if len(fine) else math.nan,
        succeeded_interval=mean_interval(fine, confidence=confidence),
        failure_share=(
            share_interval(len(kept) - len(fine), len(kept), confidence=confidence)
            if some
            else None
        ),
    )


@lru_cache(maxsize=1024)
def share_interval(count: int, of: int, *, confidence: float = 0.95) -> Interval:
    """Return the exact binomial interval of a share (Clopper & Pearson 1934).

    It covers the true share in at least as many cases as it says. None of ten failed: 0 to 31 %.

    Args:
        count: How many there were.
        of: Of how many, at least one.
        confidence: The least share of such intervals that contain the true one.
    """
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(stats.beta.isf(tail, count + 1, of - count)) if count < of else 1.0
    return Interval(low, high)


def interquartile_mean(scores: ArrayLike) -> float:
    """Return the mean of the middle half of all scores, of any shape (Agarwal et al. 2021).

    A quarter of the scores, rounded down, is left out at each end, as in rliable. It is
    `scipy.stats.trim_mean`, which takes most of its time to look at its arguments.

    Args:
        scores: At least one.
    """
    values = np.asarray(scores, dtype=float).ravel()
    first = int(TRIM * len(values))
    after = len(values) - first
    return float(np.partition(values, (first, after - 1))[first:after].mean())


def mean_interval(scores: ArrayLike, *, confidence: float = 0.95) -> Interval | None:
    """Return Student's t interval of the mean, None with fewer than two scores.

    With few seeds it covers the mean as often as it says (95-96 % in simulations with 3, 5 and 10
    seeds), where the percentile bootstrap covers it in 76, 84 and 89 %. Scores without any spread
    give an interval of no width: the seeds then say nothing about the uncertainty.

    Args:
        scores: Shape (seeds,), without NaN.
        confidence: The share of such intervals that contain the true mean.
    """
    values = np.asarray(scores, dtype=float)
    n = len(values)
    if n < 2:
        return None
    mean = float(values.mean())
    half = _quantile(confidence, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    return Interval(mean - half, mean + half)


@lru_cache(maxsize=1024)
def _quantile(confidence: float, freedom: int) -> float:
    """Return Student's t of a two-sided interval; SciPy takes longer for it than for the rest."""
    return float(stats.t.ppf((1 + confidence) / 2, freedom))
