"""TensorBoard shows a run while it trains, and each epoch of it once."""

from __future__ import annotations

import csv
import os
import signal

import pytest

from dlcli.cli.options.tracking import RunTracking
from dlcli.errors import WorkError
from dlcli.store.runs import RunFolder
from dlcli.tracking import Watched
from dlcli.tracking.to_tensorboard import LiveCurves
from dlcli.train.session import start
from tests.faults.running import wait_until
from tests.helpers import SMALL, Silent, dlcli, started
from tests.tracking.test_to_tensorboard import events

pytestmark = pytest.mark.slow

ROWS = [{"epoch": i, "loss": 1 / i, "val_loss": 2 / i, "seconds": 0.1} for i in range(1, 6)]


def steps(folder, name="loss"):
    return [point.step for point in events(folder).Scalars(name)]


def history(run):
    with (run / "history.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_each_epoch_can_be_read_as_soon_as_it_has_ended(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    seen = []

    class Reader(Silent):
        def epoch(self, *, epoch, row):
            log = events(tmp_path / "tensorboard" / "small" / "run")
            points = [(point.step, point.value) for point in log.Scalars("val_loss")]
            assert points[-1] == (epoch, pytest.approx(row["val_loss"]))
            seen.append(len(points))

    place = tmp_path / "run"
    with (session := start("small.yaml", (), root=tmp_path, out=place)) as run:
        tracking = RunTracking("tensorboard")
        session.train(tracking.observer(run, Reader()))
    tracking.finished(run)
    assert seen == [1, 2, 3, 4]
    log = events(tmp_path / "tensorboard" / "small" / "run")
    assert [point.step for point in log.Scalars("final/test_loss")] == [4]
    assert "seconds" not in log.Tags()["scalars"]


def test_a_killed_run_is_in_the_log_and_goes_on_there_without_an_epoch_twice(tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL)
    process = started(
        "train", "small.yaml", "--out", "run", "--epochs", "2000", "--tracking", "tensorboard",
        cwd=tmp_path,
    )  # fmt: skip
    log = tmp_path / "tensorboard" / "small" / "run"

    def three_epochs():
        return log.exists() and (tmp_path / "run" / "checkpoint.npz").exists() and (
            "loss" in (read := events(log)).Tags()["scalars"] and len(read.Scalars("loss")) >= 3
        )  # fmt: skip

    wait_until(three_epochs, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    logged = steps(log)
    assert logged == list(range(1, len(logged) + 1))
    kept = len(history(tmp_path / "run"))
    epochs = str(max(len(logged), kept) + 3)
    done = dlcli(
        "train", "--resume", "run", "--root", ".", "--epochs", epochs, "--tracking",
        "tensorboard", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [path.name for path in log.parent.iterdir()] == ["run"]
    for name in ("loss", "val_loss"):
        points = [(point.step, point.value) for point in events(log).Scalars(name)]
        assert points == [
            (int(row["epoch"]), pytest.approx(float(row[name]), rel=1e-4))
            for row in history(tmp_path / "run")
        ]
        assert len(points) == int(epochs)


def test_a_run_goes_on_in_its_own_log_and_a_new_one_of_the_name_gets_another(tmp_path):
    for row in ROWS[:3]:
        first = LiveCurves(tmp_path, "g", "run", ROWS[: row["epoch"]])
    first.add(ROWS[3])
    assert steps(tmp_path / "g" / "run") == [1, 2, 3, 4]
    again = LiveCurves(tmp_path, "g", "run", ROWS[:2])
    for row in ROWS[2:]:
        again.add(row)
    assert steps(tmp_path / "g" / "run") == [1, 2, 3, 4, 5]
    other = LiveCurves(tmp_path, "g", "run")
    other.add({"epoch": 1, "loss": 9.0})
    assert other.folder.name == "run-2"
    assert steps(tmp_path / "g" / "run-2") == [1]
    resumed = LiveCurves(tmp_path, "g", "run", [{"epoch": 1, "loss": 9.0}])
    assert resumed.folder.name == "run-2"


def test_a_run_that_was_not_watched_before_shows_its_earlier_epochs_too(tmp_path):
    LiveCurves(tmp_path, "g", "run", ROWS[:3]).add(ROWS[3])
    assert steps(tmp_path / "g" / "run", "val_loss") == [1, 2, 3, 4]


def test_a_log_that_cannot_be_written_ends_no_training(tmp_path, trained_once):
    (tmp_path / "file").touch()
    watched = Watched(RunFolder(trained_once()), tmp_path / "file")
    watched.started(0)
    watched.epoch(ROWS[0])
    with pytest.raises(WorkError, match="tensorboard could not keep the curves") as caught:
        watched.finish()
    assert "results themselves are written" in caught.value.remedy
