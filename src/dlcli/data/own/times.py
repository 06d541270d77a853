"""Points in time as people write them, as numbers that order them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from dlcli.data.own.mistakes import such_places
from dlcli.data.own.numbers import number
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DATE = (
    r"(?P<first>\d{1,4})(?P<mark>[-/. ])(?P<second>\d{1,2}|[A-Za-z]{3,9})(?P=mark)"
    r"(?P<third>\d{1,4})"
)
_MONTH_FIRST = r"(?P<word>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})"
_COMPACT = r"(?P<compact>\d{8})"
_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second_of>\d{2})(?P<fraction>[.,]\d+)?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)?"
)
_ZONE = r" ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_MOMENT = re.compile(
    rf"(?:(?:{_DATE}|{_MONTH_FIRST}|{_COMPACT})(?:(?:[T ]|, ){_CLOCK}{_ZONE})?"
    rf"|{_CLOCK.replace('?P<', '?P<only_')})"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

REMEDY = "Write all times alike: numbers, or dates such as 2024-02-29 or 2024-02-29 13:45."


class _Moment(NamedTuple):
    """A date as it is written, whose day and month may still be either.

    Attributes:
        parts: Year, and the two others in the order in which they are written.
        is_open: Whether it is not clear which of the two is the day.
        dotted: Whether dots separate them, as where the day comes first.
        clock: Time since midnight.
        zone: From UTC, or None if none is written.
    """

    parts: tuple[int, int, int]
    is_open: bool
    dotted: bool
    clock: timedelta
    zone: timezone | None


def time_keys(
    cells: Sequence[str], places: Sequence[str], column: str, dayfirst: bool | None
) -> tuple[list[float], tuple[str, ...]]:
    """Return numbers that order the cells of a column of times: numbers as they are, else seconds.

    Args:
        cells: As they are written.
        places: Where each is.
        column: The column's name.
        dayfirst: Whether 1/2/2024 is in February, where the user has said it.

    Returns:
        A number for each cell, and what should be said of the way they were read.

    Raises:
        DataError: If a cell is empty or no time, if they are not written alike, or if nothing
            tells whether days or months come first; it names the row.
    """
    empty = [place for cell, place in zip(cells, places, strict=True) if not cell.strip()]
    if empty:
        remedy = "Fill in when it was, or leave the time out for the file's order."
        others = such_places(empty, what="rows")
        raise DataError(f"{empty[0]}: '{column}' is empty{others}", remedy=remedy)
    known = {cell: number(cell) for cell in dict.fromkeys(cells)}
    if all(value is not None for value in known.values()):
        return [known[cell] or 0.0 for cell in cells], ()
    first = dict(zip(reversed(cells), reversed(places), strict=True))
    moments = {cell: _moment(cell.strip()) for cell in known}
    odd = [
        (cell, place)
        for cell, place in zip(cells, places, strict=True)
        if moments[cell] is None and known[cell] is None
    ]
    if odd:
        raise _no_time(odd, column, known)
    number_cell = next((cell for cell, moment in moments.items() if moment is None), None)
    if number_cell is not None:
        raise _no_time([(number_cell, first[number_cell])], column, known)
    found = {cell: moment for cell, moment in moments.items() if moment is not None}
    _check_zones(found, first, column)
    day_first, told = _order(found, first, column, dayfirst)
    keys = {cell: _key(moment, day_first, first[cell], column) for cell, moment in found.items()}
    return [keys[cell] for cell in cells], told


def _no_time(
    odd: Sequence[tuple[str, str]], column: str, numbers: dict[str, float | None]
) -> DataError:
    """Return the error of cells that are no times, each with its place."""
    cell, place = odd[0]
    others = such_places([where for _, where in odd], [text for text, _ in odd], what="cells")
    if any(value is not None for value in numbers.values()):
        message = f"{place}: '{column}' holds numbers in some rows, words in others"
        return DataError(f"{message}: '{cell.strip()}'{others}", remedy=REMEDY)
    message = f"{place}: '{column}' is '{cell.strip()}', which is no number and no time{others}"
    return DataError(message, remedy=REMEDY)


def _moment(cell: str) -> _Moment | None:
    """Return a cell's date and time, or None if it holds none."""
    match = _MOMENT.fullmatch(cell)
    if match is None:
        return None
    found = match.groupdict()
    clock = _clock(found, "only_" if found["only_hour"] else "")
    if clock is None:
        return None
    if found["only_hour"]:
        return _Moment((1, 1, 1), is_open=False, dotted=False, clock=clock, zone=None)
    date = _date(found)
    if date is None:
        return None
    parts, is_open = date
    return _Moment(parts, is_open, found["mark"] == ".", clock, _zone(found["zone"]))


