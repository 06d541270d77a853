"""How a delimited text is written: what separates cells, and what quotes them.

Both are found from the text itself, with an eye on the two mistakes that go unnoticed: a delimiter
that stands inside quotes, and a stray quotation mark that swallows all lines up to the next one.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data.own.numbers import pieces_of
from dlcli.data.own.opening import open_text
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dlcli.data.own.reading import Reading

CANDIDATES = ",;\t|"
WHITESPACE = " "
"""Stands for runs of spaces and tabs."""

SAMPLE = 50
"""Lines that tell the delimiter."""

FEW = 50
"""Up to so many different values, a column's words tell whether a line is a row."""

LONGEST_CELL = 2**27
"""Characters of the longest cell that is read (128 MiB)."""

WORDS = {"\t": "tab", " ": "whitespace"}
"""What messages call a delimiter."""

NO_DELIMITER = "\x1f"
"""Separates the cells of a file that has a single column."""


@dataclass(frozen=True)
class Dialect:
    """What separates cells, and what quotes them.

    Attributes:
        delimiter: One character; a space stands for runs of spaces and tabs.
        quoting: See `RowOptions`.
        comment: What begins a line that is no row.
        header: The number of the line that names the columns, from 1.
    """

    delimiter: str
    quoting: str = "double"
    comment: str | None = None
    header: int = 1

    def rows(self, lines: Iterable[str]) -> Any:
        """Return the reader of lines, which yields the cells of each row.

        Its `line_num` is the number of the line where the last row ended.

        Raises:
            csv.Error: While rows are read, for a quote that does not fit.
        """
        csv.field_size_limit(LONGEST_CELL)
        settings: dict[str, Any] = {"quotechar": "'" if self.quoting == "single" else '"'}
        if self.quoting == "none":
            settings = {"quoting": csv.QUOTE_NONE}
        if self.quoting == "escaped":
            settings |= {"escapechar": "\\", "doublequote": False}
        spaced = self.delimiter == WHITESPACE
        return csv.reader(
            self._lines(lines),
            delimiter=self.delimiter,
            strict=True,
            skipinitialspace=spaced or self.quoting == "single",
            **settings,
        )

    def _lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield lines; empty ones for comments and what stands above the header."""
        for number, line in enumerate(lines, 1):
            skipped = number < self.header or self.is_comment(line)
            if skipped:
                yield "\n"
            elif self.delimiter == WHITESPACE:
                yield line.replace("\t", " ").strip(" \r\n") + "\n"
            else:
                yield line

    def is_comment(self, line: str) -> bool:
        """Whether a line is no row."""
        return self.comment is not None and line.startswith(self.comment)

    def width(self, line: str) -> int:
        """Return how many cells `bare` makes of a line."""
        if self.delimiter == WHITESPACE:
            return len(line.split())
        return line.count(self.delimiter) + 1

    def bare(self, line: str) -> list[str]:
        """Return the cells of a line in which quotes mean nothing."""
        text = line.rstrip("\r\n")
        return text.split() if self.delimiter == WHITESPACE else text.split(self.delimiter)


def find_dialect(path: Path, reading: Reading) -> tuple[Dialect, tuple[str, ...]]:
    """Find out how a file is written, and what of it should be told.

    Raises:
        DataError: If it cannot be read, or its quotes do not fit; it names the line.
    """
    with open_text(path, reading.encoding) as stream:
        lines = list(itertools.islice(stream, SAMPLE))
    named = re.fullmatch(r"\ufeff?\"?sep=(.)\"?\s*", lines[0]) if lines else None  # as Excel has it
    header = reading.header if reading.header not in (None, True, False, 0) else None
    start = int(header or (2 if named else 1))
    given = reading.delimiter or (named[1] if named else None)
    quoting = reading.quoting or "double"
    base = Dialect(given or ",", quoting, reading.comment, start)
    told: list[str] = []
    if given is None:
        base = _with_delimiter(base, lines)
        if base.delimiter == WHITESPACE:
            told.append(f"{path}: the columns are separated by spaces (delimiter: whitespace)")
    if reading.quoting is None:
        base, more = _with_quoting(base, path, reading.encoding)
        told += more
    return base, tuple(told)


def _with_delimiter(base: Dialect, lines: Sequence[str]) -> Dialect:
    """Return the dialect with the delimiter that cuts all lines alike, quotes respected."""
    best, most = "", (0.0, 0)
    for delimiter in CANDIDATES:
        widths = _widths(replace(base, delimiter=delimiter), lines)
        if widths and widths[0] > 1:
            agreeing = sum(width == widths[0] for width in widths) / len(widths)
            if (agreeing, widths[0]) > most:
                best, most = delimiter, (agreeing, widths[0])
    if best:
        return replace(base, delimiter=best)
    spaced = replace(base, delimiter=WHITESPACE)
    return spaced if _is_spaced(spaced, lines) else replace(base, delimiter=NO_DELIMITER)


def _widths(dialect: Dialect, lines: Sequence[str]) -> list[int]:
    """Return the number of cells of each row of a sample, up to a quote that does not fit."""
    for kind in (dialect, replace(dialect, quoting="none")):
        widths = [len(cells) for cells in _sampled(kind, lines)]
        if len(widths) > 1:
            return widths
    return widths


def _sampled(dialect: Dialect, lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a sample, up to a quote that does not fit: the sample may end in a cell."""
    with contextlib.suppress(csv.Error):
        for cells in dialect.rows(lines):
            if cells:
                yield cells


