"""Targets tell their task, and contradictions are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.targets import interpret
from dlcli.errors import DataError


def read(train, test=None, task=None):
    parts = {"y_train": np.asarray(train)}
    if test is not None:
        parts["y_test"] = np.asarray(test)
    return interpret(parts, task, "own.npz")


@pytest.mark.parametrize(
    ("train", "task", "classes", "shape", "expected"),
    [
        ([0, 2, 1], "multiclass", 3, (), [0, 2, 1]),
        ([[0], [2], [1]], "multiclass", 3, (), [0, 2, 1]),
        ([0, 1, 1], "binary", 2, (), [0, 1, 1]),
        ([False, True], "binary", 2, (), [0, 1]),
        (np.eye(3)[[2, 0, 1]], "multiclass", 3, (), [2, 0, 1]),
        (np.eye(2, dtype=int), "binary", 2, (), [0, 1]),
        (np.eye(2, dtype=bool), "binary", 2, (), [0, 1]),
        ([[1, 1, 0], [0, 1, 0]], "multilabel", 3, (3,), [[1, 1, 0], [0, 1, 0]]),
        ([[1.0, 1.0], [0.0, 0.0]], "multilabel", 2, (2,), [[1, 1], [0, 0]]),
        ([0.5, 2.5], "regression", 0, (), [0.5, 2.5]),
        ([0.0, 1.0], "regression", 0, (), [0, 1]),
        ([[0.5], [2.5]], "regression", 0, (), [0.5, 2.5]),
        ([[0.5, 1], [2.5, 3]], "regression", 0, (2,), [[0.5, 1], [2.5, 3]]),
    ],
)
def test_the_task_follows_from_type_and_values(train, task, classes, shape, expected):
    found = read(train)
    assert (found.task, len(found.classes), found.shape) == (task, classes, shape)
    assert found.parts["y_train"].tolist() == expected
    assert found.parts["y_train"].dtype == ("float32" if task == "regression" else "int32")


@pytest.mark.parametrize(
    ("train", "task", "classes", "expected"),
    [
        ([0.0, 1.0, 2.0], "multiclass", 3, [0, 1, 2]),
        ([0, 1], "multiclass", 2, [0, 1]),
        ([0.0, 1.0], "binary", 2, [0, 1]),
        (np.eye(2), "multilabel", 2, [[1, 0], [0, 1]]),
        ([3, 17], "regression", 0, [3, 17]),
        ([[3, 17]], "regression", 0, [[3, 17]]),
        ([True, False], "regression", 0, [1, 0]),
    ],
)
def test_a_given_task_goes_before(train, task, classes, expected):
    found = read(train, task=task)
    assert (found.task, len(found.classes)) == (task, classes)
    assert found.parts["y_train"].tolist() == expected


@given(st.permutations(range(5)), st.lists(st.integers(0, 4)))
def test_one_hot_rows_and_labels_mean_the_same(first, more):
    labels = np.array([*first, *more])
    assert np.array_equal(read(np.eye(5)[labels]).parts["y_train"], read(labels).parts["y_train"])


@pytest.mark.parametrize(
    ("train", "task", "reason"),
    [
        ([1, 2, 3], None, "holds 1, 2, 3"),
        ([0, 2], None, "holds 0, 2"),
        ([-1, 1], None, "holds -1, 1"),
        (np.arange(20) * 2, None, r"holds 0, 2, 4, 6, 8, 10, 12, 14, \.\.\."),
        (np.array([2**63, 0], "uint64"), None, "holds 0, 9223372036854775808"),
        ([0, 0], None, "a single class, 0"),
        (np.eye(3)[[0, 1]], None, "holds 0, 1"),
        ([[2, 3], [4, 5]], None, "labels or amounts"),
        ([[2, 3], [4, 5]], "multiclass", "not one-hot"),
        ([[1, 1], [0, 0]], "multiclass", "not one-hot"),
        ([0.5, 1.0], "multiclass", "not whole"),
        ([0, 1, 2], "binary", "3 classes, but task: binary needs two"),
        ([0, 1], "multilabel", "not a matrix of 0 and 1"),
        ([[0, 2]], "multilabel", "not a matrix of 0 and 1"),
        (np.zeros((2, 2, 2)), None, r"the shape \(2, 2, 2\)"),
        ([1e39, 0.5], None, "beyond float32 in 1 of 2 examples, the first at index 0"),
    ],
)
def test_contradictions_are_clear_errors_with_a_remedy(train, task, reason):
    with pytest.raises(DataError, match=rf"own\.npz: y_train .*{reason}") as caught:
        read(train, task=task)
    assert caught.value.remedy


@pytest.mark.parametrize("test", [[0, 3], [0, -1]])
def test_a_class_that_train_lacks_is_named(test):
    with pytest.raises(DataError, match=rf"y_test holds the class {test[1]}, of which y_train"):
        read([0, 1, 2], test)


def test_test_may_lack_a_class():
    assert read([0, 1, 2], [1, 1]).parts["y_test"].tolist() == [1, 1]


def test_rows_that_are_one_hot_in_train_only_are_multilabel():
    assert read(np.eye(2), [[1, 1]]).task == "multilabel"
