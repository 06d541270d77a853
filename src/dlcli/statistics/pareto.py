"""What is worth its cost: the Pareto front of candidates with a score and a cost each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def pareto_front(costs: ArrayLike, scores: ArrayLike) -> NDArray[np.bool_]:
    """Return which candidates no other one beats: none is as cheap and as good, and better in one.

    Args:
        costs: Of each candidate, less is better, shape (n,); NaN if it is unknown.
        scores: Greater is better, shape (n,); NaN if there is none.

    Returns:
        Shape (n,). Equals are on the front together; what is unknown is never on it.
    """
    cost, score = np.asarray(costs, dtype=float), np.asarray(scores, dtype=float)
    known = ~(np.isnan(cost) | np.isnan(score))
    # Comparisons with NaN are false, so that what is unknown beats nothing.
    as_good = (cost[None, :] <= cost[:, None]) & (score[None, :] >= score[:, None])
    better = (cost[None, :] < cost[:, None]) | (score[None, :] > score[:, None])
    beaten = (as_good & better).any(axis=1)
    front: NDArray[np.bool_] = known & ~beaten
    return front
