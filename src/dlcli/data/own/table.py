"""A table of the user's own in a CSV file: numbers, categories, gaps."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path  # noqa: TC003 - the loader's annotations are its schema
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from dlcli.data.description import INPUT, DataDescription, Dataset, NewRaw, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.own.columns import Column
from dlcli.data.own.encoding import room
from dlcli.data.own.goal import RowOptions  # noqa: TC001 - the loader's annotations are its schema
from dlcli.data.own.number_columns import listed
from dlcli.data.own.reading import Reading
from dlcli.data.own.tabular import (
    Asked,
    Examples,
    TargetCells,
    asked,
    load_rows,
    read_new_rows,
    stamps,
)
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Encoder
    from dlcli.data.own.cells import CellTable, Row

FEATURES = "features"
"""The input of all columns but the embedded ones, where there are such."""


def csv(
    group: str | None = None,
    order: str | None = None,
    *,
    path: Path,
    target: str | list[str],
    features: list[str] | None = None,
    ignore: list[str] | None = None,
    categories: list[str] | None = None,
    embed: list[str] | None = None,
    validation: Path | None = None,
    test: Path | None = None,
    **options: Unpack[RowOptions],
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

    The delimiter, and how numbers are written (1.234,5 or $1,200.00 or 45 %), are found out, and
    what is unusual is said; the file may be packed (.csv.gz, .zip), an Excel workbook (.xlsx),
    Parquet, Feather, or JSON objects, whatever its name. What the preparation learns from the
    training examples is saved in the run, so that `predict` takes a file with the same columns.

    Rows that belong together, such as those of one patient, are never on two sides of a split if
    `data.group` names the column that tells; with `data.time`, the latest rows validate and test.
    Both columns are then no features.

    Args:
        path: The file.
        target: The column to predict, or a list of them.
        features: The columns to predict from; all others by default.
        ignore: Columns to leave out.
        categories: Columns of numbers that are codes, not amounts.
        embed: Columns of users, films or the like; each becomes an input of its own, named after
            it, of whole numbers for an `Embedding` (0 is unknown); the others are the input
            `features`.
        validation: A file with the validation examples; else `data.validation` takes a share.
        test: A file with the test examples; without one, a fixed fifth of the file is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    columns = {"features": features, "ignore": ignore, "categories": categories, "embed": embed}
    paths = stamps(path, validation, test)
    return _load(asked(paths, target, columns, options, group, order))


def _describe(
    group: str | None = None, order: str | None = None, **options: Any
) -> DataDescription:
    return csv(group, order, **options).description


@lru_cache(maxsize=2)
def _load(options: Asked) -> Dataset:
    """Load a table; the last ones are kept, since a command describes first and loads later."""

    def make(
        columns: tuple[Column, ...], target: TargetCells
    ) -> tuple[TableEncoder, Mapping[str, TensorSpec]]:
        encoder = TableEncoder(columns, target, options.reading)
        return encoder, encoder.specs({})

    return load_rows(options, (), make)


def input_name(column: str) -> str:
    """Return the name of the input of an embedded column: letters, digits and underscores."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", column).strip("_")
    return name if re.match(r"[A-Za-z]", name) else f"c_{name}"


