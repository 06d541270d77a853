"""Costs as people read them."""

from __future__ import annotations

import math

import pytest

from dlcli.report.text.costs import cost_table, shown_count, shown_seconds

ROW = {
    "candidate": "a", "mean": 0.9, "parameters": 1234.0, "parameters_front": True,
    "flops": math.nan, "flops_front": False, "training_seconds": 0.0123,
    "training_seconds_front": False, "prediction_seconds": math.nan,
    "prediction_seconds_front": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (9999, "9,999"), (10_000, "10 k"), (123_456, "123 k"), (999_499, "999 k"),
     (999_500, "1 M"), (4.56e6, "4.56 M"), (41e9, "41 G"), (2e12, "2 T")],
)  # fmt: skip
def test_a_large_number_has_three_digits(value, text):
    assert shown_count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0023, "2.3 ms"), (0.0994, "99 ms"), (0.0996, "0.1 s"), (1.234, "1.2 s"), (123.0, "120 s")],
)
def test_a_time_has_two_digits(value, text):
    assert shown_seconds(value) == text


def test_costs_that_nobody_knows_have_no_column():
    known = {**ROW, "candidate": "b", "training_seconds": 2.0, "training_seconds_front": True}
    header, cells, numeric = cost_table([ROW, known])
    assert header == ["candidate", "score", "parameters", "training"]
    assert numeric == header[1:]
    assert cells == [
        ["a", "0.9000", "1,234*", "12 ms "],
        ["b", "0.9000", "1,234*", "2 s*"],
    ]
