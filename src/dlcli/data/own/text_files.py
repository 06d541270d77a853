"""Files and folders of texts, read one text at a time."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data.formats.json_records import json_records
from dlcli.data.own.cells import column_of, open_other, open_rows
from dlcli.data.own.files import class_folders, files_in, group_in_path, left_out
from dlcli.data.own.labels import Labelled, Place
from dlcli.data.own.mistakes import such
from dlcli.data.own.numbers import PLAIN, canonical
from dlcli.data.own.opening import kind_of, open_text
from dlcli.data.own.reading import is_missing
from dlcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dlcli.data.own.assembly import Beside
    from dlcli.data.own.reading import Reading
    from dlcli.data.own.spool import TextWriter
    from dlcli.data.own.tabular import TargetCells

TEXT_SUFFIXES = (".txt",)

NO_ROWS = (".pdf", ".doc", ".docx", ".rtf", ".odt", ".md", ".html", ".xml", ".png", ".jpg", ".zip")
"""Suffixes of files whose text is no table, whatever is in them."""

Source = Path | dict[str, Path]
"""A file, or a folder of texts for each class."""


def parts_of(places: Mapping[str, Path], told: list[str]) -> dict[str, Source]:
    """Return where the texts of each part are.

    Args:
        places: The file or folder of each part that the user named.
        told: Takes what should be said of the folders.

    Raises:
        DataError: If a folder holds no folders of classes.
    """
    parts: dict[str, Source] = {}
    for part, place in places.items():
        if not place.is_dir():
            parts[part] = place
            continue
        found = class_folders(place)
        told += found.told
        parts |= found.parts if part == "train" else {part: found.parts["train"]}
    return {part: parts[part] for part in ("train", "validation", "test") if part in parts}


class Columns(NamedTuple):
    """What is read of an example.

    Attributes:
        text: The column or key of its text.
        target: How its targets stand in the file.
        beside: The columns of groups, weights and times.
    """

    text: str
    target: TargetCells
    beside: Beside

    @property
    def names(self) -> tuple[str, ...]:
        """The columns but the text's."""
        return (*self.target.columns, *self.beside.names)


def spool(
    source: Source, columns: Columns, reading: Reading, writer: TextWriter, told: list[str]
) -> Labelled:
    """Write a part's texts one by one, and return their labels.

    Args:
        source: Where they are.
        columns: What is read of each.
        reading: How files are written.
        writer: Takes the texts.
        told: Takes what should be said of the way they were read.

    Returns:
        The targets, and after them what stands in the columns beside them; in a folder the group
        is what a regular expression finds in each path.

    Raises:
        DataError: If there are none, or one cannot be read; it names the line.
    """
    names = columns.names
    found: list[list[str]] = [[] for _ in names]
    places: list[list[Place]] = [[] for _ in names]
    with _examples(source, columns.text, names, reading, columns.beside, told) as examples:
        for where, content, cells in examples:
            writer.write(content)
            for i, (name, cell) in enumerate(zip(names, cells, strict=True)):
                empty = is_missing(cell, columns.target.missing)
                found[i].append("" if empty else canonical(cell, PLAIN))
                places[i].append(Place(where, name, cell.strip() if empty else ""))
    if not places[0]:
        raise DataError(f"{source} holds no texts", remedy="Give one example a line.")
    return Labelled(found, places)


Example = tuple[str, str, list[str]]
"""Where an example stands, its text, and its targets."""


@contextmanager
def _examples(
    source: Source,
    column: str,
    names: Sequence[str],
    reading: Reading,
    beside: Beside | None,
    told: list[str],
) -> Iterator[Iterator[Example]]:
    if isinstance(source, dict):
        yield _in_folders(source, names, reading, beside, told)
        return
    kind = _kind(source, reading)
    if kind == "json":
        with open_text(source, reading.encoding) as stream:
            yield _json_examples(json_records(stream, source), source, column, names)
        return
    opened = open_rows(source, reading) if kind == "text" else open_other(source, kind, reading)
    with opened as rows:
        told += rows.told
        text_at = column_of(column, rows.header, source)
        at = [column_of(name, rows.header, source) for name in names]
        yield (
            (row.place, row.cells[text_at], [row.cells[i].strip() for i in at]) for row in rows.rows
        )


