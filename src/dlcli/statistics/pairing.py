"""Two candidates at a time: differences by seed, the probability of improvement, plain tests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from dlcli.statistics.description import mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000

FEWEST_RESAMPLES = 2_000

MOST_MEANS = 3_000_000
"""Resamples times pairs; 25 candidates get all resamples."""

CELLS_AT_ONCE = 1_000_000
"""Resampled differences held at once."""

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
    return float(_paired_t_p_values(np.asarray(differences, dtype=float)[None])[0])


def _paired_t_p_values(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the p-values of rows of differences, shape (pairs, seeds)."""
    values = _tidy(gaps)
    n = values.shape[1]
    if n < 2:
        return np.full(len(values), math.nan)
    flat = np.ptp(values, axis=1) <= ROUNDING * np.abs(values).max(axis=1)
    spread = np.where(flat, 1.0, values.std(axis=1, ddof=1))
    t = values.mean(axis=1) / (spread / math.sqrt(n))
    same = (values[:, 0] == 0).astype(float)
    return np.asarray(np.where(flat, same, 2 * special.stdtr(n - 1, -np.abs(t))))


def wilcoxon_p_value(differences: ArrayLike) -> float:
    """Return the exact p-value of the two-sided signed-rank test (Wilcoxon 1945).

    Zeros are left out; ties share their average rank, and the distribution is the exact one over
    all signs of these ranks. With n seeds it cannot be below 2 / 2^n: 0.0625 with 5.

    Args:
        differences: Shape (seeds,).
    """
    values = _tidy(np.asarray(differences, dtype=float)[None])[0]
    values = values[values != 0]
    if not len(values):
        return 1.0 if len(np.atleast_1d(differences)) else math.nan
    ranks = _doubled_ranks(np.abs(values))
    positive = int(ranks[values > 0].sum())
    smaller = min(positive, int(ranks.sum()) - positive)
    return min(1.0, 2 * float(_rank_sum_shares(tuple(np.sort(ranks).tolist()))[smaller]))


