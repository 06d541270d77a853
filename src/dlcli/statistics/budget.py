"""What a tuning budget buys: the expected best score after so many random tries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from dlcli.statistics.sensitivity import leveled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def expected_best(scores: ArrayLike) -> NDArray[np.float64]:
    """Return the expected best validation score of k random tries, k = 1 ... tries.

    The tries are k different ones of those made, so that all of them find the best for certain; the
    curve is otherwise that of Dodge et al. 2019 ("Show Your Work", equation 4), who draw with
    replacement. Sivaprasad et al. 2020 compare optimizers by it.

    Args:
        scores: Shape (tries, ...): the validation score of each searched setting, greater is
            better, failed ones at the worst score.

    Returns:
        The same shape, never decreasing along the first axis.
    """
    values = np.sort(np.asarray(scores, dtype=float), axis=0)
    return np.asarray(_chances(len(values)) @ values)


@lru_cache(maxsize=32)
def _chances(n: int) -> NDArray[np.float64]:
    """Return how probably the best of k tries is the i-th smallest of n, shape (k, i)."""
    budget = np.arange(1, n + 1)[:, None]
    rank = np.arange(n + 1)[None, :]
    at_most = special.comb(rank, budget) / special.comb(n, budget)
    return np.asarray(np.diff(at_most, axis=1))


@dataclass(frozen=True)
class BudgetCurve:
    """The expected best score of k random tries, over the replications.

    Attributes:
        expected: Shape (rates,), k = 1 ... rates.
        low: Shape (rates,): Student's t interval over replications, pointwise; NaN with one.
        high: Shape (rates,).
    """

    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def budget_curve(scores: ArrayLike, failed: ArrayLike | None = None) -> BudgetCurve:
    """Return `expected_best` with its band over replications.

    A rate that a replication did not try counts with the rate's mean over the replications that
    did, plus what this replication adds to the rates it tried (`sensitivity.leveled`). Rates not
    tried again lie far from the best, so they hardly matter beyond the first tries.

    Args:
        scores: Shape (rates, replications), failed runs at the worst score, NaN where a replication
            did not try a rate. Rates without any score are left out.
        failed: Shape (rates, replications), boolean.

    Raises:
        ValueError: If there is no score at all.
    """
    values = np.asarray(scores, dtype=float)
    marks = np.zeros(values.shape, bool) if failed is None else np.asarray(failed, bool)
    rows, columns = ~np.isnan(values).all(axis=1), ~np.isnan(values).all(axis=0)
    values, marks = values[np.ix_(rows, columns)], marks[np.ix_(rows, columns)]
    if not values.size:
        raise ValueError("no learning rate has a score")
    level = leveled(values, marks)
    effects = np.nanmean(values - level, axis=0)
    filled = np.where(np.isnan(values), np.nanmean(level, axis=1)[:, None] + effects, values)
    curves = expected_best(filled).T
    mean = curves.mean(axis=0)
    replications = len(curves)
    half = np.full(len(mean), np.nan)
    if replications > 1:
        quantile = special.stdtrit(replications - 1, 0.975)
        half = quantile * curves.std(axis=0, ddof=1) / np.sqrt(replications)
    return BudgetCurve(mean, mean - half, mean + half)
