"""How much the learning rate and the initialiser decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TOLERANCE = 0.02
"""A rate is good if it loses at most this share of the best rate's score."""


@dataclass(frozen=True)
class RateSensitivity:
    """One candidate's scores over its learning rates.

    Attributes:
        rates: Shape (rates,), ascending.
        scores: Shape (rates,): the mean over the search seeds; NaN for a rate without a score.
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
        scores: Shape (rates, seeds): validation scores of the search, failed runs at the worst
            score, NaN where there is none.
        failed: Shape (rates, seeds), boolean: the run diverged or was stuck.
        tolerance: Share of the best score that may be lost.

    Raises:
        ValueError: If no rate has a score.
    """
    order = np.argsort(np.asarray(rates, dtype=float))
    ascending = np.asarray(rates, dtype=float)[order]
    values = np.asarray(scores, dtype=float)[order]
    curve = _row_means(values)
    known = np.flatnonzero(~np.isnan(curve))
    if not len(known):
        raise ValueError("no learning rate has a score")
    logs, heights = np.log10(ascending[known]), curve[known]
    best = int(heights.argmax())
    bar = heights[best] - tolerance * abs(heights[best])
    low, open_below = _reach(logs[best::-1], heights[best::-1], bar)
    high, open_above = _reach(logs[best:], heights[best:], bar)
    marks = np.zeros(values.shape, bool) if failed is None else np.asarray(failed, bool)[order]
    return RateSensitivity(
        rates=ascending,
        scores=curve,
        best_rate=float(ascending[known[best]]),
        best_score=float(heights[best]),
        width=high - low,
        open_below=open_below,
        open_above=open_above,
        failed_share=float((marks.mean(axis=1) >= 0.5).mean()),
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


def _row_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each row without its NaN, NaN where there is nothing else."""
    present = ~np.isnan(values)
    count = present.sum(axis=1)
    total = np.where(present, values, 0.0).sum(axis=1)
    means = np.full(len(values), np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means


@dataclass(frozen=True)
class DefaultRegret:
    """What the default learning rate loses against the tuned one.

    Attributes:
        regret: Best score minus the score at the default rate, at least 0.
        relative: The same as a share of the size of the best score; NaN if that is 0.
        interpolated: The default rate was not tried: its score is read off the curve.
    """

    regret: float
    relative: float
    interpolated: bool


def default_regret(curve: RateSensitivity, default_rate: float) -> DefaultRegret | None:
    """Return what a default learning rate loses, None if it lies outside the rates tried.

    Choi et al. 2019 and Sivaprasad et al. 2020 compare optimizers untuned and tuned; this is the
    difference for one of them.

    Args:
        curve: The candidate's sensitivity.
        default_rate: Keras's default learning rate of the optimizer.
    """
    known = ~np.isnan(curve.scores)
    logs = np.log10(curve.rates[known])
    position = math.log10(default_rate)
    if not logs[0] - 1e-6 <= position <= logs[-1] + 1e-6:
        return None
    # Rates of half a decade are often rounded to 3.16e-3: within 1 % it is the same rate.
    tried = bool((np.abs(logs - position) < math.log10(1.01)).any())
    score = float(np.interp(position, logs, curve.scores[known]))
    if tried:
        score = float(curve.scores[known][np.abs(logs - position).argmin()])
    regret = curve.best_score - score
    relative = regret / abs(curve.best_score) if curve.best_score else math.nan
    return DefaultRegret(regret, relative, interpolated=not tried)


@dataclass(frozen=True)
class Spread:
    """How far one candidate's scores scatter over learning rates and initialisers.

    Attributes:
        sd: Standard deviation over all settings, with n - 1.
        interquartile_range: Third quartile minus the first.
        range: Best minus worst.
        rate_share: Share of the variance that the learning rate explains alone.
        initializer_share: Share that the initialiser explains alone; the rest of the 1 is their
            interaction: which rate is good depends on the initialiser. Both are NaN if no score
            differs.
    """

    sd: float
    interquartile_range: float
    range: float
    rate_share: float
    initializer_share: float


def spread(scores: ArrayLike) -> Spread:
    """Describe how much rates and initialisers decide: a two-way analysis of variance.

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
