"""`dlcli train` as a user runs it, and as it is cut off."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.helpers import SMALL, dlcli, started

pytestmark = pytest.mark.slow


def test_train_prints_its_result_on_stdout_and_the_rest_on_stderr(workplace):
    folder, result = workplace
    assert set(result["metrics"]) == {"train", "validation", "test"}
    assert set(result["metrics"]["test"]) == {
        "loss", "accuracy", "f1", "categorical_crossentropy",
    }  # fmt: skip
    assert (folder / result["run"] / "model.keras").exists()
    done = dlcli("train", "small.yaml", "--epochs", "1", "--seed", "9", cwd=folder)
    assert "metric" in done.stdout
    assert "run: runs/small-" in done.stdout
    assert "epoch 1/1" in done.stderr
    assert "inferred" in done.stderr
    assert "\x1b[" not in done.stdout + done.stderr


def start_long_training(folder):
    process = started("train", "small.yaml", "--epochs", "5000", "--out", "long", cwd=folder)
    while process.poll() is None:
        if "\nepoch 3/" in process.told():
            return process
        time.sleep(0.01)
    raise AssertionError("the training ended too early")


def test_ctrl_c_keeps_what_was_trained_and_exits_with_130(workplace):
    folder, _ = workplace
    process = start_long_training(folder)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "dlcli train --resume long" in told
    assert "Traceback" not in told
    listed = json.loads(dlcli("runs", "ls", "--root", ".", "--json", cwd=folder).stdout)["runs"]
    assert [run["state"] for run in listed if run["name"] == "long"] == ["interrupted"]
    done = json.loads((folder / "long" / "status.json").read_text())["epochs_done"]
    assert done >= 3
    again = dlcli("train", "--resume", "long", "--epochs", str(done + 2), "--json", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["epochs"] == done + 2


def test_a_killed_training_is_listed_as_incomplete_and_can_be_resumed(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    process = start_long_training(tmp_path)
    time.sleep(0.5)
    process.kill()
    process.communicate()
    listed = json.loads(dlcli("runs", "ls", "--root", ".", "--json", cwd=tmp_path).stdout)["runs"]
    assert [run["state"] for run in listed] == ["incomplete"]
    failed = dlcli("eval", "long", cwd=tmp_path)
    assert failed.returncode == 2
    assert "--resume" in failed.stderr
    kept = listed[0]["epochs_done"]
    again = dlcli(
        "train", "small.yaml", "--resume", "long", "--epochs", str(kept + 1), cwd=tmp_path
    )
    assert again.returncode == 0, again.stderr
    assert f"epoch {kept + 1}/{kept + 1}" in again.stderr


def test_a_config_comes_from_standard_input_too(tmp_path):
    done = dlcli("train", "-", "--epochs", "1", "--out", "piped", cwd=tmp_path, stdin=SMALL)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "piped" / "source.yaml").read_text() == SMALL
