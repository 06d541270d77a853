"""A damaged model or checkpoint of a run: told with what to do about it, exit code 2."""

from __future__ import annotations

import shutil

import pytest

from tests.faults.test_damage import DAMAGES
from tests.fuzz.driving import drive
from tests.helpers import dlcli
from tests.security.places import write_run, write_zip
from tests.security.test_models import GOOD


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_told_before_tensorflow_is_loaded(tmp_path, damage):
    run = write_run(tmp_path / "runs")
    write_zip(run.path / "model.keras", GOOD)
    DAMAGES[damage](run.path / "model.keras")
    (tmp_path / "new.csv").write_text("1,2,3,4\n")
    end = drive(["predict", run.name, str(tmp_path / "new.csv"), "--root", str(tmp_path / "runs")])
    assert (end.code, end.problem) == (2, ""), end.told
    assert "hint: " in end.told
    assert "model" in end.told


def _flipped(path):
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(255 - byte for byte in content[middle : middle + 64])
    path.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut at 90 %", "zeros", "flipped"])
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("model.keras", ("eval", "run", "--split", "train")),
        ("model.keras", ("inspect", "run", "--hidden-states", "test:0")),
        ("checkpoint.npz", ("train", "--resume", "run", "--epochs", "3")),
    ],
)
def test_a_damaged_one_ends_with_2_and_a_remedy_and_harms_nothing_else(
    trained_once, tmp_path, name, command, damage
):
    run = tmp_path / "run"
    shutil.copytree(trained_once("--epochs", "1"), run)
    {**DAMAGES, "flipped": _flipped}[damage](run / name)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    done = dlcli(*command, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert name in done.stderr
    assert "rain the run again" in done.stderr.partition("hint: ")[2]
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
