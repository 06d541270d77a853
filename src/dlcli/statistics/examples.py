"""Standard errors that hold the sampling of the test examples beside that of the replications.

Replications of one data set share its examples: the candidates' mean scores differ by which
examples the data set happens to hold, however often a training is repeated. Both are a sample, so
the variance of a difference has two parts and is estimated from a two-way table, replications by
blocks of examples (Owen 2007, "The pigeonhole bootstrap"; Searle, Casella & McCulloch 1992).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcli.statistics.best import Errors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def two_way(scores: ArrayLike, left_out: ArrayLike) -> Errors:
    """Return the standard errors of all differences, over replications and examples.

    The variance is that over replications, plus that over blocks, minus that of their interaction,
    which is in both; never below the larger of the two. The degrees of freedom are Satterthwaite's.

    It serves a fixed test part, where each replication is scored on all blocks, and re-splits of
    one pool, where a replication's test part holds some examples of each of the pool's blocks.

    Args:
        scores: Shape (candidates, replications), without NaN, at least two replications.
        left_out: Shape (candidates, replications, blocks): the score of the same trial when a block
            of the data set's examples is left out of its test part; NaN where that cannot be
            computed, which counts as no change. Block b is the same examples everywhere.

    Raises:
        ValueError: If the shapes do not fit, or there are fewer than two replications or blocks.
    """
    values = np.asarray(scores, dtype=float)
    without = np.asarray(left_out, dtype=float)
    if without.ndim != 3 or without.shape[:2] != values.shape or min(without.shape[1:]) < 2:
        raise ValueError("two or more replications and blocks are needed, for each score")
    blocks = without.shape[2]
    whole = values[:, :, None]
    without = np.where(np.isnan(without), whole, without)
    influence = blocks * whole - (blocks - 1) * without
    rows = [_against_all(influence, candidate) for candidate in range(len(values))]
    variance, freedom, lasting = (np.array(part) for part in zip(*rows, strict=True))
    return Errors(np.sqrt(variance), freedom, lasting)


def _against_all(
    influence: NDArray[np.float64], candidate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return variance, degrees of freedom and lasting variance of a candidate's differences.

    Args:
        influence: Shape (candidates, replications, blocks): pseudo-values of the jackknife.
        candidate: Index.

    Returns:
        Shape (candidates,) each.
    """
    gaps = influence[candidate] - influence
    _, replications, blocks = gaps.shape
    by_replication, by_block = gaps.mean(axis=2), gaps.mean(axis=1)
    rest = gaps - by_replication[:, :, None] - by_block[:, None, :]
    rest += gaps.mean(axis=(1, 2))[:, None, None]
    cells = (replications - 1) * (blocks - 1)
    over_replications = by_replication.var(axis=1, ddof=1) / replications
    over_examples = by_block.var(axis=1, ddof=1) / blocks
    interaction = np.square(rest).sum(axis=(1, 2)) / cells / (replications * blocks)
    larger = np.maximum(over_replications, over_examples)
    variance = np.maximum(over_replications + over_examples - interaction, larger)
    scatter = (
        over_replications**2 / (replications - 1)
        + over_examples**2 / (blocks - 1)
        + interaction**2 / cells
    )
    freedom = np.divide(
        variance**2, scatter, out=np.full(len(gaps), replications - 1.0), where=scatter > 0
    )
    return variance, freedom, np.maximum(over_examples - interaction, 0.0)
