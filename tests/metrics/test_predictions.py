"""Targets and outputs are brought into one form, or refused with the example that is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.errors import DataError
from dlcli.metrics.predictions import batch_of_arrays, probabilities


def test_a_single_unit_is_a_sigmoid_whatever_its_shape():
    logits = np.array([-1.0, 0.0, 2.0])
    expected = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(probabilities(logits, from_logits=True), expected)
    np.testing.assert_allclose(probabilities(logits[:, None], from_logits=True)[:, 0], expected)


def test_several_labels_are_a_sigmoid_each():
    logits = np.array([[-1.0, 3.0]])
    made = probabilities(logits, from_logits=True, task="multilabel")
    np.testing.assert_allclose(made, 1 / (1 + np.exp(-logits)))


def test_large_logits_do_not_overflow():
    logits = np.array([[1e4, -1e4, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(probabilities(logits, from_logits=True), [[1, 0, 0]])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_of_a_diverged_model_are_not_hidden(bad):
    made = probabilities(np.array([[bad, 0.0, 1.0]]), from_logits=True)
    assert not np.isfinite(made).all()


@pytest.mark.parametrize(
    ("y_true", "y_prob", "task", "classes", "message"),
    [
        ([0, 1], np.ones((3, 2)) / 2, "multiclass", 2, "2 targets but 3 predictions"),
        (np.zeros((2, 3, 1)), np.ones((2, 2)) / 2, "multiclass", 2, "6 targets but 2 predictions"),
        ([0, 5], np.ones((2, 3)) / 3, "multiclass", 3, "target 1 is 5, which is not a class"),
        ([-1, 0], np.ones((2, 3)) / 3, "multiclass", 3, "target 0 is -1, which is not a class"),
        ([0, 1], [0.2, 0.4], "multiclass", 3, "2 outputs, but the multiclass data has 3 classes"),
        ([[0, 1]], [[0.1, 0.2, 0.3]], "multilabel", 2, "3 outputs, but the multilabel data has 2"),
        ([[0.1, 1]], [[0.1]], "regression", 0, "1 outputs, but the regression data has 2"),
    ],
)
def test_what_does_not_fit_is_refused(y_true, y_prob, task, classes, message):
    with pytest.raises(DataError, match=message) as caught:
        batch_of_arrays(np.array(y_true), np.array(y_prob), task=task, classes=classes)
    assert caught.value.remedy


def test_an_output_more_than_there_are_classes_is_a_class_that_never_occurs():
    batch = batch_of_arrays(np.array([0, 1]), np.eye(3)[:2], task="multiclass", classes=2)
    assert batch.truth.shape == (2, 3)
    np.testing.assert_array_equal(batch.truth, batch.guess)


def test_a_label_of_a_class_that_only_the_model_has_is_refused():
    with pytest.raises(DataError, match="0 to 1"):
        batch_of_arrays(np.array([0, 2]), np.eye(3)[:2], task="multiclass", classes=2)


def test_half_is_class_0_and_no_label():
    half = np.array([0.5])
    batch = batch_of_arrays(np.array([1]), half, task="binary", classes=2)
    np.testing.assert_array_equal(batch.guess, [[1, 0]])
    batch = batch_of_arrays(np.array([[1]]), half, task="multilabel", classes=1)
    np.testing.assert_array_equal(batch.guess, [[0]])
