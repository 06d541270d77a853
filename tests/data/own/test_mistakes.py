"""Of rows with the same mistake all are counted, and the first three are named."""

from __future__ import annotations

import json

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.nodes import Text
from dlcli.data import load
from dlcli.data.own.mistakes import LONGEST, such, such_places
from dlcli.errors import DataError

LINES = 60


def loaded(kind, path, **options):
    """Load a file as a config names it; raise what it says of the file."""
    written = json.dumps({"path": str(path), **options})
    text = f"data: {{{kind}: {written}}}\nmodel: {{layers: [{{Dense: {{units: 1}}}}]}}\n"
    return load(parse_config(Text("own.yaml", text)).data.source, seed=0)


def table(tmp_path, changed, *, name="t.csv", task=None, target=lambda i: "abc"[i % 3]):
    """Load a table in which some rows are changed: line -> the row."""
    rows = [f"{i},{i * 1.5},{target(i)}" for i in range(LINES)]
    for line, row in changed.items():
        rows[line - 2] = row
    path = tmp_path / name
    path.write_text("\n".join(["a,price,y", *rows]) + "\n")
    options = {"target": "y"} | ({"task": task} if task else {})
    return loaded("csv", path, **options)


def refused(tmp_path, *arguments, **options):
    with pytest.raises(DataError) as caught:
        table(tmp_path, *arguments, **options)
    return caught.value


def test_cells_that_are_no_numbers_are_counted_in_the_whole_file(tmp_path):
    changed = {line: f'1,"{cell}",a' for line, cell in
               ((3, "12,5"), (17, "n/b"), (20, "x"), (32, "y"), (61, "z"))}  # fmt: skip
    error = refused(tmp_path, changed)
    assert error.message == (
        f"{tmp_path / 't.csv'}:3: 'price' is '12,5', which is no finite number "
        "(5 such cells: lines 3, 17, 20 ('12,5', 'n/b', 'x') and 2 more)"
    )


def test_a_single_one_is_told_as_ever(tmp_path):
    error = refused(tmp_path, {9: "1,x,a"})
    assert error.message == f"{tmp_path / 't.csv'}:9: 'price' is 'x', which is no finite number"


def test_where_most_have_a_decimal_comma_they_are_not_among_the_wrong_ones(tmp_path):
    rows = [f"{i};{i},5;{'abc'[i % 3]}" for i in range(LINES)]
    rows[4], rows[44] = "4;x;a", "4;y z;a"
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a;price;y", *rows]) + "\n")
    with pytest.raises(DataError, match=r"is 'x'.* \(2 such cells: lines 6, 46 \('x', 'y z'\)\)"):
        loaded("csv", path, target="y")


@pytest.mark.parametrize(
    ("cell", "task", "told"),
    [
        ("", None, "is empty, but is the target (4 such examples: lines 5, 11, 29 and 1 more)"),
        ("NA", None, "is 'NA', which stands for a missing target (4 such examples: "),
        ("x", "regression", "is 'x', which is no finite number (4 such examples: "),
    ],
)
def test_targets_that_are_missing_or_no_numbers_are_counted(tmp_path, cell, task, told):
    target = (lambda i: i * 0.37) if task else (lambda i: "abc"[i % 3])
    changed = dict.fromkeys((5, 11, 29, 35), f"1,1.5,{cell}")
    error = refused(tmp_path, changed, task=task, target=target)
    assert error.message.startswith(f"{tmp_path / 't.csv'}:5: 'y' {told}")
    shown = f" ({', '.join([repr(cell)] * 3)})" if cell else ""
    assert error.message.endswith(f": lines 5, 11, 29{shown} and 1 more)")


def test_rows_with_another_number_of_cells_are_counted(tmp_path):
    error = refused(tmp_path, dict.fromkeys((5, 11, 29, 35), "1,1.5,a,4"))
    assert error.message == (
        f"{tmp_path / 't.csv'}:5: 4 cells, but the header names 3 columns "
        "(4 such rows: lines 5, 11, 29 and 1 more)"
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"txt": "x", "label": "a"}, "t.jsonl:6 has no 'text'; did you mean 'txt'?"),
        ({"text": 3, "label": "a"}, "t.jsonl:6: 'text' is 3, not a text"),
        ({"text": "x", "label": []}, "t.jsonl:6: 'label' is [], not a label"),
    ],
)
def test_json_objects_with_the_same_mistake_are_counted(tmp_path, wrong, told):
    lines = [json.dumps({"text": f"word{i}", "label": "ab"[i % 2]}) for i in range(LINES)]
    for line in (6, 8, 51, 55):
        lines[line - 1] = json.dumps(wrong)
    lines[20] = json.dumps({"other": 1})  # another mistake
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        loaded("text", path, text="text", label="label")
    assert caught.value.message.endswith(f"{told} (4 such objects: lines 6, 8, 51 and 1 more)")


