"""Targets and probabilities become scores with intervals, a per-class table, a confusion matrix.

A metric that is made of a proportion gets the exact binomial interval, and the area under the ROC
curve that of its classes' areas. All others get the bootstrap over the examples, and macro F1 at
least the interval that its classes' own give; every metric of one evaluation sees the same
resamples. A resample in which a metric is undefined, as the average precision of a class that was
not drawn, is left out; one without a class leaves that class out of its averages, as the value
itself would. Where not a
single prediction is wrong, resampling could not show a worse one, and the lower limit is what the
number of examples does not exclude (`intervals.after_errors`).

Where an example has a class or value for each step or pixel, whole examples are resampled, since
its steps resemble each other, and all intervals are the bootstrap's.

Outputs that are no finite numbers come from a diverged model. They are not scored: every value is
None (`null` in JSON), and there is no table and no matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli import metrics
from dlcli.metrics.averaging import counted_classes
from dlcli.metrics.families import (
    Matrix,
    RankMetric,
    Share,
    Sums,
    counts,
    ranked_mean,
    ratio,
    split_counts,
)
from dlcli.metrics.intervals import (
    after_errors,
    area_limits,
    debiased,
    exact_binomial,
    likely_share,
    most_errors,
    of_mean,
    percentile,
    placements,
)
from dlcli.metrics.points import checked_batch, confusion_matrix, is_finite, value_of
from dlcli.metrics.predictions import CLASS_TASKS, LABEL_TASKS, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RESAMPLES = 2000
RANKING_RESAMPLES = 500
"""Rankings cost more a resample; 500 place a 95 % limit within half a per cent of its share."""

DIVERGED = (
    "the model's outputs contain NaN or infinity: the training diverged, and nothing is scored"
)


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
        examples: How many were scored.
        places: How many steps or pixels of them, where each has a target; None where none has.
        notes: What a reader of the scores should know, a sentence each.
        baselines: The scores of simple predictions, by their name and the metric's.
    """

    scores: Mapping[str, Score]
    per_class: tuple[ClassRow, ...]
    confusion: np.ndarray | None
    classes: tuple[str, ...]
    examples: int
    confidence: float
    notes: tuple[str, ...] = ()
    places: int | None = None
    baselines: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; what is not a number is null."""
        made: dict[str, Any] = {
            "metrics": _plain(self.scores),
            "examples": self.examples,
            "confidence": self.confidence,
        }
        if self.baselines:
            made["baselines"] = {name: _plain(found) for name, found in self.baselines.items()}
        if self.places is not None:
            made["places"] = self.places
        if self.per_class:
            made["per_class"] = [row.to_dict() for row in self.per_class]
        if self.confusion is not None:
            made["classes"] = list(self.classes)
            made["confusion"] = self.confusion.tolist()
        if self.notes:
            made["notes"] = list(self.notes)
        return made


def _plain(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    """Return the JSON form of scores."""
    return {n: {"value": one.value, "interval": one.interval} for n, one in scores.items()}


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
        DataError: If there are no examples, or targets and predictions do not fit.
    """
    requests = [metrics.parse(name) for name in names]
    for request in requests:
        metrics.check_task(request, task)
    batch = checked_batch(y_true, y_prob, task, len(classes))
    width = batch.truth.shape[1] if task in LABEL_TASKS else 0
    labels = (*classes, *(str(i) for i in range(len(classes), width)))
    usable = is_finite(batch)
    scorer = _Scorer(batch, confidence, resamples, rng)
    return Evaluation(
        scorer.scores(requests) if usable else dict.fromkeys(names, Score(None, None)),
        per_class_table(batch, labels) if usable and task in LABEL_TASKS else (),
        confusion_matrix(batch) if usable and task in CLASS_TASKS else None,
        labels,
        len(y_true),
        confidence,
        tuple(_notes(batch, requests)) if usable else (DIVERGED,),
        None if batch.owner is None else len(batch.truth),
    )


def _notes(batch: Batch, requests: Sequence[metrics.Request]) -> Iterator[str]:
    """Yield what makes a score say less than it seems to."""
    width = batch.truth.shape[1]
    for request in requests:
        if request.option("k", 0) >= width:
            yield f"{request.text} is always 1: there are only {width} classes"


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


