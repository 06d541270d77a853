"""How the numbers of each column of a table are written, with the whole table as the witness."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from dlcli.data.own.numbers import PLAIN, NumberFormat, Written, number, pieces_of, shown, written
from dlcli.data.own.reading import Reading, is_missing
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlcli.data.own.cells import CellTable, Row

NEARLY = re.compile(r"0[xX][0-9a-fA-F]+|\W*\d[\d\W]*")
"""Cells without letters that look like numbers, such as 4/7, 5-9 or <5."""

FEW = 10
"""So many different cells may be ranges or codes that are meant as categories."""

SHOWN = 4
"""So many columns a remark names before it counts the rest."""


class NumberColumns:
    """The ways in which a table's columns write numbers.

    Args:
        table: The table.
        names: Its columns that may hold numbers.
        reading: What the user has said of the file.
    """

    def __init__(self, table: CellTable, names: Iterable[str], reading: Reading) -> None:
        self._table, self._reading = table, reading
        self._names = tuple(dict.fromkeys(names))
        self._found: dict[str, Written] = {}

    def _written(self, name: str) -> Written:
        if name not in self._found:
            cells = (row.cells[self._table.column(name)] for row in self._filled(name))
            reading = self._reading
            self._found[name] = written(cells, reading.decimal, reading.thousands)
        return self._found[name]

    def _filled(self, name: str) -> list[Row]:
        index, words = self._table.column(name), self._reading.missing_words
        return [row for row in self._table.rows if not is_missing(row.cells[index], words)]

    @cached_property
    def _decimal(self) -> str | None:
        """The decimal separator that columns tell beyond doubt, if all of them tell the same."""
        told = {
            forms[0].decimal
            for name in self._names
            if len(forms := self._written(name).formats) == 1 and self._is_evident(name, forms[0])
        }
        return told.pop() if len(told) == 1 else None

    def _is_evident(self, name: str, form: NumberFormat) -> bool:
        """Whether a column in which one way of writing is possible has separators at all."""
        index = self._table.column(name)
        return any(set(row.cells[index]) & {",", "."} for row in self._table.rows) or bool(
            form.thousands.strip(" '")
        )

    def form(self, name: str) -> NumberFormat | None:
        """Return how a column writes numbers, or None if it holds none.

        Raises:
            DataError: If cells contradict each other, or several ways of writing are possible and
                nothing in the file tells which.
        """
        found = self._written(name)
        if len(found.formats) > 1:
            return self._chosen(name, found.formats)
        if found.formats:
            return found.formats[0]
        if found.odd is not None and found.other is not None:
            raise self._contradiction(name, found.odd, found.other)
        return None if found.odd is None else self._of_most(name)

    def _of_most(self, name: str) -> NumberFormat:
        """Return how the other cells are written; the odd ones are told where they are read."""
        index = self._table.column(name)
        cells = [row.cells[index] for row in self._filled(name)]
        numbers = [c for c in cells if (found := pieces_of(c)) and not found.has_word]
        forms = written(numbers, self._reading.decimal, self._reading.thousands).formats
        return next((form for form in forms if form.decimal == self._decimal), (*forms, PLAIN)[0])

    def form_if_any(self, name: str) -> NumberFormat | None:
        """Do the same for a column whose words may be classes: no contradiction is an error."""
        found = self._written(name)
        if len(found.formats) > 1:
            return self._chosen(name, found.formats)
        return found.formats[0] if found.formats else None

    def _chosen(self, name: str, forms: Sequence[NumberFormat]) -> NumberFormat:
        fitting = [form for form in forms if form.decimal == self._decimal]
        if fitting:
            return fitting[0]
        if forms[0] == PLAIN:
            return PLAIN
        row = next(row for row in self._filled(name) if self._differs(name, row, forms))
        cell = row.cells[self._table.column(name)].strip()
        values = [shown(form.value(cell) or 0.0) for form in forms[:2]]
        message = f"{row.place}: '{name}' is '{cell}', which may be {values[0]} or {values[1]}"
        ways = [
            f"decimal: '{form.decimal}' for {v}" for form, v in zip(forms, values, strict=False)
        ]
        remedy = f"Add {' or '.join(ways)}."
        raise DataError(message, remedy=remedy)

    def _differs(self, name: str, row: Row, forms: Sequence[NumberFormat]) -> bool:
        cell = row.cells[self._table.column(name)]
        return forms[0].value(cell) != forms[1].value(cell)

    def _contradiction(self, name: str, odd: str, other: str) -> DataError:
        index = self._table.column(name)
        places = {
            cell: next(row.line for row in self._table.rows if row.cells[index] == cell)
            for cell in (odd, other)
        }
        message = (
            f"{self._table.path}:{places[odd]}: '{name}' is '{odd.strip()}', but "
            f"'{other.strip()}' in line {places[other]}: the two are no numbers of one kind"
        )
        remedy = (
            "Write all of them alike, or add decimal: or thousands: if that tells them; add "
            f"categories: [{name}] if these are names, not amounts."
        )
        return DataError(message, remedy=remedy)

    def told(self, name: str, form: NumberFormat) -> str:
        """Return what is to be said of a column whose numbers are not plain ones, if anything."""
        index = self._table.column(name)
        for row in self._filled(name):
            cell = row.cells[index]
            value = form.value(cell)
            if value is not None and value != number(cell):
                return f"'{name}' ('{cell.strip()}' is {shown(value)})"
        return ""

    def looks_like_numbers(self, name: str) -> str:
        """Return a cell that looks like a number though its column has categories, if any."""
        if name not in self._names:
            return ""  # the user has said that these are categories
        index = self._table.column(name)
        cells = {row.cells[index].strip(): None for row in self._filled(name)}
        alike = [cell for cell in cells if NEARLY.fullmatch(cell)]
        return alike[0] if len(cells) > FEW and 2 * len(alike) > len(cells) else ""

    def looks_like_codes(self, name: str) -> str:
        """Return a cell that tells that a column's numbers are codes, such as 01234, if any."""
        index = self._table.column(name)
        cells = {row.cells[index].strip() for row in self._filled(name)}
        if not all(cell.isdecimal() for cell in cells) or len({len(cell) for cell in cells}) > 1:
            return ""
        return min((cell for cell in cells if len(cell) > 1 and cell[0] == "0"), default="")


def listed(columns: Sequence[str]) -> str:
    """Return some items, and how many others there are."""
    more = len(columns) - SHOWN
    return ", ".join(columns[:SHOWN]) + (f" and {more} more" if more > 0 else "")
