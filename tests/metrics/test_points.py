"""What chance would score."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score

from dlcli.errors import DataError
from dlcli.metrics.points import chance, places_of, point
from tests.metrics.test_table import sample


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_chance_needs_examples(task):
    with pytest.raises(DataError, match="no examples"):
        chance(np.zeros(0, int), ["accuracy"], task=task, classes=2)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("multiclass", {"auc": 0.5, "mcc": 0.0, "balanced_accuracy": 0.25}),
        ("binary", {"auc": 0.5, "mcc": 0.0, "balanced_accuracy": 0.5}),
        ("regression", {"r2": 0.0}),
    ],
)
def test_chance_is_what_the_class_frequencies_alone_give(task, expected):
    y, _, classes = sample(task)
    found = chance(y, list(expected), task=task, classes=classes)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("y", "task", "shape", "expected"),
    [
        ([[0, 1, -1], [2, -1, -1]], "multiclass", (None,), [0, 1, 2]),
        ([[[0, 1], [1, -1]]], "binary", (2, 2), [0, 1, 1]),
        ([[0.5, np.nan], [1.5, 2.5]], "regression", (None,), [0.5, 1.5, 2.5]),
        ([[0.5, 0.1], [1.5, 2.5]], "regression", (2,), [[0.5, 0.1], [1.5, 2.5]]),
        ([0, 1, 1], "binary", (), [0, 1, 1]),
    ],
)
def test_chance_is_of_real_steps_and_pixels(y, task, shape, expected):
    assert places_of(np.array(y), task=task, shape=shape).tolist() == expected


def test_chance_is_scikit_learns_dummy():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((100, 1)), y)
    p = dummy.predict_proba(np.zeros((100, 1)))
    names = ["accuracy", "log_loss", "top_k:2", "f1"]
    expected = point(y, p, names, task="multiclass", classes=3)
    found = chance(y, names, task="multiclass", classes=3)
    guessed = found.pop("f1")
    assert found == pytest.approx({name: expected[name] for name in found})
    assert expected["accuracy"] == 0.5
    # By F1, guessing at random is better than always naming the most frequent class.
    uniform = DummyClassifier(strategy="uniform", random_state=0).fit(np.zeros((100, 1)), y)
    drawn = [f1_score(y, uniform.predict(np.zeros((100, 1))), average="macro") for _ in range(200)]
    assert guessed == pytest.approx(np.mean(drawn), abs=0.03)
    assert guessed > expected["f1"] + 0.05
