"""A file of rows as cells, every one of which knows its line."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data.formats.columnar import read_columnar
from dlcli.data.formats.json_records import is_nested, json_cell, json_records
from dlcli.data.formats.refused import refused
from dlcli.data.formats.xlsx import read_sheet
from dlcli.data.own.dialect import NO_DELIMITER, WORDS, find_dialect
from dlcli.data.own.mistakes import such
from dlcli.data.own.numbers import pieces_of
from dlcli.data.own.opening import explained, kind_of, open_text
from dlcli.data.own.reading import Reading
from dlcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

INDEX = re.compile(r"|Unnamed: \d+")
"""Names that pandas gives to a column without one, as it writes a table with its index."""

NUMBERED = "c"
"""Begins the names of columns that have none: c1, c2, c3."""


class Row(NamedTuple):
    """The cells of one row, and the file and line where it ends."""

    path: Path
    line: int
    cells: list[str]

    @property
    def place(self) -> str:
        """Where the row is, for messages."""
        return f"{self.path}:{self.line}"


class CellTable(NamedTuple):
    """A whole file.

    Attributes:
        header: The columns' names; a column that is left out has an empty one.
        rows: As many cells each as the header has.
        told: What should be said of the way it was read, a sentence each.
    """

    path: Path
    header: list[str]
    rows: list[Row]
    told: tuple[str, ...] = ()

    @property
    def named(self) -> list[str]:
        """The names of the columns that are not left out."""
        return [name for name in self.header if name]

    def column(self, name: str) -> int:
        """Return the position of a column.

        Raises:
            DataError: If there is none of that name, with the nearest there is.
        """
        return column_of(name, self.header, self.path)


def column_of(name: str, header: Sequence[str], path: Path) -> int:
    """Return the position of a column.

    Raises:
        DataError: If there is none of that name, with the nearest there is.
    """
    if name in header:
        return list(header).index(name)
    known = [column for column in header if column]
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    remedy = f"Its columns are: {shown}."
    if any(pieces_of(column) is not None for column in known):
        remedy = (
            f"The first line seems to hold data, not names: {shown}. Name the columns in their "
            "order: columns: [...]; or write their names into the first line."
        )
    elif len(known) == 1:
        remedy = (
            f"Its first line names one column: {shown}. If that is a title, say which line names "
            "the columns: header: 2; if lines are remarks, say how they begin: comment: '#'."
        )
    message = f"{path} has no column '{name}'{did_you_mean(name, known)}"
    raise DataError(message, remedy=remedy)


class Rows(NamedTuple):
    """A file of rows that is being read; see `CellTable`."""

    header: list[str]
    rows: Iterator[Row]
    told: tuple[str, ...]


@contextmanager
def open_rows(path: Path, reading: Reading) -> Iterator[Rows]:
    """Open a delimited text, to read its rows one by one.

    Raises:
        DataError: For a header that is missing, empty in places or not unique, and, while rows
            are read, for one with another number of cells.
    """
    dialect, told = find_dialect(path, reading)
    with open_text(path, reading.encoding) as stream:
        reader = dialect.rows(stream)
        first = _next(reader, path)
        while first == []:
            first = _next(reader, path)
        if first is None:
            raise DataError(f"{path} is empty", remedy="Write a header, and one example a row.")
        rows = _all_rows(reader, path)
        header, rows, more = _named(first, rows, reader.line_num, path, reading)
        yield Rows(header, _checked(rows, len(header), dialect.delimiter), (*told, *more))


def _next(reader: Any, path: Path) -> list[str] | None:
    first = reader.line_num + 1
    try:
        cells: list[str] | None = next(reader, None)
    except csv.Error as error:
        remedy = (
            "Close every quote and write a quote inside a cell twice; or add quoting: none if "
            "quotes are ordinary characters."
        )
        raise DataError(f"{path}:{first} is no CSV: {error}", remedy=remedy) from None
    return cells


def _all_rows(reader: Any, path: Path) -> Iterator[Row]:
    while (cells := _next(reader, path)) is not None:
        if cells:
            yield Row(path, reader.line_num, cells)


def _named(
    first: list[str], rows: Iterator[Row], line: int, path: Path, reading: Reading
) -> tuple[list[str], Iterator[Row], tuple[str, ...]]:
    """Return the columns' names, the rows below them, and what should be said of the names."""
    written = [name.strip() for name in first]
    names = None if reading.columns is None else list(reading.columns)
    is_header = reading.has_header and (
        names is None or reading.header is not None or written == names
    )
    if not is_header:
        rows = _before(Row(path, line, first), rows)
    if names is not None:
        if len(names) != len(first):
            message = f"{path}:{line}: {len(first)} cells, but columns names {len(names)}"
            raise DataError(message, remedy="Name every column of the file, in its order.")
        return names, rows, ()
    if not is_header:
        numbered = [f"{NUMBERED}{i}" for i in range(1, len(first) + 1)]
        told = f"{path}: the columns are called {numbered[0]} to {numbered[-1]} (header: false)"
        return numbered, rows, (told,)
    return _checked_header(written, path, line, reading, rows)


def _before(row: Row, rows: Iterator[Row]) -> Iterator[Row]:
    yield row
    yield from rows


