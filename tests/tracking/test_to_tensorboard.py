"""Curves and parameters arrive in the real TensorBoard."""

from __future__ import annotations

import csv

import pytest

from dlcli.errors import WorkError
from dlcli.store.runs import RunFolder
from dlcli.tracking import track_comparison, track_run
from tests.helpers import dlcli

pytestmark = pytest.mark.slow


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder)).Reload()


def hyper_parameters(read):
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    content = read.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    info = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    return {key: getattr(value, value.WhichOneof("kind")) for key, value in info.items()}


def test_a_runs_curves_are_those_of_its_history(workplace):
    read = events(workplace / "tensorboard" / "small" / "run")
    with (workplace / "run" / "history.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for name in ("loss", "val_loss", "val_accuracy", "learning_rate"):
        points = [(point.step, point.value) for point in read.Scalars(name)]
        assert points == [(i, pytest.approx(float(row[name]))) for i, row in enumerate(rows, 1)]
    scores = RunFolder(workplace / "run").read_json("metrics.json")
    assert read.Scalars("final/test_f1")[0].value == pytest.approx(scores["test"]["f1"])
    shown = hyper_parameters(read)
    assert shown["compile.optimizer.Adam.learning_rate"] == 0.01
    assert shown["seed"] == 3
    assert b"name: small" in read.Tensors("note")[0].tensor_proto.string_val[0]


def test_every_trial_of_a_comparison_is_shown_once(comparison, tmp_path):
    for _ in range(2):
        track_comparison("tensorboard", comparison, tmp_path)
    folders = [path for path in (tmp_path / "small").iterdir() if path.name != "summary"]
    with (comparison.path / "trials.csv").open() as stream:
        trials = list(csv.DictReader(stream))
    assert len(folders) == len(trials) >= 8
    assert all(len(list(folder.iterdir())) == 1 for folder in folders)
    shown = {
        (values["candidate"], values["learning_rate"], values["replication"], values["chosen"])
        for values in map(hyper_parameters, map(events, folders))
    }
    assert shown == {
        (t["candidate"], float(t["learning_rate"]), float(t["replication"]), t["chosen"])
        for t in trials
    }
    assert all("val_loss" in events(folder).Tags()["scalars"] for folder in folders)


def test_a_comparison_is_tracked_without_noise(workplace):
    command = ("compare-optimizers", "small.yaml", "--no-figures", "--root", ".")
    done = dlcli(*command, "--tracking", "tensorboard", cwd=workplace)
    assert done.returncode == 0, done.stderr
    assert "tensorboard --logdir tensorboard" in done.stderr
    assert "oneDNN" not in done.stderr


def test_a_tracker_that_fails_loses_nothing(workplace, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WorkError, match="tensorboard could not keep the curves") as caught:
        track_run("tensorboard", RunFolder(workplace / "run"), tmp_path / "file")
    assert "results themselves are written" in caught.value.remedy
    assert RunFolder(workplace / "run").state == "finished"
