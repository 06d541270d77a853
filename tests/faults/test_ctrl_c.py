"""Ctrl-C: once, what is done is written; twice, dlcli leaves at once; no process stays."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pandas as pd
import pytest

from tests.faults.running import (
    WIDE,
    none_left,
    place,
    same_tables,
    started,
    started_anew,
    trials,
    wait_until,
)
from tests.helpers import dlcli

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path):
    return place(tmp_path / "work")


def told(process):
    try:
        _, errors = process.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert "Traceback" not in errors
    assert process.returncode == 130, errors
    assert none_left(process.pid)
    return errors


def press(process):
    os.killpg(process.pid, signal.SIGINT)


def test_once_writes_the_tables_of_what_is_done_and_the_same_command_goes_on(folder, compared_once):
    comparison = folder / "comparisons" / "small"
    process = started(folder, "compare-optimizers", "small.yaml", *WIDE, "--epochs", "40")
    wait_until(lambda: len(trials(comparison)) >= 2, process)
    press(process)
    errors = told(process)
    assert "finished trials are kept" in errors
    kept = trials(comparison)
    assert 2 <= len(kept) < 24
    assert len(pd.read_csv(comparison / "trials.csv")) == len(kept)
    assert "Interrupted: " in (comparison / "summary.md").read_text()
    again = dlcli("compare-optimizers", "small.yaml", *WIDE, "--epochs", "40", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert kept.items() <= trials(comparison).items()
    assert "Interrupted: " not in (comparison / "summary.md").read_text()
    assert same_tables(comparison, compared_once(*WIDE, "--epochs", "40")) == 0


def test_twice_leaves_at_once_and_harms_nothing(folder):
    comparison = folder / "comparisons" / "small"
    process = started(folder, "compare-optimizers", "small.yaml", *WIDE, "--epochs", "40")
    wait_until(lambda: len(trials(comparison)) >= 2, process)
    press(process)
    time.sleep(0.05)
    press(process)
    told(process)
    kept = trials(comparison)
    assert dlcli("compare-optimizers", "small.yaml", *WIDE, "--epochs", "40",
                 cwd=folder).returncode == 0  # fmt: skip
    assert kept.items() <= trials(comparison).items()


@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.7, 1.1])
@pytest.mark.parametrize("arguments", [("compare-optimizers", *WIDE), ("train",)],
                         ids=["compare", "train"])  # fmt: skip
def test_while_tensorflow_is_imported_it_is_heard_and_shows_no_traceback(
    folder, arguments, seconds, monkeypatch
):
    # Python, whose own start swallows a Ctrl-C now and then, tells what is imported.
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    process = started_anew(folder, *arguments, "small.yaml", "--epochs", "3000")
    # Every command's module imports this one, when a Ctrl-C is heard already.
    assert any(line.endswith("dlcli.cli.options.overrides\n") for line in process.stderr)
    time.sleep(seconds)
    press(process)
    assert "interrupted" in told(process)


def test_a_training_keeps_its_state_and_a_second_ctrl_c_leaves_at_once(folder):
    run = folder / "run"
    command = ("train", "small.yaml", "--epochs", "100000", "--out", "run")
    process = started(folder, *command)
    wait_until((run / "history.csv").exists, process)
    press(process)
    assert "dlcli train --resume run" in told(process)
    assert (run / "status.json").exists()
    process = started(folder, "train", "--resume", "run")
    wait_until(lambda: not (run / "status.json").exists(), process)
    press(process)
    press(process)
    told(process)
    done = len((run / "history.csv").read_text().splitlines()) - 1
    ended = dlcli("train", "--resume", "run", "--epochs", str(done + 1), cwd=folder)
    assert ended.returncode == 0, ended.stderr
