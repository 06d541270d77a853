"""Columns of cells become features: numbers, gaps filled in, and categories one-hot."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlcli.data.own.labels import number
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.own.cells import CellTable, Row

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
"""Cells that stand for a missing value, in small letters."""

MOST_CATEGORIES = 1000
LARGEST = 3e38
"""Numbers beyond this do not fit into float32."""

_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?"  # 2024-02-29, with a time or without
    r"|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})( .*)?"
    r"|\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?"
)


def is_missing(cell: str) -> bool:
    """Whether a cell stands for a missing value."""
    return cell.strip().lower() in MISSING


@dataclass(frozen=True)
class Column:
    """One column of a table that is a feature.

    Attributes:
        name: Its name in the header.
        categories: The words of a category column, a one-hot feature each; any other word is
            all zeros. None for a column of numbers.
        has_gaps: Whether the numbers come with a second feature, 1 where the number is missing.
        mean: What a missing number is filled in with: the mean over the training examples.
    """

    name: str
    categories: tuple[str, ...] | None = None
    has_gaps: bool = False
    mean: float = 0.0

    @property
    def width(self) -> int:
        """How many features the column becomes."""
        return 1 + self.has_gaps if self.categories is None else len(self.categories)

    def fit(self, rows: Sequence[Row], index: int) -> Column:
        """Return the column as the training rows have it: their categories, their gaps, their mean.

        A feature that is the same in every training row has weights that no training changed, so
        a category or a gap that only other rows have gets no feature.

        Raises:
            DataError: For a cell that is no number; it names the line.
        """
        if self.categories is not None:
            words = {row.cells[index].strip() for row in rows}
            return replace(self, categories=tuple(c for c in self.categories if c in words))
        numbers = [v for row in rows if (v := self.value(row, index)) is not None]
        mean = sum(numbers) / len(numbers) if numbers else 0.0
        return replace(self, has_gaps=len(numbers) < len(rows), mean=mean)

    def value(self, row: Row, index: int) -> float | None:
        """Return a cell's number, or None if it is missing.

        Raises:
            DataError: If it is neither; it names the line.
        """
        cell = row.cells[index]
        if is_missing(cell):
            return None
        value = number(cell)
        if value is None or abs(value) > LARGEST:
            message = f"{row.place}: '{self.name}' is '{cell}', which is no finite number"
            remedy = f"Correct it or empty it; if these are codes, add categories: [{self.name}]."
            raise DataError(message, remedy=remedy)
        return value

    def write(self, rows: Sequence[Row], index: int, out: np.ndarray) -> None:
        """Write the features of rows into `out`, shape (m, width).

        Raises:
            DataError: For a cell that is no number; it names the line.
        """
        if self.categories is not None:
            order = {category: i for i, category in enumerate(self.categories)}
            for features, row in zip(out, rows, strict=True):
                place = order.get(row.cells[index].strip())
                if place is not None:
                    features[place] = 1
            return
        for features, row in zip(out, rows, strict=True):
            value = self.value(row, index)
            features[0] = self.mean if value is None else value
            if self.has_gaps:
                features[1] = value is None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        if self.categories is not None:
            return {"name": self.name, "categories": list(self.categories)}
        return {"name": self.name, "has_gaps": self.has_gaps, "mean": self.mean}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Column:
        """Return the column of a JSON form."""
        categories = values.get("categories")
        return cls(
            str(values["name"]),
            None if categories is None else tuple(map(str, categories)),
            bool(values.get("has_gaps", False)),
            float(values.get("mean", 0.0)),
        )


def find_columns(
    table: CellTable,
    features: Sequence[str] | None,
    categories: Sequence[str],
    excluded: Sequence[str],
) -> tuple[Column, ...]:
    """Find out what the columns of a table hold; `Column.fit` narrows it to the training part.

    Args:
        table: All examples of the file that the training part is taken from.
        features: The columns to use; None for all that are not excluded.
        categories: Columns that hold categories even if they look like numbers.
        excluded: The columns of target and group, and others that are no features.

    Raises:
        DataError: For a column that is unknown, empty, holds dates, or too many different words.
    """
    for name in (*(features or ()), *categories):
        table.column(name)
        if name in excluded:
            where = f"{table.path}: '{name}'"
            message = f"{where} cannot be a feature: it is the target, group, id or time"
            raise DataError(message, remedy="Take it out of features and categories.")
    names = features if features is not None else [n for n in table.header if n not in excluded]
    if not names:
        message = f"{table.path} has no column but the target"
        raise DataError(message, remedy="Give it the columns to predict from.")
    return tuple(_column(table, name, name in categories) for name in names)


def _column(table: CellTable, name: str, is_category: bool) -> Column:
    index = table.column(name)
    filled = [row for row in table.rows if not is_missing(row.cells[index])]
    where = f"{table.path}: '{name}'"
    leave_out = f"name the columns to use in features:, without '{name}'"
    if not filled:
        remedy = f"Fill it in, or {leave_out}."
        raise DataError(f"{where} is empty in every row", remedy=remedy)
    numbers = sum(number(row.cells[index]) is not None for row in filled)
    if not is_category and 2 * numbers >= len(filled):
        return Column(name, has_gaps=len(filled) < len(table.rows))
    words = {row.cells[index].strip() for row in filled}
    dates = sum(_DATE.fullmatch(row.cells[index].strip()) is not None for row in filled)
    if 2 * dates >= len(filled) and not is_category:
        shown = filled[0].cells[index].strip()
        message = f"{where} holds dates or times, such as '{shown}' in line {filled[0].line}"
        remedy = (
            "A network needs numbers, and what of a date matters is yours to say: write columns "
            f"such as month, weekday or days since the start instead, or {leave_out}."
        )
        raise DataError(message, remedy=remedy)
    if len(words) > MOST_CATEGORIES or (len(words) > 0.9 * len(filled) and len(words) > 50):
        message = f"{where} holds {len(words):,} different words in {len(filled):,} rows"
        remedy = (
            f"Names and numbers of things say nothing about new ones: {leave_out}. For free text "
            "use {text: ...}; write decimal points, not commas."
        )
        raise DataError(message, remedy=remedy)
    return Column(name, tuple(sorted(words)))
