"""Sequences of the user's own in a long-format CSV file: a row for each step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path  # noqa: TC003 - the loader's annotations are its schema
from typing import TYPE_CHECKING, Any, ClassVar

from dlcli.data.description import DataDescription, Dataset, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.own.cells import CellTable, Row
from dlcli.data.own.encoding import room
from dlcli.data.own.labels import Labelled, Place, number
from dlcli.data.own.table import TableEncoder, written
from dlcli.data.own.tabular import Asked, ReadsRows, asked, load_rows
from dlcli.data.targets import OwnTask  # noqa: TC001 - the loader's annotations are its schema
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Encoder
    from dlcli.data.own.columns import Column


def sequences(
    group: str | None = None,
    *,
    path: Path,
    id: str,  # noqa: A002 - the option's name in a config
    target: str | list[str],
    time: str | None = None,
    features: list[str] | None = None,
    categories: list[str] | None = None,
    task: OwnTask | None = None,
    test: Path | None = None,
) -> Dataset:
    """Your own sequences of any lengths from a CSV file with a row for each step.

    Rows with the same id are the steps of one sequence, in the order of the time column or, if
    none is named, of the file. The target is the sequence's and stands in each of its rows. The
    other columns are the features of a step, prepared as those of `csv`: numbers as they are,
    gaps filled in, categories one-hot.

    Sequences are padded at their end with zeros; begin the model with `Masking` so that it does
    not see them, or end in a global pooling layer.

    Sequences that belong together, such as those of one speaker, are never on two sides of a
    split if `data.group` names the column that tells; it is then no feature.

    Args:
        path: The file, which may be packed (.csv.gz).
        id: The column that tells the sequences apart.
        target: The column to predict, or a list of them.
        time: The column to sort each sequence's rows by: numbers, or dates such as 2024-02-29.
        features: The columns to predict from; all others by default.
        categories: Columns of numbers that are codes, not amounts.
        task: What the target means, where its values tell it wrong.
        test: A file with the test sequences; without one, a fixed fifth of the file is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    return _load(asked(path, target, features, categories, task, test, group), id, time)


def _describe(group: str | None = None, **options: Any) -> DataDescription:
    return sequences(group, **options).description


@lru_cache(maxsize=2)
def _load(options: Asked, identity: str, time: str | None) -> Dataset:
    """Load sequences; the last ones are kept, since a command describes first and loads later."""

    def make(
        columns: tuple[Column, ...], target: tuple[str, ...]
    ) -> tuple[SequenceEncoder, TensorSpec]:
        steps = TableEncoder(columns, target)
        encoder = SequenceEncoder(steps, identity, time)
        return encoder, TensorSpec((None, steps.width), "float32")

    return load_rows(options, (identity, *([time] if time else [])), make)


def _contradiction(
    row: Row, name: str, columns: Sequence[str], here: Sequence[str], before: Sequence[str]
) -> DataError:
    column, new, old = next(c for c in zip(columns, here, before, strict=True) if c[1] != c[2])
    message = f"{row.place}: sequence '{name}' has the {column} {new} here, but {old} before"
    return DataError(message, remedy=f"Give all rows of a sequence the same {column}.")


Steps = list[Row]
"""The rows of one sequence, in their order."""


@dataclass(frozen=True)
class SequenceEncoder(ReadsRows):
    """Turns rows into sequences of features.

    Attributes:
        steps: Turns a row into the features of a step.
        identity: The column that tells sequences apart.
        time: The column that orders a sequence's rows, or None for the file's order.
    """

    steps: TableEncoder
    identity: str
    time: str | None
    kind: ClassVar[str] = "sequences"

    def examples(self, table: CellTable, *, targets: bool) -> tuple[list[Steps], Labelled]:
        """Return a table's sequences, in the order in which they first appear, and their targets.

        Raises:
            DataError: If a column is missing, an id or time is, or a sequence has two targets.
        """
        identity = table.column(self.identity)
        order = None if self.time is None else table.column(self.time)
        names = self.steps.target if targets else ()
        target = [table.column(name) for name in names]
        steps: dict[str, list[tuple[Any, Row]]] = {}
        found: dict[str, list[str]] = {}
        for row, selected in zip(table.rows, self.steps.select(table), strict=True):
            name = row.cells[identity].strip()
            if not name:
                remedy = "Fill in which sequence the row belongs to."
                raise DataError(f"{row.place}: '{self.identity}' is empty", remedy=remedy)
            key = None if order is None else self._time_key(row, row.cells[order])
            steps.setdefault(name, []).append((key, selected))
            values = [written(row, i) for i in target]
            if found.setdefault(name, values) != values:
                raise _contradiction(row, name, self.steps.target, values, found[name])
        if order is not None:
            for rows in steps.values():
                self._sort(rows)
        raw = [[row for _, row in rows] for rows in steps.values()]
        columns = [[values[i] for values in found.values()] for i in range(len(names))]
        places = [[Place(rows[0].place, name) for rows in raw] for name in names]
        return raw, Labelled(columns, places)

    def _time_key(self, row: Row, cell: str) -> Any:
        text = cell.strip()
        if not text:
            remedy = "Fill in when the step was, or leave time: out for the file's order."
            raise DataError(f"{row.place}: '{self.time}' is empty", remedy=remedy)
        value = number(text)
        return text if value is None else value

    def _sort(self, rows: list[tuple[Any, Row]]) -> None:
        try:
            rows.sort(key=lambda pair: pair[0])
        except TypeError:
            message = (
                f"{rows[0][1].place}: '{self.time}' holds numbers in some rows, words in others"
            )
            remedy = "Write all times alike: numbers, or dates such as 2024-02-29."
            raise DataError(message, remedy=remedy) from None

    def fit(self, raw: Sequence[Steps], positions: np.ndarray) -> SequenceEncoder:
        """Take the categories, gaps and means of all steps of the sequences at some positions."""
        import numpy as np

        rows = [row for i in positions for row in raw[i]]
        steps = self.steps.fit(rows, np.arange(len(rows)))
        return SequenceEncoder(steps, self.identity, self.time)

    def spec(self, known: TensorSpec) -> TensorSpec:
        """Return the form of the input: steps of as many numbers as there are features."""
        return TensorSpec((None, self.steps.width), known.dtype)

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's rows have the same columns."""
        return isinstance(other, SequenceEncoder) and self.steps.accepts(other.steps)

    def encode(self, raw: Sequence[Steps], positions: np.ndarray) -> np.ndarray:
        """Return the sequences at some positions, padded, shape (m, longest, features)."""
        import numpy as np

        chosen = [raw[i] for i in positions]
        lengths = np.array([len(rows) for rows in chosen])
        rows = [row for steps in chosen for row in steps]
        features = self.steps.encode(rows, np.arange(len(rows)))
        x = room((len(chosen), int(lengths.max(initial=1)), self.steps.width), "float32")
        ends = np.cumsum(lengths)
        for sequence, end, length in zip(x, ends, lengths, strict=True):
            sequence[:length] = features[end - length : end]
        return x

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"steps": self.steps.to_dict(), "identity": self.identity, "time": self.time}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SequenceEncoder:
        """Return the encoder of a JSON form."""
        return cls(TableEncoder.from_dict(values["steps"]), values["identity"], values["time"])


DATASETS = (DataEntry(sequences, _describe, "file", group="a column", learns_inputs=True),)
