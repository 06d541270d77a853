"""How files of the user's own are read, where the user has said it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from dlcli.data.own.numbers import (
    PLAIN,
    Decimal,
    Thousands,
    canonical,
)
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

Quoting = Literal["double", "single", "escaped", "none"]

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Cells that stand for a missing value, in small letters."""

DELIMITERS: Mapping[str, str] = {
    "comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "whitespace": " ", "space": " ",
}  # fmt: skip
"""Words for delimiters that are hard to see."""


class FileOptions(TypedDict, total=False):
    """How a file of rows is written, where that is not found out.

    Args:
        delimiter: What separates cells: one character, or `tab` or `whitespace`.
        decimal: The decimal separator of numbers.
        thousands: What separates groups of three digits in numbers.
        encoding: Of the text, such as `cp1252` or `latin1`; UTF-8 by default.
        quoting: What quotes a cell: `double` quotes (written twice inside a cell), `escaped` ones
            (with a backslash inside a cell), `single` quotes, or `none`.
        header: The number of the line that names the columns; false if there is none.
        columns: Names for the columns, of a file without a header or instead of its own.
        comment: What begins a line that is no row, such as `#`.
        missing: The words that stand for a missing value, beside an empty cell; by default NA,
            N/A, NaN, null, none, ? and -.
    """

    delimiter: str | None
    decimal: Decimal | None
    thousands: Thousands | None
    encoding: str | None
    quoting: Quoting | None
    header: bool | int | None
    columns: list[str] | None
    comment: str | None
    missing: list[str | int | float] | None


@dataclass(frozen=True)
class Reading:
    """The same options, hashable and checked; see `FileOptions`."""

    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    quoting: str | None = None
    header: bool | int | None = None
    columns: tuple[str, ...] | None = None
    comment: str | None = None
    missing: tuple[str, ...] | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Reading:
        """Return the options of a config, or those of a JSON form.

        Raises:
            DataError: For a delimiter of several characters, an encoding that Python lacks, the
                same separator for decimals and thousands, or two columns of one name.
        """
        given: dict[str, Any] = {f.name: options.get(f.name) for f in fields(cls)}
        for name in ("columns", "missing"):
            if given[name] is not None:
                given[name] = tuple(map(str, given[name]))
        given["delimiter"] = _delimiter(given["delimiter"])
        made = cls(**given)
        made._check()
        return made

    def _check(self) -> None:
        if self.encoding is not None:
            _check_encoding(self.encoding)
        if self.decimal is not None and self.decimal == self.thousands:
            message = f"decimal and thousands are both '{self.decimal}'"
            raise DataError(message, remedy="Give each its own separator, or leave one out.")
        names = self.columns or ()
        for name in names:
            if not name.strip() or names.count(name) > 1:
                message = f"columns names '{name}' twice" if name.strip() else "a name is empty"
                raise DataError(message, remedy="Give each column a name of its own.")
        if self.header is not True and isinstance(self.header, int) and self.header < 0:
            remedy = "Give the number of the line, from 1; or header: false."
            raise DataError(f"header is {self.header}, which is no line", remedy=remedy)

    @property
    def has_header(self) -> bool:
        """Whether a line of the file names its columns."""
        return self.header is not False and self.header != 0

    @property
    def missing_words(self) -> frozenset[str]:
        """The words that stand for a missing value, in small letters."""
        if self.missing is None:
            return MISSING
        return frozenset({"", *(word.strip().lower() for word in self.missing)})

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: what is not left to be found out."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            k: list(v) if isinstance(v, tuple) else v for k, v in given.items() if v is not None
        }


def _delimiter(given: str | None) -> str | None:
    """Return the character that an option's delimiter stands for."""
    if given is None:
        return None
    meant = DELIMITERS.get(given.strip().lower(), given) if given.strip() else given[:1]
    if meant in (r"\t", r"\s+", r"\s"):
        meant = "\t" if meant == r"\t" else " "
    if len(meant) != 1 or meant in '"\r\n':
        message = f"delimiter is '{given}', but must be one character"
        remedy = f"Give a character such as ';', or a word: {', '.join(DELIMITERS)}."
        raise DataError(message, remedy=remedy)
    return meant


def _check_encoding(name: str) -> None:
    import codecs

    try:
        known = codecs.lookup(name)
    except LookupError:
        known = None
    if known is None or not known._is_text_encoding:  # noqa: SLF001 (there is no public way)
        message = f"'{name}' is no encoding of text"
        raise DataError(message, remedy="Give one such as utf-8, cp1252, latin1 or utf-16.")


def is_missing(cell: str, words: frozenset[str] = MISSING) -> bool:
    """Whether a cell stands for a missing value; -999.0 does where -999 does."""
    text = cell.strip().lower()
    return text in words or (words is not MISSING and canonical(text, PLAIN) in words)
