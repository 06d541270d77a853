"""A run's folder on another machine: all it needs is in it, but for data of the user's own."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from tests.faults.running import place
from tests.faults.test_damage import DAMAGES
from tests.helpers import SMALL, dlcli

pytestmark = pytest.mark.slow


def moved(tmp_path, config, *arguments):
    """Train a run, and move it away from all that it was made of; return its new home."""
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "small.yaml").write_text(config)
    done = dlcli("train", "small.yaml", "--out", "run", *arguments, cwd=old)
    assert done.returncode == 0, done.stderr
    new.mkdir()
    shutil.copytree(old / "run", new / "copy")
    shutil.rmtree(old)
    return new


def said(folder, *arguments, code=0):
    done = dlcli(*arguments, cwd=folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "should not have happened" not in done.stderr
    return done


def test_a_copied_run_is_scored_asked_and_shown(tmp_path):
    place(tmp_path / "old")
    new = moved(tmp_path, SMALL)
    scores = json.loads((new / "copy" / "metrics.json").read_text())
    for part in ("test", "train"):
        out = said(new, "eval", "copy", "--metrics", "accuracy", "--split", part, "--json").stdout
        assert str(scores[part]["accuracy"])[:10] in out
    np.savez(new / "x.npz", x=np.zeros((2, 4), "float32"))
    assert len(said(new, "predict", "copy", "x.npz").stdout.splitlines()) == 3
    assert said(new, "report", "copy").stdout.strip() == "copy/report.html"
    said(new, "train", "--resume", "copy", "--epochs", "5")


def test_where_the_users_data_is_gone_that_is_said_and_all_else_works(tmp_path):
    old = place(tmp_path / "old")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 4)).astype("float32"), rng.integers(0, 3, 80)
    np.savez(old / "mine.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    new = moved(tmp_path, SMALL.replace("dataset: iris", "npz: {path: mine.npz}"))
    said(new, "eval", "copy", "--metrics", "accuracy")
    said(new, "report", "copy")
    np.savez(new / "theirs.npz", x=x, y=y)
    said(new, "predict", "copy", "theirs.npz")
    said(new, "eval", "copy", "--metrics", "accuracy", "--data", "theirs.npz")
    gone = said(new, "eval", "copy", "--metrics", "accuracy", "--split", "train", code=2).stderr
    assert "mine.npz" in gone
    assert "--data" in gone


@pytest.mark.parametrize("damage", ["cut in half", "binary", "deep", "a folder"])
def test_a_damaged_file_of_a_run_is_said_wherever_it_is_needed(
    tmp_path, damage, capsys, trained_once
):
    from dlcli.cli import run as run_dlcli

    run = trained_once()
    names = [path.name for path in run.iterdir() if not path.name.startswith(".")]
    for name in names:
        victim = tmp_path / name.replace(".", "-")
        shutil.copytree(run, victim)
        DAMAGES[damage](victim / name)
        for command in ("eval", "report"):
            code = run_dlcli([command, str(victim)])
            told = capsys.readouterr().err
            assert "should not have happened" not in told
            assert code in (0, 2), (name, command, told)
            assert code == 0 or "hint" in told or name in told
