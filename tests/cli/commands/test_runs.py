"""Saved runs are listed, shown, compared and deleted, whatever lies in their folders."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dlcli.cli import run
from dlcli.store import comparisons
from dlcli.store import runs as store
from dlcli.store.beside import Beside
from tests.cli.commands.kept import CONFIG, ENVIRONMENT, SCORES, make
from tests.helpers import dlcli

pytestmark = pytest.mark.usefixtures("in_a_folder")


def printed(capsys, *arguments):
    assert run(["runs", *arguments]) == 0
    return capsys.readouterr().out


def test_no_runs_are_a_note_and_no_error(capsys):
    assert run(["runs", "ls"]) == 0
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "no runs in runs" in streams.err
    assert json.loads(printed(capsys, "ls", "--json")) == {"runs": [], "comparisons": []}


def test_the_list_tells_what_became_of_each_run(capsys):
    make("done")
    make("cut", finished=False)
    lines = {line.split()[0]: line for line in printed(capsys, "ls").splitlines()[2:]}
    started = f"{datetime(2026, 1, 2, 3, 4, tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"
    assert lines["done"].startswith("done  finished")
    assert started in lines["done"]
    assert lines["done"].endswith("iris  Adam          4/4  loss=0.2500  accuracy=0.8750")
    assert lines["cut"].endswith("iris  Adam          2/4")
    assert "incomplete" in lines["cut"]


def test_the_list_as_json_holds_what_a_program_needs(capsys):
    make("done")
    (record,) = json.loads(printed(capsys, "ls", "--json"))["runs"]
    assert record == {
        "name": "done", "path": "runs/done", "state": "finished",
        "started": "2026-01-02T03:04:05+00:00", "dataset": "iris", "optimizer": "Adam",
        "epochs": 4, "epochs_done": 4, "scored": "test", "metrics": SCORES["test"],
    }  # fmt: skip


def test_the_config_of_a_finished_run_is_not_read_for_the_list(capsys):
    (make("done").path / store.CONFIG).write_text("{{{")
    assert "iris" in printed(capsys, "ls")


DAMAGE = [
    (store.STATUS, '{"state"'),
    (store.STATUS, "[1]"),
    (store.STATUS, '{"dataset": null, "metrics": 3, "epochs_done": "x", "ended": 3}'),
    (store.ENVIRONMENT, "[1]"),
    (store.ENVIRONMENT, '{"packages": 3, "memory_bytes": "much", "seed": {}}'),
    (store.METRICS, '{"train": 3, "test": {"loss": "x"}}'),
    (store.METRICS, "3"),
    (store.HISTORY, "\0"),
]


@pytest.mark.parametrize(("name", "content"), DAMAGE)
@pytest.mark.parametrize("command", [["ls"], ["show", "a"], ["diff", "a", "b"]])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_damaged_file_hides_neither_its_run_nor_the_others(name, content, command, form, capsys):
    (make("a").path / name).write_text(content)
    make("b")
    assert printed(capsys, *command, *form)


@pytest.mark.parametrize("name", [store.STATUS, store.ENVIRONMENT, store.METRICS, store.HISTORY])
@pytest.mark.parametrize("command", [["ls"], ["show", "a"], ["diff", "a", "b"]])
def test_a_folder_where_a_file_should_be_is_as_good_as_no_file(name, command, capsys):
    path = make("a").path / name
    path.unlink()
    path.mkdir()
    make("b")
    assert "a" in printed(capsys, *command)


@pytest.mark.parametrize("config", ["3", "data: [1]\ncompile: 3\n", "data: {", "\t", ""])
def test_a_damaged_config_does_not_hide_its_run(config, capsys):
    make("a", finished=False, config=config)
    assert printed(capsys, "ls").splitlines()[2].split()[:2] == ["a", "incomplete"]


@pytest.mark.parametrize("command", [["show", "a", "--json"], ["diff", "a", "b"]])
def test_a_damaged_config_is_told_where_it_is_what_was_asked_for(command, capsys):
    make("a", config="data: {")
    make("b")
    assert run(["runs", *command]) == 2
    assert "error" in capsys.readouterr().err


def test_show_tells_everything_of_a_run(capsys):
    make("done")
    text = printed(capsys, "show", "done")
    for fact in (
        "state      finished", "epochs     4 of 4", "command    dlcli train a.yaml",
        "seed       7", "devices    cpu:0", "memory     8.0 GiB", "packages   keras 3.15.1",
    ):  # fmt: skip
        assert fact in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert rows["metric"] == ["train", "test"]
    assert rows["accuracy"] == ["0.7500", "0.8750"]
    assert rows["f1"] == ["-", "0.5000", "1.0000"]
    assert text.endswith(CONFIG)


def test_show_tells_why_a_run_failed(capsys):
    make("bad", finished=False).finish(store.FAILED, message="out of memory")
    assert "message    out of memory" in printed(capsys, "show", "bad")


def test_show_as_json_holds_every_file(capsys):
    make("done")
    shown = json.loads(printed(capsys, "show", "done", "--json"))
    assert shown["metrics"] == SCORES
    assert shown["environment"] == ENVIRONMENT
    assert shown["status"]["state"] == shown["state"] == "finished"
    assert shown["config"]["compile"]["optimizer"]["Adam"]["learning_rate"] == 1e-5


def test_diff_shows_values_in_full_and_tells_null_from_nothing(capsys):
    make("a")
    make("b", config=CONFIG.replace("1.0e-05", "1.2e-05").replace(", loss_weights: null", ""))
    lines = printed(capsys, "diff", "a", "b").splitlines()
    assert lines[2].split() == ["compile.optimizer.Adam.learning_rate", "1e-05", "1.2e-05"]
    assert lines[3].split() == ["compile.loss_weights", "null", "-"]
    assert lines[4] == ""
    assert ["test", "accuracy", "0.8750", "0.8750"] in [line.split() for line in lines]


def test_diff_as_json_has_both_values_of_every_path_that_differs(capsys):
    make("a")
    make("b", config=CONFIG.replace("units: 8", "units: 9"))
    made = json.loads(printed(capsys, "diff", "a", "b", "--json"))
    assert made["config"] == {"model.layers[0].Dense.units": [8, 9]}
    assert made["metrics"] == {"a": SCORES, "b": SCORES}


def test_diff_shows_one_layer_where_one_was_added(capsys):
    make("a")
    make("b", config=CONFIG.replace("{layers: [", "{layers: [{ReLU: {}}, "))
    lines = printed(capsys, "diff", "a", "b").splitlines()
    assert lines[2].split(maxsplit=2) == ["model.layers[0]", "-", '{"ReLU": {}}']
    assert lines[3] == ""
    made = json.loads(printed(capsys, "diff", "a", "b", "--json"))
    assert made["config"] == {"model.layers[0]": [None, {"ReLU": {}}]}


def test_diff_of_equal_configs_says_so(capsys):
    make("a")
    make("b")
    assert printed(capsys, "diff", "a", "b").startswith("the configs are the same\n")


def test_diff_tells_runs_of_the_same_name_apart(capsys):
    make("a")
    make("a", root="other")
    made = json.loads(printed(capsys, "diff", "a", "other/a", "--json"))
    assert list(made["metrics"]) == ["runs/a", "other/a"]


class Terminal:
    """A standard input that answers."""

    def __init__(self, answer):
        self.answer = answer

    def readline(self, *_):
        return self.answer

    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "kept"), [("n\n", True), ("\n", True), ("y\n", False)])
def test_rm_asks_first(answer, kept, capsys, monkeypatch):
    made = make("a")
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert run(["runs", "rm", "a"]) == 0
    assert made.path.exists() == kept
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "delete runs/a?" in streams.err


def test_rm_with_nobody_to_ask_deletes_nothing_and_says_how(capsys, monkeypatch):
    made = make("a")
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert run(["runs", "rm", "a"]) == 2
    assert made.path.exists()
    told = capsys.readouterr().err
    assert "runs/a is kept" in told
    assert "--yes" in told


def test_rm_takes_the_figures_of_inspect_and_nothing_else_from_their_folder(capsys):
    figures = make("a").path / store.INSPECTION
    figures.mkdir()
    for name in ("filters-conv2d_1.png", "hidden-states-lstm.svg", "invariance.csv"):
        (figures / name).write_text("")
    (figures / "mine.txt").write_text("")
    assert run(["runs", "rm", "a", "--yes"]) == 2
    assert "inspect" in capsys.readouterr().err
    (figures / "mine.txt").unlink()
    assert run(["runs", "rm", "a", "--yes"]) == 0
    assert not figures.exists()


def test_rm_takes_a_run_named_twice_once(capsys):
    make("a")
    assert run(["runs", "rm", "a", "runs/a", "./runs/a", "--yes"]) == 0
    assert capsys.readouterr().err == "deleted runs/a\n"


def test_rm_deletes_nothing_if_one_name_is_wrong():
    made = make("a")
    assert run(["runs", "rm", "a", "b", "--yes"]) == 2
    assert made.path.exists()


@pytest.mark.parametrize(
    "name", [".", "..", "", "runs", "runs/..", "runs/link", "config.yaml", "/"]
)
def test_rm_refuses_what_is_no_run(name, tmp_path):
    made = make("a")
    (tmp_path / "runs" / "link").symlink_to(made.path)
    (tmp_path / "config.yaml").write_text("mine: 1\n")
    (tmp_path / "precious").write_text("")
    assert run(["runs", "rm", name, "--yes"]) == 2
    assert made.path.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "precious", "runs"]


def test_rm_refuses_a_run_that_is_being_trained(capsys):
    made = make("a")
    with made.lock():
        assert run(["runs", "rm", "a", "--yes"]) == 2
    assert "being trained" in capsys.readouterr().err
    assert made.path.exists()


@pytest.fixture
def compared(tmp_path, monkeypatch):
    """Return the folder of a comparison, below the working folder's `comparisons`."""
    monkeypatch.chdir(tmp_path)
    folder = comparisons.open_comparison(tmp_path / "comparisons", "digits", "p", fresh=False)
    environment = {"problems": "p", "started": "2026-01-31T12:00:00+00:00", "protocol": "new"}
    folder.write_json("environment.json", environment)
    folder.write_text("config.yaml", "fit: {epochs: 3}\n")
    folder.write_text("summary.csv", "candidate,learning_rate,mean\nAdam,0.01,0.98\nSGD,0.1,0.9\n")
    folder.write_text("summary.md", "# Comparison\n\nAdam\n")
    folder.write_trial("ab12", {}, [])
    return folder