@dataclass(frozen=True)
class TableEncoder:
    """Turns rows of a table into features.

    Attributes:
        columns: The features' columns.
        target: The target's columns, for examples that have them.
        reading: How the file is written, as far as the user has said it.
    """

    columns: tuple[Column, ...]
    target: TargetCells
    reading: Reading = Reading()  # noqa: RUF009 (frozen)
    kind: ClassVar[str] = "table"
    identity_columns: ClassVar[tuple[str, ...]] = ()

    @property
    def width(self) -> int:
        """The number of features."""
        return sum(column.width for column in self.columns)

    @property
    def vocabulary_size(self) -> int | None:
        """One more than the largest number of an embedded column; None if there is none."""
        sizes = [len(c.categories or ()) for c in self.columns if c.is_embedded]
        return max(sizes) + 1 if sizes else None

    @property
    def column_names(self) -> list[str]:
        """The names of the features' columns."""
        return [column.name for column in self.columns]

    def select(self, table: CellTable) -> list[Row]:
        """Return a table's rows with the cells of the encoder's columns only, in their order.

        Raises:
            DataError: If the table lacks a column.
        """
        indices = [table.column(name) for name in self.column_names]
        return [row._replace(cells=[row.cells[i] for i in indices]) for row in table.rows]

    def fit(self, raw: Sequence[Row], positions: np.ndarray) -> TableEncoder:
        """Take the categories, gaps and means of the rows at some positions.

        Raises:
            DataError: For a cell that is no number, with its line; or if no feature is left.
        """
        rows = [raw[i] for i in positions]
        try:
            fitted = tuple(column.fit(rows, i) for i, column in enumerate(self.columns))
        except DataError:
            for i, column in enumerate(self.columns):
                column.check(raw, i)  # counts those of the other parts too
            raise
        if rows and not any(column.width or column.is_embedded for column in fitted):
            names = ", ".join(f"'{name}'" for name in self.column_names)
            message = f"{rows[0].path}: the training part has no value in {names}"
            raise DataError(message, remedy="Fill in cells, or name other columns in features:.")
        return replace(self, columns=fitted)

    def specs(self, known: Mapping[str, TensorSpec]) -> dict[str, TensorSpec]:  # noqa: ARG002
        """Return the forms of the inputs: a number for each feature, and one a category."""
        embedded = [column for column in self.columns if column.is_embedded]
        made = {input_name(column.name): TensorSpec((1,), "int32") for column in embedded}
        if len(made) < len(embedded) or FEATURES in made:
            message = "two embedded columns, or one and the other features, have one name"
            raise DataError(message, remedy="Rename a column: letters and digits tell them apart.")
        features = TensorSpec((self.width,), "float32")
        if not embedded:
            return {INPUT: features}
        return {FEATURES: features, **made} if self.width else made

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's rows have the same columns."""
        return isinstance(other, TableEncoder) and self.column_names == other.column_names

    def encode(
        self, raw: Sequence[Row], positions: np.ndarray
    ) -> np.ndarray | dict[str, np.ndarray]:
        """Return the features of the rows at some positions, shape (m, width), and the categories.

        Raises:
            DataError: For a cell that is no number; it names the line.
        """
        rows = [raw[i] for i in positions]
        x = room((len(rows), self.width), "float32")
        start = 0
        for i, column in enumerate(self.columns):
            if column.width:
                column.write(rows, i, x[:, start : start + column.width])
            start += column.width
        embedded = {
            input_name(column.name): column.codes(rows, i)
            for i, column in enumerate(self.columns)
            if column.is_embedded
        }
        if not embedded:
            return x
        return {FEATURES: x, **embedded} if self.width else embedded

    def told(self, raw: Sequence[Row], positions: np.ndarray) -> tuple[str, ...]:
        """Return which cells of rows at some positions are unknown or filled in."""
        rows = [raw[i] for i in positions]
        told = []
        for i, column in enumerate(self.columns):
            unknown = [row for row in rows if column.is_unknown(row, i)]
            if unknown:
                first = unknown[0]
                told.append(
                    f"unknown: {_cells(len(unknown))} of '{column.name}' with a word that no "
                    f"training example has, such as '{first.cells[i].strip()}' ({first.place})"
                )
        filled = [
            f"{_cells(count)} of '{column.name}'"
            for i, column in enumerate(self.columns)
            if (count := self._gaps(column, rows, i))
        ]
        if filled:
            told.append(f"filled in with the mean of the training examples: {listed(filled)}")
        return tuple(told)

    def _gaps(self, column: Column, rows: Sequence[Row], index: int) -> int:
        """Return how many numbers of a column are missing."""
        return 0 if column.categories is not None else sum(column.is_gap(r, index) for r in rows)

    def examples(self, table: CellTable, target: TargetCells | None) -> Examples:
        """Return a table's rows, with the features' cells only, and their targets.

        Raises:
            DataError: If the table lacks a column.
        """
        return Examples(self.select(table), (target or TargetCells(())).labelled(table))

    def names(self, table: CellTable) -> dict[str, list[str]]:
        """Return every column that is no feature: a prediction may be kept beside it."""
        used = {*self.column_names, *self.target.columns}
        return {
            name: [row.cells[i] for row in table.rows]
            for i, name in enumerate(table.header)
            if name and name not in used
        }

    def read(self, path: Path, description: DataDescription, *, targets: bool) -> NewRaw:
        """Read the rows of a file with the same columns.

        Raises:
            DataError: If it cannot be read or lacks a column.
        """
        return read_new_rows(self, path, description, targets=targets)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "columns": [column.to_dict() for column in self.columns],
            "target": self.target.to_dict(),
            "reading": self.reading.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TableEncoder:
        """Return the encoder of a JSON form."""
        columns = tuple(Column.from_dict(column) for column in values["columns"])
        reading = Reading.of(values.get("reading", {}))
        return cls(columns, TargetCells.from_dict(values["target"]), reading)


def _cells(count: int) -> str:
    return f"{count:,} cell{'' if count == 1 else 's'}"


DATASETS = (DataEntry(csv, _describe, "file", group="a column", order="a column",
                      learns_inputs=True),)  # fmt: skip
