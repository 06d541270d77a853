"""Columns become features: numbers with their gaps filled in, categories one-hot."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.own.cells import CellTable, Row
from dlcli.data.own.columns import Column, few_whole_numbers, find_columns
from dlcli.errors import DataError

CITIES = ("Oslo", "Rome")


def table(tmp_path, header, *rows):
    path = tmp_path / "t.csv"
    return CellTable(path, list(header), [Row(path, i, list(row)) for i, row in enumerate(rows, 2)])


def found(tmp_path, *cells, categories=(), name="x"):
    return find_columns(table(tmp_path, [name], *[[c] for c in cells]), None, categories, ())


def test_numbers_categories_and_gaps_are_told_apart(tmp_path):
    assert found(tmp_path, "1", "2.5") == (Column("x"),)
    assert found(tmp_path, "1", "NA", "2") == (Column("x", has_gaps=True),)
    assert found(tmp_path, "Rome", "", "Oslo") == (Column("x", CITIES),)
    assert found(tmp_path, "1", "2", "1", categories=["x"]) == (Column("x", ("1", "2")),)


def test_a_category_is_a_feature_for_each_word():
    assert Column("x", has_gaps=True).width == 2
    assert [Column("x").width, Column("c", CITIES).width] == [1, 2]


def test_the_chosen_columns_are_taken_in_their_order(tmp_path):
    rows = table(tmp_path, "abc", ["1", "2", "3"])
    assert [c.name for c in find_columns(rows, ["c", "a"], (), ("b",))] == ["c", "a"]
    assert [c.name for c in find_columns(rows, None, (), ("b",))] == ["a", "c"]


@pytest.mark.parametrize(
    "cells",
    [
        ("2024-02-29", "2024-03-01"),
        ("29.02.2024", "1.3.2024"),
        ("2/29/24", "3/1/24"),
        ("12:30", "1:05"),
        ("2024-02-29T12:00:00", "2024-02-29T13:00:00"),
    ],
)
def test_dates_are_refused_with_a_reason(tmp_path, cells):
    with pytest.raises(
        DataError, match=r"'x' holds dates or times, such as .* in line 2"
    ) as caught:
        found(tmp_path, *cells)
    assert "weekday" in caught.value.remedy


def test_names_of_things_are_refused(tmp_path):
    with pytest.raises(DataError, match="60 different words in 60 rows"):
        found(tmp_path, *[f"person {i}" for i in range(60)])


def test_an_empty_column_and_a_table_of_targets_only_are_refused(tmp_path):
    with pytest.raises(DataError, match="'x' is empty in every row"):
        found(tmp_path, "", "NA")
    with pytest.raises(DataError, match="no column but the target"):
        find_columns(table(tmp_path, "y", ["1"]), None, (), ("y",))
    with pytest.raises(DataError, match="'y' cannot be a feature"):
        find_columns(table(tmp_path, "xy", ["1", "1"]), ["y"], (), ("y",))


@pytest.mark.parametrize("cell", ["abc", "inf", "1e39", "1,5"])
def test_a_cell_that_is_no_number_is_named_with_its_line(tmp_path, cell):
    row = Row(tmp_path / "t.csv", 7, [cell])
    with pytest.raises(DataError, match=r"t.csv:7: 'x' is '.*', which is no finite number"):
        Column("x").value(row, 0)


def test_an_unknown_or_missing_category_is_all_zeros(tmp_path):
    rows = [Row(tmp_path, i, [cell]) for i, cell in enumerate(["Rome", "Paris", ""])]
    out = np.zeros((3, 2))
    Column("c", CITIES).write(rows, 0, out)
    assert out.tolist() == [[0, 1], [0, 0], [0, 0]]


def test_the_json_form_gives_the_column_back():
    for column in (Column("x", has_gaps=True, mean=1.5), Column("c", CITIES)):
        assert Column.from_dict(column.to_dict()) == column


def test_fitting_keeps_the_categories_and_gaps_of_the_training_rows_alone(tmp_path):
    def fitted(column, *cells):
        return column.fit([Row(tmp_path, i, [cell]) for i, cell in enumerate(cells, 2)], 0)

    assert fitted(Column("c", CITIES), "Rome", "", " Rome") == Column("c", ("Rome",))
    assert fitted(Column("c", CITIES), "", "NA").width == 0
    assert fitted(Column("x", has_gaps=True), "1", "3") == Column("x", mean=2.0)
    assert fitted(Column("x"), "1", "NA", "3") == Column("x", has_gaps=True, mean=2.0)


def test_few_different_whole_numbers_may_be_categories():
    columns = (
        Column("flag"), Column("rooms", has_gaps=True), Column("city", CITIES), Column("grade"),
        Column("share"), Column("age"),
    )  # fmt: skip
    n = np.arange(40)
    gap = (n % 4 == 0).astype(float)
    rooms = np.where(gap == 1, 1.7, n % 3)
    x = np.column_stack([n % 2, rooms, gap, n % 2, 1 - n % 2, n % 10, n % 4 / 2, n])
    assert few_whole_numbers(columns, x) == {"rooms": 3, "grade": 10}
    assert few_whole_numbers(columns, x[:, None]) == {}
    assert few_whole_numbers(columns, x[:5]) == {}
