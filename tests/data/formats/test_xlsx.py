"""A workbook's first sheet as rows of cells: texts, numbers, dates, gaps (ECMA-376)."""

from __future__ import annotations

import zipfile

import pytest

from dlcli.data.formats.xlsx import read_sheet
from dlcli.errors import DataError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(path, rows, *, sheets=("one",), texts=(), styles="", old=False):
    """Write a workbook whose first sheet has rows of XML."""
    named = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r1"/>' for i, n in enumerate(sheets, 1))
    shared = "".join(f"<si>{text}</si>" for text in texts)
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}">'
        f'<workbookPr date1904="{int(old)}"/><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        '<Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>'
        "</worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def test_cells_are_where_their_letters_say_and_empty_rows_are_left_out(tmp_path):
    rows = (
        '<row r="1"><c r="A1"><v>1</v></c><c r="AB1"><v>2</v></c></row><row r="2"/>'
        '<row r="5"><c r="C5" t="b"><v>1</v></c><c t="e"><v>#N/A</v></c></row>'
    )
    found, numbers, name = read_sheet(workbook(tmp_path / "a.xlsx", rows))
    assert (numbers, name) == ([1, 5], "")
    assert {len(row) for row in found} == {28}
    assert {place: cell for place, cell in enumerate(found[0]) if cell} == {0: "1", 27: "2"}
    assert {place: cell for place, cell in enumerate(found[1]) if cell} == {2: "1"}


def test_texts_are_shared_in_pieces_or_in_their_cells(tmp_path):
    texts = ["<t>plain</t>", "<r><t>in </t></r><r><t>pieces</t></r><rPh><t>spoken</t></rPh>"]
    rows = (
        '<row><c t="s"><v>1</v></c><c t="s"><v>0</v></c>'
        '<c t="inlineStr"><is><t>own</t></is></c></row>'
    )
    found, _, name = read_sheet(workbook(tmp_path / "a.xlsx", rows, sheets=("x", "y"), texts=texts))
    assert found == [["in pieces", "plain", "own"]]
    assert name == "x"


STYLES = (
    '<numFmts><numFmt numFmtId="170" formatCode="yyyy\\-mm"/>'
    '<numFmt numFmtId="171" formatCode="0.0&quot; days&quot;"/></numFmts>'
    "<cellXfs>"
    '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs>'
)


@pytest.mark.parametrize(
    ("style", "days", "cell", "since_1904"),
    [
        (0, "45351", "45351", "45351"),
        (1, "45351", "2024-02-29", "2028-03-01"),
        (2, "45351.5", "2024-02-29 12:00:00", "2028-03-01 12:00:00"),
        (3, "45351", "45351", "45351"),
        (1, "0.25", "06:00:00", "06:00:00"),
    ],
)
def test_numbers_are_dates_where_their_style_shows_dates(tmp_path, style, days, cell, since_1904):
    """Day 45,351 is 29 February 2024: =DATE(2024;2;29), where days begin in 1900."""
    rows = f'<row><c s="{style}"><v>{days}</v></c></row>'
    for old, expected in ((False, cell), (True, since_1904)):
        book = workbook(tmp_path / f"{old}.xlsx", rows, styles=STYLES, old=old)
        assert read_sheet(book)[0] == [[expected]]


@pytest.mark.parametrize(
    ("rows", "options", "reason"),
    [
        ("<row>", {}, "mismatched tag"),
        ("", {"sheets": ()}, "it has no sheet"),
        ('<row><c t="s"><v>9</v></c></row>', {}, "out of range"),
        ('<row><c r="XFE1"><v>9</v></c></row>', {}, "a cell in column XFE"),
    ],
)
def test_a_damaged_workbook_is_told_with_a_remedy(tmp_path, rows, options, reason):
    book = workbook(tmp_path / "a.xlsx", rows, **options)
    with pytest.raises(DataError, match=f"is a damaged Excel workbook: .*{reason}") as caught:
        read_sheet(book)
    assert "save it as CSV" in caught.value.remedy
