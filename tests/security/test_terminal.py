"""What others wrote is shown on a terminal, and never steers it."""

from __future__ import annotations

import io
import json
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.cli.screen.output import print_table, visible
from dlcli.cli.screen.progress import TrialBar
from tests.fuzz.driving import drive
from tests.security.places import CONFIG, own_data, write_predictions, write_run

ESCAPES = ("\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "a\rb", "\x08\x08", "\x7f", "\u202egnp.exe")
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@given(st.text())
def test_no_text_steers_a_terminal_once_it_is_made_visible(text):
    assert not STEERING.search(visible(text))
    plain = re.sub(r"[^\w\s]|\s", "", text)
    assert plain in re.sub(r"[^\w\s]|\s", "", visible(text)) or STEERING.search(text)


@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=5))
def test_json_stays_json_when_it_is_made_visible(content):
    text = json.dumps(content, ensure_ascii=False)
    assert json.loads(visible(text)) == content


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "command", ["runs ls", "runs show", "runs show --json", "runs diff", "eval", "report"]
)
def test_no_run_of_others_steers_the_terminal(escape, command, tmp_path):
    named = {escape: escape}
    run = write_run(
        tmp_path / "runs",
        status={"state": "finished", "epochs_done": 2, "dataset": escape, "optimizer": escape,
                "message": escape, "metrics": {escape: 0.5}, "scored": escape},
        metrics={"test": {escape: 0.5}, escape: {"accuracy": 0.5}},
        environment={"started": "2026-01-02T03:04:05+00:00", "packages": named, **named},
    )  # fmt: skip
    write_predictions(run)
    (run.path / "data.json").write_text(json.dumps(own_data(["a", escape, "c"])))
    write_run(tmp_path / "runs", "other")
    words = command.split()
    place = {"runs ls": [], "runs diff": ["first", "other"]}.get(command, ["first"])
    end = drive([*words, *place, "--root", str(tmp_path / "runs")])
    assert (end.code, end.problem) == (0, "")
    assert not STEERING.search(end.told)
    if command in ("runs ls", "runs show"):
        assert f"\\u{ord(STEERING.search(escape)[0]):04x}" in end.told


@pytest.mark.parametrize("escape", ["\\e[31mred", "\\x9b2J", "\\u202etxt", "a\\rb"])
def test_no_config_steers_the_terminal(escape, tmp_path):
    places = {
        "name": CONFIG.replace("name: net", f'name: "{escape}"'),
        "key": CONFIG + f'"{escape}": 1\n',
        "metric": CONFIG.replace("[accuracy]", f'["{escape}"]'),
        "label": CONFIG + f'compare: {{optimizers: [{{Adam: {{}}, label: "{escape}"}}]}}\n',
        "path": CONFIG.replace("{iris: {}}", f'{{csv: {{path: "{escape}", target: y}}}}'),
    }
    for text in places.values():
        (tmp_path / "cfg.yaml").write_text(text)
        for command in (["validate"], ["show"], ["show", "--json"], ["show", "--diff"]):
            end = drive(["config", *command, str(tmp_path / "cfg.yaml")])
            assert end.problem == ""
            assert not STEERING.search(end.told)


def test_no_data_file_steers_the_terminal(tmp_path):
    rows = [f"{i},{'yes' if i % 2 else chr(27) + '[31mno'},{chr(27)}[1m{i % 3}" for i in range(20)]
    (tmp_path / "own.csv").write_text("a,y,c\x1b[2J\n" + "\n".join(rows) + "\n")
    source = {"csv": {"path": str(tmp_path / "own.csv"), "target": "y"}}
    (tmp_path / "cfg.yaml").write_text(
        f"data: {{dataset: {source}}}\nmodel: {{layers: [Flatten]}}\n"
    )
    end = drive(["data", "show", str(tmp_path / "cfg.yaml")])
    assert end.code == 0
    assert "\\u001b[31mno" in end.told
    assert not STEERING.search(end.told)


ARGUMENTS = (
    ["\x1b[31m"], ["runs", "show", "\x1b[31m"], ["ls", "\x1b[2J"], ["train", "\x9b2J.yaml"],
    ["eval", "--\x1b[31m"],
)  # fmt: skip


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_no_argument_that_is_repeated_in_an_error_steers_the_terminal(arguments):
    end = drive(arguments)
    assert (end.code, end.problem) == (2, "")
    assert not STEERING.search(end.told)


def test_a_cell_cannot_pass_for_a_row_of_its_own(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    print_table(["a", "b\nc"], [["x\nforged  1", "2"]])
    assert len(stream.getvalue().splitlines()) == 3
    assert "x\\nforged" in stream.getvalue()


def test_an_error_that_repeats_a_file_is_cut_off(tmp_path):
    np.savetxt(tmp_path / "own.csv", np.ones((20, 2)), delimiter=",", header="a,y", comments="")
    text = (tmp_path / "own.csv").read_text().replace("\n1", f"\n{'x' * 100_000}", 1)
    (tmp_path / "own.csv").write_text(text)
    source = {"csv": {"path": str(tmp_path / "own.csv"), "target": "y", "task": "regression"}}
    (tmp_path / "cfg.yaml").write_text(
        f"data: {{dataset: {source}}}\nmodel: {{layers: [Flatten]}}\n"
    )
    end = drive(["data", "show", str(tmp_path / "cfg.yaml")])
    assert end.code == 2
    assert len(end.told) < 10_000


def test_a_label_neither_steers_nor_breaks_the_bar(monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "200")
    with TrialBar() as bar:
        bar.started(trials=3, kept=0, at_most=False)
        bar.trial(done=1, trials=3, best="[/x]\x1b]0;title\x07[red]")
    assert "\x1b]0;" not in stream.getvalue()
    assert "[/x]\\u001b]0;title\\u0007[red]" in re.sub(
        "\x1b\\[[0-9;?]*[a-zA-Z]", "", stream.getvalue()
    )