def _checked_header(
    header: list[str], path: Path, line: int, reading: Reading, rows: Iterator[Row]
) -> tuple[list[str], Iterator[Row], tuple[str, ...]]:
    """Return a header without the column of an index, the rows, and what should be said."""
    remedy = (
        "Write the columns' names into the first line, each once; or name them all here: "
        "columns: [...]."
    )
    told: list[str] = []
    if len(header) > 1 and INDEX.fullmatch(header[0]):
        shown = f"'{header[0]}'" if header[0] else "which has no name"
        told.append(f"{path}: the first column, {shown}, is left out: it seems to be an index")
        header = ["", *header[1:]]
    if len(header) > 1 and not header[-1]:
        rows = _without_content(rows, len(header) - 1, f"{path}:{line}", remedy)
    for name in header[1:-1] if len(header) > 1 else header:
        if not name:
            raise DataError(f"{path}:{line}: a column has no name", remedy=remedy)
    for name in header:
        if name and header.count(name) > 1:
            raise DataError(f"{path}:{line}: two columns are called '{name}'", remedy=remedy)
    named = [name for name in header if name]
    if reading.header is None and all(pieces_of(name) is not None for name in named):
        message = f"{path}:{line}: the first line holds numbers, not names"
        raise DataError(message, remedy=f"{remedy} Add header: true if they are names.")
    return header, rows, tuple(told)


def _without_content(rows: Iterator[Row], column: int, place: str, remedy: str) -> Iterator[Row]:
    """Yield rows, whose last column has no name and must be empty: lines end in a delimiter."""
    for row in rows:
        if len(row.cells) > column and row.cells[column].strip():
            raise DataError(f"{place}: a column has no name", remedy=remedy)
        yield row


def _checked(rows: Iterable[Row], width: int, delimiter: str) -> Iterator[Row]:
    left = iter(rows)
    for row in left:
        if len(row.cells) != width:
            raise _wrong_width(row, left, width, delimiter)
        yield row


def _wrong_width(row: Row, left: Iterator[Row], width: int, delimiter: str) -> DataError:
    """Return the error of a row with another number of cells; it counts those among the rest."""
    wrong = [row]
    with suppress(DataError):  # what is no CSV at all is another mistake
        wrong += (other for other in left if len(other.cells) != width)
    others = such([one.line for one in wrong], what="rows")
    message = f"{row.place}: {len(row.cells)} cells, but the header names {width} columns{others}"
    shown = WORDS.get(delimiter, f"'{delimiter}'")
    remedy = 'Put cells that hold the delimiter in quotes, as in "a, b"'
    if delimiter != NO_DELIMITER:
        remedy += f"; the delimiter was taken to be {shown}: delimiter: ... says another"
    return DataError(message, remedy=f"{remedy}.")


@contextmanager
def open_other(path: Path, kind: str, reading: Reading) -> Iterator[Rows]:
    """Open what is no delimited text, but holds rows too: see `opening.kind_of`.

    Raises:
        DataError: If it holds none, or its header does not fit.
    """
    if kind == "json":
        with open_text(path, reading.encoding) as stream:
            yield _json_rows(list(json_records(stream, path)), path)
        return
    with explained(path):
        cells, lines, told = _other_cells(path, kind)
    if not cells:
        raise DataError(f"{path} is empty", remedy="Write a header, and one example a row.")
    rows = [Row(path, line, row) for line, row in zip(lines, cells, strict=True)]
    start = reading.header if reading.header not in (None, True, False, 0) else lines[0]
    rows = [row for row in rows if row.line >= int(start or 1)]
    header, left, more = _named(rows[0].cells, iter(rows[1:]), rows[0].line, path, reading)
    yield Rows(header, _checked(left, len(header), NO_DELIMITER), (*told, *more))


def _other_cells(path: Path, kind: str) -> tuple[list[list[str]], list[int], tuple[str, ...]]:
    """Return the cells of a file's rows, the header first, their numbers, and what to say."""
    if kind in ("parquet", "feather"):
        cells = read_columnar(path, kind)
        return cells, list(range(1, len(cells) + 1)), ()
    if kind == "xlsx":
        cells, lines, name = read_sheet(path)
        told = (f"{path}: of its sheets the first, '{name}', is read",) if name else ()
        return cells, lines, told
    raise refused(path, kind)


def _json_rows(records: list[tuple[int, dict[str, Any]]], path: Path) -> Rows:
    header = list(dict.fromkeys(key for _, record in records for key in record))
    _check_nested(records, path, header)
    rows = (
        Row(path, line, [json_cell(record.get(key), path, line, key) for key in header])
        for line, record in records
    )
    return Rows(header, rows, ())


def _check_nested(
    records: Sequence[tuple[int, dict[str, Any]]], path: Path, header: Sequence[str]
) -> None:
    """Make sure that no object holds a list or another object.

    Raises:
        DataError: If some do; it names the first key, and counts its objects.
    """
    for key in header:
        wrong = [line for line, record in records if is_nested(record.get(key))]
        if wrong:
            first = next(record[key] for line, record in records if line == wrong[0])
            try:
                json_cell(first, path, wrong[0], key)
            except DataError as error:
                others = such(wrong, what="objects")
                raise DataError(f"{error.message}{others}", remedy=error.remedy) from None


def read_table(path: Path, reading: Reading | None = None) -> CellTable:
    """Read a whole file.

    Raises:
        DataError: If it cannot be read, or holds no rows; it names the line.
    """
    reading = reading or Reading()
    kind = kind_of(path) if reading.encoding is None else "text"
    if kind == "text":
        with open_rows(path, reading) as found:
            table = CellTable(path, found.header, list(found.rows), found.told)
    else:
        with open_other(path, kind, reading) as found:
            table = CellTable(path, found.header, list(found.rows), found.told)
    if not table.rows:
        raise DataError(f"{path} has a header but no rows", remedy="Give one example a row.")
    return table
