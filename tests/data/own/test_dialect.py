"""What separates cells and what quotes them is found in the text."""

from __future__ import annotations

import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.data.own.cells import read_table
from tests.data.own.delimited import write
from tests.data.own.rows import count, load


def test_a_delimiter_is_one_outside_of_quotes(tmp_path):
    header = '"How old, in years, now";"Glad, yes or no"'
    rows = [f"{20 + i};{'yes' if i % 2 else 'no'}" for i in range(30)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    found = load(tmp_path / "t.csv", target="Glad, yes or no")
    assert found.description.classes == ("no", "yes")
    assert found.description.inputs[INPUT].shape == (1,)


def test_no_row_is_lost_to_a_stray_quotation_mark(tmp_path):
    lines = [f"{'spam' if i % 3 else 'ham'}\tmessage {i}" for i in range(60)]
    lines[10] = 'ham\t"well, that begins'
    lines[45] = 'spam\tand that ends"'
    (tmp_path / "sms.tsv").write_text("\n".join(["label\ttext", *lines]) + "\n")
    found = data.load(Source("text", {"path": tmp_path / "sms.tsv"}), validation=0)
    assert count(found) == 60
    assert any("sms.tsv:12" in told and "quoting: none" in told for told in found.told)


def test_a_quoted_cell_may_hold_line_ends(tmp_path):
    rows = [f'"first {i}\nsecond",{"ab"[i % 2]}' for i in range(20)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    found = data.load(Source("text", {"path": tmp_path / "t.csv"}), validation=0)
    assert count(found) == 20


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
