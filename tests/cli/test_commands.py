"""The commands, as a user types them: what is printed where, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import SMALL, dlcli, started, started_anew

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[2] / "configs"
NOISE = ("Traceback", "oneDNN", "absl::", "cuda", "tensorflow/")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a config and one finished run."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "small.yaml").write_text(SMALL)
    done = started_anew("train", "small.yaml", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert not [word for word in NOISE if word in done.stderr], done.stderr
    return folder, json.loads(done.stdout)


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


def test_predict_without_a_run_takes_the_newest(workplace):
    folder, _ = workplace
    (folder / "none.csv").write_text("a,b\n1,2\n")
    done = dlcli("predict", "none.csv", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("run: runs/small-")


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


def test_predict_takes_csv_and_npz_and_gives_csv_and_json(workplace):
    folder, result = workplace
    (folder / "new.csv").write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n")
    done = dlcli("predict", result["run"], "new.csv", cwd=folder)
    lines = done.stdout.splitlines()
    assert lines[0] == "class,p(setosa),p(versicolor),p(virginica)"
    assert len(lines) == 3
    np.savez(folder / "new.npz", x=[[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
    made = json.loads(dlcli("predict", result["run"], "new.npz", "--json", cwd=folder).stdout)
    assert [row["class"] for row in made["predictions"]] == [
        line.split(",")[0] for line in lines[1:]
    ]


def test_predict_prints_short_numbers_unless_more_digits_are_wanted(workplace):
    folder, result = workplace
    (folder / "new.csv").write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n")
    for digits in (4, 9):
        options = () if digits == 4 else ("--digits", "9")
        done = dlcli("predict", result["run"], "new.csv", *options, cwd=folder)
        _, *numbers = done.stdout.splitlines()[1].split(",")
        assert [len(number.partition(".")[2]) for number in numbers] == [digits] * 3
        assert sum(map(float, numbers)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,3\n", "new.csv:1: 3 values, but an example has 4"),
        ("1,2,3,4\n1,2,x,4\n", "new.csv:2: column 3 is 'x'"),
        ("", "holds no examples"),
        ("a,b,c,d\n", "holds no examples"),
    ],
)
def test_predict_names_the_row_that_does_not_fit(workplace, content, message):
    folder, result = workplace
    (folder / "new.csv").write_text(content)
    done = dlcli("predict", result["run"], "new.csv", cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr


def test_runs_are_listed_shown_compared_and_deleted(workplace):
    folder, result = workplace
    name = Path(result["run"]).name
    other = json.loads(
        dlcli("train", "small.yaml", "--set", "compile.optimizer=SGD", "--json", cwd=folder).stdout
    )["run"]
    listed = json.loads(dlcli("runs", "ls", "--json", cwd=folder).stdout)["runs"]
    assert {name, Path(other).name} <= {run["name"] for run in listed}
    shown = json.loads(dlcli("runs", "show", name, "--json", cwd=folder).stdout)
    assert shown["metrics"] == result["metrics"]
    assert shown["environment"]["seed"] == 3
    changed = json.loads(dlcli("runs", "diff", name, Path(other).name, "--json", cwd=folder).stdout)
    assert "compile.optimizer" in changed["config"]
    assert dlcli("runs", "rm", Path(other).name, cwd=folder, stdin="n\n").returncode in (0, 130)
    assert (folder / other).exists()
    assert dlcli("runs", "rm", Path(other).name, "--yes", cwd=folder).returncode == 0
    assert not (folder / other).exists()


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


def test_summary_builds_without_data_and_prints_json(tmp_path):
    path = str(CONFIGS / "cifar10_resnet20.yaml")
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "dlcli", "config", "show", path, "--summary", "--json"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["summary"]["parameters"] == 274_442
    assert not (tmp_path / "datasets").exists()


MISTAKES = [
    (["train"], "no config is given"),
    (["train", "nothing.yaml"], "there is no config nothing.yaml"),
    (["train", "."], "is a folder"),
    (["train", "small.yaml", "--set", "fit.epoch=3"], "did you mean 'epochs'?"),
    (["train", "small.yaml", "--set", "model.layers[1].Dense.units=0"], "out-of-range"),
    (["train", "small.yaml", "--out", "."], "exists already"),
    (["train", "--resume", "nothing"], "there is no run 'nothing'"),
    (["train", "small.yaml", "--epochs", "0"], "--epochs"),
    (["train", "small.yaml", "--lr", "0.1"], "write --set compile.optimizer.Adam.learning_rate"),
    (["train", "small.yaml", "--batch_size", "9"], "write --set data.batch_size=64"),
    (["predict", "small", "a.csv", "b.csv"], "give a run and one INPUT, not 2"),
    (["train", "small.yaml", "--resume", "runs", "--seed", "3"], "keeps its config"),
    (["trian"], "No such command"),
    (["eval", "nothing"], "there is no run 'nothing'"),
    (["eval", "--metrics", "accurracy"], "did you mean 'accuracy'?"),
    (["eval", "--metrics", "rmse"], "has no meaning for a multiclass task"),
    (["eval", "--metrics", "top_k:0"], "'0' is not a valid k"),
    (["eval", "--split", "tset"], "--split"),
    (["eval", "--data", "nothing.npz"], "there is no file nothing.npz"),
    (["predict", "nothing", "x.csv"], "there is no run"),
    (["runs", "show", "nothing"], "there is no run"),
    (["runs", "rm", "nothing", "--yes"], "there is no run"),
    (["data", "show", "nothing"], "nothing"),
    (["ls", "layer"], "layers"),
    (["ls", "layers", "Conv2"], "Conv2D"),
    (["init", "small.yaml"], "exists already"),
    (["init", "--template", "digit_cnn"], "did you mean 'digits_cnn'?"),
    (["config", "validate", "nothing.yaml"], "there is no config"),
    (["completion", "tcsh"], "tcsh"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(m[0]) for m in MISTAKES])
def test_a_mistake_ends_with_2_and_a_word_of_help(workplace, arguments, message):
    folder, _ = workplace
    before = sorted(p.name for p in folder.iterdir())
    done = dlcli(*arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert not [word for word in NOISE if word in done.stderr]
    assert done.stdout == ""
    assert sorted(p.name for p in folder.iterdir()) == before
