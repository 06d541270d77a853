"""Every average of every score of one class against the rest is scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from dlcli.metrics.points import point
from tests.helpers import examples
from tests.metrics.test_table import sample

SCORES = {"f1": sk.f1_score, "precision": sk.precision_score, "recall": sk.recall_score}


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("task", ["multiclass", "binary", "multilabel"])
@settings(max_examples=examples(15), deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_every_average_is_scikit_learns(name, average, task, seed, n):
    y, p, classes = sample(task, seed, n)
    predicted = np.argmax(p, axis=1) if task == "multiclass" else (p > 0.5).astype(int)
    expected = SCORES[name](y, predicted, average=average, zero_division=0)
    found = point(y, p, [f"{name}:{average}"], task=task, classes=classes)[f"{name}:{average}"]
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_a_value_for_each_class_is_scikit_learns(name, task):
    y, p, classes = sample(task, 1)
    predicted = np.argmax(p, axis=1) if task == "multiclass" else (p > 0.5).astype(int)
    expected = SCORES[name](y, predicted, average=None, zero_division=0)
    found = point(y, p, [f"{name}:none"], task=task, classes=classes)[f"{name}:none"]
    assert found == pytest.approx(list(expected), abs=1e-9)
