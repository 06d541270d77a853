"""A file is what its content says: packed or not, of any kind that holds rows."""

from __future__ import annotations

import gzip
import json
import zipfile

import numpy as np
import pytest

from dlcli.data.description import INPUT
from dlcli.data.own.cells import read_table
from dlcli.errors import DataError
from tests.data.own.delimited import write
from tests.data.own.rows import PLAIN, frame, load


def xlsx(path):
    """Write a workbook with one sheet, as a spreadsheet does it at the least."""
    cells = [line.split(",") for line in PLAIN.splitlines()]
    shown = "".join(
        "<row>" + "".join(
            f"<c><v>{cell}</v></c>" if cell.isdigit()
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row
        ) + "</row>" for row in cells
    )  # fmt: skip
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{relation}"><sheets>'
        '<sheet name="one" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">'
        '<Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{space}"><sheetData>{shown}'
        "</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.csv", PLAIN)
        archive.writestr("__MACOSX/._inner.csv", b"\0\1")


def json_lines(path):
    path.write_text("\n".join(json.dumps(row) for row in frame().to_dict("records")))


@pytest.mark.parametrize(
    "write",
    [
        xlsx,
        zipped,
        json_lines,
        lambda path: path.write_bytes(gzip.compress(PLAIN.encode())),
        lambda path: frame().to_parquet(path),
        lambda path: frame().to_feather(path),
        lambda path: path.write_text(json.dumps(frame().to_dict("records"))),
    ],
    ids=["xlsx", "zip", "jsonl", "gzip", "parquet", "feather", "json"],
)
def test_a_table_is_what_its_content_says_whatever_it_is_called(tmp_path, write):
    (tmp_path / "t.csv").write_text(PLAIN)
    write(tmp_path / "any.table")
    plain, found = load(tmp_path / "t.csv"), load(tmp_path / "any.table")
    assert found.description.classes == plain.description.classes
    np.testing.assert_array_equal(found.train.x[INPUT], plain.train.x[INPUT])
    np.testing.assert_array_equal(found.test.y, plain.test.y)


def test_a_packed_file_is_read_as_it_is(tmp_path):
    table = read_table(write(tmp_path / "t.csv.gz", gzip.compress(b"a,b\n1,2\n")))
    assert table.rows[0].cells == ["1", "2"]


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
