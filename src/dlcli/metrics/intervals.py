"""Confidence intervals of a score over a sample of examples.

Tried by simulation (percentile, basic and BCa bootstrap; 100 to 1,500 examples): percentile and
BCa cover within four points of each other, now the one ahead and now the other, the basic
bootstrap less; except where noise moves a metric in one direction, which only the basic bootstrap
undoes. With few examples of a class no bootstrap covers enough: a resample cannot hold what the
sample does not. So the area under the ROC curve and macro F1 are made of what is known of each
class (benchmarks/calibration.py, `evaluation`).
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


def likely_share(
    successes: np.ndarray, trials: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return Jeffreys's interval of a share (Brown, Cai & DasGupta 2001); (0, 1) without trials.

    It covers as often as it says on average over shares, `exact_binomial` for every share.

    Args:
        successes: Any shape.
        trials: The same shape.
        confidence: The average coverage.
    """
    import numpy as np
    from scipy.stats import beta

    failures = trials - successes
    tail = (1 - confidence) / 2
    low = beta.ppf(tail, successes + 0.5, failures + 0.5)
    high = beta.isf(tail, successes + 0.5, failures + 0.5)
    return np.where(successes > 0, low, 0.0), np.where(failures > 0, high, 1.0)


def of_mean(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, influence: np.ndarray
) -> tuple[float, float]:
    """Return the interval of the mean of several values from their own intervals.

    Each limit's distance stands for a standard error on its side, and the examples say how the
    values go together ("MOVER", Zou, Huang & Zhang 2009).

    Args:
        values: Shape (k,).
        low: Shape (k,), their lower limits.
        high: Shape (k,).
        influence: Shape (n, k): what an example adds to each, up to a factor.
    """
    import numpy as np

    together = influence.T @ influence
    size = np.sqrt(np.diag(together))
    known = size > 0
    scale = np.where(known, size, 1.0)
    correlation = np.where(known[:, None] & known, together / (scale[:, None] * scale), 0.0)
    np.fill_diagonal(correlation, 1.0)
    ends = []
    for distance in (values - low, high - values):
        square = max(float(distance @ correlation @ distance), 0.0)
        ends.append(np.sqrt(square) / len(values))
    mean = float(values.mean())
    return max(mean - float(ends[0]), 0.0), min(mean + float(ends[1]), 1.0)


def area_limits(
    area: float, positives: int, negatives: int, variance: float, confidence: float
) -> tuple[float, float]:
    """Return the interval of an area under the ROC curve.

    Newcombe 2006 (method 5) puts the variance of Hanley & McNeil 1982 at the limit and not at the
    area found, so that it holds with one positive and with an area of 1. It supposes spreads that
    are alike; where the variance found (DeLong et al. 1988) is larger, that scales it up.

    Args:
        area: From 0 to 1.
        positives: At least one.
        negatives: At least one.
        variance: DeLong's.
        confidence: The coverage.
    """
    from math import sqrt

    from scipy.optimize import brentq
    from scipy.special import ndtri

    half = (positives + negatives) / 2 - 1

    def model(true: float) -> float:
        spread = 1 + half * ((1 - true) / (2 - true) + true / (1 + true))
        return true * (1 - true) / (positives * negatives) * spread

    expected = model(area)
    wider = sqrt(max(1.0, variance / expected)) if expected > 0 else 1.0
    reach = float(ndtri((1 + confidence) / 2)) * wider

    def beyond(true: float) -> float:
        return abs(true - area) - reach * sqrt(model(true))

    step = 1e-9  # off the value itself, where the difference is 0
    low = brentq(beyond, 0.0, area - step) if area > 0 and beyond(area - step) < 0 else 0.0
    high = brentq(beyond, area + step, 1.0) if area < 1 and beyond(area + step) < 0 else 1.0
    return float(low), float(high)


def placements(truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the share of the other side that each example is ranked right of, shape (n,).

    The mean over the positives is the area under the ROC curve, and so is that over the negatives;
    their variances give DeLong's.

    Args:
        truth: 0 or 1, shape (n,), with both.
        scores: Shape (n,); equal ones count half.
    """
    import numpy as np

    is_positive = truth > 0
    found = np.empty(len(truth))
    for side, other in ((is_positive, ~is_positive), (~is_positive, is_positive)):
        ranked = np.sort(scores[other])
        below, reached = (np.searchsorted(ranked, scores[side], side=s) for s in ("left", "right"))
        found[side] = (below + reached) / (2 * len(ranked))
    found[~is_positive] = 1 - found[~is_positive]
    return found


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
