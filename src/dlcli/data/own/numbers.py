"""Numbers as people write them: 1.234,5 and $1,200.00 and 45 % and (12)."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'"]

FEW = 20
"""Up to so many different cells that only begin with a number may be words: 4WD, 2WD, AWD."""

CURRENCIES = "$£€¥¢₹₽₩₪₫₺₴₦₱฿₿₡₲₵₸₮₭₼₾₨"
PERCENT = "%‰"

_MINUS = str.maketrans({
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\ufe63": "-",
    "\uff0d": "-", "\u2019": "'", "\u02bc": "'", "\u00a0": " ", "\u2007": " ", "\u2009": " ",
    "\u202f": " ",
})  # fmt: skip
"""Minus signs, apostrophes and spaces of other kinds."""

_CODES = (
    "EUR|USD|GBP|JPY|CHF|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RUB|BRL|MXN|ZAR|TRY|KRW|ILS"
    "|SGD|HKD"
)
_MONEY = rf"[A-Za-z]{{0,3}}[{CURRENCIES}]|(?:{_CODES})|Rs\.?|[Kk]r\.?"
_BEFORE = rf"(?:(?:{_MONEY}) ?)?"
_AFTER = r"(?: ?[^\d\s.,'+\-()][^\d.,()]{0,14})?"
_PIECES = re.compile(
    rf"(?P<open>\(?)(?P<sign>[+-]? ?)(?P<before>{_BEFORE})(?P<inner>[+-]? ?)"
    r"(?P<body>\d(?:[\d.,' ]*\d)?[.,]?|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?"
    rf"(?P<after>{_AFTER})(?P<close>\)?)"
)


class Pieces(NamedTuple):
    """A cell that holds a number.

    Attributes:
        sign: 1 or -1.
        unit: What stands before it and after it, such as `("$", "")`.
        body: Its digits with their separators.
        exponent: Such as `e-3`, or empty.
    """

    sign: int
    unit: tuple[str, str]
    body: str
    exponent: str

    @property
    def has_word(self) -> bool:
        """Whether it has a unit in letters, so that it may be a word that begins with a digit."""
        unit = self.unit[1]
        return any(map(str.isalpha, unit)) and re.match(_MONEY, unit) is None


def pieces_of(cell: str) -> Pieces | None:
    """Return the pieces of a cell that holds a number in any way of writing, or None."""
    found = _PIECES.fullmatch(cell.strip().translate(_MINUS))
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    signs = f"{found['sign']}{found['inner']}"
    negative = "-" in signs or bool(found["open"])
    unit = (found["before"].strip(), found["after"].strip())
    return Pieces(-1 if negative else 1, unit, found["body"], found["exponent"] or "")


def number(text: str) -> float | None:
    """Return the finite number that a text is in Python's way of writing, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes:
        decimal: What separates whole and fraction.
        thousands: What separates groups of digits; empty for nothing.
        unit: What stands before and after each number.
    """

    decimal: str = "."
    thousands: str = ""
    unit: tuple[str, str] = ("", "")

    def value(self, cell: str) -> float | None:
        """Return the number of a cell, or None if it holds none in this way of writing.

        A unit may be left out, but not a per cent sign: 0.45 and 45 % are not the same number.
        """
        plain = self.decimal == "." and not self.unit[1].startswith(tuple(PERCENT))
        if plain and (value := number(cell)) is not None:
            return value
        pieces = pieces_of(cell)
        if pieces is None or pieces.unit not in self._units(pieces):
            return None
        return self.of(pieces)

    def _units(self, pieces: Pieces) -> Sequence[tuple[str, str]]:
        needs_sign = self.unit[1].startswith(tuple(PERCENT)) and pieces.body.strip("0.,") != ""
        return [self.unit] if needs_sign else [self.unit, ("", "")]

    def of(self, pieces: Pieces) -> float | None:
        """Return the number of a cell's pieces, whatever its unit."""
        whole, point, fraction = pieces.body.partition(self.decimal)
        if not (fraction.isdecimal() if fraction else point == "" or whole != ""):
            return None
        if self.thousands and self.thousands in whole:
            if not _grouped(whole, self.thousands):
                return None
            whole = whole.replace(self.thousands, "")
        if whole and not whole.isdecimal():
            return None
        value = number(f"{whole or '0'}.{fraction or '0'}{pieces.exponent}")
        return None if value is None else pieces.sign * value

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"decimal": self.decimal, "thousands": self.thousands, "unit": list(self.unit)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NumberFormat:
        """Return the format of a JSON form."""
        before, after = map(str, values["unit"])
        return cls(str(values["decimal"]), str(values["thousands"]), (before, after))


PLAIN = NumberFormat()


def _grouped(whole: str, separator: str) -> bool:
    """Whether digits are in groups of three; those before the last may be pairs, as in India."""
    groups = whole.split(separator)
    return (
        all(group.isdecimal() for group in groups)
        and 1 <= len(groups[0]) <= 3
        and groups[0][0] != "0"
        and len(groups[-1]) == 3
        and len({len(group) for group in groups[1:-1]} | {3}) <= 1 + (separator == ",")
        and all(len(group) in (2, 3) for group in groups[1:-1])
    )


