"""Mistakes of people who do this job, from the command line to the end."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlcli.cli import run
from tests.helpers import dlcli

DIGITS = "name: c\ndata: {dataset: digits, validation: 0.2}\n"
SOFTMAX = "model: {layers: [Flatten, {Dense: {units: 10, activation: softmax}}]}\n"
FIT = "fit: {epochs: 3}\n"
ADAM = "optimizer: {Adam: {learning_rate: 0.01}}"


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_softmax_beside_from_logits_is_warned_of_and_squashed_once(tmp_path):
    losses = {
        "plain": "sparse_categorical_crossentropy",
        "logits": "{SparseCategoricalCrossentropy: {from_logits: true}}",
    }
    made = {}
    for name, loss in losses.items():
        text = (
            f"{DIGITS}{SOFTMAX}compile: {{loss: {loss}, {ADAM}, metrics: [accuracy, log_loss]}}\n"
        )
        (tmp_path / f"{name}.yaml").write_text(text + FIT)
        made[name] = dlcli("train", f"{name}.yaml", "--out", name, "--json", cwd=tmp_path)
        assert made[name].returncode == 0, made[name].stderr
    assert "warning[probabilities-as-logits]" in made["logits"].stderr
    assert "warning" not in made["plain"].stderr
    plain, logits = (json.loads(made[name].stdout)["metrics"] for name in losses)
    assert logits == plain
    assert logits["test"]["loss"] == pytest.approx(logits["test"]["log_loss"], abs=1e-5)
    last = (tmp_path / "logits" / "history.csv").read_text().splitlines()
    row = dict(zip(last[0].split(","), last[-1].split(","), strict=True))
    assert float(row["val_loss"]) == pytest.approx(logits["validation"]["loss"], abs=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_training_warns_of_config_and_data_and_ends_with_advice(tmp_path):
    text = (
        "name: c\ndata: {dataset: wine}\nmodel: {layers: [{Dense: {units: 64}}, "
        "{Dense: {units: 3, activation: softmax}}]}\nfit: {epochs: 2}\n"
    )
    (tmp_path / "c.yaml").write_text(text)
    done = dlcli("train", "c.yaml", "--out", "r", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = done.stderr
    assert told.index("c.yaml:3:19: warning[linear-stack]") < told.index("warning[input-scale]")
    assert "are of size 817 in 128 training examples" in told
    advice = json.loads(done.stdout)["advice"]
    assert 1 <= len(advice) <= 3
    assert f"advice[{advice[0]['rule']}]: {advice[0]['message']}; {advice[0]['hint']}" in told
    assert told.count("advice[") == len(advice)
    page = dlcli("report", "r", cwd=tmp_path)
    assert page.returncode == 0, page.stderr
    html = (tmp_path / "r" / "report.html").read_text("utf-8")
    assert '<section id="s0"><h2>What to try next</h2><div class="box"><ol><li>' in html
    assert f"(dlcli explain {advice[0]['rule']})" in html


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_strict_refuses_what_only_the_data_show_before_a_folder_is_made(tmp_path):
    text = "data: {dataset: wine}\nmodel: {layers: [{Dense: {units: 3, activation: softmax}}]}\n"
    (tmp_path / "c.yaml").write_text(text)
    for command in (["train"], ["compare-optimizers", "--executor", "serial"]):
        done = dlcli(command[0], "c.yaml", *command[1:], "--strict", cwd=tmp_path)
        assert done.returncode == 2
        assert "error[input-scale]" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_new_examples_on_another_scale_are_told_and_predicted(tmp_path):
    (tmp_path / "c.yaml").write_text(DIGITS + SOFTMAX + "fit: {epochs: 1}\n")
    assert dlcli("train", "c.yaml", "--out", "r", cwd=tmp_path).returncode == 0
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1))
    np.savez(tmp_path / "raw.npz", x=pixels, y=np.arange(6))
    np.savez(tmp_path / "alike.npz", x=pixels / 255, y=np.arange(6))
    for command in (["predict", "r", "raw.npz"], ["eval", "r", "--data", "raw.npz"]):
        done = dlcli(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "raw.npz:1:1: warning[new-examples-scale]: the new examples' numbers" in done.stderr
    alike = dlcli("predict", "r", "alike.npz", cwd=tmp_path)
    assert "warning" not in alike.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("converted")
def test_a_column_in_another_unit_is_told_by_name(tmp_path):
    rng = np.random.default_rng(1)
    rows = [f"{rng.normal(1.7, 0.1):.3f},{rng.normal():.3f},{i % 2}" for i in range(80)]
    (tmp_path / "t.csv").write_text("height,score,y\n" + "\n".join(rows) + "\n")
    (tmp_path / "c.yaml").write_text(
        "data: {csv: {path: t.csv, target: y}}\nmodel: {layers: [Normalization, "
        "{Dense: {units: 1, activation: sigmoid}}]}\nfit: {epochs: 1}\n"
    )
    assert dlcli("train", "c.yaml", "--out", "r", cwd=tmp_path).returncode == 0
    (tmp_path / "new.csv").write_text("height,score\n170,0.1\n182,-0.3\n")
    done = dlcli("predict", "r", "new.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert "'height' is 176 on average in the new examples, and was 1." in done.stderr


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (DIGITS + SOFTMAX + "compile: {optimizer: {SGD: {learning_rate: {ExponentialDecay: "
         "{initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.9}}}}}\n"
         "fit: {callbacks: [{ReduceLROnPlateau: {monitor: val_loss, patience: 1}}]}\n",
         "plateau-with-schedule"),
        (("data: {dataset: breast_cancer}\nmodel: {layers: [{Dense: {units: 1, "
         "activation: softmax}}]}\ncompile: {loss: binary_crossentropy}\n"), "one-unit-softmax"),
    ],
)  # fmt: skip
def test_what_can_only_fail_or_stand_still_is_refused_with_a_remedy(text, rule, tmp_path, capsys):
    (tmp_path / "c.yaml").write_text(text)
    assert run(["config", "validate", str(tmp_path / "c.yaml")]) == 2
    told = capsys.readouterr().err
    assert f"error[{rule}]" in told
    assert "= hint: " in told