def _date(found: dict[str, str | None]) -> tuple[tuple[int, int, int], bool] | None:
    """Return the year and two other numbers of a date, and whether those may change places."""
    if text := found["compact"]:
        return (int(text[:4]), int(text[4:6]), int(text[6:])), False
    if found["word"]:
        named, year, day = _month(found["word"]), found["year"] or "", found["day"] or ""
        return None if named is None else ((int(year), named, int(day)), False)
    first, second, third = found["first"] or "", found["second"] or "", found["third"] or ""
    if not second.isdigit():
        month = _month(second)
        return None if month is None else ((_year(third), month, int(first)), False)
    if len(first) == 4:
        return (int(first), int(second), int(third)), False
    if len(first) > 2 or len(third) not in (2, 4):
        return None
    return (_year(third), int(first), int(second)), True


def _month(word: str) -> int | None:
    name = word[:3].lower()
    return MONTHS.index(name) + 1 if name in MONTHS else None


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) <= 2 else 0)


def _clock(found: dict[str, str | None], prefix: str) -> timedelta | None:
    """Return the time since midnight, 0 if none is written; None if there is no such time."""
    if not found[f"{prefix}hour"]:
        return timedelta()
    hour, minute = int(found[f"{prefix}hour"] or 0), int(found[f"{prefix}minute"] or 0)
    second = int(found[f"{prefix}second_of"] or 0)
    fraction = float((found[f"{prefix}fraction"] or "0").replace(",", "."))
    half = (found[f"{prefix}half"] or "")[:1].lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 24 or minute > 59 or second > 60:
        return None
    return timedelta(hours=hour, minutes=minute, seconds=second + fraction)


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text[0].isalpha():
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _check_zones(found: dict[str, _Moment], places: dict[str, str], column: str) -> None:
    """Make sure that all cells have a time zone, or none.

    Raises:
        DataError: If only some have.
    """
    without = [cell for cell, moment in found.items() if moment.zone is None]
    if without and len(without) < len(found):
        message = (
            f"{places[without[0]]}: '{column}' is '{without[0].strip()}', without the time zone"
        )
        raise DataError(f"{message} that other rows have", remedy=REMEDY)


def _order(
    found: dict[str, _Moment], places: dict[str, str], column: str, dayfirst: bool | None
) -> tuple[bool, tuple[str, ...]]:
    """Return whether days come before months, and what should be said of it.

    Raises:
        DataError: If cells contradict each other, or nothing tells.
    """
    opened = {cell: moment for cell, moment in found.items() if moment.is_open}
    if not opened or dayfirst is not None:
        return bool(dayfirst), ()
    days = [cell for cell, moment in opened.items() if moment.parts[1] > 12]
    months = [cell for cell, moment in opened.items() if moment.parts[2] > 12]
    shown = next(iter(opened)).strip()
    if days and months:
        message = (
            f"{places[days[0]]}: '{column}' is '{days[0].strip()}', whose day comes first, but "
            f"that of '{months[0].strip()}' ({places[months[0]]}) comes second"
        )
        raise DataError(message, remedy=REMEDY)
    if days or months:
        order = "the day" if days else "the month"
        return bool(days), (f"'{column}': {order} comes first in dates such as {shown}",)
    if all(moment.dotted for moment in opened.values()):
        return True, (f"'{column}': the day comes first in dates such as {shown}",)
    message = (
        f"{places[next(iter(opened))]}: '{column}' is '{shown}': is the day first, or the month?"
    )
    remedy = "Add dayfirst: true or dayfirst: false, or write dates such as 2024-02-29."
    raise DataError(message, remedy=remedy)


def _key(moment: _Moment, day_first: bool, place: str, column: str) -> float:
    """Return the seconds since 1970, of a time in UTC where zones are written."""
    year, first, second = moment.parts
    month, day = (second, first) if moment.is_open and day_first else (first, second)
    try:
        date = datetime(year, month, day, tzinfo=moment.zone or UTC)
    except ValueError as error:
        message = f"{place}: '{column}' holds no date: {error}"
        raise DataError(message, remedy=REMEDY) from None
    return (date + moment.clock).timestamp()
