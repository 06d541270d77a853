"""What targets mean follows from how they are written."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.own.labels import Labelled, Place, as_targets, meaning_of
from dlcli.errors import DataError


def meaning(*columns, task=None):
    names = [f"y{i}" for i in range(len(columns))]
    return meaning_of(columns, names, task, "t.csv")


def targets(*columns, task=None):
    places = [[Place(f"t.csv:{i}", "y") for i in range(2, 2 + len(c))] for c in columns]
    return as_targets(Labelled(columns, places), meaning(*columns, task=task))


@pytest.mark.parametrize(
    ("columns", "task", "expected"),
    [
        ([["no", "yes"]], None, ("binary", ("no", "yes"), ())),
        ([["b", "a", "c"]], None, ("multiclass", ("a", "b", "c"), ())),
        ([["10", "9", "1"]], None, ("multiclass", ("1", "9", "10"), ())),
        ([["1.5", "2"]], None, ("regression", (), ())),
        ([[str(i) for i in range(21)]], None, ("regression", (), ())),
        ([[str(i) for i in range(20)]], None, ("multiclass", tuple(map(str, range(20))), ())),
        ([["1", "2"]], "regression", ("regression", (), ())),
        ([["0", "1"], ["1", "1"]], None, ("multilabel", ("y0", "y1"), (2,))),
        ([["0", "1"], ["1", "3"]], None, ("regression", (), (2,))),
    ],
)
def test_the_task_follows_from_the_values(columns, task, expected):
    assert meaning(*columns, task=task) == expected


def test_targets_become_numbers():
    assert list(targets(["b", "a", "b"])) == [1, 0, 1]
    assert targets(["b", "a"]).dtype == "int32"
    assert targets(["0.5", "2"]).dtype == "float32"
    both = targets(["0", "1", "1"], ["1", "1", "0"])
    assert np.array_equal(both, [[0, 1], [1, 1], [1, 0]])


@pytest.mark.parametrize(
    ("columns", "task", "message"),
    [
        ([["a", "a"]], None, "a single class, 'a'"),
        ([["", ""]], None, "holds nothing"),
        ([[f"w{i}" for i in range(1001)]], None, "1,001 different values"),
        ([["a", "b", "c"]], "binary", "3 classes, but task: binary needs two"),
        ([["a", "b"]], "multilabel", "needs a target column for each label"),
        ([["0"], ["1"]], "multiclass", "has one target column, but target names 2"),
    ],
)
def test_targets_without_a_meaning_are_refused(columns, task, message):
    with pytest.raises(DataError, match=message) as caught:
        meaning(*columns, task=task)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("columns", "task", "message"),
    [
        ([["a", "", "b"]], None, "t.csv:3: 'y' is empty, but is the target"),
        ([["1.5", "x", "2.5"]], "regression", "t.csv:3: 'y' is 'x', which is no finite number"),
        ([["1.5", "nan"]], "regression", "t.csv:3: 'y' is 'nan'"),
        ([["1", "1e39"]], "regression", "t.csv:3: 'y' is '1e39'"),
        ([["0", "2"], ["1", "1"]], "multilabel", "t.csv:3: 'y' is '2', but a label is 0 or 1"),
    ],
)
def test_a_target_that_does_not_fit_is_named_with_its_row(columns, task, message):
    with pytest.raises(DataError, match=message):
        targets(*columns, task=task)


def test_a_class_without_training_examples_is_named():
    known = meaning(["a", "b"])
    with pytest.raises(DataError, match=r"test.csv:2: 'y' is the class 'c'") as caught:
        as_targets(Labelled([["c"]], [[Place("test.csv:2", "y")]]), known)
    assert "a, b" in caught.value.remedy
