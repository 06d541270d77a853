"""What files of rows have in common, whether a row is an example or a step of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dlcli.data.description import Encoder, NewRaw
from dlcli.data.own.assembly import Beside, Found, assembled, padded_targets
from dlcli.data.own.cells import read_table
from dlcli.data.own.columns import find_columns, told_of_columns
from dlcli.data.own.files import stamp
from dlcli.data.own.goal import Goal
from dlcli.data.own.labels import Labelled, Place, as_targets
from dlcli.data.own.number_columns import NumberColumns
from dlcli.data.own.numbers import PLAIN, NumberFormat, canonical
from dlcli.data.own.reading import MISSING, Reading, is_missing
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlcli.data.description import DataDescription, Dataset, TensorSpec
    from dlcli.data.own.cells import CellTable, Row
    from dlcli.data.own.columns import Column


@dataclass(frozen=True)
class Asked:
    """The options of a file of rows; hashable, so that what was loaded can be kept by it.

    Attributes:
        paths: The stamps of the file and, if there are, those of the validation and test files,
            by part.
        target: The columns to predict.
        features: The columns to predict from; None for all others.
        ignore: Columns that are left out.
        categories: Columns of numbers that are codes.
        embed: Columns that become an input of their own, as whole numbers.
        goal: What the target means.
        reading: How the files are written.
        beside: The columns of groups, weights and times.
    """

    paths: tuple[tuple[str, tuple[str, ...]], ...]
    target: tuple[str, ...]
    features: tuple[str, ...] | None
    ignore: tuple[str, ...]
    categories: tuple[str, ...]
    embed: tuple[str, ...]
    goal: Goal
    reading: Reading
    beside: Beside

    @property
    def by_hand(self) -> tuple[str, ...]:
        """The columns that are read beside the features: the target's, and others' after them."""
        return (*self.target, *self.beside.names)


def stamps(
    path: Path, validation: Path | None, test: Path | None
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the stamps of a file and of those of the other parts, if there are any."""
    named = {"train": path, "validation": validation, "test": test}
    return tuple((part, stamp(place)) for part, place in named.items() if place is not None)


def asked(
    paths: tuple[tuple[str, tuple[str, ...]], ...],
    target: str | list[str],
    columns: Mapping[str, list[str] | None],
    options: Mapping[str, Any],
    group: str | None,
    order: str | None,
) -> Asked:
    """Return the options as a config gives them in the form in which they are compared.

    Args:
        paths: From `stamps`.
        target: The columns to predict.
        columns: `features`, `ignore`, `categories` and `embed`, None or absent for none.
        options: Those of `RowOptions`.
        group: What tells groups apart.
        order: What orders examples in time.
    """
    goal = Goal.of(options)
    features = columns.get("features")
    named = {name: tuple(columns.get(name) or ()) for name in ("ignore", "categories", "embed")}
    return Asked(
        paths,
        (target,) if isinstance(target, str) else tuple(target),
        None if features is None else tuple(features),
        **named,
        goal=goal,
        reading=Reading.of(options),
        beside=Beside(group, goal.weights, order),
    )


