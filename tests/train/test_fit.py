"""A training can be repeated, cut off and taken up again, and what it saves is what it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from dlcli import engine
from dlcli.config.conversion.loading import load_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.data.builtin.sktime_sequences import japanese_vowels
from dlcli.data.description import INPUT
from dlcli.engine.model import feed
from dlcli.errors import InterruptedRunError, UserError
from dlcli.train import fit
from dlcli.train import session as sessions
from dlcli.train.checkpoint import Checkpoint, load_checkpoint
from dlcli.train.saved import evaluate_run, load_model
from tests.helpers import SMALL
from tests.train.sessions import Silent, history, take_up, train

pytestmark = pytest.mark.slow


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(config, tmp_path, finished):
    same, _ = train(config, tmp_path / "runs")
    other, _ = train(config, tmp_path / "runs", "seed=4")
    assert (finished.path / "metrics.json").read_text() == (same.path / "metrics.json").read_text()
    pd.testing.assert_frame_equal(history(finished), history(same))
    assert not history(finished).equals(history(other))


class Forgotten(Silent):
    """Presses Ctrl-C after two epochs where it is forgotten, as TensorFlow does now and then."""

    def epoch(self, *, epoch: int, row) -> None:  # noqa: ARG002
        if epoch == 2:
            with contextlib.suppress(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)


def test_a_ctrl_c_that_native_code_has_forgotten_ends_the_training(config, tmp_path):
    with pytest.raises(InterruptedRunError, match="after 2 whole epochs"):
        train(config, tmp_path / "cut", observer=Forgotten())
    assert sessions.find_run(tmp_path / "cut", "small").state == "interrupted"


CALLBACKS = """\
fit:
  epochs: 8
  callbacks:
    - {EarlyStopping: {monitor: val_loss, patience: 50, restore_best_weights: true}}
    - {ReduceLROnPlateau: {monitor: loss, factor: 0.5, patience: 1, min_delta: 0.05}}
    - {CSVLogger: {filename: log.csv}}
