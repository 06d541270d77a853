"""Sequences of the user's own in a long-format CSV file: a row for each step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path  # noqa: TC003 - the loader's annotations are its schema
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Unpack

from dlcli.data.description import INPUT, DataDescription, Dataset, NewRaw, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.lengths import lengths_name
from dlcli.data.own.cells import CellTable, Row
from dlcli.data.own.encoding import room
from dlcli.data.own.goal import RowOptions  # noqa: TC001 - the loader's annotations are its schema
from dlcli.data.own.mistakes import such
from dlcli.data.own.table import TableEncoder
from dlcli.data.own.tabular import (
    Asked,
    Examples,
    TargetCells,
    asked,
    load_rows,
    read_new_rows,
    stamps,
)
from dlcli.data.own.times import time_keys
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Encoder
    from dlcli.data.own.columns import Column
    from dlcli.data.own.labels import Labelled
    from dlcli.data.own.reading import Reading


def sequences(
    group: str | None = None,
    order: str | None = None,
    *,
    path: Path,
    id: str,  # noqa: A002 - the option's name in a config
    target: str | list[str],
    time: str | None = None,
    dayfirst: bool | None = None,
    per_step: bool = False,
    features: list[str] | None = None,
    ignore: list[str] | None = None,
    categories: list[str] | None = None,
    validation: Path | None = None,
    test: Path | None = None,
    **options: Unpack[RowOptions],
) -> Dataset:
    """Your own sequences of any lengths from a CSV file with a row for each step.

    Rows with the same id are the steps of one sequence, in the order of the time column or, if
    none is named, of the file. The target is the sequence's and stands in each of its rows; with
    `per_step`, each row has its own, and the model's output has a class or value for each step. The
    other columns are the features of a step, prepared as those of `csv`: numbers as they are,
    gaps filled in, categories one-hot.

    Sequences are padded at their end with zeros. dlcli knows how long each is, so that layers
    which can take a mask (recurrent, pooling, convolutional) do not see the padding, and means
    are those of real steps.

    Sequences that belong together, such as those of one speaker, are never on two sides of a
    split if `data.group` names the column that tells; with `data.time`, the latest validate and
    test. Both columns are then no features.

    Args:
        path: The file.
        id: The column that tells the sequences apart.
        target: The column to predict, or a list of them.
        time: The column to sort each sequence's rows by: numbers, dates, or both with a time.
        dayfirst: Whether 1/2/2024 is in February, where the dates of the file do not tell.
        per_step: Whether each step has a target of its own.
        features: The columns to predict from; all others by default.
        ignore: Columns to leave out.
        categories: Columns of numbers that are codes, not amounts.
        validation: A file with the validation sequences; else `data.validation` takes a share.
        test: A file with the test sequences; without one, a fixed fifth of the file is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    columns = {"features": features, "ignore": ignore, "categories": categories}
    paths = stamps(path, validation, test)
    steps = _Steps(id, time, dayfirst, per_step)
    return _load(asked(paths, target, columns, options, group, order), steps)


class _Steps(NamedTuple):
    """What tells the steps of a sequence; see `sequences`."""

    identity: str
    time: str | None
    dayfirst: bool | None
    per_step: bool


def _describe(
    group: str | None = None, order: str | None = None, **options: Any
) -> DataDescription:
    return sequences(group, order, **options).description


@lru_cache(maxsize=2)
def _load(options: Asked, told_by: _Steps) -> Dataset:
    """Load sequences; the last ones are kept, since a command describes first and loads later."""

    def make(
        columns: tuple[Column, ...], target: TargetCells
    ) -> tuple[SequenceEncoder, Mapping[str, TensorSpec]]:
        steps = TableEncoder(columns, target, options.reading)
        encoder = SequenceEncoder(steps, *told_by)
        return encoder, encoder.specs({})

    time = [told_by.time] if told_by.time else []
    return load_rows(options, (told_by.identity, *time), make)


def _check_one_target(
    table: CellTable, name: str, positions: Sequence[int], labelled: Labelled, loose: str | None
) -> None:
    """Make sure that all rows of a sequence have the same target.

    Raises:
        DataError: If two differ; it names the row of the second.
    """
    for column, places in zip(*labelled, strict=True):
        first = column[positions[0]]
        odd = next((i for i in positions if column[i] != first), None)
        what = places[positions[0]].column
        if odd is not None and what != loose:
            message = (
                f"{table.rows[odd].place}: sequence '{name}' has the {what} {column[odd]} here, "
                f"but {first} before"
            )
            remedy = f"Give all rows of a sequence the same {what}; if each step has its own, add "
            remedy += "per_step: true."
            raise DataError(message, remedy=remedy)


Steps = list[Row]
"""The rows of one sequence, in their order."""


