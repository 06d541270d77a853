"""The test behind "worse than the best": flip the signs of whole replications, keep the largest t.

If two candidates are of equal merit, the difference of their scores in a replication is as likely
to be positive as negative. So the signs of whole replications may be flipped, for all pairs of
candidates at once, and the largest statistic among all pairs says how large a difference chance
gives to the best of several candidates (max-T, Westfall & Young 1993). Unlike a permutation of the
candidates' labels, this asks nothing of the spreads: one candidate may scatter five times as much
as the others. A pair alone gives the exact sign-flip test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from dlcli.statistics.power import ALPHA

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLIPS = 4096
"""Up to 13 replications these are all there are; with more, as many are drawn."""

FEWEST_FLIPS = 1000

MOST_STATISTICS = 1_500_000
"""Flips times pairs: a quarter of a second. Twenty candidates get all flips, 50 some 1200."""

CELLS = 250_000
"""Statistics held at once: 2 MB an array, which stay in a processor's cache."""

ROUNDING = 1e-12
"""Differences below this share of the largest score are rounding errors: a tie."""


class PairIndices(NamedTuple):
    """The pairs of candidates, the first of lower index: shape (pairs,) each."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]


def smallest_sign_p_value(replications: int) -> float:
    """Return the smallest p-value of any sign-flip test: below 5 % from six replications on."""
    return 2.0 ** (1 - replications) if replications > 0 else 1.0


def sign_flips(
    replications: int, rng: np.random.Generator, most: int = FLIPS
) -> NDArray[np.float64]:
    """Return flips of the replications, shape (flips, replications), the first of them none.

    Flipping all replications alike changes no size, so the first keeps its sign.

    Args:
        replications: At least one.
        rng: Draws the flips where there are too many to list.
        most: How many at most.
    """
    ways = 2 ** (replications - 1)
    if ways <= most:
        bits = (np.arange(ways)[:, None] >> np.arange(replications)) & 1
        signs = 1.0 - 2.0 * bits[:, ::-1]
    else:
        signs = rng.choice([-1.0, 1.0], size=(most, replications))
        signs *= signs[:, :1]
        signs[0] = 1.0
    return np.asarray(signs)


def differences(values: NDArray[np.float64], pairs: PairIndices) -> NDArray[np.float64]:
    """Return first minus second, shape (pairs, replications); rounding errors are 0."""
    found = values[pairs.first] - values[pairs.second]
    found[np.abs(found) <= ROUNDING * np.abs(values).max(initial=0.0)] = 0.0
    return np.asarray(found)


def skewness_corrected(
    t: NDArray[np.float64], skewness: NDArray[np.float64], replications: int
) -> NDArray[np.float64]:
    """Return the size of t after Hall's cubic transformation (Hall 1992), 0 where it changes sign.

    Few draws of a skewed distribution often miss its long tail; their mean is then off and their
    spread too small at once. The transformation takes the first-order part of that out of t. The
    estimated skewness counts for 0.8 of its value, and for less below ten replications, where its
    own scatter costs power and the few flips there are keep the level anyway (chosen by
    benchmarks/calibration.py).
    """
    root = np.sqrt(replications)
    skewness = skewness * np.clip((replications - 6) / 4, 0.0, 1.0) * 0.8
    with np.errstate(invalid="ignore", over="ignore"):
        square = t * t
        bent = t + skewness * square / (3 * root)
        bent += skewness * skewness * square * t / (27 * replications)
    bent = np.where(np.isinf(t), t, bent + skewness / (6 * root))
    return np.where(np.sign(bent) == np.sign(t), np.abs(bent), 0.0)


def student(
    gaps: NDArray[np.float64], signs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return t and the skewness of each pair's differences under each flip.

    Args:
        gaps: Shape (pairs, replications).
        signs: Shape (flips, replications).

    Returns:
        Both of shape (flips, pairs). No difference at all gives 0; one that is the same in every
        replication gives infinity.
    """
    replications = gaps.shape[1]
    mean = signs @ gaps.T / replications
    square = np.square(gaps).mean(axis=1)
    squared_mean = np.square(mean)
    variance = square - squared_mean
    flat = variance <= 1e-9 * square
    variance[flat] = 1.0
    cube = signs @ (gaps**3).T / replications
    cube += mean * (2 * squared_mean - 3 * square)
    root = np.sqrt(variance)
    t = mean / root
    t *= np.sqrt(replications - 1)
    cube /= variance
    cube /= root
    if flat.any():
        t = np.where(flat, np.where(square > 0, np.copysign(np.inf, mean), 0.0), t)
        cube[flat] = 0.0
    return t, cube


