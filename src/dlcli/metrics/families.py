"""How metrics are computed: from sums over examples, or from the ranking of the examples.

A metric that is a function of sums is computed the same way over a whole split, over the batches
of an epoch, and over two thousand bootstrap resamples at once (a matrix product). A metric of the
ranking sorts once and then works with weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from dlcli.metrics.predictions import Batch


@dataclass(frozen=True)
class Sums:
    """A metric that is `finish` of the sums of `statistics`.

    Attributes:
        statistics: Batch -> (n, k); the last column is always 1, so that it sums to n.
        finish: Sums (..., k) and the array module -> values (...), or (..., classes).
        proportion: Sums (k,) -> (successes, trials) where the metric is a share of independent
            yes-or-no outcomes, else None.
    """

    statistics: Callable[[Batch], Any]
    finish: Callable[[Any, Any], Any]
    proportion: Callable[[Any], tuple[int, int]] | None = None


@dataclass(frozen=True)
class Ranking:
    """A metric of how scores rank the positives of each class, averaged over the classes.

    Attributes:
        area: Cumulative true and false positives (..., thresholds), from the highest score down,
            and the array module -> the metric (...); NaN where it is undefined.
    """

    area: Callable[[Any, Any, Any], Any]


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix itself: rows are true classes, columns predicted ones."""


Family = Sums | Ranking | Matrix


def with_count(batch: Batch, *columns: Any) -> Any:
    """Put columns (n, k) side by side, and a last column of ones."""
    xp = batch.xp
    wide = [c if len(c.shape) == 2 else xp.reshape(c, (-1, 1)) for c in columns]
    return xp.concatenate([*wide, xp.ones_like(wide[0][:, :1])], axis=1)


def counts(batch: Batch) -> Any:
    """Return true positives, false positives, false negatives of every class, and ones."""
    return with_count(
        batch,
        batch.truth * batch.guess,
        batch.guess * (1 - batch.truth),
        batch.truth * (1 - batch.guess),
    )


def split_counts(sums: Any) -> tuple[Any, Any, Any, Any]:
    """Split sums (..., 3 c + 1) into TP, FP, FN, each (..., c), and the number of examples."""
    classes = (sums.shape[-1] - 1) // 3
    parts = [sums[..., i * classes : (i + 1) * classes] for i in range(3)]
    return parts[0], parts[1], parts[2], sums[..., -1:]


def ratio(xp: Any, numerator: Any, denominator: Any) -> Any:
    """Divide; 0 where the denominator is 0 (scikit-learn's `zero_division=0`)."""
    zero = denominator == 0
    safe = xp.where(zero, xp.ones_like(denominator), denominator)
    return xp.where(zero, xp.zeros_like(denominator), numerator / safe)


def ranked_value(
    family: Ranking, truth: np.ndarray, scores: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return a ranking metric of one class for many weightings of the examples at once.

    Args:
        truth: 0 or 1, shape (n,).
        scores: Shape (n,); equal scores share a threshold.
        weights: How often each example counts, shape (resamples, n).

    Returns:
        Shape (resamples,).
    """
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    heavy = weights[:, order]
    positive = np.add.reduceat(heavy * truth[order], starts, axis=1)
    total = np.add.reduceat(heavy, starts, axis=1)
    tp = np.cumsum(positive, axis=1)
    fp = np.cumsum(total - positive, axis=1)
    value: np.ndarray = family.area(tp, fp, np)
    return value
