"""The test behind "better than": a max-T permutation test with the picking of the best inside.

The best candidate is picked after looking at the scores, and then compared with every other one.
A test that ignores either claims too much: among eight candidates of equal merit, the best of eight
looks better than the worst of eight. So both are inside this test (Westfall & Young 1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlcli.comparison.statistics.power import ALPHA, smallest_p_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

PERMUTATIONS = 10_000

FEWEST_PERMUTATIONS = 999
"""However many scores there are: the error of a p-value of 0.05 is then 0.007."""

MOST_CELLS = 100_000_000
"""Permuted scores in all: a second. Ten candidates with ten seeds need half of that for all
permutations, fifty with a hundred seeds get the fewest."""

CELLS = 250_000
"""Permuted scores held at once: 2 MB, which stay in a processor's cache, for twice the speed."""

ROUNDING = 1e-12
"""Differences below this share of the largest score are rounding errors: a tie."""


@dataclass(frozen=True)
class MaxTTest:
    """Every candidate compared with the best.

    Attributes:
        best: Index of the candidate with the greatest mean.
        statistics: Shape (candidates,): the paired t of the best against each one; 0 for the best.
        p_values: Shape (candidates,): that the best is no better; 1 for the best itself.
    """

    best: int
    statistics: NDArray[np.float64]
    p_values: NDArray[np.float64]


def max_t_test(
    scores: ArrayLike,
    rng: np.random.Generator,
    *,
    permutations: int = PERMUTATIONS,
    alpha: float = ALPHA,
) -> MaxTTest:
    """Compare the best candidate by mean with every other one.

    Under the hypothesis that the candidates are of equal merit, their labels may be permuted within
    each seed. In every permutation the best is picked anew and compared with all others; the
    p-value of a candidate is the share of the permutations, the observed scores counted as one,
    whose *largest* statistic reaches the candidate's own (Westfall & Young 1993).

    Permuting all candidates at once tests that *all* are equal. A candidate that is far worse, or
    diverges now and then, then distorts the distribution for the equal ones among the rest: with
    one hopeless candidate in eight and ten seeds, the other seven of equal merit would be told
    apart in 18 % of comparisons. So the test is repeated among the best k candidates alone, for
    each k, and a candidate's p-value is the largest of those from the sets it belongs to (the
    closure principle of Marcus, Peritz & Gabriel 1976, over nested sets). Sets so small that
    these seeds could never reject among them (`power.smallest_p_value` above alpha) are left out.

    Args:
        scores: Shape (candidates, seeds), without NaN; greater is better. Several problems may be
            joined along the seeds, after `problems.normalise`.
        rng: Draws the permutations.
        permutations: How many, fewer where there are very many scores; the smallest p-value is
            1 / (permutations + 1). With any number the test keeps its level.
        alpha: The level at which the p-values will be read.

    Raises:
        ValueError: If there is no score, or one is NaN or infinite.
    """
    values = np.asarray(scores, dtype=float)
    if not values.size or not np.isfinite(values).all():
        raise ValueError("the max-T test needs every candidate's score at every seed")
    candidates, seeds = values.shape
    # An order that depends on the scores alone makes the result the same however they are listed.
    order = np.lexsort((*values.T, -values.mean(axis=1)))
    values = np.ascontiguousarray(values[order])
    if seeds < 2 or candidates < 2:
        return MaxTTest(int(order[0]), np.zeros(candidates), np.ones(candidates))
    tolerance = ROUNDING * float(np.abs(values).max())
    observed = _statistics_against_best(values, tolerance)
    p_values = np.zeros(candidates)
    permutations = min(permutations, _affordable(seeds, candidates))
    sizes = [
        size
        for size in range(2, candidates + 1)
        if size == candidates or smallest_p_value(size, seeds) <= alpha
    ]
    largest = _largest_under_permutation(values, rng, permutations, tolerance, sizes)
    for size in sizes:
        shares = _share_reaching(observed[:size], largest[size])
        p_values[:size] = np.maximum(p_values[:size], shares)
    p_values[0] = 1.0
    return MaxTTest(int(order[0]), _put_back(observed, order), _put_back(p_values, order))


def _affordable(seeds: int, candidates: int) -> int:
    """Return how many permutations of all nested sets there is time for."""
    cells = seeds * candidates * (candidates + 1) // 2
    return max(FEWEST_PERMUTATIONS, MOST_CELLS // cells)


def _statistics_against_best(values: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Return the paired t of the best by mean against each candidate, shape (..., candidates).

    Equal means give 0; a difference that is the same at every seed gives infinity.

    Args:
        values: Shape (..., candidates, seeds).
        tolerance: Differences up to this size count as none.
    """
    seeds = values.shape[-1]
    best = values.mean(axis=-1).argmax(axis=-1)
    differences = np.take_along_axis(values, best[..., None, None], axis=-2) - values
    mean = differences.mean(axis=-1)
    differences -= mean[..., None]
    error = np.sqrt(np.vecdot(differences, differences) / (seeds * (seeds - 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > tolerance, mean / error, np.inf)
    return np.where(mean > tolerance, t, 0.0)


def _largest_under_permutation(
    values: NDArray[np.float64],
    rng: np.random.Generator,
    permutations: int,
    tolerance: float,
    sizes: Sequence[int],
) -> dict[int, NDArray[np.float64]]:
    """Return the largest statistic of each permutation of the first candidates, sorted.

    Args:
        values: Shape (candidates, seeds).
        rng: Draws the permutations.
        permutations: How many.
        tolerance: Differences up to this size count as none.
        sizes: How many of the first candidates are permuted.

    Returns:
        For each of the sizes, shape (permutations,).
    """
    chunk = max(1, CELLS // values.size)
    parts: dict[int, list[NDArray[np.float64]]] = {size: [] for size in sizes}
    for start in range(0, permutations, chunk):
        for size, permuted in _nested_permutations(values, rng, min(chunk, permutations - start)):
            if size in parts:
                parts[size].append(_statistics_against_best(permuted, tolerance).max(axis=-1))
    return {size: np.sort(np.concatenate(found)) for size, found in parts.items()}


def _nested_permutations(
    values: NDArray[np.float64], rng: np.random.Generator, copies: int
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the first one, two, ... candidates' scores, permuted within each seed.

    A permutation of one candidate more comes of the last one by putting the new score at a place
    drawn at random, and what was there at the end: each is as probable as any other (the
    "inside-out" shuffle of Fisher & Yates). So a draw a seed is enough for each size.

    Args:
        values: Shape (candidates, seeds).
        rng: Draws the places.
        copies: How many permutations.

    Yields:
        The size, and shape (copies, size, seeds), to be read before the next is asked for.
    """
    candidates, seeds = values.shape
    permuted = np.empty((copies, candidates, seeds))
    copy, seed = np.arange(copies)[:, None], np.arange(seeds)
    for last, added in enumerate(values):
        place = rng.integers(last + 1, size=(copies, seeds))
        permuted[:, last] = permuted[copy, place, seed] if last else added
        permuted[copy, place, seed] = added
        yield last + 1, permuted[:, : last + 1]


def _share_reaching(
    observed: NDArray[np.float64], largest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (1 + the number of `largest` >= observed) / (1 + how many there are).

    A permutation that only relabels the observed scores gives the same statistic up to rounding,
    and has to count as reaching it.
    """
    reached = len(largest) - np.searchsorted(largest, observed * (1 - 1e-9), side="left")
    return np.asarray((1 + reached) / (1 + len(largest)))


def _put_back(values: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.float64]:
    restored = np.empty_like(values)
    restored[order] = values
    return restored
