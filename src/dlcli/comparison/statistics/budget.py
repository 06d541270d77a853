"""What a tuning budget buys: the expected best score after so many random tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def expected_best(scores: ArrayLike, *, replacement: bool = False) -> NDArray[np.float64]:
    """Return the expected best validation score of k random tries, k = 1 ... tries.

    Without replacement the tries are k different ones of those made: trying all of them finds the
    best for certain. With replacement they are k draws from the empirical distribution, the
    estimator of Dodge et al. 2019 ("Show Your Work", equation 4): where a score s_i is the i-th
    smallest of n, the best of k draws is at most s_i with probability (i/n)^k. Sivaprasad et al.
    2020 compare optimizers by this curve.

    Args:
        scores: Shape (tries,): the validation score of each searched setting, greater is better,
            failed ones at the worst score; NaN for a try without a score, which is left out.
        replacement: As Dodge et al.; else each setting is tried at most once.

    Returns:
        Shape (tries with a score,), never decreasing.
    """
    values = np.sort(np.asarray(scores, dtype=float))
    values = values[~np.isnan(values)]
    n = len(values)
    budget = np.arange(1, n + 1)[:, None]
    rank = np.arange(n + 1)[None, :]
    if replacement:
        at_most = (rank / n) ** budget
    else:
        at_most = special.comb(rank, budget) / special.comb(n, budget)
    return np.asarray(np.diff(at_most, axis=1) @ values)
