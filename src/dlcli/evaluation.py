"""Targets and probabilities become scores with intervals, a per-class table, a confusion matrix.

Proportions get the exact binomial interval (Clopper & Pearson 1934), all others the percentile
bootstrap over the examples (Efron & Tibshirani 1993). Every metric of one evaluation sees the same
resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli import metrics
from dlcli.metrics.families import Matrix, Ranking, Sums, counts, ranked_value, ratio, split_counts
from dlcli.metrics.predictions import CLASS_TASKS, Batch, batch_of_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RESAMPLES = 2000
RANKING_RESAMPLES = 500
"""Rankings cost more a resample; 500 place a 95 % limit within half a per cent of its share."""

CELLS = 4_000_000
"""Resampled weights held at once (32 MB)."""


@dataclass(frozen=True)
class Score:
    """One metric: a number, or a list with one for each class; None where it is undefined."""

    value: Any
    interval: Any


@dataclass(frozen=True)
class ClassRow:
    """The counts of one class against the rest."""

    name: str
    tp: int
    fp: int
    fn: int
    support: int
    precision: float
    recall: float
    f1: float

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "class": self.name,
            "TP": self.tp,
            "FP": self.fp,
            "FN": self.fn,
            "support": self.support,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


@dataclass(frozen=True)
class Evaluation:
    """What a split's predictions are worth.

    Attributes:
        scores: By the names as typed.
        per_class: A row a class or label; empty for regression.
        confusion: Rows are true classes, columns predicted; None without classes.
    """

    scores: Mapping[str, Score]
    per_class: tuple[ClassRow, ...]
    confusion: np.ndarray | None
    classes: tuple[str, ...]
    examples: int
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; what is not a number is null."""
        made: dict[str, Any] = {
            "metrics": {
                name: {"value": score.value, "interval": score.interval}
                for name, score in self.scores.items()
            },
            "examples": self.examples,
            "confidence": self.confidence,
        }
        if self.per_class:
            made["per_class"] = [row.to_dict() for row in self.per_class]
        if self.confusion is not None:
            made["classes"] = list(self.classes)
            made["confusion"] = self.confusion.tolist()
        return made


def score(
    y_true: np.ndarray,
    y_prob: np.ndarray,
    names: Sequence[str],
    *,
    task: str,
    classes: Sequence[str] = (),
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    rng: np.random.Generator,
) -> Evaluation:
    """Score predictions.

    Args:
        y_true: Labels (n,) or one-hot (n, classes); 0/1 (n, labels); values (n,) or (n, d).
        y_prob: Probabilities (n, classes) or, for a binary task, (n,) or (n, 1); values.
        names: Metrics as typed, such as `f1` or `top_k:3`.
        task: The task.
        classes: Class or label names in order.
        confidence: Coverage of the intervals.
        resamples: Bootstrap resamples.
        rng: Draws them.

    Raises:
        UserError: For an unknown metric, or one without meaning for the task.
    """
    requests = [metrics.parse(name) for name in names]
    for request in requests:
        metrics.check_task(request, task)
    batch = batch_of_arrays(y_true, y_prob, task=task, classes=len(classes))
    scorer = _Scorer(batch, confidence, resamples, rng)
    matrix = confusion_matrix(batch) if task in CLASS_TASKS else None
    labels = tuple(classes) or tuple(str(i) for i in range(batch.truth.shape[1]))
    return Evaluation(
        scorer.scores(requests),
        per_class_table(batch, labels) if task in (*CLASS_TASKS, "multilabel") else (),
        matrix,
        labels,
        len(batch.truth),
        confidence,
    )


def point(
    y_true: np.ndarray, y_prob: np.ndarray, names: Sequence[str], *, task: str, classes: int
) -> dict[str, Any]:
    """Return the metrics' values alone, without intervals."""
    batch = batch_of_arrays(y_true, y_prob, task=task, classes=classes)
    return {name: _value(batch, metrics.parse(name)) for name in names}


def confusion_matrix(batch: Batch) -> np.ndarray:
    """Return how often each class (row) was taken for each (column), shape (c, c)."""
    matrix: np.ndarray = np.rint(batch.truth.T @ batch.guess).astype(int)
    return matrix


def per_class_table(batch: Batch, names: Sequence[str]) -> tuple[ClassRow, ...]:
    """Return the counts, precision, recall and F1 of every class against the rest."""
    tp, fp, fn, _ = split_counts(counts(batch).sum(axis=0))
    precision, recall = ratio(np, tp, tp + fp), ratio(np, tp, tp + fn)
    f1 = ratio(np, 2 * tp, 2 * tp + fp + fn)
    return tuple(
        ClassRow(
            name,
            *(round(float(part[i])) for part in (tp, fp, fn, tp + fn)),
            *(float(part[i]) for part in (precision, recall, f1)),
        )
        for i, name in enumerate(names)
    )


