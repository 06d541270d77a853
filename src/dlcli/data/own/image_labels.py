"""A file of labels beside a folder of images: a row for each image, which names its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.data.own.cells import CellTable, read_table
from dlcli.data.own.files import files_in
from dlcli.data.own.image_files import SUFFIXES
from dlcli.data.own.number_columns import NumberColumns
from dlcli.data.own.numbers import PLAIN
from dlcli.data.own.reading import Reading
from dlcli.data.own.tabular import TargetCells
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.data.own.assembly import Beside
    from dlcli.data.own.labels import Labelled

SHOWN_MISSING = 10
DEFAULT = "label"
"""The target where none is named."""


@dataclass(frozen=True)
class LabelFile:
    """How a file of labels is read.

    Attributes:
        file: The column that names the files; None for the one in which most names are files.
        target: How the targets stand in it.
        reading: How it is written, as far as the user has said it.
    """

    file: str | None
    target: TargetCells
    reading: Reading

    def settled(self, path: Path) -> LabelFile:
        """Return it with the column of the target, where none is named.

        Raises:
            DataError: If several may be it.
        """
        if self.target.columns:
            return self
        table = read_table(path, self.reading)
        others = [name for name in table.named if name != self.file]
        if DEFAULT in others:
            others = [DEFAULT]
        elif self.file is None and len(others) == 2:
            others = others[1:]
        if len(others) != 1:
            shown = ", ".join(table.named)
            message = f"{path} has several columns that may be the target: {shown}"
            raise DataError(message, remedy="Name the one to predict: target: ...")
        return replace(self, target=replace(self.target, columns=tuple(others)))

    def read(
        self, path: Path, folder: Path, beside: Beside, *, follow_links: bool
    ) -> tuple[list[Path], Labelled, list[str]]:
        """Return the images that a file names, their targets, and what should be said.

        Args:
            path: The file of labels.
            folder: Where the images are.
            beside: Columns to read beside the target's.
            follow_links: Whether symbolic links may lead out of the folder.

        Raises:
            DataError: If a column or an image is missing, or an image is named twice; it names
                the rows.
        """
        if not self.target.columns:
            return self.settled(path).read(path, folder, beside, follow_links=follow_links)
        table = read_table(path, self.reading)
        found = files_in(folder, SUFFIXES, follow_links=follow_links).files
        known = _by_name(folder, found)
        column = self.file or _column_of_files(table, known)
        at = table.column(column)
        names = [row.cells[at].strip() for row in table.rows]
        files = [known.get(name) for name in names]
        missing = [i for i, file in enumerate(files) if file is None]
        if missing:
            raise _missing(table, column, missing, folder, names)
        _check_once(table, column, names, files)
        columns = (*self.target.columns, *beside.names)
        numbers = NumberColumns(table, columns, self.reading)
        forms = tuple(numbers.form_if_any(name) or PLAIN for name in columns)
        target = self.target
        cells = TargetCells(columns, forms, target.missing, target.separator, beside.weights)
        unused = len(found) - len({str(file) for file in files})
        told = [*table.told]
        if unused:
            told.append(f"{folder}: {unused:,} images are left out: {path} does not name them")
        if self.file is None:
            told.append(f"{path}: the column '{column}' names the images")
        return [file for file in files if file is not None], cells.labelled(table), told

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "file": self.file,
            "target": self.target.to_dict(),
            "reading": self.reading.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LabelFile:
        """Return what a JSON form says."""
        target = TargetCells.from_dict(values["target"])
        return cls(values["file"], target, Reading.of(values["reading"]))


def _by_name(folder: Path, files: Sequence[Path]) -> dict[str, Path]:
    """Return the files by every name that a row may give them: with folders and suffix, or not.

    A name that two files have stands for neither.
    """
    names: dict[str, Path | None] = {}
    for file in files:
        below = file.relative_to(folder)
        given = {
            below.as_posix(), below.with_suffix("").as_posix(), file.name, file.stem,
            (Path(folder.name) / below).as_posix(), str(file),
        }  # fmt: skip
        for name in given:
            names[name] = None if name in names else file
    return {name: file for name, file in names.items() if file is not None}


def _column_of_files(table: CellTable, known: Mapping[str, Path]) -> str:
    """Return the column in which most names are those of files.

    Raises:
        DataError: If there is none.
    """
    counts = {
        name: sum(row.cells[table.column(name)].strip() in known for row in table.rows)
        for name in table.named
    }
    best = max(counts, key=lambda name: counts[name])
    if not counts[best]:
        shown = ", ".join(table.named)
        message = f"{table.path}: no column names images of the folder"
        remedy = f"Say which one does, file: ...; its columns are: {shown}."
        raise DataError(message, remedy=remedy)
    return best


def _missing(
    table: CellTable, column: str, missing: Sequence[int], folder: Path, names: Sequence[str]
) -> DataError:
    shown = ", ".join(f"'{names[i]}' (line {table.rows[i].line})" for i in missing[:SHOWN_MISSING])
    more = len(missing) - SHOWN_MISSING
    message = (
        f"{table.path}: {len(missing):,} of {len(table.rows):,} images in '{column}' are not in "
        f"{folder}, or not only once: {shown}" + (f" and {more:,} more" if more > 0 else "")
    )
    return DataError(message, remedy="Put the images there, or remove these rows.")


def _check_once(
    table: CellTable, column: str, names: Sequence[str], files: Sequence[Path | None]
) -> None:
    """Make sure that no image is named twice: it could train and test.

    Raises:
        DataError: If one is; it names both rows.
    """
    first: dict[Path | None, int] = {}
    for i, file in enumerate(files):
        if file in first:
            before = table.rows[first[file]].line
            message = f"{table.rows[i].place}: '{column}' is '{names[i]}', as in line {before}"
            remedy = (
                "Give each image one row; several labels are several columns, or separator: '|'."
            )
            raise DataError(message, remedy=remedy)
        first[file] = i
