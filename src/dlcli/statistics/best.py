"""The answer of a comparison: each candidate is the best, as good, open, or worse.

`worse` is a claim of the sign-flip max-T test (`signs`), which tells equal candidates apart in at
most 5 % of comparisons. `as_good` is a claim of Hsu's comparisons with the best (Hsu 1996, Multiple
Comparisons, chapter 4): with 95 % confidence no candidate lacks more than its upper bound to the
truly best one, whichever that is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, special, stats

from dlcli.statistics.power import ALPHA, MOST_REPLICATIONS, POWER
from dlcli.statistics.signs import PairIndices, closed_p_values, differences, smallest_sign_p_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

Status = Literal["best", "as_good", "open", "worse"]

DRAWS = 4000
"""Of the largest of several t: the 95 % point then varies by 1 %."""

MOST_CELLS = 3_000_000
"""Drawn differences in all."""

FEWEST_DRAWS = 1000

FEWEST_BEYOND = 40
"""Draws beyond a critical value for it to be read off them."""

EARLY = FEWEST_BEYOND / DRAWS
"""A lower level is that of an early look: what it leaves open, later ones decide."""

CELLS_AT_ONCE = 1_000_000
"""Drawn differences held at once."""

HINT = 0.2
"""Above it, nothing says that a candidate differs: between equal ones four in five comparisons."""

FEW_FLIPS = {(True, 6): 1.4, (True, 7): 1.2, (False, 6): 1.2}
"""By whether it is a pair, and by replications: how much larger a difference must be to be shown
than if the sign flips were many; with six, the differences of a pair must all have the same sign
(benchmarks/calibration.py, `power`)."""

MANY_REPLICATIONS = 30
"""From here on the candidates' standard errors scatter so little that they share one."""


@dataclass(frozen=True)
class Errors:
    """Standard errors of differences that hold more than the spread over replications.

    Attributes:
        standard_errors: Shape (candidates, candidates): of the difference of the means.
        freedom: Shape (candidates, candidates): their degrees of freedom.
        lasting: Shape (candidates, candidates): the part of the variance that more replications
            do not reduce.
    """

    standard_errors: NDArray[np.float64]
    freedom: NDArray[np.float64]
    lasting: NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """What the scores say of one candidate.

    Attributes:
        status: `best`: the greatest mean. `as_good`: lacks less than the margin, even if that
            little is shown. `worse`: shown worse than the best. `open`: neither.
        lack: The best mean minus its own, at least 0.
        lack_high: Simultaneous 95 % upper bound of what it lacks to the truly best candidate;
            infinite with one replication.
        p_value: Of the sign-flip max-T test, closed; 1 for the best.
        more: For an open candidate, how many more replications would show it worse or as good with
            80 % probability: fewest and most over the 95 % interval of its difference to the best;
            the most is None if that interval holds differences that no number would show. None for
            other candidates, where nothing says that the candidate differs (p above 0.2) and no
            margin says what is good enough, and at an early look, which more replications follow.
    """

    status: Status
    lack: float
    lack_high: float
    p_value: float
    more: tuple[int, int | None] | None


@dataclass(frozen=True)
class Verdict:
    """What the scores allow to say.

    Attributes:
        best: Index of the candidate with the greatest mean.
        standings: One a candidate.
        replications: With a score of every candidate.
        margin: What a candidate may lack and still be as good; None without one.
        can_reject: These replications could have shown a candidate worse: there are six or more.
        detectable: The true difference to the best that the test shows in 80 % of comparisons, for
            the candidate with the median spread of differences to the best; None where the test
            cannot reject, and at an early look.
        collapses: Indices of the candidates that the test's assumption does not hold for: a few of
            their scores lie so far below the rest that the mean depends on how many there happen
            to be.
    """

    best: int
    standings: tuple[Standing, ...]
    replications: int
    margin: float | None
    can_reject: bool
    detectable: float | None
    collapses: tuple[int, ...]

    @property
    def decided(self) -> bool:
        """No candidate is open."""
        return not any(standing.status == "open" for standing in self.standings)


