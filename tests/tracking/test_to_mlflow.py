"""Curves, parameters and files arrive in the real MLflow."""

from __future__ import annotations

import importlib.util

import pytest

from dlcli.errors import UserError
from dlcli.store.runs import RunFolder
from dlcli.tracking import check_installed, track_comparison, track_run
from dlcli.tracking.records import comparison_records, run_record
from dlcli.tracking.to_mlflow import MLflow

pytestmark = pytest.mark.slow


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
