"""The test score without each of some blocks of examples: how much the examples themselves decide.

A jackknife over blocks of examples (Tukey 1958; delete-a-group jackknife: Kott 2001) works for
every metric, also for those that are no means over examples, and takes a few numbers a trial where
all predictions would take thousands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCKS = 20
"""Blocks of examples, 19 degrees of freedom; each example of a pool is always in the same one."""


def without_each(positions: NDArray[np.intp]) -> list[NDArray[np.bool_]]:
    """Return which examples are left without each block, shape (n,) each.

    Args:
        positions: Of the examples in the pool, shape (n,).
    """
    block = block_of(positions)
    return [block != number for number in range(BLOCKS)]


def block_of(positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the block of each position, shape (n,): alike in size, unlike in what is beside it."""
    # Knuth's multiplicative hash, so that neighbors in a sorted data set are in different blocks.
    mixed = positions.astype(np.uint64) * np.uint64(2654435761) >> np.uint64(8)
    return np.asarray(mixed % np.uint64(BLOCKS), dtype=np.intp)
