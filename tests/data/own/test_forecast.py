"""Rows in the order of time become windows, and what is to be forecast after them."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data import describe
from dlcli.data.description import INPUT
from dlcli.errors import UserError
from tests.data.own.hourly import hours, load, source, write


def test_later_examples_validate_and_test_and_no_training_target_reaches_into_them(tmp_path):
    found = load(write(tmp_path, hours(200)), validation=0.2)
    train, validation, test = found.train.y, found.validation.y, found.test.y
    assert train.max() < validation.min()
    assert validation.max() < test.min()
    assert test.max() == 199


def test_rows_may_come_in_any_order(tmp_path):
    rows = hours(80)
    plain = load(write(tmp_path, rows))
    (tmp_path / "other").mkdir()
    mixed = load(write(tmp_path / "other", [*rows[40:], *rows[:40]]))
    np.testing.assert_array_equal(plain.train.x[INPUT], mixed.train.x[INPUT])
    np.testing.assert_array_equal(plain.test.y, mixed.test.y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 90}, "the longest series without a gap has 50 steps"),
        ({"target": "x"}, "no column 'x'"),
        ({"time": "v", "target": "v"}, "named twice"),
        ({"categories": ["v"]}, "is of amounts"),
        ({"ignore": ["v"]}, "cannot be ignored"),
        ({"target": "word"}, "holds no numbers"),
    ],
)
def test_what_cannot_be_forecast_is_refused(tmp_path, options, message):
    rows = [f"{row},{'ab'[i % 2]}" for i, row in enumerate(hours(50))]
    with pytest.raises(UserError, match=message) as error:
        load(write(tmp_path, rows, header="t,v,w,word"), **options)
    assert error.value.exit_code == 2


def test_a_forecast_is_split_by_its_own_time(tmp_path):
    path = write(tmp_path, hours(50))
    with pytest.raises(UserError, match=r"takes no data\.time"):
        describe(source(path), time="t")