SEPARATORS = ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"),
              (",", "'"))  # fmt: skip
FORMATS = tuple(NumberFormat(decimal, thousands) for decimal, thousands in SEPARATORS)
"""Ways of writing, the simplest first."""


class Written(NamedTuple):
    """What a column of cells tells of the way its numbers are written.

    Attributes:
        formats: Ways in which all of them are numbers, each other numbers; the simplest first.
            Empty if they are no numbers, or `odd` names a cell that is none.
        odd: A cell that does not go with the others.
        other: One of the others, if that is what it does not go with.
    """

    formats: tuple[NumberFormat, ...] = ()
    odd: str | None = None
    other: str | None = None


def written(
    cells: Iterable[str], decimal: str | None = None, thousands: str | None = None
) -> Written:
    """Find out how the numbers of a column are written.

    Args:
        cells: The column's, without those that are missing.
        decimal: Where the user has said it.
        thousands: Where the user has said it.
    """
    counts = Counter(cells)
    distinct, total = list(counts), counts.total()
    if decimal in (None, ".") and all(number(cell) is not None for cell in distinct):
        return Written(_dotted(distinct) if decimal is None else (PLAIN,))
    found = {cell: pieces_of(cell) for cell in distinct}
    numbers = {cell: pieces for cell, pieces in found.items() if pieces and _is_number(pieces)}
    strong = sum(counts[cell] for cell, pieces in numbers.items() if not pieces.has_word)
    if 2 * strong < total:
        return _with_words(distinct, numbers, decimal, thousands)
    odd = next((cell for cell in distinct if cell not in numbers or numbers[cell].has_word), None)
    if odd is not None:
        return Written(odd=odd)
    return _agreed(numbers, decimal, thousands)


def _is_number(pieces: Pieces) -> bool:
    """Whether any way of writing makes a number of a cell's pieces; none does of 29.2.2024."""
    return any(form.of(pieces) is not None for form in FORMATS)


def _dotted(distinct: Sequence[str]) -> tuple[NumberFormat, ...]:
    """Return the ways to read plain numbers: 1.234 is 1234 where commas are decimal."""
    dots = [cell for cell in distinct if "." in cell]
    grouped = NumberFormat(",", ".")
    other = dots and all((p := pieces_of(cell)) and grouped.of(p) is not None for cell in dots)
    bare = any(len(cell.strip().lstrip("+-")) > 3 for cell in distinct if "." not in cell)
    return (PLAIN, grouped) if other and not bare else (PLAIN,)


def _with_words(
    distinct: Sequence[str],
    numbers: Mapping[str, Pieces],
    decimal: str | None,
    thousands: str | None,
) -> Written:
    """Return what a column tells most of whose cells are numbers with a word, such as 12 kg."""
    units = {pieces.unit for pieces in numbers.values()}
    if len(numbers) == len(distinct) and len(units) == 1:
        return _agreed(numbers, decimal, thousands)
    if 2 * len(numbers) >= len(distinct) and len(distinct) > FEW:
        return _odd_unit(numbers)
    return Written()


def _odd_unit(numbers: Mapping[str, Pieces]) -> Written:
    (first, pieces), *others = numbers.items()
    odd = next((cell for cell, other in others if other.unit != pieces.unit), None)
    return Written(odd=odd, other=first)


def _agreed(numbers: Mapping[str, Pieces], decimal: str | None, thousands: str | None) -> Written:
    """Return the ways of writing in which all cells are numbers."""
    units = {pieces.unit for pieces in numbers.values() if pieces.body.strip("0.,")}
    if len(units) > 1:
        return _odd_unit({c: p for c, p in numbers.items() if p.body.strip("0.,")})
    unit = next(iter(units), ("", ""))
    tried = [
        form
        for form in FORMATS
        if decimal in (None, form.decimal)
        and thousands in (None, form.thousands or thousands)
        and thousands != form.decimal
    ]
    readings: dict[tuple[float | None, ...], NumberFormat] = {}
    for form in tried:
        values = tuple(form.of(pieces) for pieces in numbers.values())
        if None not in values:
            readings.setdefault(values, NumberFormat(form.decimal, form.thousands, unit))
    if readings:
        return Written(tuple(readings.values()))
    return _odd_number(numbers, tried)


def _odd_number(numbers: Mapping[str, Pieces], tried: Sequence[NumberFormat]) -> Written:
    """Return the first cell that is no number in the way in which most of them are."""

    def misses(form: NumberFormat) -> list[str]:
        return [cell for cell, pieces in numbers.items() if form.of(pieces) is None]

    best = min((misses(form) for form in tried), key=len)
    return Written(odd=best[0], other=next((c for c in numbers if c not in best), None))


def shown(value: float) -> str:
    """Write a number as a person does: whole ones without a fraction."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def canonical(cell: str, form: NumberFormat) -> str:
    """Return a number's one way of writing: 1 for 1.0 and 1,0; any other text as it is."""
    text = cell.strip()
    if form == PLAIN and number(text) is not None:
        whole = re.fullmatch(r"([+-]?\d+)\.0*", text)
        return whole[1] if whole else text
    value = form.value(text)
    return text if value is None else shown(value)