def test_comparisons_are_listed_and_shown(compared, capsys):
    text = printed(capsys, "ls")
    assert text.splitlines()[-1].split()[:2] == ["digits", "compared"]
    assert "Adam at 0.01 0.9800" in text
    (listed,) = json.loads(printed(capsys, "ls", "--json"))["comparisons"]
    assert (listed["trials"], listed["problems"]) == (1, 1)
    assert printed(capsys, "show", "digits") == "# Comparison\n\nAdam\n"
    assert json.loads(printed(capsys, "show", "digits", "--json"))["name"] == "digits"


def test_an_interrupted_comparison_is_listed_as_one(compared, capsys):
    compared.write_json("results.json", {"interrupted": True})
    assert printed(capsys, "ls").splitlines()[-1].split()[:2] == ["digits", "interrupted"]
    compared.write_json("results.json", {"interrupted": False})
    assert printed(capsys, "ls").splitlines()[-1].split()[:2] == ["digits", "compared"]
    compared.write_text("results.json", "damaged")
    assert printed(capsys, "ls").splitlines()[-1].split()[:2] == ["digits", "compared"]


def test_the_list_tells_why_a_comparison_has_a_number_at_its_name(compared, capsys):
    assert "differs" not in printed(capsys, "ls")
    other = comparisons.open_comparison(compared.path.parent, "digits", "q", fresh=False)
    other.write_json("environment.json", {"problems": "q"})
    Beside("digits", {"fit.epochs": (3, 5)}, 1).write(other)
    header, _, *rows = printed(capsys, "ls").splitlines()
    assert header.split()[-1] == "differs"
    told = {row.split()[0]: row.split()[-1] for row in rows}
    assert told["digits"] == "-"
    assert any(row.endswith("from digits: fit.epochs 3 -> 5") for row in rows)
    listed = json.loads(printed(capsys, "ls", "--json"))["comparisons"]
    found = {record["name"]: record["beside"] for record in listed}
    assert found["digits"] is None
    assert found["digits-2"]["differs"] == {"fit.epochs": [3, 5]}
    assert run(["runs", "rm", "digits-2", "--yes"]) == 0