def _is_spaced(dialect: Dialect, lines: Sequence[str]) -> bool:
    """Whether lines are cut alike by spaces, most of what is between them being numbers."""
    rows = list(_sampled(dialect, lines))
    if len(rows) < 2 or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return False
    cells = [cell for row in rows[1:] for cell in row]
    return 2 * sum(pieces_of(cell) is not None for cell in cells) >= len(cells)


@dataclass
class _Scan:
    """What quotes do to a file.

    Attributes:
        error: The line where a quoted cell begins that does not end well, if there is one.
        reason: What is wrong with it.
        spans: First and last line of the rows that go over several lines.
        width: Of the header.
        wrong: The first line of a row with another number of cells, if there is one.
    """

    error: int = 0
    reason: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)
    width: int = 0
    wrong: int = 0


def _with_quoting(base: Dialect, path: Path, encoding: str | None) -> tuple[Dialect, list[str]]:
    """Return the dialect with the quoting in which the whole file makes sense.

    Raises:
        DataError: If there is none, or a quoted cell seems to have swallowed rows.
    """
    bare = _bare_scan(base, path, encoding)
    if not bare.quoted:
        return base, []
    found = _scan(base, path, encoding)
    swallowed = None if found.error else _swallowed(base, path, encoding, found.spans)
    if not found.error and swallowed is None:
        return base, []
    if bare.is_alike and RARE * bare.quoted <= bare.lines:
        line = found.error or (swallowed or (0, 0))[0]
        told = (
            f"{path}:{line}: the quotation mark is not closed on its line, so quotes are read as "
            "ordinary characters (quoting: none)"
        )
        return replace(base, quoting="none"), [told]
    if swallowed is not None:
        message = (
            f"{path}:{swallowed[0]}: a quotation mark opens a cell that ends in line "
            f"{swallowed[1]}, and the lines between look like rows"
        )
        remedy = (
            "Remove or close the quotation mark; or add quoting: none if quotes are ordinary "
            "characters, quoting: double if the cell is meant to be so long."
        )
        raise DataError(message, remedy=remedy)
    escaped = replace(base, quoting="escaped")
    again = _scan(escaped, path, encoding)
    if not again.error and not again.wrong:
        return escaped, []
    message = f"{path}:{found.error} is no CSV: {found.reason}"
    remedy = (
        "Close every quote and write a quote inside a cell twice, or add quoting: none if quotes "
        "are ordinary characters."
    )
    raise DataError(message, remedy=remedy)


RARE = 10
"""Quotes are strays, not what quotes cells, if at most one line of so many has some."""


class _Bare(NamedTuple):
    """What a file is if quotes mean nothing.

    Attributes:
        lines: How many there are.
        quoted: How many of them have quotes.
        is_alike: Whether all lines have the same number of cells, two or more.
    """

    lines: int
    quoted: int
    is_alike: bool


def _bare_scan(base: Dialect, path: Path, encoding: str | None) -> _Bare:
    lines, quoted, width, alike = 0, 0, 0, True
    with open_text(path, encoding) as stream:
        for number, line in enumerate(stream, 1):
            if number < base.header or not line.strip() or base.is_comment(line):
                continue
            lines += 1
            quoted += '"' in line
            cells = base.width(line)
            width = width or cells
            alike = alike and cells == width
    return _Bare(lines, quoted, alike and width > 1)


def _scan(dialect: Dialect, path: Path, encoding: str | None) -> _Scan:
    found = _Scan()
    with open_text(path, encoding) as stream:
        reader = dialect.rows(stream)
        while True:
            first = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                found.error, found.reason = first, str(error)
                return found
            if cells is None:
                return found
            if not cells:
                continue
            found.width = found.width or len(cells)
            if len(cells) != found.width:
                found.wrong = found.wrong or first
            if reader.line_num > first:
                found.spans.append((first, reader.line_num))


def _swallowed(
    dialect: Dialect, path: Path, encoding: str | None, spans: Sequence[tuple[int, int]]
) -> tuple[int, int] | None:
    """Return the first and last line of a quoted cell that seems to have swallowed rows, if any.

    Its lines are rows if each has as many cells as the header, and if in a column of few different
    words all of them have words that other rows have too.
    """
    if not spans:
        return None
    width, words = _words_of_columns(dialect, path, encoding)
    known = [i for i, column in enumerate(words) if 0 < len(column) <= FEW]
    if width < 2 or not known:
        return None
    waiting = dict(spans)
    with open_text(path, encoding) as stream:
        lines = enumerate(stream, 1)
        for number, _ in lines:
            if number not in waiting:
                continue
            following = itertools.islice(lines, waiting[number] - number)
            rows = [dialect.bare(line) for _, line in following]
            if all(len(cells) == width for cells in rows) and any(
                all(cells[i].strip() in words[i] for cells in rows) for i in known
            ):
                return number, waiting[number]
    return None


def _words_of_columns(
    dialect: Dialect, path: Path, encoding: str | None
) -> tuple[int, list[set[str]]]:
    """Return a file's width, and the words of each column in rows of a line, or a few too many."""
    with open_text(path, encoding) as stream:
        reader = dialect.rows(stream)
        header: list[str] = next((cells for cells in reader if cells), [])
        words: list[set[str]] = [set() for _ in header]
        last = reader.line_num
        for cells in reader:
            if reader.line_num == last + 1:
                for column, cell in zip(words, cells, strict=False):
                    if len(column) <= FEW:
                        column.add(cell.strip())
            last = reader.line_num
    return len(header), words
