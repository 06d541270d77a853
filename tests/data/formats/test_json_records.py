"""JSON objects come with the line where each begins, in lines or in one list."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from dlcli.data.formats.json_records import json_cell, json_records
from dlcli.errors import DataError

PATH = Path("t.json")
OBJECTS = [{"a": 1, "b": "x, [y]"}, {"a": [{"c": "}"}]}, {}]


def read(text):
    return list(json_records(io.StringIO(text), PATH))


def test_objects_in_lines_are_counted_with_the_empty_ones_between():
    text = "\n\n".join(map(json.dumps, OBJECTS))
    assert read(text) == list(zip((1, 3, 5), OBJECTS, strict=True))


@pytest.mark.parametrize("indent", [None, 2])
def test_objects_in_a_list_begin_where_their_brackets_open(indent):
    text = json.dumps(OBJECTS, indent=indent)
    found = read(text)
    assert [value for _, value in found] == OBJECTS
    lines = text.splitlines()
    for line, _ in found:
        assert "{" in lines[line - 1]
    assert len({line for line, _ in found}) == (1 if indent is None else 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": \n', r"t\.json:2 is no JSON: "),
        ('{"a": 1}\n[1]\n', r"t\.json:2 is no JSON object"),
        ('[{"a": 1},\n\n3]', r"t\.json:3 is no JSON object"),
        ('[{"a": 1},\n{"a" 3}]', r"t\.json:2 is no JSON: "),
        ("[" * 100_000, r"t\.json:1 is no JSON"),
    ],
)
def test_what_is_no_object_is_told_with_its_line(text, message):
    with pytest.raises(DataError, match=message) as caught:
        read(text)
    assert "one JSON object a line" in caught.value.remedy


@pytest.mark.parametrize(
    ("value", "cell"), [(None, ""), (True, "1"), (False, "0"), (1.5, "1.5"), ("x", "x"), (3, "3")]
)
def test_a_value_is_a_cell_as_a_csv_file_has_it(value, cell):
    assert json_cell(value, PATH, 1, "a") == cell


def test_a_list_is_no_cell():
    with pytest.raises(DataError, match=r"t\.json:4: 'a' is \[1, 2\], not a single value"):
        json_cell([1, 2], PATH, 4, "a")


def test_half_of_a_letter_is_no_reason_to_fail():
    (((_, found),)) = read('{"a": "\\ud800"}')
    assert json_cell(found["a"], PATH, 1, "a") == "?"
