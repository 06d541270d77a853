"""`dlcli eval` scores a saved run."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.helpers import dlcli

pytestmark = pytest.mark.slow


def test_eval_scores_a_run_with_intervals_under_the_names_as_typed(workplace):
    folder, result = workplace
    done = dlcli(
        "eval", result["run"], "--metrics", "f1,top_k:2,auc,log_loss", "--json", cwd=folder
    )
    made = json.loads(done.stdout)
    assert list(made["metrics"]) == ["f1", "top_k:2", "auc", "log_loss"]
    for score in made["metrics"].values():
        assert score["interval"][0] <= score["value"] <= score["interval"][1]
    assert made["metrics"]["f1"]["value"] == pytest.approx(result["metrics"]["test"]["f1"])
    assert sum(map(sum, made["confusion"])) == 30


def test_eval_needs_no_tensorflow_for_the_test_part(workplace):
    folder, _ = workplace
    code = (
        "import sys; from dlcli.cli import run; assert run(['eval', '--metrics', 'f1,auc']) == 0;"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=folder, check=False).returncode == 0


def test_eval_scores_other_parts_and_other_data_and_keras_metrics(workplace):
    folder, result = workplace
    train = dlcli("eval", result["run"], "--split", "train", "--json", cwd=folder)
    value = json.loads(train.stdout)["metrics"]["accuracy"]["value"]
    assert value == pytest.approx(result["metrics"]["train"]["accuracy"])
    from sklearn.datasets import load_iris

    iris = load_iris()
    np.savez(folder / "mine.npz", x=iris.data[:20], y=iris.target[:20])
    own = dlcli(
        "eval", result["run"], "--data", "mine.npz", "--metrics", "accuracy", "--json", cwd=folder
    )
    assert json.loads(own.stdout)["examples"] == 20
    keras = dlcli(
        "eval", result["run"], "--metrics", "CategoricalCrossentropy", "--json", cwd=folder
    )
    assert json.loads(keras.stdout)["metrics"]["CategoricalCrossentropy"]["value"] == pytest.approx(
        result["metrics"]["test"]["categorical_crossentropy"], rel=1e-5
    )
