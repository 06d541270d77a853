"""A delimited text file as rows of cells, every one of which knows its line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TextIO

from dlcli.data.own.files import check_file
from dlcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

DELIMITERS = ",;\t|"
LONGEST_CELL = 2**27
"""Characters of the longest cell that is read (128 MiB)."""


LARGEST_SMALL = 2**28
MAX_EXPANSION = 200
"""A packed file may unpack to so many times its size, and to 256 MiB in any case; what is beyond
was made to fill a memory or a disk. Text packs to a third or a tenth."""


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
        header: The columns' names.
        rows: As many cells each as the header has.
    """

    path: Path
    header: list[str]
    rows: list[Row]

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
    shown = ", ".join(header[:20]) + (", ..." if len(header) > 20 else "")
    raise DataError(
        f"{path} has no column '{name}'{did_you_mean(name, header)}",
        remedy=f"Its columns are: {shown}.",
    )


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file in UTF-8, packed with gzip or not.

    Raises:
        DataError: If it is missing, cannot be read, or is no UTF-8; it names the line.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a file", remedy="Name a file in it.")
    try:
        with _opened(path) as stream:
            yield io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    except FileNotFoundError:
        remedy = "Check the path; it is relative to the config, else to where you work."
        raise DataError(f"there is no file {path}", remedy=remedy) from None
    except UnicodeDecodeError as error:
        line = _line_of_bad_byte(path)
        message = f"{path}:{line}: the byte {error.object[error.start]:#04x} is no UTF-8 text"
        remedy = "Save the file as UTF-8; iconv -f LATIN1 -t UTF-8 turns older files into it."
        raise DataError(message, remedy=remedy) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        message = f"{path} is no gzip file, or is damaged: {error}"
        raise DataError(message, remedy="Pack it again with gzip.") from None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise DataError(message, remedy="Check its permissions.") from None


def _opened(path: Path) -> BinaryIO:
    """Open a file, unpacked, to read bytes from."""
    check_file(path)
    if path.suffix.lower() == ".gz":
        limit = max(LARGEST_SMALL, MAX_EXPANSION * path.stat().st_size)
        return io.BufferedReader(_Unpacked(path, limit))
    return path.open("rb")


class _Unpacked(io.RawIOBase):
    """The bytes that a gzip file packs, up to a limit.

    Args:
        path: The file.
        limit: In bytes; reading on raises a DataError.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._left = path, limit
        self._stream = gzip.open(path)  # noqa: SIM115 (closed with this)

    def readable(self) -> bool:
        """Return that it can be read from."""
        return True

    def readinto(self, room: Any) -> int:
        """Read the next bytes into a buffer, and return how many."""
        content = self._stream.read(len(room))
        self._left -= len(content)
        if self._left < 0:
            message = f"{self._path} unpacks to more than {MAX_EXPANSION} times its size"
            remedy = "Is it a real data set? Unpack it, look at it, and name the unpacked file."
            raise DataError(message, remedy=remedy)
        room[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        super().close()


def _line_of_bad_byte(path: Path) -> int:
    """Return the line of the first byte that is no UTF-8: the decoder's blocks do not tell."""
    with _opened(path) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def read_rows(stream: TextIO, path: Path) -> tuple[list[str], Iterator[Row]]:
    """Return a file's header, and its rows one by one.

    The delimiter is the one of `,`, `;`, tab and `|` that the first line holds most of.

    Raises:
        DataError: For a header that is missing, empty in places or not unique, and, while rows
            are read, for one with another number of cells.
    """
    first = stream.readline()
    delimiter = max(DELIMITERS, key=first.count)
    csv.field_size_limit(LONGEST_CELL)

    def lines() -> Iterator[str]:
        yield first
        yield from stream

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise _no_csv(path, 1, error) from None
    _check_header(header, path)
    return header, _checked(reader, len(header), path)


def _checked(reader: Iterable[list[str]], width: int, path: Path) -> Iterator[Row]:
    rows = iter(reader)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            raise _no_csv(path, reader.line_num, error) from None  # type: ignore[attr-defined]
        if cells is None:
            return
        line: int = reader.line_num  # type: ignore[attr-defined]
        if not cells:
            continue  # a blank line
        if len(cells) != width:
            message = f"{path}:{line}: {len(cells)} cells, but the header names {width} columns"
            remedy = 'Put cells that hold the delimiter in quotes, as in "a, b".'
            raise DataError(message, remedy=remedy)
        yield Row(path, line, cells)


def _no_csv(path: Path, line: int, error: csv.Error) -> DataError:
    remedy = "Close every quote; write a quote inside a cell twice."
    return DataError(f"{path}:{line} is no CSV: {error}", remedy=remedy)


def _check_header(header: list[str], path: Path) -> None:
    remedy = "Write the columns' names into the first line, each once."
    if not header:
        raise DataError(f"{path} is empty", remedy=remedy)
    for name in header:
        if not name:
            raise DataError(f"{path}:1: a column has no name", remedy=remedy)
        if header.count(name) > 1:
            raise DataError(f"{path}:1: two columns are called '{name}'", remedy=remedy)
    if all(_is_number(name) for name in header):
        raise DataError(f"{path}:1: the first line holds numbers, not names", remedy=remedy)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_table(path: Path) -> CellTable:
    """Read a whole file.

    Raises:
        DataError: If it cannot be read, or holds no rows; it names the line.
    """
    with open_text(path) as stream:
        header, rows = read_rows(stream, path)
        table = CellTable(path, header, list(rows))
    if not table.rows:
        raise DataError(f"{path} has a header but no rows", remedy="Give one example a row.")
    return table