def closed_p_values(
    values: NDArray[np.float64],
    best: int,
    statistics: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    alpha: float = ALPHA,
    most: int = FLIPS,
) -> NDArray[np.float64]:
    """Return the p-value of each candidate against the best, closed over all sets of candidates.

    A candidate is shown worse if every set that holds it and the best is rejected by the set's own
    largest statistic (Marcus, Peritz & Gabriel 1976). A pair's statistic under flips is the same in
    every set, so among the sets with the same largest statistic the largest set is the hardest to
    reject: it is enough to look at the nested sets that leave out the clearest candidates one by
    one (Westfall & Young 1993).

    The statistic is t corrected for skewness; in the last set, a pair, it is t itself, which makes
    it the exact sign-flip test.

    An early look spends so little alpha (`looks`) that no p-value of so few flips can reach it.
    Where no flip but none at all gives so large a statistic, Student's tail of t, times the number
    of comparisons in the set (Bonferroni), then stands for the share of the flips.

    Args:
        values: Shape (candidates, replications), at least two of each.
        best: Index of the best by mean.
        statistics: Shape (candidates,): t of the best against each, as `student` has it, or
            smaller where the standard error has a floor.
        rng: Draws the flips.
        alpha: The level at which the p-values will be read.
        most: Flips at most.

    Returns:
        Shape (candidates,), 1 for the best.
    """
    candidates, replications = values.shape
    pairs = candidates * (candidates - 1) // 2
    most = min(most, max(FEWEST_FLIPS, MOST_STATISTICS // pairs))
    signs = sign_flips(replications, rng, most)
    against = PairIndices(np.full(candidates, best), np.arange(candidates))
    own = differences(values, against)
    skewness = student(own, signs[:1])[1][0]
    observed = skewness_corrected(statistics, skewness, replications)
    observed[best] = -1.0
    order = np.argsort(-observed, kind="stable")
    largest = _largest_by_step(values, order, signs)
    reached = largest >= observed[order[:-1], None] * (1 - 1e-9)
    # What was observed reaches itself, though t loses digits where differences hardly scatter.
    reached[:, 0] = True
    steps = reached.mean(axis=1)
    last = order[-2]
    alone = np.abs(student(own[last : last + 1], signs)[0][:, 0])
    alone[0] = np.inf
    steps[-1] = (alone >= abs(statistics[last]) * (1 - 1e-9)).mean()
    if smallest_sign_p_value(replications) <= ALPHA and alpha < 1 / len(signs):
        sizes = np.minimum(np.abs(statistics), observed)[order[:-1]]
        sizes[-1] = abs(statistics[last])
        sets = np.arange(candidates, 1, -1)
        tails = sets * (sets - 1) * special.stdtr(replications - 1, -sizes)
        steps = np.where(steps <= 1 / len(signs), np.minimum(steps, tails), steps)
    p_values = np.ones(candidates)
    p_values[order[:-1]] = np.maximum.accumulate(steps)
    return p_values


def _largest_by_step(
    values: NDArray[np.float64], order: NDArray[np.intp], signs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the largest statistic among the candidates left at each step, under each flip.

    Args:
        values: Shape (candidates, replications).
        order: The clearest first, the best last.
        signs: Shape (flips, replications).

    Returns:
        Shape (candidates - 1, flips).
    """
    candidates, replications = values.shape
    found = np.zeros((candidates - 1, len(signs)))
    ordered = values[order]
    for step in range(candidates - 1):
        later = np.arange(step + 1, candidates)
        gaps = differences(ordered, PairIndices(np.full(len(later), step), later))
        chunk = max(1, CELLS // len(signs))
        for start in range(0, len(gaps), chunk):
            t, skewness = student(gaps[start : start + chunk], signs)
            sizes = skewness_corrected(t, skewness, replications).max(axis=1)
            np.maximum(found[step], sizes, out=found[step])
    return np.asarray(np.maximum.accumulate(found[::-1], axis=0)[::-1])
