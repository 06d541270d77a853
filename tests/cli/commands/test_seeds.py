"""`dlcli train --seeds N`: several runs of one config, and what they have in common."""

from __future__ import annotations

import json
import os
import shlex
import signal
import time

import pytest

from tests.helpers import SMALL, dlcli, started

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def test_each_run_is_the_one_that_its_seed_alone_trains(folder):
    done = dlcli("train", "small.yaml", "--seeds", "2", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [run["seed"] for run in told["runs"]] == [3, 4]
    alone = dlcli("train", "small.yaml", "--seed", "4", "--out", "alone", "--json", cwd=folder)
    last = told["runs"][1]
    assert last["metrics"] == json.loads(alone.stdout)["metrics"]
    assert (folder / last["run"] / "config.yaml").read_text() == (
        folder / "alone" / "config.yaml"
    ).read_text()
    values = [run["metrics"]["test"]["accuracy"] for run in told["runs"]]
    accuracy = told["metrics"]["test"]["accuracy"]
    assert accuracy["values"] == values
    assert accuracy["mean"] == pytest.approx(sum(values) / 2)
    assert told["metrics"].keys() == {"validation", "test"}


def test_the_table_has_mean_interval_and_range_and_names_the_folders(folder):
    done = dlcli("train", "small.yaml", "--seeds", "2", "--seed", "8", "--epochs", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    header, _, *rows = done.stdout.splitlines()
    assert header.split("  ")[0] == "metric"
    assert "95 % interval" in header
    row = next(row for row in rows if row.startswith("accuracy") and "test" in row)
    assert ".." in row
    assert "[" in row
    assert [row.split(":")[0] for row in rows if ": runs" in row] == ["seed 8", "seed 9"]
    assert len(list((folder / "runs").iterdir())) == 2
    assert done.stderr.count("inferred from the task") == 1
    assert "share the test examples" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told", "remedy"),
    [
        (("--out", "x"), "--out names one folder", "--root x"),
        (("--resume", "x"), "cannot resume", "without --seeds"),
        (("--seed", "2147483647"), "exceed", "--seed of at most 2147483646"),
    ],
)
def test_what_has_no_meaning_for_several_runs_is_refused(folder, arguments, told, remedy):
    done = dlcli("train", "small.yaml", "--seeds", "2", *arguments, cwd=folder)
    assert done.returncode == 2
    assert told in done.stderr
    assert remedy in done.stderr
    assert not (folder / "runs").exists()


def test_ctrl_c_keeps_the_runs_that_are_done_and_says_how_to_train_the_rest(folder):
    # A run ends by itself, but only seconds after it has said that it begins.
    text = SMALL.replace("epochs: 4", "epochs: 100000, callbacks: [{EarlyStopping: {patience: 1}}]")
    (folder / "long.yaml").write_text(text)
    process = started("train", "long.yaml", "--seeds", "4", cwd=folder)
    while "seed 4: run 2" not in process.told() and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGINT)
    stdout, told = process.communicate(timeout=300)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "interrupted after 1 of 4 runs" in told
    assert "seed 3: runs/" in stdout
    (rest,) = (line for line in told.splitlines() if "the rest" in line)
    arguments = shlex.split(rest.partition(" with ")[2])
    assert arguments[:2] in (["--seed", "4"], ["--seed", "5"])
    assert int(arguments[1]) + int(arguments[3]) == 7