"""


def test_a_resumed_training_is_the_one_that_was_never_cut_off(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("fit: {epochs: 4}\n", CALLBACKS))
    whole, _ = train(str(path), tmp_path / "runs")
    with pytest.raises(InterruptedRunError, match="after 3 whole epochs"):
        train(str(path), tmp_path / "cut", observer=Silent(interrupt_after=3))
    (cut,) = [sessions.find_run(tmp_path / "cut", "small")]
    assert cut.state == "interrupted"
    take_up(cut)
    assert cut.state == "finished"
    pd.testing.assert_frame_equal(history(cut), history(whole))
    assert (cut.path / "metrics.json").read_text() == (whole.path / "metrics.json").read_text()
    for ours, theirs in zip(
        load_model(cut).get_weights(), load_model(whole).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert len((cut.path / "log.csv").read_text().splitlines()) == 1 + 8


def test_a_finished_run_can_be_trained_longer_and_ends_as_if_it_had_been_from_the_start(
    config, tmp_path, finished
):
    long, _ = train(config, tmp_path / "a", "fit.epochs=6")
    with pytest.raises(UserError, match="is finished"):
        take_up(finished)
    for epochs in (3, 4):
        with pytest.raises(UserError, match="is finished after 4 epochs"):
            take_up(finished, epochs=epochs)
    take_up(finished, epochs=6)
    pd.testing.assert_frame_equal(history(finished), history(long))


def test_an_interruption_before_the_first_epoch_can_be_resumed_too(config, tmp_path, finished):
    with pytest.raises(InterruptedRunError, match="after 0 whole epochs"):
        train(config, tmp_path / "cut", observer=Silent(interrupt_after=0))
    cut = sessions.find_run(tmp_path / "cut", "small")
    take_up(cut)
    pd.testing.assert_frame_equal(history(cut), history(finished))


def test_a_run_cut_off_after_early_stopping_ends_as_it_would_have(tmp_path):
    path = tmp_path / "small.yaml"
    stopping = (
        "{EarlyStopping: {monitor: loss, mode: max, patience: 2, restore_best_weights: true}}"
    )
    path.write_text(SMALL.replace("{epochs: 4}", f"{{epochs: 9, callbacks: [{stopping}]}}"))
    whole, result = train(str(path), tmp_path / "runs")
    assert len(result.history) == 3
    with pytest.raises(InterruptedRunError, match="after 3 whole epochs"):
        train(str(path), tmp_path / "cut", observer=Silent(interrupt_after=3))
    cut = sessions.find_run(tmp_path / "cut", "small")
    take_up(cut)
    assert (cut.path / "metrics.json").read_text() == (whole.path / "metrics.json").read_text()
    pd.testing.assert_frame_equal(history(cut), history(whole))


def test_a_checkpoint_survives_being_written(tmp_path):
    arrays = [np.arange(3.0), np.array(5), np.zeros((2, 2), "float16")]
    state = [{"best": 0.5, "name": "x", "best_weights": [np.ones(2), np.zeros(1)]}, {}]
    made = Checkpoint(2, arrays, state, [{"epoch": 1, "loss": 0.5}])
    made.save(tmp_path / "c.npz")
    read = load_checkpoint(tmp_path / "c.npz")
    assert (read.epoch, read.history) == (2, made.history)
    for a, b in zip(read.arrays, arrays, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
    np.testing.assert_array_equal(read.callbacks[0]["best_weights"][0], np.ones(2))
    assert read.callbacks[0]["best"] == 0.5


def test_the_folder_holds_every_file_of_the_contract_and_they_agree(config, tmp_path):
    run, result = train(config, tmp_path / "runs")
    names = {p.name for p in run.path.iterdir() if not p.name.startswith(".")}
    assert names == {
        "config.yaml", "source.yaml", "environment.json", "history.csv", "metrics.json",
        "predictions.npz", "model.keras", "status.json", "checkpoint.npz", "advice.json",
        "scales.json",
    }  # fmt: skip
    assert run.read_text("source.yaml") == SMALL
    assert load_config(str(run.path / "config.yaml")).compile.loss.name.startswith("Sparse")
    assert json.loads(run.read_text("metrics.json"))["test"] == result.scores["test"]
    assert run.read_json("environment.json")["seed"] == 3
    assert len(history(run)) == 4
    with np.load(run.path / "predictions.npz", allow_pickle=False) as saved:
        assert saved["y_prob"].shape == (30, 3)
        np.testing.assert_allclose(saved["y_prob"].sum(axis=1), 1, atol=1e-5)


def test_scores_are_those_of_the_saved_model(finished):
    scores = finished.read_json("metrics.json")
    for part in ("train", "validation", "test"):
        _, evaluated = evaluate_run(
            finished.path.parent, finished.name, ["accuracy", "f1"], split=part
        )
        assert evaluated.scores["accuracy"].value == scores[part]["accuracy"]
        assert evaluated.scores["f1"].value == pytest.approx(scores[part]["f1"])


def test_training_equals_keras_fit_on_the_same_batches(config):
    """The same start, the same batches: the same weights, to the last bit."""
    text = load_config(config, ("fit.shuffle=false", "model.layers[2].Dropout.rate=0"))
    ours = fit.prepare(text)
    theirs = fit.prepare(text)
    train_split, size = ours.dataset.train, ours.config.data.batch_size
    steps = -(-train_split.size // size)
    ours.model.fit(
        engine.batches(ours.model, train_split, ours.config),
        epochs=3, steps_per_epoch=steps, shuffle=False, verbose=0,
    )  # fmt: skip
    theirs.model.fit(
        train_split.x["input"], train_split.y, batch_size=size, epochs=3, shuffle=False, verbose=0
    )
    for a, b in zip(ours.model.get_weights(), theirs.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_a_one_hot_loss_equals_the_sparse_one(config, tmp_path, finished):
    sparse = finished.read_json("metrics.json")
    _, one_hot = train(config, tmp_path / "runs", "compile.loss=CategoricalCrossentropy")
    assert one_hot.scores["test"]["loss"] == pytest.approx(sparse["test"]["loss"], rel=1e-4)


def test_several_outputs_and_loss_weights_train(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(
        SMALL.replace(
            "    - {Dense: {units: $classes, activation: softmax}}\n",
            "    - {Dense: {units: $classes, activation: softmax}, id: main}\n"
            "    - {Dense: {units: $classes, activation: softmax}, from: normalization, id: side}\n"
            "  outputs: [main, side]\n",
        ).replace("- Normalization", "- {Normalization: {}, id: normalization}")
    )
    run, result = train(str(path), tmp_path / "runs", "compile.loss_weights={main: 1, side: 0.3}")
    assert result.scores["test"]["accuracy"] > 0.4
    assert len(load_model(run).outputs) == 2


FORECAST = """\
name: forecast
seed: 3
data: {dataset: {sunspots: {window: 12, horizon: HORIZON}}, validation: 0.2, batch_size: 16}
model:
  layers:
    - Normalization
    - {LSTM: {units: 8}}
    - {Dense: {units: HORIZON}}
    - {Rescaling: {scale: 40.0, offset: 50.0}}
compile:
  optimizer: {Adam: {learning_rate: 0.02}}
  metrics: [mae, rmse, r2]
fit: {epochs: 15}
"""
VOWELS = """\
name: vowels
data: {dataset: japanese_vowels, batch_size: 32}
model:
  layers:
    - {Masking: {mask_value: 0.0}}
    - {Bidirectional: {layer: {LSTM: {units: 4}}}}
    - {Dense: {units: $classes, activation: softmax}}
