"""Two candidates at a time: differences by seed, the probability of improvement, plain tests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from dlcli.statistics.description import Interval, mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000

FEWEST_RESAMPLES = 2_000

MOST_MEANS = 3_000_000
"""Resamples times pairs; 25 candidates get all resamples."""

FEWEST_TO_RESAMPLE = 5
"""With fewer seeds no resample reaches as far as a 95 % interval has to: with 3, the bootstrap's
widest interval covers the mean in 75 % of cases."""

ROUNDING = 1e-12
"""Differences below this share of the largest score are rounding errors: a tie."""


@dataclass(frozen=True)
class Complete:
    """The part of a comparison in which nothing is missing.

    Attributes:
        candidates: Indices of the candidates that are left.
        seeds: Indices of the seeds at which all of them have a score.
        scores: Shape (candidates left, seeds left).
    """

    candidates: NDArray[np.intp]
    seeds: NDArray[np.intp]
    scores: NDArray[np.float64]


def complete(scores: ArrayLike) -> Complete:
    """Leave out what cannot be paired: first candidates, then seeds.

    A candidate with no score at half of the seeds or more goes, so that a broken one does not take
    all the others' seeds with it; then every seed at which a remaining candidate has no score.

    Args:
        scores: Shape (candidates, seeds); NaN where a trial could not be run. (A diverged run is
            not missing: it has the worst score.)
    """
    values = np.asarray(scores, dtype=float)
    missing = np.isnan(values)
    candidates = np.flatnonzero(missing.mean(axis=1) < 0.5)
    seeds = np.flatnonzero(~missing[candidates].any(axis=0))
    return Complete(candidates, seeds, values[np.ix_(candidates, seeds)])


@dataclass(frozen=True)
class Difference:
    """How much better one candidate is than another.

    Attributes:
        mean: Of the differences by seed.
        sd: Of the differences by seed, with n - 1; NaN with fewer than two seeds.
        interval: 95 % interval of the mean; None with fewer than two seeds.
    """

    mean: float
    sd: float
    interval: Interval | None


def _difference(values: NDArray[np.float64], means: NDArray[np.float64]) -> Difference:
    """Return the difference of two candidates.

    Args:
        values: Shape (seeds,), by seed.
        means: Shape (resamples,), of the resamples; not used with few seeds.
    """
    n = len(values)
    if n == 0:
        return Difference(math.nan, math.nan, None)
    sd = float(values.std(ddof=1)) if n > 1 else math.nan
    if n < FEWEST_TO_RESAMPLE:
        return Difference(float(values.mean()), sd, mean_interval(values))
    tail = _tail(n)
    low, high = np.quantile(means, [tail, 1 - tail])
    return Difference(float(values.mean()), sd, Interval(float(low), float(high)))


@lru_cache
def _tail(n: int) -> float:
    """Return the share of the resamples of n seeds to leave out at each end."""
    return float(stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)))


class PairedDifferences:
    """Differences of any two candidates, which share the resamples of their seeds.

    Args:
        values: Shape (candidates, seeds); NaN where a run has no score.
        rng: Draws the resamples.
        resamples: How many.
    """

    def __init__(
        self, values: ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES
    ) -> None:
        self.values = np.asarray(values, dtype=float)
        self._rng = rng
        self._resamples = resamples
        self._index: dict[bytes, NDArray[np.int64]] = {}
        self._means: dict[tuple[bytes, int], NDArray[np.float64]] = {}

    def gaps(self, first: int, second: int) -> NDArray[np.float64]:
        """Return the differences at the seeds that both have, shape (seeds,)."""
        seeds = self._shared(first, second)
        return np.asarray(self.values[first, seeds] - self.values[second, seeds])

    def difference(self, first: int, second: int) -> Difference:
        """Return how much the first is better, with a paired bootstrap interval.

        The interval is the percentile bootstrap over the differences by seed, widened by what the
        plain one lacks with few seeds: its percentiles are those of Student's t instead of the
        normal distribution, at a spread with n - 1 (Hesterberg 2015, "What teachers should know
        about the bootstrap"). With fewer than five seeds it is Student's t interval.
        """
        seeds = self._shared(first, second)
        values = np.asarray(self.values[first, seeds] - self.values[second, seeds])
        index = self._resampled(seeds)
        if len(values) < FEWEST_TO_RESAMPLE:
            return _difference(values, np.empty(0))
        means = self._mean(first, seeds, index) - self._mean(second, seeds, index)
        return _difference(values, means)

    def _shared(self, first: int, second: int) -> NDArray[np.bool_]:
        return np.asarray(~np.isnan(self.values[first] + self.values[second]))

    def _resampled(self, seeds: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return resamples of some seeds, shape (resamples, seeds): the same for all pairs."""
        which = seeds.tobytes()
        if which not in self._index:
            count = int(seeds.sum())
            shape = (self._resamples if count else 0, count)
            self._index[which] = self._rng.integers(count, size=shape)
        return self._index[which]

    def _mean(
        self, candidate: int, seeds: NDArray[np.bool_], index: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return a candidate's means in the resamples of some seeds, shape (resamples,)."""
        place = seeds.tobytes(), candidate
        if place not in self._means:
            self._means[place] = self.values[candidate, seeds][index].mean(axis=1)
        return self._means[place]


def probability_of_improvement(scores: ArrayLike) -> NDArray[np.float64]:
    """Return how probably a run of one candidate beats a run of another (Agarwal et al. 2021).

    Args:
        scores: Shape (candidates, seeds); NaN where a run has no score.

    Returns:
        Shape (candidates, candidates): P(row > column), ties counting half, over all pairs of
        runs, whatever their seeds. NaN where a candidate has no run.
    """
    values = np.asarray(scores, dtype=float)
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    shares = np.full((len(values), len(values)), np.nan)
    for j in np.flatnonzero(count):
        other = np.sort(values[j, known[j]])
        # Runs of the other that are beaten, and runs that are beaten or tied with.
        won = np.searchsorted(other, values, side="left")
        won += np.searchsorted(other, values, side="right")
        total = np.where(known, won, 0).sum(axis=1)
        np.divide(total, 2 * count * len(other), out=shares[:, j], where=count > 0)
    return shares


def paired_t_p_value(differences: ArrayLike) -> float:
    """Return the p-value of the two-sided paired t-test (Student 1908).

    No difference at any seed gives 1; one that is the same at every seed, 0; one seed, NaN.

    Args:
        differences: Shape (seeds,).
    """
    values = _tidy(differences)
    n = len(values)
    if n < 2:
        return math.nan
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        return float(values[0] == 0)
    t = values.mean() / (values.std(ddof=1) / math.sqrt(n))
    return float(2 * special.stdtr(n - 1, -abs(t)))


def wilcoxon_p_value(differences: ArrayLike) -> float:
    """Return the exact p-value of the two-sided signed-rank test (Wilcoxon 1945).

    Zeros are left out; ties share their average rank, and the distribution is the exact one over
    all signs of these ranks. With n seeds it cannot be below 2 / 2^n: 0.0625 with 5.

    Args:
        differences: Shape (seeds,).
    """
    values = _tidy(differences)
    values = values[values != 0]
    if not len(values):
        return 1.0 if len(np.atleast_1d(differences)) else math.nan
    ranks = _doubled_ranks(np.abs(values))
    positive = int(ranks[values > 0].sum())
    smaller = min(positive, int(ranks.sum()) - positive)
    return min(1.0, 2 * float(_rank_sum_shares(tuple(np.sort(ranks).tolist()))[smaller]))


@lru_cache(maxsize=64)
def _rank_sum_shares(ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the share of all signs of the ranks whose positive ones sum to at most 0, 1, ...

    Without ties, which are rare, all candidates' differences have the same ranks.
    """
    ways = np.ones(1)
    for rank in ranks:
        ways = np.concatenate([ways, np.zeros(rank)]) + np.concatenate([np.zeros(rank), ways])
    return np.asarray(np.cumsum(ways) / ways.sum())


def _tidy(differences: ArrayLike) -> NDArray[np.float64]:
    """Return the differences with those that are only rounding errors of the others at zero."""
    values = np.array(differences, dtype=float)
    if len(values):
        values[np.abs(values) <= ROUNDING * np.abs(values).max()] = 0.0
    return values


def _doubled_ranks(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return twice the rank of each size: average ranks of ties come in halves.

    Those that differ by rounding only are ties: 0.3 - 0.2 and 0.1.
    """
    order = np.argsort(sizes)
    jumps = np.diff(sizes[order], prepend=0.0) > ROUNDING * sizes.max()
    jumps[0] = True
    begins = np.flatnonzero(jumps)
    counts = np.diff(begins, append=len(sizes))
    ranks = np.empty(len(sizes), dtype=np.int64)
    ranks[order] = np.repeat(2 * begins + counts + 1, counts)
    return ranks


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number by Holm's step-down method (Holm 1979).

    As statsmodels' `multipletests`, which counts a test that was not made, and is 65 MB.

    Args:
        p_values: Shape (tests,); NaN for a test that could not be made, which is not counted.
    """
    values = np.asarray(p_values, dtype=float)
    corrected = np.full(values.shape, np.nan)
    made = np.flatnonzero(~np.isnan(values))
    order = made[np.argsort(values[made])]
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    return corrected


def pairwise(
    names: Sequence[str], scores: ArrayLike, rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Compare all pairs of candidates with the plain tests, corrected for the number of pairs.

    They are for readers who want them: the claims of a comparison rest on `max_t_test`.

    Args:
        names: The candidates' labels.
        scores: Shape (candidates, seeds); a pair is compared at the seeds that both have.
        rng: Draws the resamples of the intervals.
        resamples: How many, fewer where there are very many pairs.

    Returns:
        A row a pair: first, second, seeds, difference (first minus second) with low and high,
        probability_of_improvement (of first over second), paired_t, paired_t_holm, wilcoxon,
        wilcoxon_holm (p-values).
    """
    number = max(1, len(names) * (len(names) - 1) // 2)
    pairs = PairedDifferences(
        scores, rng, min(resamples, max(FEWEST_RESAMPLES, MOST_MEANS // number))
    )
    improvement = probability_of_improvement(scores)
    rows = []
    for i, j in combinations(range(len(names)), 2):
        gap = pairs.gaps(i, j)
        found = pairs.difference(i, j)
        rows.append(
            {
                "first": names[i],
                "second": names[j],
                "seeds": len(gap),
                "difference": found.mean,
                "low": found.interval.low if found.interval else math.nan,
                "high": found.interval.high if found.interval else math.nan,
                "probability_of_improvement": improvement[i, j],
                "paired_t": paired_t_p_value(gap),
                "wilcoxon": wilcoxon_p_value(gap),
            }
        )
    table = pd.DataFrame(rows, columns=_PAIRWISE_MEASURED)
    table.insert(8, "paired_t_holm", holm(table["paired_t"]))
    table["wilcoxon_holm"] = holm(table["wilcoxon"])
    return table


_PAIRWISE_MEASURED = [
    "first",
    "second",
    "seeds",
    "difference",
    "low",
    "high",
    "probability_of_improvement",
    "paired_t",
    "wilcoxon",
]
