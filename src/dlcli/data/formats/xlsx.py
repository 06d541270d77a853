"""The first sheet of an Excel workbook (.xlsx) as rows of cells.

A workbook is a zip archive of XML files (ECMA-376). What dlcli needs of it are the texts and
numbers of one sheet, and which numbers are dates; packages that read all of it would be needed for
nothing else.
"""

from __future__ import annotations

import re
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

LARGEST = 2**28
"""Bytes of a workbook's part that are read: some millions of cells."""

DATE_FORMATS = frozenset({14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47})
"""Numbers of the built-in formats that show dates and times."""

_COLUMN = re.compile(r"([A-Z]+)\d+")
_MOST_COLUMNS = 16384


def read_sheet(path: Path) -> tuple[list[list[str]], list[int], str]:
    """Return the rows of the first sheet, their numbers in it, and its name if there are others.

    Rows have the same length; empty ones are left out. Dates are written as 2024-02-29, with a
    time where there is one.

    Raises:
        DataError: If it is damaged, or has no sheet.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            name, part, old_dates = _first_sheet(archive)
            texts = _shared_texts(archive)
            dates = _date_styles(archive)
            sheet = _Sheet(texts, dates, datetime(1904, 1, 1) if old_dates else _EPOCH)  # noqa: DTZ001
            found = [(number, cells) for number, cells in sheet.rows(_tree(archive, part)) if cells]
    except (KeyError, ValueError, IndexError, ET.ParseError, zipfile.BadZipFile) as error:
        message = f"{path} is a damaged Excel workbook: {error}"
        raise DataError(message, remedy="Open it in a spreadsheet, and save it as CSV.") from None
    width = max((len(cells) for _, cells in found), default=0)
    rows = [cells + [""] * (width - len(cells)) for _, cells in found]
    return rows, [number for number, _ in found], name


_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 (a workbook knows no zones)
"""Day 0 of a workbook, but for its 1900, which has a 29 February that never was."""


def _tree(archive: zipfile.ZipFile, part: str) -> ET.Element:
    """Return the XML of a part, with the namespaces left out.

    Raises:
        ValueError: If it is too large to be a sheet.
    """
    if archive.getinfo(part).file_size > LARGEST:
        raise ValueError(f"{part} is larger than any sheet")
    tree = ET.fromstring(archive.read(part))  # noqa: S314 (expat bounds what entities expand to)
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
        for key in [key for key in element.attrib if "}" in key]:
            element.attrib[key.rpartition("}")[2]] = element.attrib[key]
    return tree


def _first_sheet(archive: zipfile.ZipFile) -> tuple[str, str, bool]:
    """Return the first sheet's name, empty if it is the only one, its part, and its first year.

    Dates count from 1904 in some workbooks, which is what the last value tells.
    """
    book = _tree(archive, "xl/workbook.xml")
    sheets = list(book.iter("sheet"))
    if not sheets:
        raise ValueError("it has no sheet")
    sheet = sheets[0]
    relations = {
        relation.attrib["Id"]: relation.attrib["Target"]
        for relation in _tree(archive, "xl/_rels/workbook.xml.rels").iter("Relationship")
    }
    target = relations[sheet.attrib["id"]].removeprefix("/xl/").removeprefix("xl/")
    properties = next(book.iter("workbookPr"), None)
    old = properties is not None and properties.attrib.get("date1904") in ("1", "true")
    return sheet.attrib["name"] if len(sheets) > 1 else "", f"xl/{target}", old


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    return [_text(item) for item in _tree(archive, "xl/sharedStrings.xml").iter("si")]


def _text(item: ET.Element) -> str:
    """Return the text of an item, which may be in pieces; how it is pronounced is left out."""
    spoken = {piece for phonetic in item.iter("rPh") for piece in phonetic.iter("t")}
    return "".join(piece.text or "" for piece in item.iter("t") if piece not in spoken)


def _date_styles(archive: zipfile.ZipFile) -> frozenset[int]:
    """Return the numbers of the cell styles that show a date or a time."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    styles = _tree(archive, "xl/styles.xml")
    own = {
        int(form.attrib["numFmtId"])
        for form in styles.iter("numFmt")
        if re.search(r"[dmyhs]", re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", form.attrib["formatCode"]))
    }
    cells = next(styles.iter("cellXfs"), None)
    used = [] if cells is None else [int(x.attrib.get("numFmtId", 0)) for x in cells.iter("xf")]
    return frozenset(i for i, form in enumerate(used) if form in DATE_FORMATS | own)


class _Sheet:
    """Turns the XML of a sheet into cells.

    Args:
        texts: That cells refer to by their numbers.
        dates: Styles that show a date.
        epoch: Day 0.
    """

    def __init__(self, texts: Sequence[str], dates: frozenset[int], epoch: datetime) -> None:
        self._texts, self._dates, self._epoch = texts, dates, epoch

    def rows(self, tree: ET.Element) -> Iterator[tuple[int, list[str]]]:
        """Yield the number of each row and its cells, without empty ones at its end."""
        for count, row in enumerate(tree.iter("row"), 1):
            cells: list[str] = []
            for cell in row.iter("c"):
                place = _place(cell.attrib, len(cells))
                cells += [""] * (place + 1 - len(cells))
                cells[place] = self._cell(cell)
            while cells and not cells[-1]:
                cells.pop()
            yield int(row.attrib.get("r", count)), cells

    def _cell(self, cell: ET.Element) -> str:
        kind = cell.attrib.get("t", "n")
        if kind == "inlineStr":
            return _text(cell)
        value = cell.find("v")
        text = "" if value is None or value.text is None else value.text
        if kind == "s":
            return self._texts[int(text)]
        if kind == "e":
            return ""  # #N/A, #DIV/0! and their like
        if kind == "n" and text and int(cell.attrib.get("s", 0)) in self._dates:
            return self._date(float(text))
        return text

    def _date(self, days: float) -> str:
        if days < 1:
            return str((self._epoch + timedelta(days=days)).time().replace(microsecond=0))
        moment = self._epoch + timedelta(seconds=round(days * 86400))
        return str(moment.date()) if moment.time() == datetime.min.time() else str(moment)


def _place(attributes: Mapping[str, Any], following: int) -> int:
    """Return the column of a cell, from 0."""
    found = _COLUMN.fullmatch(attributes.get("r", ""))
    if found is None:
        return following
    place = 0
    for letter in found[1]:
        place = 26 * place + ord(letter) - 64
    if place > _MOST_COLUMNS:
        raise ValueError(f"a cell in column {found[1]}")
    return place - 1
