"""The same metrics while Keras trains: sums over the batches of an epoch.

What is a function of sums is exact whatever the batches; rankings (`auc`, `average_precision`) are
approximated by Keras with 1,000 thresholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.errors import UserError
from dlcli.metrics.families import Ranking, Sums
from dlcli.metrics.predictions import CLASS_TASKS, batch_of_tensors

if TYPE_CHECKING:
    from dlcli.metrics import Request

THRESHOLDS = 1000


def build(request: Request, *, task: str, classes: int, from_logits: bool) -> keras.metrics.Metric:
    """Return a Keras metric named as the user typed it.

    Args:
        request: The metric.
        task: The data's task.
        classes: Number of classes or labels.
        from_logits: Whether the model's outputs are logits.

    Raises:
        UserError: For a metric that is no single number.
    """
    family = request.family(task)
    if isinstance(family, Sums) and request.options.get("average") != "none":
        return SumMetric(request.text, family, task, classes, from_logits)
    if isinstance(family, Ranking):
        return RankingMetric(request.text, family, task, classes, from_logits)
    remedy = f"ask for it afterwards: dlcli eval --metrics {request.text}"
    raise UserError(f"'{request.text}' is no single number to watch while training", remedy=remedy)


class SumMetric(keras.metrics.Metric):
    """A metric that is a function of sums over the examples."""

    def __init__(self, name: str, family: Sums, task: str, classes: int, from_logits: bool) -> None:
        super().__init__(name=name, dtype="float32")
        self.family = family
        self.form: dict[str, Any] = {"task": task, "classes": classes, "from_logits": from_logits}
        self.sums: Any = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; a sample weight counts an example that often."""
        statistics = self.family.statistics(batch_of_tensors(y_true, y_pred, **self.form))
        if sample_weight is not None:
            weight = ops.reshape(ops.cast(sample_weight, statistics.dtype), (-1, 1))
            statistics = statistics * weight
        self.ensure(int(statistics.shape[-1]))
        self.sums.assign(self.sums + ops.cast(ops.sum(statistics, axis=0), "float32"))

    def ensure(self, columns: int) -> None:
        """Make the variable once the number of columns is known."""
        if self.sums is None:
            self.sums = self.add_variable((columns,), initializer="zeros", name="sums")

    def result(self) -> Any:
        """Return the metric of what was added so far; 0 of nothing."""
        if self.sums is None:
            return ops.zeros(())
        value = self.family.finish(self.sums, ops)
        return ops.where(self.sums[-1] > 0, value, ops.zeros_like(value))


class RankingMetric(keras.metrics.AUC):
    """A ranking from Keras's counts at fixed thresholds instead of at every score."""

    def __init__(
        self, name: str, family: Ranking, task: str, classes: int, from_logits: bool
    ) -> None:
        several = task != "binary"
        super().__init__(
            num_thresholds=THRESHOLDS,
            name=name,
            multi_label=several,
            num_labels=classes if several else None,
        )
        self.family = family
        self.form: dict[str, Any] = {"task": task, "classes": classes, "from_logits": from_logits}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        batch = batch_of_tensors(y_true, y_pred, **self.form)
        if self.form["task"] == "binary":
            super().update_state(batch.truth[:, 1], batch.output[:, 1], sample_weight)
        else:
            super().update_state(batch.truth, batch.output, sample_weight)

    def result(self) -> Any:
        """Return the mean over the classes for which the metric is defined; 0 for none."""
        counts = [ops.convert_to_tensor(v) for v in (self.true_positives, self.false_positives)]
        # Thresholds rise, so the counts fall; they come one a row, or (thresholds, classes).
        tp, fp = (ops.flip(ops.transpose(count), axis=-1) for count in counts)
        values = ops.reshape(self.family.area(tp, fp, ops), (-1,))
        known = ops.isfinite(values)
        total = ops.sum(ops.where(known, values, ops.zeros_like(values)))
        return total / ops.maximum(ops.sum(ops.cast(known, total.dtype)), 1.0)


def _sparse(metric: keras.metrics.Metric) -> bool:
    """Whether a Keras metric wants integer labels beside a column of scores a class."""
    return "Sparse" in type(metric).__name__


class AdaptedMetric(keras.metrics.Metric):
    """One of Keras's own metrics, given labels in the form it wants.

    `keras.metrics.F1Score`, `CategoricalAccuracy`, `AUC`, `Precision` and their like want one-hot
    targets beside several columns of scores; those with `Sparse` in their name want integers.
    """

    def __init__(self, inner: keras.metrics.Metric, task: str, classes: int) -> None:
        super().__init__(name=inner.name)
        self.inner = inner
        self.task = task
        self.classes = classes

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        units = int(y_pred.shape[-1] or 1) if len(y_pred.shape) > 1 else 1
        if self.task in CLASS_TASKS and units > 1 and not _sparse(self.inner):
            labels = ops.reshape(ops.cast(y_true, "int32"), (-1,))
            y_true = ops.one_hot(labels, units)
        elif units == 1:
            y_true = ops.reshape(y_true, (-1, 1))
            y_pred = ops.reshape(y_pred, (-1, 1))
        self.inner.update_state(y_true, y_pred, sample_weight=sample_weight)

    def result(self) -> Any:
        """Return the inner metric's result; a vector becomes its mean."""
        value = self.inner.result()
        return ops.mean(value) if len(value.shape) else value

    def reset_state(self) -> None:
        """Start anew."""
        self.inner.reset_state()


def whole_split(
    metric: keras.metrics.Metric, y_true: Any, y_prob: Any, *, task: str, classes: int
) -> float:
    """Return one of Keras's own metrics over a whole split.

    Args:
        metric: It is reset first, so that it can serve again.
        y_true: Labels (n,), 0/1 (n, labels) or values (n,) or (n, d).
        y_prob: Probabilities or values, shape (n, units).
    """
    adapted = AdaptedMetric(metric, task, classes)
    adapted.reset_state()
    adapted.update_state(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_prob))
    return float(ops.convert_to_numpy(adapted.result()))