@dataclass(frozen=True)
class TargetCells:
    """How targets, and what is read beside them, stand in a file.

    Attributes:
        columns: Their names.
        forms: How the columns with numbers write them.
        missing: The words that stand for a missing value, in small letters.
        separator: What separates the labels of a cell that holds several.
        optional: A column that files beside the training part's may lack: each row counts 1 then.
        loose: A column that may differ from step to step of a sequence.
    """

    columns: tuple[str, ...]
    forms: tuple[NumberFormat, ...] = ()
    missing: frozenset[str] = MISSING
    separator: str | None = None
    optional: str | None = None
    loose: str | None = None

    def labelled(self, table: CellTable) -> Labelled:
        """Return what the rows of a table say, a list for each column.

        Raises:
            DataError: If the table lacks a column.
        """
        forms = self.forms or (PLAIN,) * len(self.columns)
        columns, places = [], []
        for name, form in zip(self.columns, forms, strict=True):
            if name == self.optional and name not in table.header:
                columns.append(["1"] * len(table.rows))
                places.append([Place(row.place, name) for row in table.rows])
                continue
            index = table.column(name)
            columns.append([self._written(row, index, form) for row in table.rows])
            places.append([self._place(row, index, name) for row in table.rows])
        return Labelled(columns, places)

    def canonical(self, labelled: Labelled) -> Labelled:
        """Return targets with their numbers in one way of writing."""
        forms = self.forms or (PLAIN,) * len(self.columns)
        pairs = zip(labelled.columns, forms, strict=True)
        return Labelled(
            [[canonical(cell, form) for cell in c] for c, form in pairs], labelled.places
        )

    def _written(self, row: Row, index: int, form: NumberFormat) -> str:
        cell = row.cells[index]
        return "" if is_missing(cell, self.missing) else canonical(cell, form)

    def _place(self, row: Row, index: int, name: str) -> Place:
        cell = row.cells[index]
        return Place(row.place, name, cell.strip() if is_missing(cell, self.missing) else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        made: dict[str, Any] = {"columns": list(self.columns)}
        if any(form != PLAIN for form in self.forms):
            made["forms"] = [form.to_dict() for form in self.forms]
        if self.missing != MISSING:
            made["missing"] = sorted(self.missing)
        if self.separator is not None:
            made["separator"] = self.separator
        return made

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | Sequence[str]) -> TargetCells:
        """Return what a JSON form says; that of older runs is the columns alone."""
        if not isinstance(values, Mapping):
            return cls(tuple(map(str, values)))
        return cls(
            tuple(map(str, values["columns"])),
            tuple(NumberFormat.from_dict(form) for form in values.get("forms", ())),
            frozenset(map(str, values.get("missing", MISSING))),
            values.get("separator"),
        )


class Examples(NamedTuple):
    """The examples of a table.

    Attributes:
        raw: As the encoder takes them.
        labelled: What stands in the target's columns.
        told: What should be said of the way they were read.
        lengths: How many targets each example has, one after the other, where that is one for
            each of its steps; None for one target an example.
    """

    raw: Sequence[Any]
    labelled: Labelled
    told: tuple[str, ...] = ()
    lengths: tuple[int, ...] | None = None


class TabularEncoder(Encoder, Protocol):
    """An encoder whose raw examples are made of rows."""

    @property
    def reading(self) -> Reading:
        """How the file was written."""

    @property
    def target(self) -> TargetCells:
        """How the targets stand in it."""

    @property
    def identity_columns(self) -> tuple[str, ...]:
        """The columns that tell examples apart."""

    def examples(self, table: CellTable, target: TargetCells | None) -> Examples:
        """Return a table's examples.

        Raises:
            DataError: If the table lacks a column, or a cell does not fit; it names the line.
        """

    def names(self, table: CellTable) -> Mapping[str, Sequence[str]]:
        """Return what tells the examples of a table apart, by the name of its column."""


