"""While Keras trains, a metric is what it would be over the whole split, whatever the batches."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlcli import metrics
from dlcli.errors import UserError
from dlcli.metrics import streaming
from dlcli.metrics.points import point
from dlcli.metrics.table import TABLE
from tests.metrics.test_table import binary, multiclass, sample

pytestmark = pytest.mark.slow

RANKINGS = ("auc", "average_precision")
EVERY = [(m, t) for m in TABLE if m.name != "confusion" for t in m.tasks]
IDS = [f"{metric.name}-{task}" for metric, task in EVERY]


def streamed(name, y, p, task, classes, *, batch=17, from_logits=False):
    request = metrics.parse(name)
    metric = streaming.build(request, task=task, classes=classes, from_logits=from_logits)
    metric.update_state(y[:1], p[:1])
    metric.reset_state()
    update = tf.function(metric.update_state, reduce_retracing=True)
    for start in range(0, len(y), batch):
        update(tf.constant(y[start : start + batch]), tf.constant(p[start : start + batch]))
    return float(metric.result())


@pytest.mark.parametrize(("metric", "task"), EVERY, ids=IDS)
def test_an_epoch_of_batches_is_the_whole_split(metric, task):
    y, p, classes = sample(task, 1)
    p = p.astype("float32")
    expected = point(y, p, [metric.name], task=task, classes=classes)[metric.name]
    tolerance = 5e-3 if metric.name in RANKINGS else 1e-9
    assert streamed(metric.name, y, p, task, classes) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", ["accuracy", "top_k:2", "ece", "f1", "log_loss", "auc"])
@pytest.mark.parametrize("task", ["multiclass", "binary"])
def test_ties_and_edges_of_bins_fall_as_over_the_whole_split(name, task):
    y, p, classes = sample(task, 2)
    p = np.round(p * 5).astype("float32") / 5  # 0.2, 0.4 and 0.6 are edges of the 15 bins
    expected = point(y, p, [name], task=task, classes=classes)[name]
    tolerance = 1e-6 if name == "auc" else 1e-9
    assert streamed(name, y, p, task, classes) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", RANKINGS)
@pytest.mark.parametrize(
    "squeeze", [lambda p: p * 1e-4, lambda p: p**0.01, lambda p: 1 / (1 + np.exp(-40 * (p - 0.5)))]
)
def test_rankings_of_tiny_and_of_sure_probabilities_are_told_apart(name, squeeze):
    y, p = binary(3, 2000)
    p = squeeze(p).astype("float32")
    expected = point(y, p, [name], task="binary", classes=2)[name]
    assert streamed(name, y, p[:, None], "binary", 2) == pytest.approx(expected, abs=0.01)


def test_targets_far_from_zero_cost_r2_no_digits():
    rng = np.random.default_rng(0)
    y = (2e5 + 1e3 * rng.normal(size=3000)).astype("float32")
    p = (y + 300 * rng.normal(size=3000)).astype("float32")
    expected = point(y, p, ["r2"], task="regression", classes=0)["r2"]
    assert streamed("r2", y, p[:, None], "regression", 0) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", ["accuracy", "f1", "mcc", "top_k:2", "log_loss", "ece", "auc"])
def test_an_epoch_with_outputs_that_are_no_numbers_is_no_number(name):
    y, p = multiclass(5, 60)
    p = p.astype("float32")
    p[40] = np.nan
    assert np.isnan(streamed(name, y, p, "multiclass", 4))


@pytest.mark.parametrize("name", ["f1", "auc"])
def test_a_new_epoch_forgets_that_the_last_one_diverged(name):
    y, p = multiclass(5, 60)
    p = p.astype("float32")
    metric = streaming.build(metrics.parse(name), task="multiclass", classes=4, from_logits=False)
    metric.update_state(y, np.full_like(p, np.nan))
    metric.reset_state()
    metric.update_state(y, p)
    expected = point(y, p, [name], task="multiclass", classes=4)[name]
    assert float(metric.result()) == pytest.approx(expected, abs=5e-3)


@pytest.mark.parametrize("jit", [False, True])
def test_keras_trains_with_every_metric(jit):
    y, _ = multiclass(6, 100)
    x = np.random.default_rng(0).normal(size=(100, 3)).astype("float32")
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(4, "softmax")])
    names = [metric.name for metric, task in EVERY if task == "multiclass"]
    watched = [
        streaming.build(metrics.parse(name), task="multiclass", classes=4, from_logits=False)
        for name in names
    ]
    loss = "sparse_categorical_crossentropy"
    model.compile("sgd", loss, metrics=watched, jit_compile=jit)
    history = model.fit(x, y, validation_data=(x, y), batch_size=32, epochs=2, verbose=0).history
    expected = point(y, model.predict(x, verbose=0), names, task="multiclass", classes=4)
    for name in names:
        assert history[f"val_{name}"][-1] == pytest.approx(expected[name], abs=5e-3)


@pytest.mark.parametrize("units", [1, 4])
def test_logits_are_understood(units):
    task, classes = ("binary", 2) if units == 1 else ("multiclass", 4)
    logits = np.random.default_rng(0).normal(size=(200, units)).astype("float32") * 4
    y = np.random.default_rng(1).integers(0, classes, 200)
    p = metrics.probabilities(logits, from_logits=True)
    for name in ("log_loss", "f1", "ece"):
        expected = point(y, p, [name], task=task, classes=classes)[name]
        value = streamed(name, y, logits, task, classes, from_logits=True)
        assert value == pytest.approx(expected, abs=1e-9)


def test_one_hot_targets_are_understood():
    y, p = multiclass(2)
    p = p.astype("float32")
    expected = point(y, p, ["f1"], task="multiclass", classes=4)["f1"]
    assert streamed("f1", np.eye(4)[y], p, "multiclass", 4) == pytest.approx(expected, abs=1e-9)


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
    with pytest.raises(UserError, match="not a single number"):
        streaming.build(metrics.parse(name), task="multiclass", classes=4, from_logits=False)


K = keras.metrics
MULTICLASS = [
    (K.F1Score(average="macro"), "f1:macro"),
    (K.Accuracy(), "accuracy"),
    (K.CategoricalAccuracy(), "accuracy"),
    (K.SparseCategoricalAccuracy(), "accuracy"),
    (K.TopKCategoricalAccuracy(k=2), "top_k:2"),
    (K.SparseTopKCategoricalAccuracy(k=2), "top_k:2"),
    (K.BinaryAccuracy(), "binary_accuracy"),
    (K.CategoricalCrossentropy(), "log_loss"),
    (K.CategoricalCrossentropy(from_logits=True), "log_loss"),
    (K.SparseCategoricalCrossentropy(), "log_loss"),
]
BINARY = [
    (K.Accuracy(), "accuracy"),
    (K.BinaryAccuracy(), "accuracy"),
    (K.CategoricalAccuracy(), "accuracy"),
    (K.SparseCategoricalAccuracy(), "accuracy"),
    (K.Precision(), "precision"),
    (K.Recall(), "recall"),
    (K.F1Score(average="macro"), "f1:macro"),
    (K.F1Score(threshold=0.5), "f1"),
    (K.AUC(), "auc"),
    (K.BinaryCrossentropy(), "log_loss"),
    (K.BinaryCrossentropy(from_logits=True), "log_loss"),
    (K.CategoricalCrossentropy(), "log_loss"),
]


@pytest.mark.parametrize(
    ("task", "metric", "expected"),
    [*(("multiclass", *case) for case in MULTICLASS), *(("binary", *case) for case in BINARY)],
    ids=lambda v: getattr(v, "name", v),
)
@pytest.mark.parametrize("from_logits", [False, True])
def test_keras_metrics_get_targets_and_outputs_in_the_form_they_want(
    task, metric, expected, from_logits
):
    y, p, classes = sample(task, 4)
    p = p.astype("float32")
    raw = p if not from_logits else np.log(p) if task == "multiclass" else np.log(p / (1 - p))
    adapted = streaming.AdaptedMetric(metric, task, classes, from_logits=from_logits)
    adapted.reset_state()
    tf.function(adapted.update_state)(tf.constant(y), tf.constant(raw))
    value = point(y, p, [expected], task=task, classes=classes)[expected]
    tolerance = 2e-3 if expected == "auc" else 1e-5
    assert float(adapted.result()) == pytest.approx(value, abs=tolerance)


def test_mean_iou_counts_classes_and_not_cells():
    y, p, classes = sample("multiclass", 4)
    matrix = np.array(point(y, p, ["confusion"], task="multiclass", classes=4)["confusion"])
    hits = np.diag(matrix)
    expected = np.mean(hits / (matrix.sum(axis=0) + matrix.sum(axis=1) - hits))
    found = streaming.whole_split(
        K.MeanIoU(num_classes=4), y, p.astype("float32"), task="multiclass", classes=classes
    )
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_keras_metric_of_values_is_scikit_learns():
    y, p, _ = sample("regression", 4)
    found = streaming.whole_split(
        K.R2Score(), y.astype("float32"), p.astype("float32"), task="regression", classes=0
    )
    expected = point(y, p, ["r2"], task="regression", classes=0)["r2"]
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("metric", "task"),
    [
        (K.F1Score(), "regression"),
        (K.AUC(), "forecasting"),
        (K.CategoricalCrossentropy(), "regression"),
        (K.SparseCategoricalAccuracy(), "multilabel"),
        (K.MeanIoU(num_classes=2), "multilabel"),
    ],
    ids=lambda v: getattr(v, "name", v),
)
def test_a_keras_metric_without_meaning_for_the_task_is_refused(metric, task):
    with pytest.raises(UserError, match=f"no meaning for a {task} task") as caught:
        streaming.AdaptedMetric(metric, task, 2)
    assert caught.value.remedy


def test_a_keras_metric_of_a_diverged_model_is_no_number():
    y, p, classes = sample("binary", 4)
    p[3] = np.nan
    assert np.isnan(streaming.whole_split(K.AUC(), y, p, task="binary", classes=classes))


def test_keras_metrics_of_classes_are_all_of_its_modules_of_such():
    modules = ("accuracy_metrics", "confusion_metrics", "f_score_metrics", "iou_metrics")
    classes = {
        kind
        for kind in vars(keras.metrics).values()
        if isinstance(kind, type) and kind.__module__.rpartition(".")[2] in modules
    }
    assert classes == set(streaming.OF_CLASSES)