def judge(
    scores: ArrayLike,
    margin: float | None,
    rng: np.random.Generator,
    *,
    alpha: float = ALPHA,
    errors: Errors | None = None,
) -> Verdict:
    """Say of each candidate whether it is shown worse than the best, as good, or open.

    Args:
        scores: Shape (candidates, replications), without NaN; greater is better.
        margin: What a candidate may lack and still count as good as the best.
        rng: Draws sign flips and the largest of several t.
        alpha: Level of the test; the bounds hold with confidence 1 - alpha. Below a hundredth it
            is that of an early look (`looks`).
        errors: Standard errors with the sampling of the examples in them (`examples.two_way`);
            they count where they are larger than those over replications.

    Raises:
        ValueError: If there is no score, or one is NaN or infinite.
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError("a verdict needs every candidate's score in every replication")
    candidates, replications = values.shape
    best = int(np.lexsort((*values.T, -values.mean(axis=1)))[0])
    known = candidates > 1 and replications > 1
    table = _Table(values, errors) if known else None
    bounds = _Bounds(table, rng, alpha) if table else None
    lacks = np.maximum(values.mean(axis=1)[best] - values.mean(axis=1), 0.0)
    highs = (
        bounds.lack_high() if bounds else np.full(candidates, 0.0 if candidates == 1 else np.inf)
    )
    p_values = np.ones(candidates)
    if table:
        p_values = closed_p_values(values, best, table.comparable_t(best), rng, alpha=alpha)
    statuses = [
        _status(i == best, float(p_values[i]), float(highs[i]), margin, alpha)
        for i in range(candidates)
    ]
    can_reject = candidates > 1 and smallest_sign_p_value(replications) <= ALPHA
    return Verdict(
        best=best,
        standings=tuple(
            Standing(
                status,
                float(lacks[i]),
                max(float(highs[i]), float(lacks[i])),
                float(p_values[i]),
                bounds.more(best, i, margin, float(p_values[i]))
                if bounds and status == "open" and alpha >= EARLY
                else None,
            )
            for i, status in enumerate(statuses)
        ),
        replications=replications,
        margin=margin,
        can_reject=can_reject,
        detectable=bounds.detectable(best) if bounds and can_reject and alpha >= EARLY else None,
        collapses=collapses(values),
    )


def _status(
    is_best: bool, p_value: float, lack_high: float, margin: float | None, alpha: float
) -> Status:
    if is_best:
        return "best"
    if margin is not None and lack_high < margin:
        return "as_good"
    return "worse" if p_value <= alpha else "open"


class _Table:
    """Means, standard errors and degrees of freedom of all differences.

    Args:
        values: Shape (candidates, replications), at least two of each.
        errors: See `judge`.
    """

    def __init__(self, values: NDArray[np.float64], errors: Errors | None) -> None:
        self.values = values
        candidates, self.replications = values.shape
        everyone = np.indices((candidates, candidates)).reshape(2, -1)
        gaps = differences(values, PairIndices(*everyone))
        shape = (candidates, candidates)
        self.means = gaps.mean(axis=1).reshape(shape)
        """Row minus column."""
        spread = gaps.std(axis=1, ddof=1)
        spread[np.ptp(gaps, axis=1) <= 1e-12 * np.abs(gaps).max(axis=1)] = 0.0
        self.plain = spread.reshape(shape) / math.sqrt(self.replications)
        self.used = self.plain.copy()
        self.freedom = np.full(shape, self.replications - 1.0)
        self.lasting = np.zeros(shape)
        if errors is not None:
            larger = errors.standard_errors > self.plain
            self.used[larger] = errors.standard_errors[larger]
            self.freedom[larger] = np.maximum(errors.freedom[larger], 1.0)
            self.lasting[larger] = np.minimum(errors.lasting, self.used**2)[larger]

    def comparable_t(self, best: int) -> NDArray[np.float64]:
        """Return t of the best against each, as one with the replications' degrees of freedom."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(self.means[best] == 0, 0.0, self.means[best] / self.used[best])
        return _same_tail(t, self.freedom[best], self.replications - 1.0)