def test_two_comparisons_differ(compared, tmp_path, capsys):
    other = comparisons.open_comparison(tmp_path / "comparisons", "digits", "q", fresh=False)
    other.write_json("environment.json", {"problems": "q"})
    other.write_text("config.yaml", "fit: {epochs: 5}\n")
    other.write_text("summary.csv", "candidate,learning_rate,mean\nAdam,0.01,0.99\n")
    text = printed(capsys, "diff", "digits", "digits-2")
    assert "fit.epochs" in text
    assert "0.9900" in text


def test_a_comparison_is_deleted_but_never_what_else_lies_in_it(compared, capsys):
    (compared.path / "mine.txt").write_text("x")
    assert run(["runs", "rm", "digits", "--yes"]) == 2
    assert "mine.txt" in capsys.readouterr().err
    (compared.path / "mine.txt").unlink()
    (compared.path / "trials" / "notes").mkdir()
    assert run(["runs", "rm", "digits", "--yes"]) == 2
    (compared.path / "trials" / "notes").rmdir()
    with compared.lock():
        assert run(["runs", "rm", "digits", "--yes"]) == 2
    assert compared.path.exists()
    assert run(["runs", "rm", "digits", "--yes"]) == 0
    assert not compared.path.exists()


def test_a_pattern_deletes_all_that_it_fits(capsys):
    for name in ("mlp-1", "mlp-2", "cnn-1"):
        make(name)
    assert run(["runs", "rm", "-y", "mlp-*"]) == 0
    assert [folder.name for folder in store.list_runs(Path("runs"))] == ["cnn-1"]
    assert run(["runs", "rm", "-y", "mlp-*"]) == 2
    assert "no run and no comparison is called like 'mlp-*'" in capsys.readouterr().err


