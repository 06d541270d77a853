"""Delimited files become rows that know their lines, or an error that names one."""

from __future__ import annotations

import pytest

from dlcli.data.own.cells import read_table
from dlcli.errors import DataError
from tests.data.own.delimited import write


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv is empty"),
        ("a,b\n", "t.csv has a header but no rows"),
        ("a,,c\n1,2,3\n", r"t.csv:1: a column has no name"),
        ("a,a\n1,2\n", r"t.csv:1: two columns are called 'a'"),
        ("1,2\n3,4\n", r"t.csv:1: the first line holds numbers, not names"),
        ("a,b\n1,2\n3\n", r"t.csv:3: 1 cells, but the header names 2 columns"),
        ('a,b\n1,"2\n', r"t.csv:2 is no CSV"),
        ("a,b\n1,2\nä,3\n".encode("latin1"), r"t.csv:3: the byte 0xe4 is no UTF-8"),
    ],
)
def test_what_is_no_table_is_told_with_its_line(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read_table(write(tmp_path / "t.csv", content))
    assert caught.value.remedy


def test_an_unknown_column_is_met_with_the_nearest(tmp_path):
    table = read_table(write(tmp_path / "t.csv", "age,city\n1,Rome\n"))
    with pytest.raises(DataError, match="no column 'agee'; did you mean 'age'") as caught:
        table.column("agee")
    assert "age, city" in caught.value.remedy
