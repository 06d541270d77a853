"""Rows of a table by their columns, and candidates by their rank."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from dlcli.report.text.rows import part, ranked

SUMMARY = pd.DataFrame(
    [("one", "Adam", 2), ("two", "SGD", 1), ("one", "SGD", 1), ("one", "Lion", 2)],
    columns=["problem", "candidate", "rank"],
)


def test_rows_are_those_in_which_every_column_has_its_value():
    assert list(part(SUMMARY, problem="one")["candidate"]) == ["Adam", "SGD", "Lion"]
    assert list(part(SUMMARY, problem="one", candidate="SGD").index) == [2]
    assert part(SUMMARY, problem="three").empty


def test_candidates_are_in_the_order_of_their_ranks_and_equal_ones_as_they_stand():
    assert ranked(SimpleNamespace(summary=SUMMARY), "one") == ["SGD", "Adam", "Lion"]
