"""How much the learning rate and the initializer decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlcli.statistics.description import mean_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from dlcli.statistics.description import Interval

TOLERANCE = 0.02
"""A rate is good if it loses at most this share of the best rate's score."""

REFRESH = 1.1


@dataclass(frozen=True)
class RateSensitivity:
    """One candidate's scores over its learning rates.

    Attributes:
        rates: Shape (rates,), ascending.
        scores: Shape (rates,): the mean over the replications, see `leveled`; NaN for a rate
            without a score.
        low: Shape (rates,): Student's t interval of that mean, pointwise; NaN where fewer than two
            replications tried the rate.
        high: Shape (rates,).
        tried: Shape (rates,): replications that tried the rate.
        best_rate: The rate with the greatest score, the lowest of them if several have it.
        best_score: Its score.
        width: Decades of the learning rate around the best over which the curve, interpolated in
            the logarithm of the rate, stays within the tolerance.
        open_below: The good range goes down to the lowest rate tried: it may be wider.
        open_above: The same at the highest rate.
        failed_share: Share of the rates at which half of the runs or more diverged or were stuck.
    """

    rates: NDArray[np.float64]
    scores: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    tried: NDArray[np.int64]
    best_rate: float
    best_score: float
    width: float
    open_below: bool
    open_above: bool
    failed_share: float


