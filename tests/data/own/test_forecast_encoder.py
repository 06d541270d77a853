"""Rows become windows of features, what is known in advance, and targets."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.own.hourly import hours, load, write


def test_an_example_is_a_window_and_the_steps_after_it(tmp_path):
    found = load(write(tmp_path, hours(100)))
    x, y = found.train.x[INPUT], found.train.y
    assert found.description.inputs[INPUT].shape == (4, 2)
    assert x[0, :, 0].tolist() == [0, 1, 2, 3]
    assert x[0, :, 1].tolist() == [0, 1, 4, 9]
    assert y[0].tolist() == [4, 5]
    assert found.description.task == "forecasting"
    assert found.description.targets == ("v +1", "v +2")


def test_what_is_known_in_advance_is_a_second_input(tmp_path):
    found = load(write(tmp_path, hours(100)), known=["w"])
    shapes = {name: spec.shape for name, spec in found.description.inputs.items()}
    assert shapes == {"past": (4, 2), "known": (2, 1)}
    assert found.train.x["known"][0, :, 0].tolist() == [16, 25]


def test_missing_values_are_features_with_gaps_but_no_targets(tmp_path):
    rows = hours(60)
    rows[20] = rows[20].split(",")[0] + ",,400"
    path = write(tmp_path, rows)
    with pytest.raises(DataError, match=r"f\.csv:22") as error:
        load(path)
    assert "unlabeled: drop" in error.value.remedy
    found = load(path, unlabeled="drop")
    assert not np.isnan(found.train.y).any()
    assert found.train.size + found.test.size < 60 - 5
