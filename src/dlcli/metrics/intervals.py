"""Confidence intervals of a score over a sample of examples.

Tried by simulation (percentile, basic and BCa bootstrap; 100 to 1,500 examples): percentile and
BCa cover within four points of each other, now the one ahead and now the other, the basic
bootstrap less; except where noise moves a metric in one direction, which only the basic bootstrap
undoes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.metrics.families import split_counts

if TYPE_CHECKING:
    import numpy as np


def exact_binomial(
    successes: np.ndarray, trials: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of a share (Clopper & Pearson 1934); (0, 1) without trials.

    Args:
        successes: Any shape.
        trials: The same shape.
        confidence: At least this coverage, whatever the true share.
    """
    import numpy as np
    from scipy.stats import beta

    successes, trials = np.rint(successes), np.rint(trials)
    failures = trials - successes
    tail = (1 - confidence) / 2
    # Where a count is 0 the quantile has no meaning, and is not used.
    low = beta.ppf(tail, np.maximum(successes, 1), failures + 1)
    high = beta.ppf(1 - tail, successes + 1, np.maximum(failures, 1))
    return np.where(successes > 0, low, 0.0), np.where(failures > 0, high, 1.0)


def percentile(draws: np.ndarray, confidence: float) -> tuple[float, float] | None:
    """Return the percentile bootstrap interval (Efron & Tibshirani 1993, section 13.3).

    Args:
        draws: The score of each resample, shape (resamples,). One that is no finite number, as
            where a class is missing, is left out.
        confidence: Share of the draws between the limits.

    Returns:
        None if no draw is left.
    """
    import numpy as np

    known = draws[np.isfinite(draws)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def debiased(
    value: float, draws: np.ndarray, noise: np.ndarray, confidence: float
) -> tuple[float, float] | None:
    """Return the interval of a score from 0 to 1 that noise alone makes larger.

    The basic bootstrap (Davison & Hinkley 1997, equation 5.6) takes the draws' distance from the
    value for the value's distance from the truth, and so undoes a bias that the two have in
    common. At a truth of 0 it fails, as every bootstrap there; so the lower limit is 0 unless the
    value is larger than noise makes it.

    Args:
        value: The score; it is always inside.
        draws: As for `percentile`.
        noise: Scores of what the resamples add to the sample, shape (resamples,).
        confidence: As for `percentile`.
    """
    found, ordinary = percentile(draws, confidence), percentile(noise, confidence)
    if found is None or ordinary is None:
        return None
    low = 0.0 if value <= ordinary[1] else 2 * value - found[1]
    high = 2 * value - found[0]
    return max(min(low, value), 0.0), min(max(high, value), 1.0)


def most_errors(count: np.ndarray, confidence: float) -> np.ndarray:
    """Return the share of errors that `count` trials without one do not exclude, any shape."""
    import numpy as np

    share: np.ndarray = 1 - ((1 - confidence) / 2) ** (1 / np.maximum(count, 1))
    return share


def after_errors(sums: np.ndarray, confidence: float, *, exclusive: bool) -> np.ndarray:
    """Return the counts that would be expected if one class had the most errors not excluded.

    Without a single error every resample is without one too, so the bootstrap gives an interval
    of no width. What the examples do not exclude is an error rate in a class of n examples of
    which n all right have probability (1 - confidence) / 2, the limit of Clopper and Pearson.

    Args:
        sums: TP, FP, FN of every class, and n, as `families.counts` sums them, shape (3 c + 1,).
        confidence: The interval's.
        exclusive: An example has one class, and an error is taken for one of the others that
            occur, evenly spread. Else a label is either missed or wrongly given.

    Returns:
        Shape (rows, 3 c + 1): a row for each class that may have the errors.
    """
    import numpy as np

    support, _, _, n = split_counts(sums)
    lost = _one_each(support, confidence)
    if not exclusive:
        given = _one_each(n - support, confidence)
        none = np.zeros_like
        lost, taken = np.vstack([lost, none(given)]), np.vstack([none(lost), given])
    else:
        others = (lost == 0) & (support > 0)
        taken = others * lost.sum(axis=1, keepdims=True) / max(np.sum(support > 0) - 1, 1)
    rows = np.broadcast_to(n, (len(lost), 1))
    return np.concatenate([support - lost, taken, lost, rows], axis=1)


def _one_each(count: np.ndarray, confidence: float) -> np.ndarray:
    """Return a row for each positive count, with the most errors among it, and 0 elsewhere."""
    import numpy as np

    made: np.ndarray = np.diag(count * most_errors(count, confidence))[count > 0]
    return made
