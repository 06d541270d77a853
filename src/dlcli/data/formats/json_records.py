"""JSON objects, a line each or in one list, with the line where each begins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlcli.data.own.mistakes import such
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

REMEDY = 'Write one JSON object a line, such as {"text": "...", "label": 1}.'


def json_records(stream: TextIO, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a stream with their lines; lines are read one by one.

    Raises:
        DataError: For what is no JSON object, with its line; all such lines are counted.
    """
    lines = ((number, text) for number, line in enumerate(stream, 1) if (text := line.strip()))
    for number, text in lines:
        if text.startswith("[") and number == 1:
            yield from _of_list(f"{text}\n{stream.read()}", path)
            return
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            wrong = [number, *(other for other, line in lines if not _is_json(line))]
            raise _no_json(path, wrong, error) from None
        if not isinstance(found, dict):
            rest = (other for other, line in lines if _is_json(line) and not _is_object(line))
            raise _no_object(path, [number, *rest])
        yield number, found


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _is_object(text: str) -> bool:
    return isinstance(json.loads(text), dict)


def _of_list(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    decoder = json.JSONDecoder()
    place, line, counted = text.index("[") + 1, 1, 0
    while True:
        while text[place : place + 1].isspace() or text[place : place + 1] == ",":
            place += 1
        line, counted = line + text.count("\n", counted, place), place
        if text[place : place + 1] in ("]", ""):
            return
        try:
            found, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise _no_json(path, [line], error) from None
        if not isinstance(found, dict):
            raise _no_object(path, [line])
        yield line, found


def _no_object(path: Path, lines: Sequence[int]) -> DataError:
    others = such(lines, what="lines")
    return DataError(f"{path}:{lines[0]} is no JSON object{others}", remedy=REMEDY)


def _no_json(path: Path, lines: Sequence[int], error: Exception) -> DataError:
    reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    others = such(lines, what="lines")
    return DataError(f"{path}:{lines[0]} is no JSON: {reason}{others}", remedy=REMEDY)


def is_nested(value: Any) -> bool:
    """Whether a value is a list or an object, which no cell can hold."""
    return value is not None and not isinstance(value, str | int | float)


def json_cell(value: Any, path: Path, line: int, key: str) -> str:
    """Return a value as a cell of a CSV file has it; empty if it is missing.

    Raises:
        DataError: If it is a list or an object.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if is_nested(value):
        message = f"{path}:{line}: '{key}' is {json.dumps(value)[:40]}, not a single value"
        raise DataError(message, remedy="Give each value a key of its own, with a word or number.")
    return str(value).encode("utf-8", "replace").decode()