def load_rows(
    options: Asked,
    others: Sequence[str],
    make: Callable[
        [tuple[Column, ...], TargetCells], tuple[TabularEncoder, Mapping[str, TensorSpec]]
    ],
) -> Dataset:
    """Load raw examples from a file of rows, and from those of the other parts if there are any.

    Args:
        options: Which files, and what their columns are.
        others: Columns that are neither target nor feature.
        make: Makes the encoder of the features' and the target's columns, and says what its
            inputs are.

    Raises:
        DataError: If a file cannot be used; it names the line.
    """
    tables = {part: read_table(Path(place[0]), options.reading) for part, place in options.paths}
    table = tables["train"]
    _check_columns(table, options, others)
    excluded = (*options.by_hand, *others, *options.ignore)
    features = [name for name in options.features or table.named if name not in excluded]
    numbers = NumberColumns(
        table,
        [
            n
            for n in (*features, *options.by_hand)
            if n not in (*options.categories, *options.embed)
        ],
        options.reading,
    )
    columns = find_columns(
        table, options.features, options.categories, excluded, options.reading, numbers,
        options.embed,
    )  # fmt: skip
    forms = tuple(numbers.form_if_any(name) or PLAIN for name in options.by_hand)
    forms = forms if any(form != PLAIN for form in forms) else ()
    width = len(options.target)
    cells = TargetCells(
        options.by_hand, forms, options.reading.missing_words, options.goal.separator,
        options.goal.weights, options.beside.order,
    )  # fmt: skip
    own = replace(cells, columns=options.target, forms=forms[:width], optional=None, loose=None)
    encoder, inputs = make(columns, own)
    parts = {part: encoder.examples(found, cells) for part, found in tables.items()}
    told = [line for read in tables.values() for line in read.told]
    told += [line for examples in parts.values() for line in examples.told]
    told += told_of_columns(table.path, columns, numbers)
    told += _told_of_targets(table, options.target, forms, numbers)
    return assembled(
        Found(
            name=table.path.name.partition(".")[0],
            file=str(table.path),
            encoder=encoder,
            inputs=inputs,
            raw=[example for examples in parts.values() for example in examples.raw],
            parts={part: examples.labelled for part, examples in parts.items()},
            lengths={p: e.lengths for p, e in parts.items() if e.lengths is not None},
            columns=options.target,
            goal=options.goal,
            beside=options.beside,
            told=tuple(dict.fromkeys(told)),
        )
    )


def _told_of_targets(
    table: CellTable, target: Sequence[str], forms: Sequence[NumberFormat], numbers: NumberColumns
) -> list[str]:
    pairs = zip(target, forms or [PLAIN] * len(target), strict=False)
    unusual = [text for name, form in pairs if (text := numbers.told(name, form))]
    return [f"{table.path}: the target is read as numbers: {', '.join(unusual)}"] if unusual else []


def read_new_rows(
    encoder: TabularEncoder, path: Path, description: DataDescription, *, targets: bool
) -> NewRaw:
    """Read raw examples that a trained model has not met, and their targets or zeros.

    Raises:
        DataError: If the file cannot be used; it names the line.
    """
    import numpy as np

    table = read_table(path, _without_target(encoder, path))
    found = encoder.examples(table, encoder.target if targets else None)
    y = np.zeros(len(found.raw), int)
    if targets:
        y = as_targets(found.labelled, description, encoder.target.separator)
        if found.lengths is not None:
            y = padded_targets(y, found.lengths, max(found.lengths))
    told = (*table.told, *found.told)
    return NewRaw(found.raw, y, encoder.names(table), encoder.identity_columns, told)


def _without_target(encoder: TabularEncoder, path: Path) -> Reading:
    """Return how a new file is read: one without a header may lack the target's columns."""
    names = encoder.reading.columns
    if names is None:
        return encoder.reading
    nameless = replace(encoder.reading, columns=None, header=False)
    width = len(read_table(path, nameless).header)
    left = tuple(name for name in names if name not in encoder.target.columns)
    return replace(encoder.reading, columns=left) if width == len(left) else encoder.reading


def _check_columns(table: CellTable, options: Asked, others: Sequence[str]) -> None:
    """Make sure that columns are named once each, for one purpose, and that the table has them."""
    target = options.target
    for name in target:
        table.column(name)
        if target.count(name) > 1:
            raise DataError(f"target names '{name}' twice", remedy="Name each column once.")
    if not target:
        raise DataError("target names no column", remedy="Name the column to predict.")
    for name in (*others, *options.beside.names, *options.ignore, *options.embed):
        table.column(name)
    for name in options.ignore:
        if name in (*target, *others, *options.beside.names, *(options.features or ())):
            message = f"'{name}' cannot be ignored: another option needs it"
            raise DataError(message, remedy="Take it out of ignore.")
    for other in (options.beside.weights, options.beside.order):
        if other in target:
            message = f"'{other}' is the target, and cannot be the weights or the time"
            raise DataError(message, remedy="Name another column.")