@pytest.mark.parametrize("kind", ["text", "csv"])
@pytest.mark.parametrize(
    ("wrong", "other", "told"),
    [
        ('{"text": 3', "[]", "t.jsonl:6 is no JSON: Expecting ',' delimiter"),
        ("[1]", "{", "t.jsonl:6 is no JSON object"),
    ],
)
def test_lines_that_are_no_json_are_counted(tmp_path, kind, wrong, other, told):
    lines = [json.dumps({"text": f"word{i}", "label": "ab"[i % 2]}) for i in range(LINES)]
    for line in (6, 8, 51, 55):
        lines[line - 1] = wrong
    lines[20] = other  # another mistake
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines) + "\n")
    options = {"text": "text", "label": "label"} if kind == "text" else {"target": "label"}
    with pytest.raises(DataError) as caught:
        loaded(kind, path, **options)
    assert caught.value.message.endswith(f"{told} (4 such lines: lines 6, 8, 51 and 1 more)")
    lines[7] = lines[50] = lines[54] = lines[0]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as caught:
        loaded(kind, path, **options)
    assert caught.value.message.endswith(told)


def test_json_rows_that_hold_lists_are_counted(tmp_path):
    rows = [{"a": i, "b": [1] if i in (4, 9) else i, "y": i % 2} for i in range(LINES)]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match=r":5: 'b' is \[1\].* \(2 such objects: lines 5, 10\)"):
        loaded("csv", path, target="y")


def steps(tmp_path, kind, changed, **options):
    """Load sequences, or series, in which some rows are changed: line -> the row."""
    rows = [f"s{i // 20},{i % 20},{i * 1.5},{'ab'[i // 20 % 2]}" for i in range(120)]
    for line, row in changed.items():
        rows[line - 2] = row
    path = tmp_path / "s.csv"
    path.write_text("\n".join(["id,t,v,y", *rows]) + "\n")
    loaded(kind, path, id="id", time="t", **options)


SERIES = ("forecast", {"target": "v", "window": 3, "horizon": 1, "ignore": ["y"]})
SEQUENCES = ("sequences", {"target": "y"})


@pytest.mark.parametrize(("kind", "options"), [SERIES, SEQUENCES], ids=lambda v: str(v)[:9])
@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",1,1,a", "'id' is empty (4 such rows: lines 5, 11, 29 and 1 more)"),
        ("s9,,1,a", "'t' is empty (4 such rows: lines 5, 11, 29 and 1 more)"),
        ("s9,soon,1,a", "(4 such cells: lines 5, 11, 29 ('soon', 'soon', 'soon') and 1 more)"),
    ],
)
def test_rows_without_a_sequence_or_a_time_are_counted(tmp_path, kind, options, row, told):
    with pytest.raises(DataError) as caught:
        steps(tmp_path, kind, dict.fromkeys((5, 11, 29, 35), row), **options)
    assert caught.value.message.startswith(f"{tmp_path / 's.csv'}:5: ")
    assert caught.value.message.endswith(told)


def test_values_of_series_that_are_no_numbers_are_counted(tmp_path):
    kind, options = SERIES
    with pytest.raises(DataError) as caught:
        steps(tmp_path, kind, {5: "s0,3,x,a", 11: "s0,9,x,a"}, **options)
    assert "is 'x', which is no number (2 such cells: lines 5, 11 ('x', 'x'))" in (
        caught.value.message
    )


def test_one_is_not_counted_and_a_long_cell_is_cut_off():
    assert such([7], ["x"], what="cells") == ""
    told = such([7, 8], ["x" * 500, "y"], what="cells")
    assert told.endswith("...', 'y'))")
    assert len(told) < LONGEST + 50


def test_examples_that_are_files_are_named_as_such():
    assert such_places(["t.csv:3", "t.csv:5"], what="rows") == " (2 such rows: lines 3, 5)"
    files = ["a/1.png", "a/2.png"]
    assert such_places(files, what="images") == " (2 such images: files a/1.png, a/2.png)"
    rows = ["t.csv:3", "u.csv:5"]
    assert such_places(rows, what="cells") == " (2 such cells: rows t.csv:3, u.csv:5)"
