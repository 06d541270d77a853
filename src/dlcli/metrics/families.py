"""How metrics are computed: from sums over examples, or from the ranking of the examples.

A metric that is a function of sums is computed the same way over a whole split, over the batches
of an epoch, and over two thousand bootstrap resamples at once (a matrix product). A metric of the
ranking sorts once and then works with weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from dlcli.metrics.predictions import Batch


@dataclass(frozen=True)
class Share:
    """A metric as a function of a share of independent yes-or-no outcomes.

    Attributes:
        counted: Sums (k,) -> (successes, trials), numbers or one for each class.
        made: Share -> metric; rising, so that the ends of an interval stay its ends.
    """

    counted: Callable[[Any], tuple[Any, Any]]
    made: Callable[[Any], Any] = lambda share: share


@dataclass(frozen=True)
class Sums:
    """A metric that is `finish` of the sums of `statistics`.

    Attributes:
        statistics: Batch -> (n, k); the last column is always 1, so that it sums to n.
        finish: Sums (..., k) and the array module -> values (...), or (..., classes).
        share: Where the metric comes from a share, which has an exact interval; else None.
        biased: Noise alone moves it in one direction, so that resampling, which adds noise, moves
            it once more.
        parts: Where it is the mean over the classes of what comes from a share, that share of each
            class; `counted` then also takes the statistics of the examples, (n, k).
    """

    statistics: Callable[[Batch], Any]
    finish: Callable[[Any, Any], Any]
    share: Share | None = None
    biased: bool = False
    parts: Share | None = None


@dataclass(frozen=True)
class RankMetric:
    """A metric of how scores rank the positives of each class, averaged over the classes.

    Attributes:
        area: Cumulative true and false positives (..., thresholds), from the highest score down,
            and the array module -> the metric (...); NaN where it is undefined.
        pairs: It is the share of the pairs of a positive and a negative that are ranked right.
    """

    area: Callable[[Any, Any, Any], Any]
    pairs: bool = False


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix itself: rows are true classes, columns predicted ones."""


Family = Sums | RankMetric | Matrix


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


def occurs(xp: Any, count: Any) -> Any:
    """Return 1 where a count is positive, else 0."""
    return xp.where(count > 0, xp.ones_like(count), xp.zeros_like(count))


def ranked_values(
    families: Sequence[RankMetric], truth: np.ndarray, scores: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return ranking metrics of one class for many weightings of the examples at once.

    Args:
        families: The metrics; they share the sorting and counting, which is most of the work.
        truth: 0 or 1, shape (n,).
        scores: Shape (n,); equal scores share a threshold.
        weights: How often each example counts, shape (n, resamples).

    Returns:
        Shape (families, resamples).
    """
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.flatnonzero(np.r_[ranked[1:] != ranked[:-1], True])
    heavy = weights[order]
    positives = truth[order].astype(weights.dtype)[:, None]
    tp = np.cumsum(heavy * positives, axis=0)[last].T
    fp = np.cumsum(heavy, axis=0)[last].T - tp
    return np.stack([family.area(tp, fp, np) for family in families])


def ranked_mean(families: Sequence[RankMetric], batch: Batch, weights: np.ndarray) -> np.ndarray:
    """Return ranking metrics averaged over the classes for which they are defined.

    Args:
        families: The metrics.
        batch: Of arrays.
        weights: How often each example counts, shape (n, resamples).

    Returns:
        Shape (families, resamples); NaN where no class defines the metric.
    """
    import numpy as np

    columns = [1] if batch.task == "binary" else range(batch.truth.shape[1])
    total = np.zeros((len(families), weights.shape[1]))
    number = np.zeros_like(total)
    for column in columns:
        values = ranked_values(families, batch.truth[:, column], batch.output[:, column], weights)
        known = np.isfinite(values)
        total += np.where(known, values, 0)
        number += known
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