fit: {epochs: 1}
"""


@pytest.mark.parametrize("horizon", [1, 3])
def test_a_forecast_trains_and_is_scored_on_years_to_come(horizon, tmp_path):
    path = tmp_path / "forecast.yaml"
    path.write_text(FORECAST.replace("HORIZON", str(horizon)))
    run, result = train(str(path), tmp_path / "runs")
    with np.load(run.path / "predictions.npz", allow_pickle=False) as saved:
        y, made = saved["y_true"].reshape(63 - horizon, horizon), saved["y_prob"]
    assert made.shape == y.shape
    scores = result.scores["test"]
    assert scores["mae"] == pytest.approx(np.abs(y - made).mean(), rel=1e-4)
    assert scores["rmse"] == pytest.approx(np.sqrt(((y - made) ** 2).mean()), rel=1e-4)
    assert scores["loss"] == pytest.approx(scores["rmse"] ** 2, rel=1e-4)
    assert scores["r2"] > 0.2
    _, evaluated = evaluate_run(run.path.parent, run.name, ["mae"], split="test")
    assert evaluated.scores["mae"].value == pytest.approx(scores["mae"])
    assert evaluated.scores["mae"].interval is not None


def test_padded_steps_have_no_say_once_they_are_masked(tmp_path):
    path = tmp_path / "vowels.yaml"
    path.write_text(VOWELS)
    run, _ = train(str(path), tmp_path / "runs")
    model = load_model(run)
    utterance = japanese_vowels().test.take(np.array([0]))
    steps = int(np.count_nonzero(utterance.x[INPUT].any(axis=2)))
    assert steps < utterance.x[INPUT].shape[1]
    alone = replace(utterance, x={**utterance.x, INPUT: utterance.x[INPUT][:, :steps]})
    np.testing.assert_allclose(
        model.predict(feed(model, utterance), verbose=0),
        model.predict(feed(model, alone), verbose=0),
        atol=1e-6,
    )


def test_a_diverged_training_is_said_and_harms_nothing(config, tmp_path):
    run, result = train(
        config, tmp_path / "runs", "compile.optimizer={SGD: {learning_rate: 1e38}}",
        "fit.callbacks=[TerminateOnNaN]",
    )  # fmt: skip
    assert result.diverged
    assert run.read_json("status.json")["diverged"] is True


@pytest.mark.parametrize("monitor", ["val_accuracy", "val_f1", "val_categorical_crossentropy"])
def test_callbacks_know_whether_more_of_a_metric_is_better(config, tmp_path, monitor):
    watching = f"monitor: {monitor}"
    callbacks = (
        f"fit.callbacks=[{{EarlyStopping: {{{watching}, patience: 1,"
        f" restore_best_weights: true}}}},"
        f" {{ReduceLROnPlateau: {{{watching}, patience: 1}}}},"
        f" {{ModelCheckpoint: {{filepath: best.keras, save_best_only: true, {watching}}}}}]"
    )
    run, result = train(config, tmp_path / "runs", callbacks, "fit.epochs=12")
    seen = [row[monitor] for row in result.history]
    best = max(seen) if monitor != "val_categorical_crossentropy" else min(seen)
    name = monitor.removeprefix("val_")
    assert result.scores["validation"][name] == pytest.approx(best, rel=1e-4)
    assert (run.path / "best.keras").exists()


def test_a_callbacks_file_stays_in_the_run(config, tmp_path):
    run, _ = train(config, tmp_path / "ok", "fit.callbacks=[{CSVLogger: {filename: log.csv}}]")
    assert (run.path / "log.csv").exists()


def test_tensorboard_gets_what_the_history_has(config, tmp_path):
    run, result = train(config, tmp_path / "runs", "fit.callbacks=[{TensorBoard: {log_dir: tb}}]")
    events = EventAccumulator(str(run.path / "tb" / "train"), size_guidance={"tensors": 0}).Reload()
    written = [float(tf.make_ndarray(e.tensor_proto)) for e in events.Tensors("epoch_loss")]
    assert written == pytest.approx([row["loss"] for row in result.history])


def test_tensorboard_without_its_package_is_refused(config, tmp_path, monkeypatch):
    monkeypatch.setattr("dlcli.train.callbacks.importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="needs the package tensorboard") as caught:
        train(config, tmp_path / "runs", "fit.callbacks=[TensorBoard]")
    (problem,) = caught.value.diagnostics
    assert problem.hint == "pip install tensorboard"
    assert not (tmp_path / "runs").exists()


def test_mixed_precision_trains(config, tmp_path):
    _, result = train(config, tmp_path / "runs", "fit.mixed_precision=true")
    assert result.scores["test"]["accuracy"] > 0.4
    assert keras.config.dtype_policy().name == "float32"
