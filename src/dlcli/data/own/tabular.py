"""What files of rows have in common, whether a row is an example or a step of one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dlcli.data.description import INPUT, DataDescription, Dataset, Encoder, TensorSpec
from dlcli.data.grouping import Groups, groups_of
from dlcli.data.own.cells import read_table
from dlcli.data.own.columns import find_columns
from dlcli.data.own.files import stamp
from dlcli.data.own.labels import Labelled, as_targets, meaning_of, split_off_groups
from dlcli.data.splitting import with_own_test
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from dlcli.data.own.cells import CellTable
    from dlcli.data.own.columns import Column
    from dlcli.data.targets import OwnTask


@dataclass(frozen=True)
class Asked:
    """The options of a file of rows; hashable, so that what was loaded can be kept by it.

    Attributes:
        path: The file's stamp.
        target: The columns to predict.
        features: The columns to predict from; None for all others.
        categories: Columns of numbers that are codes.
        task: What the target means; None if its values tell.
        test: The stamp of the file of test examples, or None.
        group: The column whose rows belong together, or None.
    """

    path: tuple[str, ...]
    target: tuple[str, ...]
    features: tuple[str, ...] | None
    categories: tuple[str, ...]
    task: OwnTask | None
    test: tuple[str, ...] | None
    group: str | None = None

    @property
    def by_hand(self) -> tuple[str, ...]:
        """The columns that are read beside the features: the target's, and the group's last."""
        return self.target if self.group is None else (*self.target, self.group)


def asked(
    path: Path,
    target: str | list[str],
    features: list[str] | None,
    categories: list[str] | None,
    task: OwnTask | None,
    test: Path | None,
    group: str | None,
) -> Asked:
    """Return the options as a config gives them in the form in which they are compared."""
    return Asked(
        stamp(path),
        (target,) if isinstance(target, str) else tuple(target),
        None if features is None else tuple(features),
        tuple(categories or ()),
        task,
        stamp(test) if test else None,
        group,
    )


class TabularEncoder(Encoder, Protocol):
    """An encoder whose raw examples are made of rows."""

    def examples(self, table: CellTable, *, targets: bool) -> tuple[Sequence[Any], Labelled]:
        """Return a table's raw examples, and their targets as they are written.

        Raises:
            DataError: If the table lacks a column, or a cell does not fit; it names the line.
        """


def load_rows(
    options: Asked,
    others: Sequence[str],
    make: Callable[[tuple[Column, ...], tuple[str, ...]], tuple[TabularEncoder, TensorSpec]],
) -> Dataset:
    """Load raw examples from a file of rows, and from that of the test if there is one.

    Args:
        options: Which file, and what its columns are.
        others: Columns that are neither target nor feature.
        make: Makes the encoder of the features' and the target's columns, and says what its input
            is.

    Raises:
        DataError: If a file cannot be used; it names the line.
    """
    table = read_table(Path(options.path[0]))
    _check_target(table, options.target)
    for name in others:
        table.column(name)
    columns = find_columns(table, options.features, options.categories, (*options.by_hand, *others))
    encoder, spec = make(columns, options.target)
    reader, _ = make(columns, options.by_hand)
    parts = {"train": reader.examples(table, targets=True)}
    if options.test is not None:
        parts["test"] = reader.examples(read_table(Path(options.test[0])), targets=True)
    parts, groups = _without_groups(parts, options.group)
    file, written = str(table.path), parts["train"][1].columns
    meaning = meaning_of(written, options.target, options.task, file)
    description = DataDescription(
        table.path.name.partition(".")[0],
        meaning.task,
        {INPUT: spec},
        meaning.classes,
        meaning.shape,
        targets=options.target,
    )
    raw = [example for examples, _ in parts.values() for example in examples]
    y = {part: as_targets(labelled, meaning) for part, (_, labelled) in parts.items()}
    return with_own_test(description, encoder, raw, y, groups)


def _without_groups(
    parts: dict[str, tuple[Sequence[Any], Labelled]], group: str | None
) -> tuple[dict[str, tuple[Sequence[Any], Labelled]], Groups | None]:
    """Take the groups' names off the targets that they were read with.

    Raises:
        DataError: If an example has none; it names the row.
    """
    if group is None:
        return parts, None
    apart = {part: (raw, *split_off_groups(labelled)) for part, (raw, labelled) in parts.items()}
    names = [name for *_, found in apart.values() for name in found]
    bare = {part: (raw, labelled) for part, (raw, labelled, _) in apart.items()}
    return bare, groups_of(f"column '{group}'", names)


class ReadsRows:
    """An encoder that reads what a trained model has not met from a file of rows."""

    def read(
        self: TabularEncoder, path: Path, description: DataDescription, *, targets: bool
    ) -> tuple[Sequence[Any], np.ndarray]:
        """Read the raw examples of a file with the same columns, and their targets or zeros.

        Raises:
            DataError: If the file cannot be used; it names the line.
        """
        import numpy as np

        raw, labelled = self.examples(read_table(path), targets=targets)
        return raw, as_targets(labelled, description) if targets else np.zeros(len(raw), int)


def _check_target(table: CellTable, target: Sequence[str]) -> None:
    """Make sure that target columns are named, once each, and that the table has them."""
    for name in target:
        table.column(name)
        if target.count(name) > 1:
            raise DataError(f"target names '{name}' twice", remedy="Name each column once.")
    if not target:
        raise DataError("target names no column", remedy="Name the column to predict.")
