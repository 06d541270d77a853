"""A table of the user's own in a CSV file: numbers, categories, gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path  # noqa: TC003 - the loader's annotations are its schema
from typing import TYPE_CHECKING, Any, ClassVar

from dlcli.data.description import DataDescription, Dataset, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.own.columns import Column, is_missing
from dlcli.data.own.encoding import room
from dlcli.data.own.labels import Labelled, Place
from dlcli.data.own.tabular import Asked, ReadsRows, asked, load_rows
from dlcli.data.targets import OwnTask  # noqa: TC001 - the loader's annotations are its schema
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Encoder
    from dlcli.data.own.cells import CellTable, Row


def csv(
    group: str | None = None,
    *,
    path: Path,
    target: str | list[str],
    features: list[str] | None = None,
    categories: list[str] | None = None,
    task: OwnTask | None = None,
    test: Path | None = None,
) -> Dataset:
    """Your own table from a CSV file with a header, an example a row.

    A column of numbers is a feature as it is, so a model starts best with a `Normalization`
    layer. A missing number (an empty cell, NA, NaN, null, none, ? or -) is filled in with the
    mean of the training examples, and a second feature says that it was missing. A column of
    words is a category: a feature each, 1 for the word that is there; a missing word, or one
    that the training examples lack, is all zeros. Dates and times are refused.

    Words in the target column, and up to 20 different whole numbers, are classes; other numbers
    are for regression. Several target columns are labels that may apply together if they hold 0
    and 1, else values to predict together.

    Commas, semicolons, tabs and `|` are found by themselves; the file may be packed (.csv.gz).
    What the preparation learns from the training examples is saved in the run, so that `predict`
    takes a CSV file with the same columns.

    Rows that belong together, such as those of one patient, are never on two sides of a split if
    `data.group` names the column that tells; it is then no feature.

    Args:
        path: The file.
        target: The column to predict, or a list of them.
        features: The columns to predict from; all others by default.
        categories: Columns of numbers that are codes, not amounts.
        task: What the target means, where its values tell it wrong.
        test: A file with the test examples; without one, a fixed fifth of the file is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    return _load(asked(path, target, features, categories, task, test, group))


def _describe(group: str | None = None, **options: Any) -> DataDescription:
    return csv(group, **options).description


@lru_cache(maxsize=2)
def _load(options: Asked) -> Dataset:
    """Load a table; the last ones are kept, since a command describes first and loads later."""

    def make(
        columns: tuple[Column, ...], target: tuple[str, ...]
    ) -> tuple[TableEncoder, TensorSpec]:
        encoder = TableEncoder(columns, target)
        return encoder, TensorSpec((encoder.width,), "float32")

    return load_rows(options, (), make)


def written(row: Row, index: int) -> str:
    """Return a target's cell, empty if it is missing."""
    return "" if is_missing(row.cells[index]) else row.cells[index].strip()


@dataclass(frozen=True)
class TableEncoder(ReadsRows):
    """Turns rows of a table into features.

    Attributes:
        columns: The features' columns.
        target: The target's columns, for examples that have them.
    """

    columns: tuple[Column, ...]
    target: tuple[str, ...]
    kind: ClassVar[str] = "table"

    @property
    def width(self) -> int:
        """The number of features."""
        return sum(column.width for column in self.columns)

    @property
    def names(self) -> list[str]:
        """The names of the features' columns."""
        return [column.name for column in self.columns]

    def select(self, table: CellTable) -> list[Row]:
        """Return a table's rows with the cells of the encoder's columns only, in their order.

        Raises:
            DataError: If the table lacks a column.
        """
        indices = [table.column(name) for name in self.names]
        return [row._replace(cells=[row.cells[i] for i in indices]) for row in table.rows]

    def fit(self, raw: Sequence[Row], positions: np.ndarray) -> TableEncoder:
        """Take the categories, gaps and means of the rows at some positions.

        Raises:
            DataError: For a cell that is no number, with its line; or if no feature is left.
        """
        rows = [raw[i] for i in positions]
        fitted = tuple(column.fit(rows, i) for i, column in enumerate(self.columns))
        if rows and not any(column.width for column in fitted):
            names = ", ".join(f"'{name}'" for name in self.names)
            message = f"{rows[0].path}: the training part has no value in {names}"
            raise DataError(message, remedy="Fill in cells, or name other columns in features:.")
        return replace(self, columns=fitted)

    def spec(self, known: TensorSpec) -> TensorSpec:
        """Return the form of the input: a number for each feature."""
        return TensorSpec((self.width,), known.dtype)

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's rows have the same columns."""
        return isinstance(other, TableEncoder) and self.names == other.names

    def encode(self, raw: Sequence[Row], positions: np.ndarray) -> np.ndarray:
        """Return the features of the rows at some positions, shape (m, width).

        Raises:
            DataError: For a cell that is no number; it names the line.
        """
        rows = [raw[i] for i in positions]
        x = room((len(rows), self.width), "float32")
        start = 0
        for i, column in enumerate(self.columns):
            column.write(rows, i, x[:, start : start + column.width])
            start += column.width
        return x

    def examples(self, table: CellTable, *, targets: bool) -> tuple[list[Row], Labelled]:
        """Return a table's rows, with the features' cells only, and their targets.

        Raises:
            DataError: If the table lacks a column.
        """
        names = self.target if targets else ()
        indices = [table.column(name) for name in names]
        columns = [[written(row, i) for row in table.rows] for i in indices]
        places = [[Place(row.place, name) for row in table.rows] for name in names]
        return self.select(table), Labelled(columns, places)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "columns": [column.to_dict() for column in self.columns],
            "target": list(self.target),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TableEncoder:
        """Return the encoder of a JSON form."""
        columns = tuple(Column.from_dict(column) for column in values["columns"])
        return cls(columns, tuple(values["target"]))


DATASETS = (DataEntry(csv, _describe, "file", group="a column", learns_inputs=True),)