@dataclass(frozen=True)
class SequenceEncoder:
    """Turns rows into sequences of features.

    Attributes:
        steps: Turns a row into the features of a step.
        identity: The column that tells sequences apart.
        time: The column that orders a sequence's rows, or None for the file's order.
        dayfirst: Whether days come before months in it, where the user has said it.
        per_step: Whether each step has a target of its own.
    """

    steps: TableEncoder
    identity: str
    time: str | None
    dayfirst: bool | None = None
    per_step: bool = False
    kind: ClassVar[str] = "sequences"

    @property
    def reading(self) -> Reading:
        """How the file is written, as far as the user has said it."""
        return self.steps.reading

    @property
    def target(self) -> TargetCells:
        """How the targets stand in the file."""
        return self.steps.target

    @property
    def identity_columns(self) -> tuple[str, ...]:
        """The column that tells sequences apart."""
        return (self.identity,)

    def examples(self, table: CellTable, target: TargetCells | None) -> Examples:
        """Return a table's sequences, in the order in which they first appear, and their targets.

        Raises:
            DataError: If a column is missing, an id or time is, or a sequence has two targets.
        """
        names = self._names(table)
        rows = self.steps.select(table)
        cells = target or TargetCells(())
        labelled = cells.labelled(table)
        members: dict[str, list[int]] = {}
        for i, name in enumerate(names):
            members.setdefault(name, []).append(i)
        others = labelled.cut(len(self.target.columns) if self.per_step else 0)[1]
        for name, positions in members.items():
            _check_one_target(table, name, positions, others, cells.loose)
        told: tuple[str, ...] = ()
        if self.time is not None:
            keys, told = self._keys(table, self.time)
            for positions in members.values():
                positions.sort(key=keys.__getitem__)
        raw = [[rows[i] for i in positions] for positions in members.values()]
        if self.per_step:
            every = labelled.take([i for positions in members.values() for i in positions])
            return Examples(raw, every, told, tuple(map(len, raw)))
        first = labelled.take([min(positions) for positions in members.values()])
        return Examples(raw, first, told)

    def _names(self, table: CellTable) -> list[str]:
        """Return the sequence of each row.

        Raises:
            DataError: If a row has none.
        """
        identity = table.column(self.identity)
        names = [row.cells[identity].strip() for row in table.rows]
        empty = [row for name, row in zip(names, table.rows, strict=True) if not name]
        if empty:
            remedy = "Fill in which sequence the row belongs to."
            others = such([row.line for row in empty], what="rows")
            message = f"{empty[0].place}: '{self.identity}' is empty{others}"
            raise DataError(message, remedy=remedy)
        return names

    def _keys(self, table: CellTable, time: str) -> tuple[list[float], tuple[str, ...]]:
        """Return what orders the rows, and what should be said of it."""
        index = table.column(time)
        cells = [row.cells[index] for row in table.rows]
        return time_keys(cells, [row.place for row in table.rows], time, self.dayfirst)

    def names(self, table: CellTable) -> dict[str, list[str]]:
        """Return the sequences' names."""
        return {self.identity: list(dict.fromkeys(self._names(table)))}

    def fit(self, raw: Sequence[Steps], positions: np.ndarray) -> SequenceEncoder:
        """Take the categories, gaps and means of all steps of the sequences at some positions."""
        import numpy as np

        rows = [row for i in positions for row in raw[i]]
        return replace(self, steps=self.steps.fit(rows, np.arange(len(rows))))

    def specs(self, known: Mapping[str, TensorSpec]) -> dict[str, TensorSpec]:  # noqa: ARG002
        """Return the form of the input: steps of as many numbers as there are features."""
        return {INPUT: TensorSpec((None, self.steps.width), "float32")}

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's rows have the same columns."""
        return isinstance(other, SequenceEncoder) and self.steps.accepts(other.steps)

    def encode(self, raw: Sequence[Steps], positions: np.ndarray) -> dict[str, np.ndarray]:
        """Return the sequences at some positions, padded, shape (m, longest, features).

        Their lengths are beside them, int32, shape (m,).
        """
        import numpy as np

        chosen = [raw[i] for i in positions]
        lengths = np.array([len(rows) for rows in chosen], np.int32)
        rows = [row for steps in chosen for row in steps]
        features = self.steps.encode(rows, np.arange(len(rows)))
        assert isinstance(features, np.ndarray)  # noqa: S101 (no column of a step is embedded)
        # Targets of steps are padded to the longest sequence of all parts.
        longest = max(map(len, raw)) if self.per_step else int(lengths.max(initial=1))
        x = room((len(chosen), longest, self.steps.width), "float32")
        ends = np.cumsum(lengths)
        for sequence, end, length in zip(x, ends, lengths, strict=True):
            sequence[:length] = features[end - length : end]
        return {INPUT: x, lengths_name(INPUT): lengths}

    def told(self, raw: Sequence[Steps], positions: np.ndarray) -> tuple[str, ...]:
        """Return which cells of the sequences at some positions are unknown or filled in."""
        import numpy as np

        rows = [row for i in positions for row in raw[i]]
        return self.steps.told(rows, np.arange(len(rows)))

    def read(self, path: Path, description: DataDescription, *, targets: bool) -> NewRaw:
        """Read the sequences of a file with the same columns.

        Raises:
            DataError: If it cannot be read or lacks a column.
        """
        return read_new_rows(self, path, description, targets=targets)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        made = {"steps": self.steps.to_dict(), "identity": self.identity, "time": self.time}
        return {**made, "dayfirst": self.dayfirst, "per_step": self.per_step}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SequenceEncoder:
        """Return the encoder of a JSON form."""
        steps = TableEncoder.from_dict(values["steps"])
        return cls(
            steps,
            values["identity"],
            values["time"],
            values.get("dayfirst"),
            bool(values.get("per_step", False)),
        )


DATASETS = (DataEntry(sequences, _describe, "file", group="a column", order="a column",
                      learns_inputs=True),)  # fmt: skip