def _resampled(family: Sums, statistics: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return a metric for many weightings of the examples.

    Args:
        family: The metric.
        statistics: Shape (n, k).
        weights: How often each example counts, shape (resamples, n).

    Returns:
        Shape (resamples,); (resamples, 2) for a biased metric, the second column that of what the
        weightings add to the sample.
    """
    drawn = weights @ statistics
    values: np.ndarray = family.finish(drawn, np)
    if not family.biased:
        return values
    added = drawn - statistics.sum(axis=0)
    added[:, -1] = drawn[:, -1]
    return np.stack([values, family.finish(added, np)], axis=1)


def _is_flawless(request: metrics.Request, value: float) -> bool:
    """Whether a metric of classes could not be better."""
    metric = request.metric
    judges = metric.needs != "values" and metric.greater_is_better is True
    return judges and value == metric.bounds[1]


class _Scorer:
    """Scores metrics over one split; all of them see the same resamples."""

    def __init__(
        self, batch: Batch, confidence: float, resamples: int, rng: np.random.Generator
    ) -> None:
        self.batch = batch
        self.confidence = confidence
        self.resamples = resamples
        self.rng = rng

    def scores(self, requests: Sequence[metrics.Request]) -> dict[str, Score]:
        """Return every metric's value and interval."""
        drawn = self._draws(requests)
        return {
            request.text: Score(
                value_of(self.batch, request), self._interval(request, drawn.get(request.text))
            )
            for request in requests
        }

    def _interval(self, request: metrics.Request, draws: np.ndarray | None) -> Any:
        """Return an interval, a list of them for a vector, or None."""
        family = request.family(self.batch.task)
        if isinstance(family, Matrix):
            return None
        alone = self.batch.owner is None
        if alone and isinstance(family, Sums) and family.share is not None:
            return self._exact(family, family.share)
        if alone and isinstance(family, RankMetric) and family.pairs:
            return self._area(family, request)
        assert draws is not None  # noqa: S101  (everything else was drawn)
        value = value_of(self.batch, request)
        if isinstance(family, Sums) and family.biased:
            found = debiased(value, draws[:, 0], draws[:, 1], self.confidence)
        else:
            found = percentile(draws, self.confidence)
        if found is None:
            return None
        low, high = found
        if not alone:
            return [low, high]
        if isinstance(family, Sums) and family.parts is not None:
            least, most = self._by_class(family, family.parts)
            low, high = min(low, least), max(high, most)
        return [min(low, self._not_excluded(family)) if _is_flawless(request, value) else low, high]

    def _exact(self, family: Sums, share: Share) -> Any:
        sums = family.statistics(self.batch).sum(axis=0)
        limits = exact_binomial(*share.counted(sums), self.confidence)
        return np.stack([share.made(limit) for limit in limits], axis=-1).tolist()

    def _by_class(self, family: Sums, parts: Share) -> tuple[float, float]:
        """Return the interval of a macro average from those of its classes."""
        statistics = np.asarray(family.statistics(self.batch), dtype=float)
        sums = statistics.sum(axis=0)
        right, tried = parts.counted(sums)
        counts_too = counted_classes(self.batch.task, np, *split_counts(sums)[:3]) > 0
        share = right / np.maximum(tried, 1)
        low, high = likely_share(right, tried, self.confidence)
        each_right, each_tried = parts.counted(statistics)
        influence = (each_right - share * each_tried) / np.maximum(tried, 1)
        values, low, high = (parts.made(part)[counts_too] for part in (share, low, high))
        return of_mean(values, low, high, influence[:, counts_too])

    def _area(self, family: RankMetric, request: metrics.Request) -> list[float] | None:
        """Return the interval of the area under the ROC curve, averaged over the classes."""
        truth, output = self.batch.truth, self.batch.output
        columns = [1] if self.batch.task == "binary" else range(truth.shape[1])
        values: list[float] = []
        limits: list[tuple[float, float]] = []
        influence: list[np.ndarray] = []
        for column in columns:
            positive = truth[:, column] > 0
            sides = [part for part in (positive, ~positive) if part.any()]
            if len(sides) < 2:
                continue
            placed = placements(truth[:, column], output[:, column])
            area = float(placed[positive].mean())
            own = np.zeros(len(truth))
            variance = 0.0
            for part in sides:
                size = int(part.sum())
                own[part] = (placed[part] - area) / size
                variance += float(np.square(own[part]).sum()) * size / max(size - 1, 1)
            number = int(positive.sum())
            values.append(area)
            limits.append(area_limits(area, number, len(truth) - number, variance, self.confidence))
            influence.append(own)
        if not values:
            return None
        lows, highs = np.array(limits).T
        low, high = of_mean(np.array(values), lows, highs, np.stack(influence, axis=1))
        flawless = _is_flawless(request, float(np.mean(values)))
        return [min(low, self._not_excluded(family)) if flawless else low, high]

    def _not_excluded(self, family: Sums | RankMetric) -> float:
        """Return the lower limit of a metric that is perfect over the split."""
        sums = counts(self.batch).sum(axis=0)
        if isinstance(family, Sums) and family.statistics is counts:
            exclusive = self.batch.task in CLASS_TASKS
            worse = after_errors(sums, self.confidence, exclusive=exclusive)
            return float(np.min(family.finish(worse, np), initial=1.0))
        tp, _, fn, n = split_counts(sums)
        if isinstance(family, Sums):  # one of an example's decisions may be wrong
            return float(1 - most_errors(n, self.confidence)[0] / len(tp))
        # The rarer side of a class may rank at the wrong end that often.
        support = (tp + fn)[-1:] if self.batch.task == "binary" else tp + fn
        rarer = np.minimum(support, n - support)
        rarer = rarer[rarer > 0]
        most = np.max(most_errors(rarer, self.confidence), initial=0.0)
        return float(1 - most / max(len(rarer), 1))

    def _draws(self, requests: Sequence[metrics.Request]) -> dict[str, np.ndarray]:
        """Return the bootstrap values of each metric that needs them, (resamples[, 2])."""
        families = {request.text: request.family(self.batch.task) for request in requests}
        several = self.batch.owner is not None
        sums = {
            t: f
            for t, f in families.items()
            if isinstance(f, Sums) and (several or f.share is None)
        }
        rankings = {
            t: f
            for t, f in families.items()
            if isinstance(f, RankMetric) and (several or not f.pairs)
        }
        statistics = {text: self._by_example(family) for text, family in sums.items()}
        parts: dict[str, list[np.ndarray]] = {text: [] for text in (*sums, *rankings)}
        ranked = 0
        for weights in self._weights() if parts else ():
            for text, family in sums.items():
                parts[text].append(_resampled(family, statistics[text], weights))
            if rankings and ranked < RANKING_RESAMPLES:
                few = weights[: RANKING_RESAMPLES - ranked]
                ranked += len(few)
                few = few if self.batch.owner is None else few[:, self.batch.owner]
                # Counts of examples are exact in float32, in half the time.
                columns = np.ascontiguousarray(few.T, dtype=np.float32)
                values = ranked_mean(list(rankings.values()), self.batch, columns)
                for text, row in zip(rankings, values, strict=True):
                    parts[text].append(row)
        return {text: np.concatenate(values) for text, values in parts.items()}

    def _by_example(self, family: Sums) -> np.ndarray:
        """Return the statistics of each example, shape (n, k): steps and pixels go together."""
        found = np.asarray(family.statistics(self.batch), dtype=float)
        owner = self.batch.owner
        if owner is None:
            return found
        summed = np.zeros((int(owner[-1]) + 1, found.shape[1]))
        np.add.at(summed, owner, found)
        return summed

    def _weights(self) -> Iterator[np.ndarray]:
        """Yield how often each example is drawn, shape (some resamples, n), a part at a time."""
        owner = self.batch.owner
        n = len(self.batch.truth) if owner is None else int(owner[-1]) + 1
        size = max(1, CELLS // len(self.batch.truth))
        for start in range(0, self.resamples, size):
            rows = min(size, self.resamples - start)
            drawn = self.rng.integers(0, n, size=(rows, n))
            offsets = np.arange(rows)[:, None] * n
            flat = np.bincount((drawn + offsets).ravel(), minlength=rows * n)
            yield flat.reshape(rows, n).astype(np.float64)
