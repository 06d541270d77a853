"""Curves, parameters and files arrive in the real TensorBoard and MLflow."""

from __future__ import annotations

import csv
import importlib.util

import pytest

from dlcli.errors import UserError, WorkError
from dlcli.store.comparisons import ComparisonFolder
from dlcli.store.runs import RunFolder
from dlcli.tracking import check_installed, track_comparison, track_run
from dlcli.tracking.records import comparison_records, run_record
from dlcli.tracking.to_mlflow import MLflow
from tests.helpers import HERE, SMALL, dlcli

pytestmark = pytest.mark.slow

COMPARE = "compare: {optimizers: [SGD, Adam], learning_rates: [0.01, 0.1], seeds: 2}\n"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a run and a comparison."""
    folder = tmp_path_factory.mktemp("tracked")
    (folder / "small.yaml").write_text(SMALL + COMPARE)
    done = dlcli("train", "small.yaml", "--out", "run", "--tracking", "tensorboard", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "tensorboard --logdir tensorboard" in done.stderr
    done = dlcli(
        "compare-optimizers", "small.yaml", "--no-figures", "--root", ".", *HERE, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def comparison(workplace):
    return ComparisonFolder(workplace / "small")


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


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("", "mlflow ui"),
        ("https://example.org", "https://example.org"),
        ("sqlite:///my runs.db", "mlflow ui --backend-store-uri 'sqlite:///my runs.db'"),
    ],
)
def test_how_to_look_at_mlflow_can_be_typed(uri, told, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setattr(MLflow, "__init__", lambda _: None)
    assert MLflow().keep([]) == told


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_mlflow_holds_runs_trials_and_files(workplace, comparison, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path) in track_run("mlflow", RunFolder(workplace / "run"), tmp_path)
    for _ in range(2):
        track_comparison("mlflow", comparison, tmp_path)
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name("small")
    found = {r.info.run_name: r for r in client.search_runs([experiment.experiment_id])}
    records = [run_record(RunFolder(workplace / "run")), *comparison_records(comparison)]
    assert set(found) == {record.name for record in records}
    run = found["run"]
    assert run.data.params["compile.optimizer.Adam.learning_rate"] == "0.01"
    history = client.get_metric_history(run.info.run_id, "val_loss")
    assert [point.step for point in history] == [1, 2, 3, 4]
    names = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    assert {"model.keras", "config.yaml", "history.csv", "predictions.npz"} <= names
    summary = found["summary"]
    names = {artifact.path for artifact in client.list_artifacts(summary.info.run_id)}
    assert {"summary.csv", "trials.csv"} <= names


def test_a_tracker_that_is_not_installed_is_told_before_the_training(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="needs the package mlflow") as caught:
        check_installed("mlflow")
    assert caught.value.remedy == "from the dlcli checkout: pip install -e '.[tracking]'"


def test_a_tracker_that_fails_loses_nothing(workplace, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WorkError, match="tensorboard could not keep the curves") as caught:
        track_run("tensorboard", RunFolder(workplace / "run"), tmp_path / "file")
    assert "results themselves are written" in caught.value.remedy
    assert RunFolder(workplace / "run").state == "finished"
