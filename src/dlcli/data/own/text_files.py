"""Files and folders of texts, read one text at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dlcli.data.own.cells import column_of, open_text, read_rows
from dlcli.data.own.files import class_folders, files_in, group_in_path
from dlcli.data.own.labels import Labelled, Meaning, Place, as_targets
from dlcli.data.own.spool import Texts, TextWriter
from dlcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from dlcli.data.description import DataDescription

CSV_SUFFIXES, JSON_SUFFIXES, TEXT_SUFFIXES = (".csv", ".tsv"), (".jsonl", ".ndjson"), (".txt",)

Source = Path | dict[str, Path]
"""A file, or a folder of texts for each class."""


def parts_of(place: Path, test: Path | None) -> dict[str, Source]:
    """Return where the texts of each part are.

    Raises:
        DataError: If a folder holds no folders of classes.
    """
    parts: dict[str, Source] = dict(class_folders(place)) if place.is_dir() else {"train": place}
    if test is not None:
        parts["test"] = class_folders(test)["train"] if test.is_dir() else test
    return parts


def spool(
    source: Source,
    column: str,
    label: Sequence[str],
    writer: TextWriter,
    group: str | None = None,
) -> Labelled:
    """Write a part's texts one by one, and return their labels.

    Args:
        source: Where they are.
        column: Of the text.
        label: Columns of the target.
        writer: Takes the texts.
        group: What tells groups: a column, or a regular expression on the paths of a folder. The
            groups are then the last column of what is returned.

    Raises:
        DataError: If there are none, or one cannot be read; it names the line.
    """
    names = label if group is None else (*label, group)
    columns: list[list[str]] = [[] for _ in names]
    places: list[list[Place]] = [[] for _ in names]
    for where, content, targets in _examples(source, column, names, group):
        writer.write(content)
        for i, (name, target) in enumerate(zip(names, targets, strict=True)):
            columns[i].append(target)
            places[i].append(Place(where, name))
    if not places[0]:
        raise DataError(f"{source} holds no texts", remedy="Give one example a line.")
    return Labelled(columns, places)


Example = tuple[str, str, list[str]]
"""Where an example stands, its text, and its targets."""


def _examples(
    source: Source, column: str, label: Sequence[str], pattern: str | None = None
) -> Iterator[Example]:
    if isinstance(source, dict):
        for name, folder in source.items():
            for file in files_in(folder, TEXT_SUFFIXES):
                groups = [] if pattern is None else [group_in_path(file, folder.parent, pattern)]
                with open_text(file) as stream:
                    yield str(file), stream.read(), [name, *groups]
        return
    reader = _reader(source)
    with open_text(source) as stream:
        yield from reader(stream, source, column, label)


def _reader(path: Path) -> Any:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    last = (suffixes[:-1] if suffixes[-1:] == [".gz"] else suffixes)[-1:]
    if last and last[0] in CSV_SUFFIXES:
        return _csv_examples
    if last and last[0] in JSON_SUFFIXES:
        return _json_examples
    if not path.exists():
        remedy = "Check the path; it is relative to the config, else to where you work."
        raise DataError(f"there is no file {path}", remedy=remedy)
    message = f"{path} is no kind of file that texts are read from"
    raise DataError(message, remedy="Give a .csv, .tsv, .jsonl or .jsonl.gz file, or a folder.")


def _csv_examples(
    stream: TextIO, path: Path, column: str, label: Sequence[str]
) -> Iterator[Example]:
    header, rows = read_rows(stream, path)
    text_at = column_of(column, header, path)
    labels_at = [column_of(name, header, path) for name in label]
    for row in rows:
        yield row.place, row.cells[text_at], [row.cells[i].strip() for i in labels_at]


def _json_examples(
    stream: TextIO, path: Path, column: str, label: Sequence[str]
) -> Iterator[Example]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            remedy = 'Write one JSON object a line, such as {"text": "...", "label": 1}.'
            raise DataError(f"{where} is no JSON: {reason}", remedy=remedy) from None
        if not isinstance(found, dict):
            remedy = 'Write one JSON object a line, such as {"text": "...", "label": 1}.'
            raise DataError(f"{where} is no JSON object", remedy=remedy)
        yield where, _json_text(found, column, where), [_json_label(found, n, where) for n in label]


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


def read_labelled(
    path: Path, column: str, label: Sequence[str], meaning: Meaning | DataDescription
) -> tuple[Texts, np.ndarray]:
    """Read texts that a trained model has not met, with their targets.

    Raises:
        DataError: If they cannot be read; it names the line.
    """
    with TextWriter() as writer:
        found = spool(parts_of(path, None)["train"], column, label, writer)
        return writer.finish(), as_targets(found, meaning)


def read_texts(path: Path, column: str) -> tuple[Texts, np.ndarray]:
    """Read texts without targets: a file with the text's column, or .txt with one text a line.

    Raises:
        DataError: If they cannot be read; it names the line.
    """
    import numpy as np

    with TextWriter() as writer:
        for content in _bare_texts(path, column):
            writer.write(content)
        texts = writer.finish()
    if not len(texts):
        raise DataError(f"{path} holds no texts", remedy="Give one example a line.")
    return texts, np.zeros(len(texts), int)


def _bare_texts(path: Path, column: str) -> Iterator[str]:
    if path.is_dir():
        for file in files_in(path, TEXT_SUFFIXES):
            with open_text(file) as stream:
                yield stream.read()
    elif path.suffix.lower() in TEXT_SUFFIXES:
        with open_text(path) as stream:
            yield from (line.strip() for line in stream if line.strip())
    else:
        for _, content, _ in _examples(path, column, ()):
            yield content