def _same_tail(
    t: NDArray[np.float64], freedom: ArrayLike, wanted: ArrayLike
) -> NDArray[np.float64]:
    """Return the t that has the same tail with other degrees of freedom."""
    same = np.isclose(freedom, wanted) | np.isinf(t)
    tail = special.stdtr(freedom, -np.abs(t))
    moved = np.copysign(special.stdtrit(wanted, np.maximum(tail, 1e-300)), t)
    return np.where(same, t, moved)


class _Bounds:
    """Critical values of the largest of several t, and what follows from them.

    They come from normal scores with the covariance of those observed, centred, each difference
    over its own standard error: the multivariate t with the estimated correlation, but with as many
    denominators as there are differences.

    Args:
        table: Differences and their errors.
        rng: Draws the scores.
        alpha: Error of each bound.
    """

    def __init__(self, table: _Table, rng: np.random.Generator, alpha: float) -> None:
        self._table = table
        drawn = _drawn_t(table.values, rng)
        candidates = len(table.values)
        self._one_sided = _critical(drawn.max(axis=2), candidates - 1, alpha, table.replications)
        """For each candidate as the control of Dunnett's one-sided comparisons."""
        largest = drawn.max(axis=(1, 2))[:, None]
        pairs = candidates * (candidates - 1)
        self._all_pairs = float(_critical(largest, pairs, alpha, table.replications)[0])

    def lack_high(self) -> NDArray[np.float64]:
        """Return the simultaneous upper bounds of what each candidate lacks to the best."""
        table = self._table
        critical = _same_tail(
            np.broadcast_to(self._one_sided[:, None], table.means.shape),
            table.replications - 1.0,
            table.freedom,
        )
        bound = table.means + critical * table.used
        np.fill_diagonal(bound, 0.0)
        return np.asarray(np.maximum(bound.max(axis=0), 0.0))

    def detectable(self, best: int) -> float:
        """Return the true difference that the test shows with 80 % power."""
        table = self._table
        error = float(np.median(np.delete(table.used[best], best)))
        freedom = table.replications - 1

        def lack(shift: float) -> float:
            return float(stats.nct.sf(self._all_pairs, freedom, shift)) - POWER

        upper = 2 * self._all_pairs + 10
        size = float(optimize.brentq(lack, 0.0, upper))
        return error * size * FEW_FLIPS.get((len(table.values) == 2, table.replications), 1.0)

    def more(
        self, best: int, candidate: int, margin: float | None, p_value: float
    ) -> tuple[int, int | None] | None:
        """Return how many more replications would decide on a candidate, see `Standing.more`."""
        table = self._table
        mean, error = float(table.means[best, candidate]), float(table.used[best, candidate])
        freedom = float(table.freedom[best, candidate])
        half = float(special.stdtrit(freedom, 0.975)) * error
        low, high = mean - half, mean + half
        if not error > 0 or high <= 0 or (margin is None and p_value > HINT):
            return None
        lasting = float(table.lasting[best, candidate])
        needed = self._needed(error**2 - lasting, lasting, float(self._one_sided.max()), margin)
        totals = [needed(size) for size in np.linspace(max(low, 0.0), high, 41)]
        known = [total for total in totals if total is not None]
        if not known:
            return None
        here = table.replications
        most = None if len(known) < len(totals) else max(1, max(known) - here)
        return max(1, min(known) - here), most

    def _needed(
        self, shrinking: float, lasting: float, one_sided: float, margin: float | None
    ) -> Callable[[float], int | None]:
        """Return how many replications in all decide on a true lack, None if none would."""
        here = self._table.replications
        reserve = float(special.ndtri(POWER))
        tails = special.stdtr(here - 1, -np.array([self._all_pairs, one_sided]))

        @cache
        def least(replications: int) -> tuple[float, float]:
            worse, good = -special.stdtrit(replications - 1, tails) + reserve
            return float(worse), float(good)

        def decided(size: float, replications: int) -> bool:
            error = math.sqrt(shrinking * here / replications + lasting)
            worse, good = least(replications)
            enough = margin is not None and margin - size >= good * error
            return size >= worse * error or enough

        def needed(size: float) -> int | None:
            low, high = 5, 6
            while not decided(size, high):
                low, high = high, 2 * high
                if high > MOST_REPLICATIONS:
                    return None
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if decided(size, middle) else (middle, high)
            return high

        return needed