def _in_folders(
    source: dict[str, Path],
    names: Sequence[str],
    reading: Reading,
    beside: Beside | None,
    told: list[str],
) -> Iterator[Example]:
    pattern = beside.group if beside else None
    if len(names) > 1 + (pattern is not None):
        message = f"the texts of {next(iter(source.values())).parent} have no columns"
        remedy = "Leave weights, data.time and several labels out, or give a file of rows."
        raise DataError(message, remedy=remedy)
    for name, folder in source.items():
        found = files_in(folder, TEXT_SUFFIXES)
        if found.others:
            told.append(left_out(folder, found.others))
        for file in found.files:
            groups = [] if pattern is None else [group_in_path(file, folder.parent, pattern)]
            with open_text(file, reading.encoding) as stream:
                yield str(file), stream.read(), [name, *groups]


def _kind(path: Path, reading: Reading) -> str:
    """Return what kind of file of rows a path leads to.

    Raises:
        DataError: If it is none.
    """
    if path.suffix.lower() in NO_ROWS and path.suffix.lower() != ".zip" and path.exists():
        message = f"{path} is no kind of file that texts are read from"
        raise DataError(message, remedy="Give a .csv, .tsv, .jsonl or .jsonl.gz file, or a folder.")
    suffixes = {suffix.lower() for suffix in path.suffixes}
    kind = kind_of(path) if reading.encoding is None else "text"
    return "json" if kind == "text" and suffixes & {".jsonl", ".ndjson", ".json"} else kind


def _json_examples(
    records: Iterator[tuple[int, dict[str, Any]]], path: Path, column: str, names: Sequence[str]
) -> Iterator[Example]:
    for number, found in records:
        where = f"{path}:{number}"
        try:
            labels = [_json_label(found, name, where) for name in names]
            content = _json_text(found, column, where)
        except DataError as error:
            kind = _json_mistake(found, column, names)
            lines = [number, *_with_mistake(records, kind, column, names)]
            others = such(lines, what="objects")
            raise DataError(f"{error.message}{others}", remedy=error.remedy) from None
        yield where, content, labels


def _with_mistake(
    records: Iterator[tuple[int, dict[str, Any]]],
    kind: tuple[str, str],
    column: str,
    names: Sequence[str],
) -> Iterator[int]:
    """Yield the lines of the objects that have a mistake, up to one that is no JSON."""
    with suppress(DataError):
        for number, found in records:
            if _json_mistake(found, column, names) == kind:
                yield number


def _json_mistake(found: Mapping[str, Any], column: str, names: Sequence[str]) -> tuple[str, str]:
    """Return which mistake is met first in an object, and its key; empty if there is none."""
    for key in (*names, column):
        kind = str if key == column else str | int | float | None
        if key not in found:
            return "missing", key
        if not isinstance(found[key], kind):
            return "other type", key
    return "", ""


def _json_value(found: dict[str, Any], key: str, where: str) -> Any:
    if key not in found:
        shown = ", ".join(list(found)[:20])
        message = f"{where} has no '{key}'{did_you_mean(key, found)}"
        raise DataError(message, remedy=f"Its keys are: {shown}." if shown else "It has none.")
    return found[key]


def _json_text(found: dict[str, Any], key: str, where: str) -> str:
    value = _json_value(found, key, where)
    if not isinstance(value, str):
        message = f"{where}: '{key}' is {json.dumps(value)[:40]}, not a text"
        raise DataError(message, remedy="Name the key of the text in text:.")
    return value


def _json_label(found: dict[str, Any], key: str, where: str) -> str:
    value = _json_value(found, key, where)
    if isinstance(value, bool):
        return str(int(value))
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        message = f"{where}: '{key}' is {json.dumps(value)[:40]}, not a label"
        remedy = "Give a word or a number; for several labels an example, a key each with 0 or 1."
        raise DataError(message, remedy=remedy)
    return str(value).strip().encode("utf-8", "replace").decode()


def bare_texts(path: Path, column: str, reading: Reading, told: list[str]) -> Iterator[str]:
    """Yield texts without targets: of a file with the text's column, or .txt with one a line.

    Raises:
        DataError: If they cannot be read; it names the line.
    """
    if path.is_dir():
        for file in files_in(path, TEXT_SUFFIXES).files:
            with open_text(file, reading.encoding) as stream:
                yield stream.read()
    elif path.suffix.lower() in TEXT_SUFFIXES and not _is_table(path, column, reading):
        with open_text(path, reading.encoding) as stream:
            yield from (line.strip() for line in stream if line.strip())
    else:
        with _examples(path, column, (), reading, None, told) as examples:
            for _, content, _ in examples:
                yield content


def _is_table(path: Path, column: str, reading: Reading) -> bool:
    """Whether a .txt file begins with a header that names the column of the texts."""
    if reading.columns is not None:
        return True
    with open_text(path, reading.encoding) as stream:
        first = stream.readline().strip()
    return column in (
        name.strip(' "') for name in first.replace(";", "\t").replace(",", "\t").split("\t")
    )
