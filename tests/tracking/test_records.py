"""What a tracker is told is what a run's files hold."""

from __future__ import annotations

import json

import pytest

from dlcli.errors import UserError
from dlcli.store.runs import RunFolder
from dlcli.tracking.records import run_record

FILES = {
    "config.yaml": "name: net\nfit: {epochs: 2}\ncompile: {optimizer: {SGD: {momentum: 0.9}}}\n",
    "source.yaml": "name: net\n",
    "metrics.json": json.dumps({"test": {"f1": 0.5, "auc": None, "each": [1]}, "train": {"f1": 1}}),
    "history.csv": "epoch,loss,val_loss,seconds\n1,2.0,nan,0.1\n2,1.0,1.5,0.1\n",
    "status.json": "{}",
    ".hidden": "",
}


@pytest.fixture
def run(tmp_path):
    for name, text in FILES.items():
        (tmp_path / "net-1" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "net-1" / name).write_text(text)
    return RunFolder(tmp_path / "net-1")


def test_settings_curves_and_scores_are_those_of_the_files(run):
    record = run_record(run)
    assert (record.group, record.name) == ("net", "net-1")
    assert record.parameters == {
        "name": "net", "fit.epochs": 2, "compile.optimizer.SGD.momentum": 0.9
    }  # fmt: skip
    assert record.curves == {"loss": [(1, 2.0), (2, 1.0)], "val_loss": [(2, 1.5)]}
    assert record.scores == {"test_f1": 0.5, "train_f1": 1}
    assert "name: net" in record.note


def test_files_are_results_and_no_links_to_others(run, tmp_path):
    (tmp_path / "secret").write_text("x")
    (run.path / "link.txt").symlink_to(tmp_path / "secret")
    (run.path / "folder").mkdir()
    names = {path.name for path in run_record(run).files}
    assert names == {"config.yaml", "source.yaml", "metrics.json", "history.csv"}


def test_a_missing_file_is_told(run):
    (run.path / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"net-1"):
        run_record(run)
