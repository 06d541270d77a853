"""Every metric equals scikit-learn's, on easy, hard, tied and lopsided predictions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from dlcli import metrics
from dlcli.errors import UserError
from dlcli.metrics.points import point
from dlcli.metrics.table import TABLE
from tests.helpers import examples


def multiclass(seed: int, n: int = 200, classes: int = 4, sharpness: float = 1.0):
    """Return labels (n,) and probabilities (n, classes) that lean towards them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + sharpness * np.eye(classes)[y]
    prob = np.exp(logits)
    return y, prob / prob.sum(axis=1, keepdims=True)


def binary(seed: int, n: int = 200, lean: float = 0.3):
    """Return labels (n,) and probabilities of class 1 (n,), right with a lean of 1."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    towards = y if lean >= 0 else 1 - y
    share = abs(lean)
    return y, np.clip(share * towards + (1 - share) * rng.random(n), 0.01, 0.99)


def sample(task: str, seed: int = 0, n: int = 200):
    """Return targets, outputs as a model gives them, and the number of classes."""
    rng = np.random.default_rng(seed)
    if task == "multiclass":
        return *multiclass(seed, n), 4
    if task == "binary":
        y, p = binary(seed, n)
        return y, p[:, None], 2
    if task == "multilabel":
        y = rng.integers(0, 2, (n, 3))
        return y, np.clip(0.3 * y + 0.7 * rng.random(y.shape), 0.01, 0.99), 3
    y = rng.normal(size=n)
    return y, (y + rng.normal(size=n))[:, None], 0


EVERY = [(metric, task) for metric in TABLE for task in metric.tasks]
IDS = [f"{metric.name}-{task}" for metric, task in EVERY]


def ours(name: str, y, p, task: str, classes: int):
    return point(y, p, [name], task=task, classes=classes)[name]


def guess(p):
    return np.argmax(p, axis=1)


MULTICLASS = {
    "accuracy": lambda y, p: sk.accuracy_score(y, guess(p)),
    "categorical_accuracy": lambda y, p: sk.accuracy_score(y, guess(p)),
    "sparse_categorical_accuracy": lambda y, p: sk.accuracy_score(y, guess(p)),
    "top_k:2": lambda y, p: sk.top_k_accuracy_score(y, p, k=2, labels=range(p.shape[1])),
    "sparse_top_k_categorical_accuracy:3": lambda y, p: sk.top_k_accuracy_score(
        y, p, k=3, labels=range(p.shape[1])
    ),
    "f1": lambda y, p: sk.f1_score(y, guess(p), average="macro", zero_division=0),
    "f1:micro": lambda y, p: sk.f1_score(y, guess(p), average="micro", zero_division=0),
    "f1:weighted": lambda y, p: sk.f1_score(y, guess(p), average="weighted", zero_division=0),
    "precision": lambda y, p: sk.precision_score(y, guess(p), average="macro", zero_division=0),
    "precision:weighted": lambda y, p: sk.precision_score(
        y, guess(p), average="weighted", zero_division=0
    ),
    "recall": lambda y, p: sk.recall_score(y, guess(p), average="macro", zero_division=0),
    "recall:micro": lambda y, p: sk.recall_score(y, guess(p), average="micro", zero_division=0),
    "balanced_accuracy": lambda y, p: sk.balanced_accuracy_score(y, guess(p)),
    "mcc": lambda y, p: sk.matthews_corrcoef(y, guess(p)),
    "kappa": lambda y, p: sk.cohen_kappa_score(y, guess(p)),
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=range(p.shape[1])),
    "brier": lambda y, p: sk.brier_score_loss(y, p, labels=range(p.shape[1])),
}

BINARY = {
    "accuracy": lambda y, p: sk.accuracy_score(y, p > 0.5),
    "binary_accuracy": lambda y, p: sk.accuracy_score(y, p > 0.5),
    "f1": lambda y, p: sk.f1_score(y, p > 0.5, zero_division=0),
    "f1:macro": lambda y, p: sk.f1_score(y, p > 0.5, average="macro", zero_division=0),
    "precision": lambda y, p: sk.precision_score(y, p > 0.5, zero_division=0),
    "recall": lambda y, p: sk.recall_score(y, p > 0.5, zero_division=0),
    "specificity": lambda y, p: sk.recall_score(y, p > 0.5, pos_label=0, zero_division=0),
    "balanced_accuracy": lambda y, p: sk.balanced_accuracy_score(y, p > 0.5),
    "mcc": lambda y, p: sk.matthews_corrcoef(y, p > 0.5),
    "kappa": lambda y, p: sk.cohen_kappa_score(y, p > 0.5),
    "auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "log_loss": sk.log_loss,
    "brier": sk.brier_score_loss,
}

REGRESSION = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
}

MULTILABEL = {
    "accuracy": lambda y, p: sk.accuracy_score(y, p > 0.5),
    "binary_accuracy": lambda y, p: sk.accuracy_score(y.ravel(), (p > 0.5).ravel()),
    "f1": lambda y, p: sk.f1_score(y, p > 0.5, average="macro", zero_division=0),
    "f1:micro": lambda y, p: sk.f1_score(y, p > 0.5, average="micro", zero_division=0),
    "precision": lambda y, p: sk.precision_score(y, p > 0.5, average="macro", zero_division=0),
    "recall:weighted": lambda y, p: sk.recall_score(
        y, p > 0.5, average="weighted", zero_division=0
    ),
    "auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
}


@pytest.mark.parametrize("name", MULTICLASS)
@settings(max_examples=examples(25), deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(2, 60),
    st.sampled_from([-30.0, -3.0, 0.0, 1.0, 8.0, 30.0]),
    st.booleans(),
    st.booleans(),
)
def test_multiclass_metrics_equal_scikit_learns(name, seed, n, sharpness, tied, absent):
    """From never right to always right, with equal probabilities, with a class that is absent."""
    y, p = multiclass(seed, n, sharpness=sharpness)
    y = np.where(y == 3, 0, y) if absent else y
    if tied and "top_k" not in name:  # whose ties scikit-learn settles the other way round
        p = np.round(p * 4) + 1e-3
        p /= p.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of absent classes, which small samples have
        expected = MULTICLASS[name](y, p)
    if np.isnan(expected):  # kappa of one class only, which dlcli calls 0
        expected = 0.0
    assert ours(name, y, p, "multiclass", 4) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=examples(25), deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(2, 60),
    st.sampled_from([-1.0, 0.0, 0.3, 1.0]),
    st.booleans(),
)
def test_binary_metrics_equal_scikit_learns(name, seed, n, lean, tied):
    """From always wrong to always right, and with probabilities that are equal, or one half."""
    y, p = binary(seed, n, lean)
    y[:2] = [0, 1]  # scikit-learn has no area under the curve of a single class
    p = np.round(p * 4) / 4 if tied else p
    assert ours(name, y, p, "binary", 2) == pytest.approx(BINARY[name](y, p), abs=1e-9)


@pytest.mark.parametrize("name", ["auc", "average_precision"])
@pytest.mark.parametrize("seed", range(5))
def test_rankings_of_several_classes_equal_scikit_learns(name, seed):
    y, p = multiclass(seed)
    expected = {
        "auc": sk.roc_auc_score(y, p, multi_class="ovr"),
        "average_precision": sk.average_precision_score(np.eye(4)[y], p),
    }
    assert ours(name, y, p, "multiclass", 4) == pytest.approx(expected[name], abs=1e-9)


@pytest.mark.parametrize("name", ["auc", "average_precision"])
@pytest.mark.parametrize("seed", range(5))
def test_rankings_with_tied_scores_equal_scikit_learns(name, seed):
    y, p = binary(seed)
    p = np.round(p, 1)
    assert ours(name, y, p, "binary", 2) == pytest.approx(BINARY[name](y, p), abs=1e-9)


@pytest.mark.parametrize("name", REGRESSION)
@pytest.mark.parametrize("width", [1, 3])
def test_regression_metrics_equal_scikit_learns(name, width):
    rng = np.random.default_rng(0)
    y = rng.normal(50, 10, (100, width))
    p = y + rng.normal(size=y.shape)
    expected = REGRESSION[name](y, p)
    if name == "rmse":
        expected = np.sqrt(sk.mean_squared_error(y, p))  # over all targets together
    assert ours(name, y, p, "regression", 0) == pytest.approx(expected, rel=1e-9)


def test_a_large_offset_of_the_targets_costs_no_digits():
    rng = np.random.default_rng(0)
    y = 1e8 + rng.normal(size=500)
    p = y + 0.5 * rng.normal(size=500)
    assert ours("r2", y, p, "regression", 0) == pytest.approx(sk.r2_score(y, p), abs=1e-9)


def test_constant_targets_have_an_r2_of_zero_unless_they_are_met():
    y = np.full(7, 0.1)
    assert ours("r2", y, y + 1, "regression", 0) == 0.0
    assert ours("r2", y, y, "regression", 0) == 1.0


@pytest.mark.parametrize("name", MULTILABEL)
@pytest.mark.parametrize("absent", [False, True])
def test_multilabel_metrics_equal_scikit_learns(name, absent):
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, (80, 5))
    p = np.clip(0.3 * y + 0.7 * rng.random(y.shape), 0, 1)
    if absent and name not in ("auc", "average_precision"):
        y[:, 2], p[:, 2] = 0, 0.1  # a label that never occurs still counts in the macro average
    assert ours(name, y, p, "multilabel", 5) == pytest.approx(MULTILABEL[name](y, p), abs=1e-9)


def test_the_expected_calibration_error_follows_its_definition():
    y, p = multiclass(3, 500)
    confidence, right = p.max(axis=1), guess(p) == y
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert ours("ece", y, p, "multiclass", 4) == pytest.approx(expected, abs=1e-9)


def test_values_for_each_class_are_scikit_learns():
    y, p = multiclass(5)
    expected = sk.f1_score(y, guess(p), average=None)
    assert ours("f1:none", y, p, "multiclass", 4) == pytest.approx(list(expected), abs=1e-9)


def test_the_confusion_matrix_is_scikit_learns():
    y, p = multiclass(6)
    expected = sk.confusion_matrix(y, guess(p)).tolist()
    assert ours("confusion", y, p, "multiclass", 4) == expected


def test_the_courses_worked_example_of_f1():
    y = np.repeat([1, 0], 1000)  # class A is the positive one
    p = np.zeros(2000)
    p[:10] = 1.0  # ten are called A, and all ten are
    scores = point(y, p, ["precision", "recall", "f1"], task="binary", classes=2)
    assert scores["precision"] == 1.0
    assert scores["recall"] == 0.01
    assert scores["f1"] == pytest.approx(0.0198, abs=5e-5)


@pytest.mark.parametrize("form", [lambda y: y[:, None], lambda y: np.eye(4)[y]])
def test_labels_may_be_a_column_or_one_hot(form):
    y, p = multiclass(7)
    for name in MULTICLASS:
        assert ours(name, form(y), p, "multiclass", 4) == ours(name, y, p, "multiclass", 4)


@pytest.mark.parametrize("form", [lambda p: p[:, None], lambda p: np.stack([1 - p, p], axis=1)])
def test_binary_probabilities_may_have_one_column_or_two(form):
    y, p = binary(8)
    for name in BINARY:
        assert ours(name, y, form(p), "binary", 2) == pytest.approx(
            ours(name, y, p, "binary", 2), abs=1e-12
        )


def test_logits_become_probabilities():
    logits = np.array([[800.0, 0.0, -800.0]], dtype=np.float32)
    np.testing.assert_allclose(metrics.probabilities(logits, from_logits=True), [[1, 0, 0]])
    np.testing.assert_allclose(metrics.probabilities(logits[:, :1], from_logits=True), [[1]])
    assert metrics.probabilities(logits, from_logits=False) is logits


def test_among_equal_probabilities_the_lowest_index_comes_first():
    p = np.full((3, 3), 1 / 3)
    y = np.array([0, 1, 2])
    assert ours("accuracy", y, p, "multiclass", 3) == pytest.approx(1 / 3)
    assert ours("top_k:1", y, p, "multiclass", 3) == pytest.approx(1 / 3)
    assert ours("top_k:2", y, p, "multiclass", 3) == pytest.approx(2 / 3)


@given(st.integers(0, 1000))
@settings(max_examples=examples(20), deadline=None)
def test_top_1_is_the_accuracy_and_top_k_grows_to_one(seed):
    y, p = multiclass(seed, 30)
    values = [ours(f"top_k:{k}", y, np.round(p, 1), "multiclass", 4) for k in range(1, 5)]
    assert values[0] == ours("accuracy", y, np.round(p, 1), "multiclass", 4)
    assert values == sorted(values)
    assert values[-1] == 1.0


@pytest.mark.parametrize(("metric", "task"), EVERY, ids=IDS)
def test_every_metric_is_documented_and_survives_one_class_only(metric, task):
    assert metric.signature.help
    y, p, classes = sample(task, 9)
    value = ours(metric.name, np.zeros_like(y), p, task, classes)
    assert value is None or np.all(np.isfinite(np.asarray(value, dtype=float)))


@pytest.mark.parametrize(("metric", "task"), EVERY, ids=IDS)
@settings(max_examples=examples(10), deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_no_metric_leaves_its_bounds(metric, task, seed, n):
    y, p, classes = sample(task, seed, n)
    values = ours(metric.name, y, p, task, classes)
    low, high = metric.bounds
    if values is not None:
        assert np.all((np.asarray(values) >= low - 1e-12) & (np.asarray(values) <= high + 1e-12))


@pytest.mark.parametrize(("metric", "task"), EVERY, ids=IDS)
def test_a_perfect_model_reaches_the_best_bound(metric, task):
    y, _, classes = sample(task)
    perfect = np.eye(classes)[y] if task in ("multiclass", "binary") else y.astype(float)
    value = ours(metric.name, y, perfect, task, classes)
    if metric.greater_is_better is not None:
        best = metric.bounds[1] if metric.greater_is_better else metric.bounds[0]
        assert value == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize(("metric", "task"), EVERY, ids=IDS)
def test_a_metric_of_classes_does_not_look_at_how_likely_they_are(metric, task):
    if metric.needs != "classes":
        return
    y, p, classes = sample(task)
    sure = (p > 0.5).astype(float) if task != "multiclass" else np.eye(classes)[guess(p)]
    name = metric.name
    assert ours(name, y, sure, task, classes) == ours(name, y, p, task, classes)


def test_a_request_knows_the_form_of_its_result():
    forms = {name: metrics.parse(name).result for name in ("f1", "f1:none", "confusion", "mae")}
    assert forms == {"f1": "scalar", "f1:none": "vector", "confusion": "matrix", "mae": "scalar"}


@pytest.mark.parametrize(
    "text",
    [
        "f",
        "f1:mcro",
        "f1:",
        "f1:default",
        "top_k:0",
        "top_k:x",
        "ece:100000",
        "accuracy:3",
        "",
        "top_k:" + "9" * 5000,
    ],
)
def test_a_name_that_cannot_be_read_is_refused_with_a_remedy(text):
    with pytest.raises(UserError) as caught:
        metrics.parse(text)
    assert caught.value.remedy


def test_a_misspelt_option_is_corrected():
    with pytest.raises(
        UserError, match="'wieghted' is not a valid average; did you mean 'weighted'"
    ):
        metrics.parse("f1:wieghted")


def test_a_misspelt_name_is_corrected():
    with pytest.raises(UserError, match="did you mean 'accuracy'"):
        metrics.parse("acuracy")


def test_a_metric_without_meaning_for_the_task_names_those_with_one():
    with pytest.raises(UserError, match="has no meaning for a regression") as caught:
        metrics.check_task(metrics.parse("f1"), "regression")
    assert "rmse" in caught.value.remedy
