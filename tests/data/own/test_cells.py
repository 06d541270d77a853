"""Delimited files become rows that know their lines, or an error that names one."""

from __future__ import annotations

import gzip

import pytest

from dlcli.data.own.cells import read_table
from dlcli.errors import DataError


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    text = f"a{delimiter}b\n1{delimiter}2\n"
    table = read_table(write(tmp_path / "t.csv", text))
    assert table.header == ["a", "b"]
    assert [row.cells for row in table.rows] == [["1", "2"]]


def test_quotes_line_ends_blank_lines_and_a_byte_order_mark(tmp_path):
    text = '\ufeffa,b\r\n"x, ""y""\nz",1\r\n\r\n3,4\r\n'
    table = read_table(write(tmp_path / "t.csv", text))
    assert table.header == ["a", "b"]
    assert [row.cells for row in table.rows] == [['x, "y"\nz', "1"], ["3", "4"]]
    assert [row.line for row in table.rows] == [3, 5]


def test_a_packed_file_is_read_as_it_is(tmp_path):
    table = read_table(write(tmp_path / "t.csv.gz", gzip.compress(b"a,b\n1,2\n")))
    assert table.rows[0].cells == ["1", "2"]


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


def test_a_file_that_is_missing_a_folder_or_damaged(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    with pytest.raises(DataError, match="damaged"):
        read_table(write(tmp_path / "cut.csv.gz", packed[:-20]))
    with pytest.raises(DataError, match="no gzip file"):
        read_table(write(tmp_path / "not.csv.gz", b"a,b\n1,2\n"))


def test_an_unknown_column_is_met_with_the_nearest(tmp_path):
    table = read_table(write(tmp_path / "t.csv", "age,city\n1,Rome\n"))
    with pytest.raises(DataError, match="no column 'agee'; did you mean 'age'") as caught:
        table.column("agee")
    assert "age, city" in caught.value.remedy