def rate_sensitivity(
    rates: ArrayLike,
    scores: ArrayLike,
    failed: ArrayLike | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> RateSensitivity:
    """Describe how a candidate's score depends on its learning rate (Schneider et al. 2019).

    Args:
        rates: Shape (rates,), positive, in any order, each once.
        scores: Shape (rates, replications): validation scores, failed runs at the worst score, NaN
            where a replication did not try a rate.
        failed: Shape (rates, replications), boolean: the run diverged or was stuck.
        tolerance: Share of the best score that may be lost.

    Raises:
        ValueError: If no rate has a score.
    """
    order = np.argsort(np.asarray(rates, dtype=float))
    ascending = np.asarray(rates, dtype=float)[order]
    values = np.asarray(scores, dtype=float)[order]
    marks = np.zeros(values.shape, bool) if failed is None else np.asarray(failed, bool)[order]
    level = leveled(values, marks)
    curve = _row_means(level)
    known = np.flatnonzero(~np.isnan(curve))
    if not len(known):
        raise ValueError("no learning rate has a score")
    logs, heights = np.log10(ascending[known]), curve[known]
    best = int(heights.argmax())
    bar = heights[best] - tolerance * abs(heights[best])
    low, open_below = _reach(logs[best::-1], heights[best::-1], bar)
    high, open_above = _reach(logs[best:], heights[best:], bar)
    tried = (~np.isnan(values)).sum(axis=1)
    half = _row_half_widths(level)
    return RateSensitivity(
        rates=ascending,
        scores=curve,
        low=curve - half,
        high=curve + half,
        tried=tried,
        best_rate=float(ascending[known[best]]),
        best_score=float(heights[best]),
        width=high - low,
        open_below=open_below,
        open_above=open_above,
        failed_share=float((marks.sum(axis=1) >= np.maximum(tried, 1) / 2).mean()),
    )


def _reach(
    logs: NDArray[np.float64], heights: NDArray[np.float64], bar: float
) -> tuple[float, bool]:
    """Walk from the best rate outward to where the curve falls below the bar.

    Returns:
        The logarithm of the rate there, and whether the walk left the grid instead.
    """
    below = np.flatnonzero(heights < bar)
    if not len(below):
        return float(logs[-1]), True
    after = below[0]
    share = (heights[after - 1] - bar) / (heights[after - 1] - heights[after])
    return float(logs[after - 1] + share * (logs[after] - logs[after - 1])), False


def leveled(scores: ArrayLike, failed: ArrayLike) -> NDArray[np.float64]:
    """Return the scores without what their replication does to all rates alike.

    Later replications try only the rates near the best so far. The plain mean of a rate would then
    depend on which replications happened to try it: on an easy split of the data all rates score
    high. So each score is lowered by what its replication adds to all rates, from the additive
    model of rates and replications fitted to the trainings that did not fail (least squares).
    Where every replication tried every rate, the means are the plain ones.

    Args:
        scores: Shape (rates, replications); NaN where a rate was not tried.
        failed: Shape (rates, replications), boolean; failed ones stay as they are.

    Returns:
        The same shape.
    """
    values = np.asarray(scores, dtype=float)
    fine = ~np.isnan(values) & ~np.asarray(failed, bool)
    # A rate that was tried once says nothing of its replication.
    shared = fine[fine.sum(axis=1) > 1]
    if not shared.size:
        return values.copy()
    known = np.where(shared, values[fine.sum(axis=1) > 1], 0.0)
    effect = _replication_effects(known, shared.astype(float))
    present = shared.any(axis=0)
    effect = np.where(present, effect - effect[present].mean(), 0.0)
    return np.where(fine, values - effect, values)


def _replication_effects(
    values: NDArray[np.float64], cells: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what each replication adds, by least squares, the rates eliminated last.

    Args:
        values: Shape (rates, replications), 0 where there is none.
        cells: Shape (rates, replications): 1 where there is a value, else 0.
    """
    tried = np.maximum(cells.sum(axis=0), 1)
    matrix = np.diag(cells.sum(axis=1)) - (cells / tried) @ cells.T
    right = values.sum(axis=1) - (cells / tried) @ values.sum(axis=0)
    rates = _pseudoinverse(matrix) @ right
    return np.asarray((values.sum(axis=0) - rates @ cells) / tried)


def _pseudoinverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return that of a small symmetric matrix: `np.linalg.pinv`, in an eighth of its time."""
    values, vectors = np.linalg.eigh(matrix)
    sizes = np.abs(values)
    large = sizes > 1e-12 * sizes.max()
    inverse = np.divide(1.0, values, out=np.zeros_like(values), where=large)
    return np.asarray((vectors * inverse) @ vectors.T)


def _row_half_widths(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return half of Student's t interval of each row's mean without its NaN."""
    halves = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    for number in np.flatnonzero(known.sum(axis=1) > 1):
        interval = mean_interval(values[number, known[number]])
        assert interval is not None  # noqa: S101 (there are two or more)
        halves[number] = (interval.high - interval.low) / 2
    return halves


def _row_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each row without its NaN, NaN where there is nothing else."""
    present = ~np.isnan(values)
    count = present.sum(axis=1)
    total = np.where(present, values, 0.0).sum(axis=1)
    means = np.full(len(values), np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


@dataclass(frozen=True)
class Regret:
    """What the default learning rate loses against the tuned one, over the replications.

    Attributes:
        mean: Tuned minus default; may be negative by chance.
        interval: Student's t interval of the mean; None with fewer than two replications.
        replications: That tried rates on both sides of the default rate, and the tuned one.
        interpolated: The default rate itself was not tried.
    """

    mean: float
    interval: Interval | None
    replications: int
    interpolated: bool


def regret(rates: ArrayLike, scores: ArrayLike, default_rate: float) -> Regret | None:
    """Return what a default learning rate loses, None if no replication can tell.

    In each replication the tuned rate is the best by the mean of all replications *before* it, as
    a comparison tunes, so that it is not the best by luck (as `leveled`); the difference to the
    default is taken within the replication. The first replication's own best serves only where no
    later one tried the default; it is too large on average.

    Args:
        rates: Shape (rates,), positive, each once.
        scores: Shape (rates, replications): failed runs at the worst score, NaN where a replication
            did not try a rate.
        default_rate: Keras's default learning rate of the optimizer.
    """
    order = np.argsort(np.asarray(rates, dtype=float))
    logs = np.log10(np.asarray(rates, dtype=float)[order])
    values = np.asarray(scores, dtype=float)[order]
    position = math.log10(default_rate)
    near = np.abs(logs - position) < math.log10(1.01)
    lost = []
    curve, seen = np.array([]), 0
    for own in range(1, values.shape[1]):
        if own >= REFRESH * seen:  # with many before, one more hardly changes their mean
            curve, seen = _row_means(leveled(values[:, :own], np.zeros((len(logs), own)))), own
        found = _lost(curve, values[:, own], logs, position, near)
        lost += [] if found is None else [found]
    if not lost:
        found = _lost(values[:, 0], values[:, 0], logs, position, near)
        lost += [] if found is None else [found]
    if not lost:
        return None
    tried = bool(near.any()) and not np.isnan(values[near]).all()
    return Regret(float(np.mean(lost)), mean_interval(lost), len(lost), interpolated=not tried)


def _lost(
    curve: NDArray[np.float64],
    column: NDArray[np.float64],
    logs: NDArray[np.float64],
    position: float,
    near: NDArray[np.bool_],
) -> float | None:
    """Return what the default loses in one replication, None if it was not tried there.

    Args:
        curve: Shape (rates,): chooses the tuned rate, among those tried here.
        column: Shape (rates,): the replication.
        logs: Shape (rates,).
        position: Logarithm of the default rate.
        near: Shape (rates,): which rates are the default.
    """
    at_default = _read_off(logs, column, position, near)
    usable = ~np.isnan(curve) & ~np.isnan(column)
    if at_default is None or not usable.any():
        return None
    return float(column[np.where(usable, curve, -np.inf).argmax()]) - at_default


def _read_off(
    logs: NDArray[np.float64],
    column: NDArray[np.float64],
    position: float,
    near: NDArray[np.bool_],
) -> float | None:
    """Return a replication's score at a rate, between its neighbors if need be."""
    known = ~np.isnan(column)
    if (known & near).any():
        return float(column[known & near][0])
    if not known.any() or not logs[known][0] <= position <= logs[known][-1]:
        return None
    return float(np.interp(position, logs[known], column[known]))


@dataclass(frozen=True)
class Spread:
    """How far one candidate's scores scatter over learning rates and initializers.

    Attributes:
        sd: Standard deviation over all settings, with n - 1.
        interquartile_range: Third quartile minus the first.
        range: Best minus worst.
        rate_share: Share of the variance that the learning rate explains alone.
        initializer_share: Share that the initializer explains alone; the rest of the 1 is their
            interaction: which rate is good depends on the initializer. Both are NaN if no score
            differs.
    """

    sd: float
    interquartile_range: float
    range: float
    rate_share: float
    initializer_share: float


def spread(scores: ArrayLike) -> Spread:
    """Describe how much rates and initializers decide: a two-way analysis of variance.

    Args:
        scores: Shape (rates, initializers), without NaN (mean over seeds), at least two scores.
            Candidates should be compared over grids of the same number of decades.
    """
    values = np.asarray(scores, dtype=float)
    deviations = values - values.mean()
    total = float(np.square(deviations).mean())
    by_rate = float(np.square(deviations.mean(axis=1)).mean())
    by_initializer = float(np.square(deviations.mean(axis=0)).mean())
    low, high = np.quantile(values, [0.25, 0.75])
    return Spread(
        sd=float(values.std(ddof=1)),
        interquartile_range=float(high - low),
        range=float(np.ptp(values)),
        rate_share=by_rate / total if total > 0 else math.nan,
        initializer_share=by_initializer / total if total > 0 else math.nan,
    )