def _critical(
    largest: NDArray[np.float64], comparisons: int, alpha: float, replications: int
) -> NDArray[np.float64]:
    """Return the level that the largest t exceeds with probability alpha.

    An early look (`looks`) asks for a tail too thin to be drawn: it gets Bonferroni's bound.

    Args:
        largest: Shape (draws, controls).
        comparisons: That the largest is taken of.
        alpha: The probability.
        replications: Of the scores.
    """
    if alpha * len(largest) >= FEWEST_BEYOND:
        return np.asarray(np.quantile(largest, 1 - alpha, axis=0))
    bound = -float(special.stdtrit(replications - 1, alpha / comparisons))
    return np.full(largest.shape[1], bound)


def _drawn_t(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return draws of the t of all differences between candidates of equal merit.

    Args:
        values: Shape (candidates, replications): give the covariance.
        rng: Draws.

    Returns:
        Shape (draws, candidates, candidates), row minus column, 0 where two never differ.
    """
    candidates, replications = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    count = max(FEWEST_DRAWS, min(DRAWS, MOST_CELLS // candidates**2))
    width = replications if replications <= MANY_REPLICATIONS else 1
    chunk = max(1, CELLS_AT_ONCE // (candidates**2 * width))
    first, second = np.triu_indices(candidates, 1)
    found = np.zeros((count, candidates, candidates))
    for start in range(0, count, chunk):
        size = min(chunk, count - start)
        if width > 1:
            mixing = rng.normal(size=(size, replications, replications))
            drawn = centred @ mixing
            gaps = drawn[:, first] - drawn[:, second]
            mean, error = gaps.mean(axis=2), gaps.std(axis=2, ddof=1) / math.sqrt(replications)
        else:
            drawn = rng.normal(size=(size, replications)) @ centred.T
            mean = drawn[:, first] - drawn[:, second]
            spread = np.sqrt(np.square(centred[first] - centred[second]).sum(axis=1))
            freedom = replications - 1
            error = np.sqrt(rng.chisquare(freedom, size=(size, 1)) / freedom) * spread
        t = np.divide(mean, error, out=np.zeros_like(mean), where=error > 1e-12 * np.abs(mean))
        found[start : start + size, first, second] = t
        found[start : start + size, second, first] = -t
    return found


def collapses(values: ArrayLike, *, far: float = 8.0) -> tuple[int, ...]:
    """Return the candidates with a few scores far below their others.

    Whether such a candidate has none, one or two of them in ten replications decides its mean, and
    no test of means can know how many to expect. Between candidates of which one has a score 10
    standard deviations lower in 5 % of trainings, and which are equal in the mean otherwise, the
    test claims a difference in 6 to 10 %.

    Args:
        values: Shape (candidates, replications).
        far: How many times the usual distance from the median counts as far.
    """
    scores = np.asarray(values, dtype=float)
    below = np.median(scores, axis=1, keepdims=True) - scores
    usual = 1.4826 * np.median(np.abs(below), axis=1, keepdims=True)
    share = (below > far * np.maximum(usual, 1e-12)).mean(axis=1)
    return tuple(int(i) for i in np.flatnonzero((share > 0) & (share < 0.5)))
