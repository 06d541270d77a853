"""While Keras trains, a metric is what it would be over the whole split, whatever the batches."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlcli import metrics
from dlcli.errors import UserError
from dlcli.evaluation import point
from dlcli.metrics import streaming
from dlcli.metrics.table import TABLE
from tests.metrics.test_table import binary, multiclass

pytestmark = pytest.mark.slow

ALL = [m for m in TABLE if m.name != "confusion"]


def streamed(name, y, p, task, classes, *, batch=17, from_logits=False):
    request = metrics.parse(name)
    metric = streaming.build(request, task=task, classes=classes, from_logits=from_logits)
    metric.update_state(y[:1], p[:1])
    metric.reset_state()
    update = tf.function(metric.update_state, reduce_retracing=True)
    for start in range(0, len(y), batch):
        update(tf.constant(y[start : start + batch]), tf.constant(p[start : start + batch]))
    return float(metric.result())


def sample(task):
    rng = np.random.default_rng(0)
    if task == "multiclass":
        y, p = multiclass(1)
        return y, p, 4
    if task == "binary":
        y, p = binary(1)
        return y, p[:, None], 2
    if task == "multilabel":
        y = rng.integers(0, 2, (200, 3))
        return y, np.clip(0.3 * y + 0.7 * rng.random(y.shape), 0.01, 0.99), 3
    y = rng.normal(size=200)
    return y, (y + rng.normal(size=200))[:, None], 0


@pytest.mark.parametrize(
    ("metric", "task"), [(m, t) for m in ALL for t in m.tasks], ids=lambda v: getattr(v, "name", v)
)
def test_an_epoch_of_batches_is_the_whole_split(metric, task):
    y, p, classes = sample(task)
    p = p.astype("float32")
    expected = point(y, p, [metric.name], task=task, classes=classes)[metric.name]
    approximate = metric.name in ("auc", "average_precision")
    assert streamed(metric.name, y, p, task, classes) == pytest.approx(
        expected, abs=5e-3 if approximate else 2e-5
    )


def test_logits_are_understood():
    y, p = multiclass(2)
    expected = point(y, p, ["log_loss"], task="multiclass", classes=4)["log_loss"]
    logits = np.log(p).astype("float32")
    value = streamed("log_loss", y, logits, "multiclass", 4, from_logits=True)
    assert value == pytest.approx(expected, abs=1e-5)


def test_a_sample_weight_counts_an_example_that_often():
    y, p = multiclass(3, 50)
    weights = np.random.default_rng(0).integers(0, 4, 50)
    metric = streaming.build(metrics.parse("f1"), task="multiclass", classes=4, from_logits=False)
    metric.update_state(y, p.astype("float32"), sample_weight=weights)
    y, p = np.repeat(y, weights), np.repeat(p, weights, axis=0)
    expected = point(y, p, ["f1"], task="multiclass", classes=4)["f1"]
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["confusion", "f1:none"])
def test_what_is_no_single_number_is_refused(name):
    with pytest.raises(UserError, match="no single number"):
        streaming.build(metrics.parse(name), task="multiclass", classes=4, from_logits=False)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (keras.metrics.F1Score(average="macro"), "f1:macro"),
        (keras.metrics.CategoricalAccuracy(), "accuracy"),
        (keras.metrics.SparseCategoricalAccuracy(), "accuracy"),
        (keras.metrics.TopKCategoricalAccuracy(k=2), "top_k:2"),
        (keras.metrics.SparseTopKCategoricalAccuracy(k=2), "top_k:2"),
        (keras.metrics.CategoricalCrossentropy(), "log_loss"),
    ],
    ids=lambda v: getattr(v, "name", v),
)
def test_keras_metrics_get_labels_in_the_form_they_want(metric, expected):
    y, p = multiclass(4)
    adapted = streaming.AdaptedMetric(metric, "multiclass", 4)
    adapted.update_state(tf.constant(y), tf.constant(p.astype("float32")))
    value = point(y, p, [expected], task="multiclass", classes=4)[expected]
    assert float(adapted.result()) == pytest.approx(value, abs=1e-5)