def _value(batch: Batch, request: metrics.Request) -> Any:
    family = request.family(batch.task)
    if isinstance(family, Matrix):
        return confusion_matrix(batch).tolist()
    if isinstance(family, Ranking):
        ones = np.ones((1, len(batch.truth)))
        return _clean(_ranked(family, batch, ones)[0])
    return _clean(family.finish(family.statistics(batch).sum(axis=0), np))


def _ranked(family: Ranking, batch: Batch, weights: np.ndarray) -> np.ndarray:
    """Return a ranking metric for many weightings, shape (resamples,)."""
    columns = [1] if batch.task == "binary" else range(batch.truth.shape[1])
    values = np.stack(
        [ranked_value(family, batch.truth[:, c], batch.output[:, c], weights) for c in columns]
    )
    known = np.isfinite(values)
    number = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _clean(value: Any) -> Any:
    """Turn arrays into lists, and what is not a finite number into None."""
    array = np.asarray(value, dtype=float)
    if array.ndim:
        return [_clean(item) for item in array]
    return float(array) if math.isfinite(array) else None


class _Scorer:
    """Scores metrics over one split; all of them see the same resamples."""

    def __init__(
        self, batch: Batch, confidence: float, resamples: int, rng: np.random.Generator
    ) -> None:
        self.batch = batch
        self.tails = ((1 - confidence) / 2, (1 + confidence) / 2)
        self.resamples = resamples
        self.rng = rng
        self.finite = bool(np.isfinite(batch.output).all())

    def scores(self, requests: Sequence[metrics.Request]) -> dict[str, Score]:
        """Return every metric's value and interval."""
        drawn = self._draws(requests)
        return {request.text: self._score(request, drawn) for request in requests}

    def _score(self, request: metrics.Request, drawn: Mapping[str, np.ndarray]) -> Score:
        family = request.family(self.batch.task)
        if not self.finite:  # a diverged model predicts nothing that could be scored
            return Score(None, None)
        value = _value(self.batch, request)
        if isinstance(family, Matrix):
            return Score(value, None)
        if isinstance(family, Sums) and family.proportion is not None:
            sums = family.statistics(self.batch).sum(axis=0)
            return Score(value, list(self._binomial(*family.proportion(sums))))
        return Score(value, self._percentiles(drawn[request.text]))

    def _binomial(self, successes: int, trials: int) -> tuple[float, float]:
        """Return the Clopper-Pearson interval of a proportion; (0, 1) without trials."""
        from scipy.stats import beta

        failures = trials - successes
        low = beta.ppf(self.tails[0], successes, failures + 1) if successes else 0.0
        high = beta.ppf(self.tails[1], successes + 1, failures) if failures else 1.0
        return float(low), float(high)

    def _percentiles(self, values: np.ndarray) -> Any:
        """Return the percentile interval of the resamples in which the metric is defined."""
        if values.ndim == 2:
            return [self._percentiles(column) for column in values.T]
        known = values[np.isfinite(values)]
        return _clean(np.quantile(known, self.tails)) if len(known) else None

    def _draws(self, requests: Sequence[metrics.Request]) -> dict[str, np.ndarray]:
        """Return each metric's bootstrap values, (resamples,) or (resamples, classes)."""
        if not self.finite:
            return {}
        families = {request.text: request.family(self.batch.task) for request in requests}
        sums = {
            text: (family, family.statistics(self.batch))
            for text, family in families.items()
            if isinstance(family, Sums) and family.proportion is None
        }
        rankings = {text: f for text, f in families.items() if isinstance(f, Ranking)}
        parts: dict[str, list[np.ndarray]] = {text: [] for text in (*sums, *rankings)}
        done = 0
        for weights in self._weights() if parts else ():
            for text, (family, statistics) in sums.items():
                parts[text].append(np.asarray(family.finish(weights @ statistics, np)))
            ranked = weights[: max(0, RANKING_RESAMPLES - done)]
            if len(ranked):
                for text, ranking in rankings.items():
                    parts[text].append(_ranked(ranking, self.batch, ranked))
            done += len(weights)
        return {text: np.concatenate(values) for text, values in parts.items()}

    def _weights(self) -> Iterator[np.ndarray]:
        """Yield how often each example is drawn, shape (some resamples, n), a part at a time."""
        n = len(self.batch.truth)
        size = max(1, CELLS // max(n, 1))
        for start in range(0, self.resamples, size):
            rows = min(size, self.resamples - start)
            drawn = self.rng.integers(0, n, size=(rows, n))
            offsets = np.arange(rows)[:, None] * n
            flat = np.bincount((drawn + offsets).ravel(), minlength=rows * n)
            yield flat.reshape(rows, n).astype(np.float64)
