"""Files of rows in the forms in which others have written them."""

from __future__ import annotations

import gzip
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError

ROWS = [f"{i},{i % 7},{'ab'[i % 2]}" for i in range(40)]
PLAIN = "\n".join(["u,v,y", *ROWS]) + "\n"


def load(path, **options):
    return data.load(Source("csv", {"path": path, "target": "y"} | options), validation=0)


def count(found):
    return found.train.size + (found.test.size if found.test is not None else 0)


def test_the_index_that_pandas_writes_is_no_feature(tmp_path):
    frame = pd.DataFrame({"a": np.arange(40) % 5, "y": ["no", "yes"] * 20})
    frame.to_csv(tmp_path / "t.csv")
    found = load(tmp_path / "t.csv")
    assert found.description.inputs[INPUT].shape == (1,)
    assert "has no name, is left out" in found.told[0]
    assert load(tmp_path / "t.csv", features=["a"]).description.inputs[INPUT].shape == (1,)


def test_a_delimiter_is_one_outside_of_quotes(tmp_path):
    header = '"How old, in years, now";"Glad, yes or no"'
    rows = [f"{20 + i};{'yes' if i % 2 else 'no'}" for i in range(30)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    found = load(tmp_path / "t.csv", target="Glad, yes or no")
    assert found.description.classes == ("no", "yes")
    assert found.description.inputs[INPUT].shape == (1,)


def test_a_file_without_a_header_is_refused_with_the_way_to_name_its_columns(tmp_path):
    (tmp_path / "iris.data").write_text("\n".join(f"5.{i},3.1,x{i % 2}" for i in range(30)))
    with pytest.raises(DataError, match="no column 'kind'") as error:
        load(tmp_path / "iris.data", target="kind")
    assert "columns: [...]" in error.value.remedy
    found = load(tmp_path / "iris.data", target="kind", columns=["a", "b", "kind"])
    assert count(found) == 30


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


def frame():
    cells = [line.split(",") for line in ROWS]
    return pd.DataFrame(
        {"u": [int(c[0]) for c in cells], "v": [int(c[1]) for c in cells],
         "y": [c[2] for c in cells]}
    )  # fmt: skip


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


def array(path):
    np.save(path.with_suffix(".npy"), np.zeros(3))
    path.with_suffix(".npy").rename(path)


def document(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")


@pytest.mark.parametrize(
    ("write", "message", "remedy"),
    [
        (document, "Office document", "save it as .xlsx or CSV"),
        (array, "single NumPy array", "numpy.savez"),
        (lambda path: path.write_bytes(b"PAR1" + b"\0" * 90), "damaged Parquet", "again"),
        (lambda path: path.write_bytes(b"\x80\x04" + b"." * 90), "pickle", "to_parquet"),
        (lambda path: path.write_text("<!DOCTYPE html><html>no</html>"), "web page", "Download"),
    ],
    ids=["office", "npy", "parquet", "pickle", "html"],
)
def test_what_holds_no_rows_is_named_with_the_way_to_make_it_one(tmp_path, write, message, remedy):
    write(tmp_path / "t.csv")
    with pytest.raises(DataError, match=message) as error:
        load(tmp_path / "t.csv")
    assert remedy in error.value.remedy


def test_classes_that_differ_in_capital_letters_are_said(tmp_path):
    rows = [f"{i},{['Yes', 'yes', 'no'][i % 3]}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["v,y", *rows]) + "\n")
    (told,) = load(tmp_path / "t.csv").told
    assert "Yes, yes are different classes that differ in capital letters only" in told


@pytest.mark.parametrize(
    ("before", "option"),
    [("Report of 2024\n", {"header": 2}), ("# made by a machine\n# twice\n", {"comment": "#"})],
)
def test_lines_before_the_header_are_skipped_on_request_and_else_explained(
    tmp_path, before, option
):
    (tmp_path / "t.csv").write_text(before + PLAIN)
    with pytest.raises(DataError, match="no column 'y'") as error:
        load(tmp_path / "t.csv")
    assert f"{next(iter(option))}: " in error.value.remedy
    assert count(load(tmp_path / "t.csv", **option)) == 40