def _wilcoxon_p_values(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the p-values of rows of differences, shape (pairs, seeds)."""
    values = _tidy(gaps)
    n = values.shape[1]
    sizes = np.abs(values)
    order = np.argsort(sizes, axis=1)
    ordered = np.take_along_axis(sizes, order, axis=1)
    far = ROUNDING * sizes.max(axis=1, initial=0.0, keepdims=True)
    plain = (np.diff(ordered, axis=1, prepend=0.0) > far).all(axis=1)  # no zeros, no ties
    p_values = np.empty(len(values))
    p_values[~plain] = [wilcoxon_p_value(row) for row in values[~plain]]
    if not plain.any() or not n:
        return p_values
    ranks = 2 * np.arange(1, n + 1)
    signs = np.take_along_axis(values, order, axis=1)[plain] > 0
    positive = signs @ ranks
    smaller = np.minimum(positive, ranks.sum() - positive)
    shares = _rank_sum_shares(tuple(ranks.tolist()))
    p_values[plain] = np.minimum(1.0, 2 * shares[smaller])
    return p_values


@lru_cache(maxsize=64)
def _rank_sum_shares(ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the share of all signs of the ranks whose positive ones sum to at most 0, 1, ...

    Without ties, which are rare, all candidates' differences have the same ranks.
    """
    ways = np.ones(1)
    for rank in ranks:
        ways = np.concatenate([ways, np.zeros(rank)]) + np.concatenate([np.zeros(rank), ways])
    return np.asarray(np.cumsum(ways) / ways.sum())


def _tidy(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of differences with those that are only rounding errors of the others at zero."""
    values = gaps.copy()
    far = ROUNDING * np.abs(values).max(axis=1, initial=0.0, keepdims=True)
    values[np.abs(values) <= far] = 0.0
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

    They are for readers who want them: the claims of a comparison rest on the sign-flip test
    (`signs`).

    The interval of a difference is the percentile bootstrap over the differences by seed, widened
    by what the plain one lacks with few seeds: its percentiles are those of Student's t instead of
    the normal distribution, at a spread with n - 1 (Hesterberg 2015, "What teachers should know
    about the bootstrap"). With fewer than five seeds it is Student's t interval. All pairs at the
    same seeds share their resamples.

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
    values = np.asarray(scores, dtype=float)
    first, second = np.triu_indices(len(names), 1)
    resamples = min(resamples, max(FEWEST_RESAMPLES, MOST_MEANS // max(1, len(first))))
    found = np.full((5, len(first)), math.nan)
    both = ~np.isnan(values[first] + values[second])
    alike: dict[bytes, list[int]] = {}
    for place, seeds in enumerate(both):
        alike.setdefault(seeds.tobytes(), []).append(place)
    for places in alike.values():
        shared = values[:, both[places[0]]]
        pairs = first[places], second[places]
        gaps = shared[pairs[0]] - shared[pairs[1]]
        if gaps.shape[1]:
            found[0, places] = gaps.mean(axis=1)
        found[1:3, places] = _intervals(shared, pairs, gaps, rng, resamples)
        found[3, places] = _paired_t_p_values(gaps)
        found[4, places] = _wilcoxon_p_values(gaps)
    improvement = probability_of_improvement(values)
    columns = {
        "first": [names[int(i)] for i in first],
        "second": [names[int(j)] for j in second],
        "seeds": both.sum(axis=1),
        "difference": found[0],
        "low": found[1],
        "high": found[2],
        "probability_of_improvement": improvement[first, second],
        "paired_t": found[3],
        "paired_t_holm": holm(found[3]),
        "wilcoxon": found[4],
        "wilcoxon_holm": holm(found[4]),
    }
    return pd.DataFrame(columns)


def _intervals(
    values: NDArray[np.float64],
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    gaps: NDArray[np.float64],
    rng: np.random.Generator,
    resamples: int,
) -> NDArray[np.float64]:
    """Return the lower and upper ends of the pairs' intervals, see `pairwise`.

    Args:
        values: Shape (candidates, seeds).
        pairs: The indices of each pair's candidates.
        gaps: Shape (pairs, seeds): their differences.
        rng: Draws the resamples.
        resamples: How many.

    Returns:
        Shape (2, pairs); NaN with fewer than two seeds.
    """
    n = gaps.shape[1]
    ends = np.full((2, len(gaps)), math.nan)
    index = rng.integers(n, size=(resamples if n else 0, n))
    if n < FEWEST_TO_RESAMPLE:
        for place, row in enumerate(gaps):
            if (interval := mean_interval(row)) is not None:
                ends[:, place] = interval.low, interval.high
        return ends
    tail = _tail(n)
    means = np.full((len(values), resamples), math.nan)
    for candidate in np.unique(np.concatenate(pairs)):
        means[candidate] = values[candidate][index].mean(axis=1)
    chunk = max(1, CELLS_AT_ONCE // resamples)
    for start in range(0, len(gaps), chunk):
        these = slice(start, start + chunk)
        differences = np.sort(means[pairs[0][these]] - means[pairs[1][these]], axis=1)
        ends[0, these] = _sorted_quantile(differences, tail)
        ends[1, these] = _sorted_quantile(differences, 1 - tail)
    return ends


def _sorted_quantile(rows: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return a quantile of each sorted row, as `np.quantile` interpolates it."""
    position = share * (rows.shape[1] - 1)
    below = math.floor(position)
    low, high = rows[:, below], rows[:, min(below + 1, rows.shape[1] - 1)]
    part = position - below
    step = high - low
    return np.asarray(high - step * (1 - part) if part >= 0.5 else low + step * part)


@lru_cache
def _tail(n: int) -> float:
    """Return the share of the resamples of n seeds to leave out at each end."""
    return float(stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)))
