"""Columns of cells become features: numbers, gaps filled in, and categories one-hot."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlcli.data.own.labels import case_variants
from dlcli.data.own.mistakes import such
from dlcli.data.own.number_columns import NumberColumns, listed
from dlcli.data.own.numbers import PLAIN, NumberFormat, canonical
from dlcli.data.own.reading import MISSING, Reading, is_missing
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from dlcli.data.own.cells import CellTable, Row

MOST_CATEGORIES = 1000
LARGEST = 3e38
"""Numbers beyond this do not fit into float32."""

_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?"  # 2024-02-29, with a time or without
    r"|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})( .*)?"
    r"|\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?"
)


FEWEST, FEW = 3, 10
"""Different whole numbers that may be the codes of as many categories. Of two it does not matter
whether they are."""


@dataclass(frozen=True)
class Column:
    """One column of a table that is a feature.

    Attributes:
        name: Its name in the header.
        categories: The words of a category column, a one-hot feature each; any other word is
            all zeros. None for a column of numbers.
        has_gaps: Whether the numbers come with a second feature, 1 where the number is missing.
        mean: What a missing number is filled in with: the mean over the training examples.
        form: How its numbers are written.
        missing: The words that stand for a missing value, in small letters.
        is_embedded: Whether the categories are an input of their own, as whole numbers from 1; 0
            is any other word.
    """

    name: str
    categories: tuple[str, ...] | None = None
    has_gaps: bool = False
    mean: float = 0.0
    form: NumberFormat = PLAIN
    missing: frozenset[str] = MISSING
    is_embedded: bool = False

    @property
    def width(self) -> int:
        """How many features the column becomes."""
        if self.is_embedded:
            return 0
        return 1 + self.has_gaps if self.categories is None else len(self.categories)

    def fit(self, rows: Sequence[Row], index: int) -> Column:
        """Return the column as the training rows have it: their categories, their gaps, their mean.

        A feature that is the same in every training row has weights that no training changed, so
        a category or a gap that only other rows have gets no feature.

        Raises:
            DataError: For a cell that is no number; it names the line.
        """
        if self.categories is not None:
            words = {self.word(row, index) for row in rows}
            return replace(self, categories=tuple(c for c in self.categories if c in words))
        numbers = [v for v in self._values(rows, index) if v is not None]
        mean = sum(numbers) / len(numbers) if numbers else 0.0
        return replace(self, has_gaps=len(numbers) < len(rows), mean=mean)

    def value(self, row: Row, index: int) -> float | None:
        """Return a cell's number, or None if it is missing.

        Raises:
            DataError: If it is neither; it names the line.
        """
        cell = row.cells[index]
        if is_missing(cell, self.missing):
            return None
        value = self.form.value(cell)
        if value is None or abs(value) > LARGEST:
            raise self._no_number(row, index)
        return value

    def _no_number(self, row: Row, index: int, others: str = "") -> DataError:
        """Return the error of a cell that is no number, with what is said of others like it."""
        cell = row.cells[index]
        message = f"{row.place}: '{self.name}' is '{cell}', which is no finite number{others}"
        remedy = (
            "Correct it or empty it. If it stands for a missing value, add it to missing:; if "
            f"these are codes, add categories: [{self.name}]."
        )
        if self.form.decimal == "," and PLAIN.value(cell) is not None:
            remedy = (
                "The training examples have a comma before decimals: write 2,5 for 2.5, and a "
                "semicolon between cells, or write all files with points and train again."
            )
        return DataError(message, remedy=remedy)

    def _values(self, rows: Sequence[Row], index: int) -> list[float | None]:
        """Return the numbers of some rows, None for those that are missing.

        Raises:
            DataError: If a cell is neither; it counts all such cells.
        """
        try:
            return [self.value(row, index) for row in rows]
        except DataError:
            self.check(rows, index)
            raise

    def check(self, rows: Sequence[Row], index: int) -> None:
        """Make sure that no cell is wrong.

        Raises:
            DataError: For cells that are no numbers: how many there are in the file of the first
                one, and the first three.
        """
        if self.categories is not None:
            return
        wrong = [row for row in rows if self._is_wrong(row, index)]
        if not wrong:
            return
        first = wrong[0]
        wrong = [row for row in wrong if row.path == first.path]
        cells = [row.cells[index] for row in wrong]
        raise self._no_number(first, index, such([r.line for r in wrong], cells, what="cells"))

    def _is_wrong(self, row: Row, index: int) -> bool:
        try:
            self.value(row, index)
        except DataError:
            return True
        return False

    def word(self, row: Row, index: int) -> str:
        """Return the category of a cell, empty if it is missing; a code 1.0 is the code 1."""
        cell = row.cells[index]
        return "" if is_missing(cell, self.missing) else canonical(cell, PLAIN)

    def is_unknown(self, row: Row, index: int) -> bool:
        """Whether a cell holds a category that the training examples lack."""
        word = self.word(row, index) if self.categories is not None else ""
        return bool(word) and word not in (self.categories or ())

    def is_gap(self, row: Row, index: int) -> bool:
        """Whether a cell is missing."""
        return is_missing(row.cells[index], self.missing)

    def write(self, rows: Sequence[Row], index: int, out: np.ndarray) -> None:
        """Write the features of rows into `out`, shape (m, width).

        Raises:
            DataError: For a cell that is no number; it names the line.
        """
        if self.categories is not None:
            order = {category: i for i, category in enumerate(self.categories)}
            for features, row in zip(out, rows, strict=True):
                place = order.get(self.word(row, index))
                if place is not None:
                    features[place] = 1
            return
        for features, value in zip(out, self._values(rows, index), strict=True):
            features[0] = self.mean if value is None else value
            if self.has_gaps:
                features[1] = value is None

    def codes(self, rows: Sequence[Row], index: int) -> np.ndarray:
        """Return the number of each row's category, from 1; 0 for others. int32, shape (m, 1)."""
        import numpy as np

        order = {category: i for i, category in enumerate(self.categories or (), 1)}
        found = [order.get(self.word(row, index), 0) for row in rows]
        return np.array(found, np.int32).reshape(-1, 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        other: dict[str, Any] = {} if self.missing == MISSING else {"missing": sorted(self.missing)}
        if self.is_embedded:
            other["is_embedded"] = True
        if self.categories is not None:
            return {"name": self.name, "categories": list(self.categories), **other}
        if self.form != PLAIN:
            other["form"] = self.form.to_dict()
        return {"name": self.name, "has_gaps": self.has_gaps, "mean": self.mean, **other}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Column:
        """Return the column of a JSON form."""
        categories, form = values.get("categories"), values.get("form")
        return cls(
            str(values["name"]),
            None if categories is None else tuple(map(str, categories)),
            bool(values.get("has_gaps", False)),
            float(values.get("mean", 0.0)),
            PLAIN if form is None else NumberFormat.from_dict(form),
            frozenset(map(str, values.get("missing", MISSING))),
            bool(values.get("is_embedded", False)),
        )


def find_columns(
    table: CellTable,
    features: Sequence[str] | None,
    categories: Sequence[str],
    excluded: Sequence[str],
    reading: Reading | None = None,
    numbers: NumberColumns | None = None,
    embed: Sequence[str] = (),
) -> tuple[Column, ...]:
    """Find out what the columns of a table hold; `Column.fit` narrows it to the training part.

    Args:
        table: All examples of the file that the training part is taken from.
        features: The columns to use; None for all that are not excluded.
        categories: Columns that hold categories even if they look like numbers.
        excluded: The columns of target and group, and others that are no features.
        reading: What the user has said of the file.
        numbers: How the columns write numbers, if that is known.
        embed: Columns whose categories are inputs of their own, however many there are.

    Raises:
        DataError: For a column that is unknown, empty, holds dates, too many different words, or
            numbers that contradict each other.
    """
    for name in (*(features or ()), *categories, *embed):
        table.column(name)
        if name in excluded:
            where = f"{table.path}: '{name}'"
            message = f"{where} cannot be a feature: it is the target, group, id or time"
            raise DataError(message, remedy="Take it out of features, categories and embed.")
    names = [n for n in table.named if n not in excluded]
    if features is not None:
        names = [*features, *(name for name in embed if name not in features)]
    if not names:
        message = f"{table.path} has no column but the target"
        raise DataError(message, remedy="Give it the columns to predict from.")
    reading = reading or Reading()
    numbers = numbers or NumberColumns(table, names, reading)
    finder = _Finder(table, reading, numbers)
    return tuple(
        finder.embedded(name)
        if name in embed
        else finder.column(name, is_category=name in categories)
        for name in names
    )


class _Finder:
    """Finds out what a column holds.

    Args:
        table: Whose columns.
        reading: What the user has said of the file.
        numbers: How the columns write numbers.
    """

    def __init__(self, table: CellTable, reading: Reading, numbers: NumberColumns) -> None:
        self._table, self._numbers = table, numbers
        self._missing = reading.missing_words

    def column(self, name: str, *, is_category: bool) -> Column:
        """Return what a column holds.

        Raises:
            DataError: If that is nothing, dates, or too many different words.
        """
        index = self._table.column(name)
        filled = self._filled(name, index)
        if not is_category:
            form = self._numbers.form(name)
            if form is not None:
                gaps = len(filled) < len(self._table.rows)
                return Column(name, has_gaps=gaps, form=form, missing=self._missing)
            self._check_dates(name, filled, index)
        words = {canonical(row.cells[index], PLAIN) for row in filled}
        self._check_words(name, words, len(filled))
        return Column(name, tuple(sorted(words)), missing=self._missing)

    def embedded(self, name: str) -> Column:
        """Return a column of categories that are an input of their own.

        Raises:
            DataError: If it is empty.
        """
        index = self._table.column(name)
        words = {canonical(row.cells[index], PLAIN) for row in self._filled(name, index)}
        return Column(name, tuple(sorted(words)), missing=self._missing, is_embedded=True)

    def _filled(self, name: str, index: int) -> list[Row]:
        """Return the rows in which a column is filled in.

        Raises:
            DataError: If there are none.
        """
        rows = self._table.rows
        filled = [row for row in rows if not is_missing(row.cells[index], self._missing)]
        if not filled:
            remedy = f"Fill it in, or leave it out: ignore: [{name}]."
            raise DataError(f"{self._table.path}: '{name}' is empty in every row", remedy=remedy)
        return filled

    def _check_dates(self, name: str, filled: Sequence[Row], index: int) -> None:
        dates = sum(_DATE.fullmatch(row.cells[index].strip()) is not None for row in filled)
        if 2 * dates < len(filled):
            return
        shown = filled[0].cells[index].strip()
        where = f"{self._table.path}: '{name}'"
        message = f"{where} holds dates or times, such as '{shown}' in line {filled[0].line}"
        remedy = (
            "A network needs numbers, and what of a date matters is yours to say: write columns "
            "such as month, weekday or days since the start instead, or leave it out: "
            f"ignore: [{name}]. To predict what comes next, use {{forecast: ...}}."
        )
        raise DataError(message, remedy=remedy)

    def _check_words(self, name: str, words: set[str], count: int) -> None:
        many = len(words) > MOST_CATEGORIES or (len(words) > 0.9 * count and len(words) > 50)
        if not many:
            return
        message = (
            f"{self._table.path}: '{name}' holds {len(words):,} different words in {count:,} rows"
        )
        remedy = (
            "Names and numbers of things say nothing about new ones: leave it out, ignore: "
            f"[{name}]. If the same ones come again, as users and films do, give each a vector of "
            f"its own: embed: [{name}]. For free text use {{text: ...}}."
        )
        raise DataError(message, remedy=remedy)


def few_whole_numbers(columns: Sequence[Column], x: np.ndarray) -> dict[str, int]:
    """Return columns of numbers that may stand for categories, with how many values each has.

    Args:
        columns: In the order of the features.
        x: The training rows, shape (n, features); another shape has none.
    """
    found: dict[str, int] = {}
    if x.ndim != 2:
        return found
    start = 0
    for column in columns:
        if column.categories is None:
            known = x[:, start] if not column.has_gaps else x[x[:, start + 1] == 0, start]
            values = set(known.tolist())
            whole = all(float(value).is_integer() for value in values)
            if whole and FEWEST <= len(values) <= FEW and len(known) >= 2 * len(values):
                found[column.name] = len(values)
        start += column.width
    return found


def told_of_columns(
    path: Path, columns: Sequence[Column], numbers: NumberColumns
) -> tuple[str, ...]:
    """Return what should be said of the way columns are read, a sentence each."""
    found = [c for c in columns if c.categories is None]
    unusual = [text for c in found if (text := numbers.told(c.name, c.form))]
    told = [f"{path}: read as numbers: {listed(unusual)}"] if unusual else []
    codes = {c.name: code for c in found if (code := numbers.looks_like_codes(c.name))}
    told += [
        f"{path}: '{name}' is read as numbers, although '{code}' looks like a code "
        f"(categories: [{name}] for codes)"
        for name, code in codes.items()
    ]
    words = [c for c in columns if c.categories is not None and not c.is_embedded]
    told += [
        f"{path}: '{c.name}' is read as {len(c.categories or ()):,} categories, although '{cell}' "
        f"looks like a number (categories: [{c.name}] if they are meant)"
        for c in words
        if (cell := numbers.looks_like_numbers(c.name))
    ]
    told += [
        f"{path}: '{column.name}': {variants} differ in capital letters only"
        for column in columns
        if (variants := case_variants(column.categories or ()))
    ]
    return tuple(told)
