"""The same metrics while Keras trains: sums over the batches of an epoch.

What is a function of sums is exact whatever the batches; rankings (`auc`, `average_precision`) are
approximated with thresholds. Outputs that are no finite numbers make the epoch's value NaN.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
from keras import ops

from dlcli.errors import UserError
from dlcli.metrics.families import Matrix, RankMetric, Sums
from dlcli.metrics.predictions import (
    CLASS_TASKS,
    DOUBLE,
    SINGLE,
    Batch,
    activated,
    batch_of_tensors,
    one_hot,
    places_as_examples,
)

if TYPE_CHECKING:
    from dlcli.metrics import Request

THRESHOLDS = 4000
"""With 4,000 an area is right to about 0.001; an average precision comes out low by up to 0.02."""


def build(request: Request, *, task: str, classes: int, from_logits: bool) -> keras.metrics.Metric:
    """Return a Keras metric named as the user typed it.

    Args:
        request: The metric.
        task: The data's task.
        classes: Number of classes or labels.
        from_logits: Whether the model's outputs are logits.

    Raises:
        UserError: For a metric that is no single number: a progress bar, a history and an early
            stopping have room for one.
    """
    family = request.family(task)
    if request.result != "scalar" or isinstance(family, Matrix):
        remedy = f"Compute it after the training: dlcli eval --metrics {request.text}"
        message = (
            f"'{request.text}' is not a single number, so it cannot be computed during training"
        )
        raise UserError(message, remedy=remedy)
    if isinstance(family, RankMetric):
        return RankingMetric(request.text, family, task, classes, from_logits)
    return SumMetric(request.text, family, task, classes, from_logits)


class NamedAsTyped(keras.metrics.Metric):
    """A metric whose name need not be one that TensorFlow takes for a scope, such as `top_k:3`."""

    name: str

    def add_variable(self, *arguments: Any, **options: Any) -> Any:
        """Make a variable under a name that TensorFlow takes."""
        typed, self.name = self.name, re.sub(r"\W", "_", self.name)
        try:
            return super().add_variable(*arguments, **options)
        finally:
            self.name = typed


class SumMetric(NamedAsTyped):
    """A metric that is a function of sums over the examples."""

    def __init__(self, name: str, family: Sums, task: str, classes: int, from_logits: bool) -> None:
        super().__init__(name=name)
        self.family = family
        self.form: dict[str, Any] = {"task": task, "classes": classes, "from_logits": from_logits}
        self.sums: Any = None

    def expect(self, units: int) -> None:
        """Make the variable for a model with so many outputs.

        One that is made while Keras traces the training step makes it trace the step once more.
        """
        columns = 2 if units == 1 and self.form["task"] in CLASS_TASKS else units
        nothing = np.zeros((1, columns))
        batch = Batch(np, self.form["task"], nothing, nothing, nothing, SINGLE)
        self.ensure(int(self.family.statistics(batch).shape[-1]))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; a sample weight counts an example that often."""
        batch = batch_of_tensors(y_true, y_pred, **self.form)
        statistics = self.family.statistics(batch) + _spoilt(batch)
        weight = _weight(batch, sample_weight)
        if weight is not None:
            statistics = statistics * ops.reshape(ops.cast(weight, statistics.dtype), (-1, 1))
        self.ensure(int(statistics.shape[-1]))
        self.sums.assign(self.sums + ops.sum(statistics, axis=0))

    def ensure(self, columns: int) -> None:
        """Make the variable once the number of columns is known.

        In double precision: r2 and mcc are small differences of large sums.
        """
        if self.sums is None:
            self.sums = self.add_variable(
                (columns,), initializer="zeros", dtype="float64", name="sums"
            )

    def result(self) -> Any:
        """Return the metric of what was added so far; 0 of nothing."""
        if self.sums is None:
            return ops.zeros(())
        value = self.family.finish(self.sums, ops)
        spoilt = self.sums[-1] * 0  # NaN if an output was not finite
        return ops.where(self.sums[-1] == 0, ops.zeros_like(value), value) + spoilt