def test_an_unknown_name_is_answered_with_those_that_are_alike(capsys):
    make("digits-mlp-1")
    compared = comparisons.ComparisonFolder(Path("comparisons/flowers"))
    compared.path.mkdir(parents=True)
    compared.write_json("environment.json", {"problems": "1"})
    for typed, meant in (("digits-mpl-1", "digits-mlp-1"), ("flovers", "flowers")):
        assert run(["runs", "show", typed]) == 2
        assert f"did you mean '{meant}'?" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("eval",), ("predict", "x.csv"), ("train", "--resume")])
def test_a_comparison_in_the_place_of_a_run_is_told_as_one(command, capsys):
    compared = comparisons.ComparisonFolder(Path("comparisons/flowers"))
    compared.path.mkdir(parents=True)
    compared.write_json("environment.json", {"problems": "1"})
    name, *others = command
    words = [name, "flowers", *others] if name == "predict" else [name, *others, "flowers"]
    assert run(words) == 2
    told = capsys.readouterr().err
    assert "comparisons/flowers is a comparison, not a run" in told
    assert "dlcli train --from comparisons/flowers" in told


def test_a_folder_in_the_place_of_a_config_is_pointed_on(capsys):
    made = make("mlp-1")
    assert run(["train", str(made.path)]) == 2
    told = capsys.readouterr().err
    assert "runs/mlp-1 is a run, not a config" in told
    assert "dlcli train runs/mlp-1/source.yaml" in told


@pytest.mark.parametrize("word", ["mlp-1", "runs/mlp-1"])
def test_a_run_alone_is_nothing_to_predict(word, capsys):
    make("mlp-1")
    assert run(["predict", word]) == 2
    told = capsys.readouterr().err
    assert f"{word} is a run; there is no INPUT to predict" in told
    assert f"dlcli predict {word} new.csv" in told


@pytest.mark.slow
def test_runs_are_listed_shown_compared_and_deleted(workplace):
    folder, result = workplace
    name = Path(result["run"]).name
    other = json.loads(
        dlcli("train", "small.yaml", "--set", "compile.optimizer=SGD", "--json", cwd=folder).stdout
    )["run"]
    listed = json.loads(dlcli("runs", "ls", "--json", cwd=folder).stdout)["runs"]
    assert {name, Path(other).name} <= {run["name"] for run in listed}
    shown = json.loads(dlcli("runs", "show", name, "--json", cwd=folder).stdout)
    assert shown["metrics"] == result["metrics"]
    assert shown["environment"]["seed"] == 3
    changed = json.loads(dlcli("runs", "diff", name, Path(other).name, "--json", cwd=folder).stdout)
    assert "compile.optimizer" in changed["config"]
    assert dlcli("runs", "rm", Path(other).name, cwd=folder, stdin="n\n").returncode in (0, 130)
    assert (folder / other).exists()
    assert dlcli("runs", "rm", Path(other).name, "--yes", cwd=folder).returncode == 0
    assert not (folder / other).exists()
