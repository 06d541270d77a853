"""JSON objects, a line each or in one list, with the line where each begins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

REMEDY = 'Write one JSON object a line, such as {"text": "...", "label": 1}.'


def json_records(stream: TextIO, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a stream with their lines; lines are read one by one.

    Raises:
        DataError: For what is no JSON object, with its line.
    """
    for number, line in enumerate(stream, 1):
        text = line.strip()
        if not text:
            continue
        if text.startswith("[") and number == 1:
            yield from _of_list(line + stream.read(), path)
            return
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _no_json(path, number, error) from None
        yield number, _object(found, path, number)


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
            raise _no_json(path, line, error) from None
        yield line, _object(found, path, line)


def _object(found: Any, path: Path, line: int) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise DataError(f"{path}:{line} is no JSON object", remedy=REMEDY)
    return found


def _no_json(path: Path, line: int, error: Exception) -> DataError:
    reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return DataError(f"{path}:{line} is no JSON: {reason}", remedy=REMEDY)


def json_cell(value: Any, path: Path, line: int, key: str) -> str:
    """Return a value as a cell of a CSV file has it; empty if it is missing.

    Raises:
        DataError: If it is a list or an object.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, str | int | float):
        message = f"{path}:{line}: '{key}' is {json.dumps(value)[:40]}, not a single value"
        raise DataError(message, remedy="Give each value a key of its own, with a word or number.")
    return str(value).encode("utf-8", "replace").decode()