def _weight(batch: Batch, sample_weight: Any) -> Any:
    """Return how much each row counts: nothing if it is padding, else what its example does."""
    if batch.owner is None:
        return sample_weight
    if sample_weight is None:
        return batch.owner
    rows, weights = ops.shape(batch.owner)[0], ops.reshape(sample_weight, (-1,))
    each = ops.repeat(weights, rows // ops.shape(weights)[0])
    return batch.owner * ops.cast(each, batch.owner.dtype)


def _spoilt(batch: Batch) -> Any:
    """Return 0 for an example with finite outputs, else NaN, shape (n, 1)."""
    return ops.sum(batch.output - batch.output, axis=1, keepdims=True)


class RankingMetric(NamedAsTyped, keras.metrics.AUC):
    """A ranking from Keras's counts at fixed thresholds instead of at every score.

    The thresholds are evenly spaced on the scale of logits, so that they tell apart the small
    probabilities of many classes, and the large ones of a model that is sure.
    """

    def __init__(
        self, name: str, family: RankMetric, task: str, classes: int, from_logits: bool
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
        self.spoilt = self.add_variable((), initializer="zeros", name="spoilt")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        batch = batch_of_tensors(y_true, y_pred, **self.form)
        self.spoilt.assign(self.spoilt + ops.cast(ops.sum(_spoilt(batch)), self.spoilt.dtype))
        scores = _on_logit_scale(batch.output)
        weight = _weight(batch, sample_weight)
        sample_weight = None if weight is None else ops.cast(weight, "float32")
        if self.form["task"] == "binary":
            super().update_state(batch.truth[:, 1], scores[:, 1], sample_weight)
        else:
            super().update_state(batch.truth, scores, sample_weight)

    def reset_state(self) -> None:
        """Start anew."""
        super().reset_state()
        self.spoilt.assign(ops.zeros(()))

    def result(self) -> Any:
        """Return the mean over the classes for which the metric is defined; 0 for none."""
        counts = [ops.convert_to_tensor(v) for v in (self.true_positives, self.false_positives)]
        # Thresholds rise, so the counts fall; they come one a row, or (thresholds, classes).
        tp, fp = (ops.flip(ops.transpose(count), axis=-1) for count in counts)
        values = ops.reshape(self.family.area(tp, fp, ops), (-1,))
        known = ops.isfinite(values)
        total = ops.sum(ops.where(known, values, ops.zeros_like(values)))
        return total / ops.maximum(ops.sum(ops.cast(known, total.dtype)), 1.0) + self.spoilt


def _on_logit_scale(probability: Any) -> Any:
    """Map probabilities to [0, 1], in the same order, so that their logits are evenly spread.

    Single precision tells small probabilities apart, but none closer to 1 than its spacing there.
    """
    low, high = DOUBLE, SINGLE / 4
    least, most = math.log(low), -math.log(high)
    clipped = ops.clip(probability, low, 1 - high)
    logit = ops.log(clipped) - ops.log(1 - clipped)
    return ops.cast((logit - least) / (most - least), "float32")


def _wants(metric: keras.metrics.Metric) -> Literal["labels", "sparse", "columns", "outputs"]:
    """Return the form in which one of Keras's metrics wants the targets and scores of classes.

    Returns:
        `labels`: integers for both; `sparse`: integer targets beside a column of scores a class;
        `columns`: one-hot targets beside such columns; `outputs`: one-hot targets where there are
        several classes, 0 and 1 beside the positive one's scores where there are two.
    """
    kind = type(metric)
    if "Sparse" in kind.__name__:
        return "sparse"
    if kind in (keras.metrics.Accuracy, keras.metrics.IoU, keras.metrics.MeanIoU):
        return "labels"
    likeliest = isinstance(metric, keras.metrics.FBetaScore) and metric.threshold is None
    named = "Categorical" in kind.__name__ or "OneHot" in kind.__name__
    return "columns" if likeliest or named else "outputs"


OF_CLASSES = (
    *(keras.metrics.Accuracy, keras.metrics.BinaryAccuracy, keras.metrics.CategoricalAccuracy),
    *(keras.metrics.SparseCategoricalAccuracy, keras.metrics.TopKCategoricalAccuracy),
    keras.metrics.SparseTopKCategoricalAccuracy,
    *(keras.metrics.FalsePositives, keras.metrics.FalseNegatives),
    *(keras.metrics.TruePositives, keras.metrics.TrueNegatives),
    *(keras.metrics.Precision, keras.metrics.Recall, keras.metrics.AUC),
    *(keras.metrics.SensitivityAtSpecificity, keras.metrics.SpecificityAtSensitivity),
    *(keras.metrics.PrecisionAtRecall, keras.metrics.RecallAtPrecision),
    *(keras.metrics.FBetaScore, keras.metrics.F1Score),
    *(keras.metrics.IoU, keras.metrics.BinaryIoU, keras.metrics.MeanIoU),
    *(keras.metrics.OneHotIoU, keras.metrics.OneHotMeanIoU),
)
"""Metrics of Keras that have no meaning for values."""


def _check_kind(metric: keras.metrics.Metric, task: str) -> None:
    """Make sure that one of Keras's metrics has a meaning for a task.

    Raises:
        UserError: If it has none.
    """
    of_classes = isinstance(metric, OF_CLASSES)
    form = _wants(metric)
    if task == "multilabel":
        wrong = form in ("labels", "sparse")
    else:
        wrong = task not in CLASS_TASKS and (of_classes or form != "outputs")
    if wrong:
        message = f"'{type(metric).__name__}' has no meaning for a {task} task"
        raise UserError(message, remedy="Choose one of `dlcli ls metrics`.")


class AdaptedMetric(keras.metrics.Metric):
    """One of Keras's own metrics, given targets and outputs in the form it wants.

    The targets are integer labels, and the model may have one output for two classes; yet
    `keras.metrics.F1Score`, `CategoricalAccuracy`, `AUC`, `Precision` and their like want one-hot
    targets beside several columns of scores, those with `Sparse` in their name want integers, and
    `Accuracy`, `IoU` and `MeanIoU` want predicted labels. Logits become probabilities, unless the
    metric was made with `from_logits=True`. Ties go Keras's own way.

    Args:
        inner: Keras's metric.
        task: The data's task.
        classes: Number of classes or labels.
        from_logits: Whether the model's outputs are logits.

    Raises:
        UserError: If the metric has no meaning for the task.
    """

    def __init__(
        self, inner: keras.metrics.Metric, task: str, classes: int, *, from_logits: bool = False
    ) -> None:
        _check_kind(inner, task)
        super().__init__(name=inner.name)
        self.inner = inner
        self.task = task
        self.classes = classes
        self.from_logits = from_logits
        self.wants_logits = bool(inner.get_config().get("from_logits"))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        output = activated(ops.cast(y_pred, "float32"), self.task, from_logits=self.from_logits)
        y_true, output, real = places_as_examples(y_true, output, self.task)
        if real is not None:
            sample_weight = ops.cast(real, "float32")
        if self.task in CLASS_TASKS:
            y_true, output = self._of_classes(y_true, output)
        elif output.shape[-1] == 1:
            y_true = ops.reshape(y_true, (-1, 1))
        if self.wants_logits:
            output = self._logits(output)
        self.inner.update_state(y_true, output, sample_weight=sample_weight)

    def _of_classes(self, y_true: Any, output: Any) -> tuple[Any, Any]:
        form = _wants(self.inner)
        if form == "outputs" and (output.shape[-1] == 1 or self.task == "binary"):
            return one_hot(y_true, 2)[:, 1:], output[:, -1:]  # the positive class alone
        if output.shape[-1] == 1:
            output = ops.concatenate([1 - output, output], axis=-1)
        targets = one_hot(y_true, int(output.shape[-1]))
        if form in ("columns", "outputs"):
            return targets, output
        labels = ops.argmax(targets, axis=-1)
        return labels, ops.argmax(output, axis=-1) if form == "labels" else output

    def _logits(self, probability: Any) -> Any:
        """Return numbers of which softmax, or sigmoid, makes the probabilities."""
        clipped = ops.clip(probability, SINGLE, 1 - SINGLE)
        single = probability.shape[-1] == 1 or self.task == "multilabel"
        return ops.log(clipped) - (ops.log(1 - clipped) if single else 0.0)

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
    """Return one of Keras's own metrics over a whole split; NaN if an output is not finite.

    Args:
        metric: It is reset first, so that it can serve again.
        y_true: Labels (n,) or one-hot (n, classes), 0/1 (n, labels), values (n,) or (n, d).
        y_prob: Probabilities or values, shape (n, units) or (n,).
        task: The data's task.
        classes: Number of classes or labels.

    Raises:
        UserError: If the metric has no meaning for the task.
    """
    adapted = AdaptedMetric(metric, task, classes)
    if not np.isfinite(y_prob).all():
        return float("nan")
    adapted.reset_state()
    adapted.update_state(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_prob))
    return float(ops.convert_to_numpy(adapted.result()))
