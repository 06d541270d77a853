"""One training of a comparison: what Keras's fit makes of the same seed, judged as it should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcli import engine
from dlcli.compare.plan.records import Task, Trial
from dlcli.compare.reading import plan_comparison, read_problems
from dlcli.compare.worker import Workshop
from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import load_config
from dlcli.config.sections.experiment import Call
from dlcli.data import load_pool
from dlcli.metrics.points import point
from tests.compare.trained import done, numbers

pytestmark = pytest.mark.slow


def assert_is_what_fit_makes(result, written, dataset, seed, rate):
    """Compare a trial by Adam with Keras's own `fit` on the same split, weights and batches."""
    adam = Call("optimizers", "Adam", {"learning_rate": rate})
    config = replace(written, seed=seed, compile=replace(written.compile, optimizer=adam))
    config = bind(config, dataset.description, train_size=dataset.train.size)
    model = engine.prepare(config, dataset)
    history = model.fit(
        engine.batches(model, dataset.train, config),
        epochs=config.fit.epochs,
        steps_per_epoch=-(-dataset.train.size // config.data.batch_size),
        validation_data=engine.validation_batches(model, dataset.validation, config),
        shuffle=False,
        verbose=0,
    ).history
    scored = [f"val_{name}" for name in config.compile.metrics]
    for name in ("loss", "val_loss", *scored):
        found = [row["train_loss" if name == "loss" else name] for row in result.history]
        np.testing.assert_allclose(found, history[name], rtol=1e-4, atol=1e-4)
    probabilities = model.predict(dataset.test.x["input"], verbose=0)
    description = dataset.description
    wanted = point(
        dataset.test.y, probabilities, ["accuracy"],
        task=description.task, classes=len(description.classes),
    )  # fmt: skip
    assert result.last["test_accuracy"] == pytest.approx(wanted["accuracy"])


def test_a_trial_is_what_keras_fit_makes_of_the_same_seed(opened):
    workshop, path = opened()
    result = done(workshop, Trial(1, 0.03, 77))
    written = load_config(str(path))
    pool = load_pool(written.data.source)
    dataset = pool.dataset(pool.parts(77, 0.2, resample=True))
    assert_is_what_fit_makes(result, written, dataset, 77, 0.03)


def test_a_trial_on_a_table_of_ones_own_is_what_keras_fit_makes(tmp_path):
    """The table is prepared anew by each replication's training part, which some towns lack."""
    rng = np.random.default_rng(0)
    ages = rng.normal(40, 9, 90)
    towns = ["A" if i % 9 else f"V{i}" for i in range(90)]
    rows = [
        f"{age:.1f},{town},{'yes' if age > 40 else 'no'}"
        for age, town in zip(ages, towns, strict=True)
    ]
    (tmp_path / "own.csv").write_text("\n".join(["age,town,y", *rows]))
    path = tmp_path / "own.yaml"
    path.write_text(
        "data: {csv: {path: own.csv, target: y}, validation: 0.2, batch_size: 16}\n"
        "model: {layers: [Normalization, {Dense: {units: 1, activation: sigmoid}}]}\n"
        "compile: {metrics: [accuracy]}\nfit: {epochs: 4}\n"
        "compare: {optimizers: [Adam], learning_rates: [0.1]}\n"
    )
    plan = plan_comparison(*read_problems([str(path)], ()))
    workshop = Workshop(plan)
    written = load_config(str(path))
    pool = load_pool(written.data.source)
    widths = set()
    for seed in (0, 1, 2, 0):
        result = done(workshop, Trial(0, 0.1, seed))
        dataset = pool.dataset(pool.parts(seed, 0.2, resample=True))
        widths.add(dataset.train.x["input"].shape[1])
        assert_is_what_fit_makes(result, written, dataset, seed, 0.1)
    assert len(widths) > 1


def test_the_best_epoch_is_the_first_with_the_best_validation_score(opened):
    workshop, _ = opened()
    result = done(workshop, Trial(0, 0.03, 5))
    scores = [row["val_accuracy"] for row in result.history]
    assert result.best_epoch == 1 + int(np.argmax(scores))
    assert result.best["val_accuracy"] == max(scores)
    assert result.best["val_loss"] == result.history[result.best_epoch - 1]["val_loss"]


def test_the_test_part_is_read_at_the_best_epoch(opened):
    workshop, _ = opened()
    trial = Trial(0, 0.03, 5)
    result = done(workshop, trial)
    again = workshop.training(trial)
    again.begin()
    again.advance(result.best_epoch)
    there = again.result()
    assert result.best["test_loss"] == pytest.approx(there.last["test_loss"], rel=1e-6)
    assert result.best["test_accuracy"] == there.last["test_accuracy"]


def test_a_diverged_training_stops_at_once(opened):
    workshop, _ = opened()
    result = done(workshop, Trial(0, 1e30, 3))
    assert result.status == "diverged"
    assert len(result.history) < 5
    assert not any(name.startswith("test") for name in result.last)


def test_a_training_that_learns_nothing_is_stuck(opened):
    workshop, _ = opened()
    result = done(workshop, Trial(0, 1e-12, 3))
    assert result.status == "stuck"
    assert len(result.history) == 5
    assert done(workshop, Trial(1, 0.03, 3)).status == "ok"


def test_early_stopping_ends_a_trial(opened):
    fit = ", callbacks: [{EarlyStopping: {monitor: val_loss, patience: 1, min_delta: 1.0}}]"
    workshop, _ = opened(fit)
    assert len(done(workshop, Trial(0, 0.01, 3)).history) == 2
    assert len(done(workshop, Trial(0, 0.01, 4)).history) == 2


def test_early_stopping_restores_the_best_weights(opened):
    fit = (
        ", callbacks: [{EarlyStopping: {monitor: val_accuracy, patience: 2, "
        "restore_best_weights: true}}]"
    )
    workshop, _ = opened(fit)
    result = done(workshop, Trial(0, 0.03, 5))
    assert result.last == pytest.approx(result.best)


def test_reduce_lr_on_plateau_acts_and_is_forgotten_by_the_next_trial(opened):
    fit = ", callbacks: [{ReduceLROnPlateau: {monitor: val_loss, patience: 1, min_delta: 9.0}}]"
    workshop, _ = opened(fit)
    training = workshop.training(Trial(0, 0.01, 3))
    training.begin()
    training.advance(5)
    lowered = float(training._program.optimizer.learning_rate)
    assert lowered < 0.005
    again = workshop.training(Trial(0, 0.01, 3))
    again.begin()
    assert float(again._program.optimizer.learning_rate) == pytest.approx(0.01)


def with_candidates(path, candidates, fit="", text=None):
    """Return the workshop of the config with other candidates."""
    text = (text or path.read_text()).replace("[SGD, Adam]", candidates)
    path.write_text(text)
    return Workshop(plan_comparison(*read_problems([str(path)], ())))


def test_averaged_weights_are_scored_after_every_epoch(opened):
    _, path = opened()
    workshop = with_candidates(path, "[{SGD: {use_ema: true, ema_momentum: 0.9}}, SGD]")
    averaged = done(workshop, Trial(0, 0.03, 3))
    plain = done(workshop, Trial(1, 0.03, 3))
    # The averages are scored, but training goes on from the weights themselves.
    assert [r["train_loss"] for r in plain.history] == [r["train_loss"] for r in averaged.history]
    assert averaged.best["test_loss"] != plain.best["test_loss"]
    cut = workshop.training(Trial(0, 0.03, 3))
    cut.begin()
    cut.advance(2)
    assert cut.result().last["val_loss"] == averaged.history[1]["val_loss"]


def test_a_training_ends_as_fit_does_first_averaging_then_callbacks(opened):
    fit = (
        ", callbacks: [{EarlyStopping: {patience: 1, min_delta: 9.0, restore_best_weights: true}}]"
    )
    _, path = opened(fit)
    workshop = with_candidates(path, "[{SGD: {use_ema: true, ema_momentum: 0.9}}, SGD]")
    averaged = done(workshop, Trial(0, 0.03, 3))
    plain = done(workshop, Trial(1, 0.03, 3))
    assert len(averaged.history) == len(plain.history) == 2
    # Both restore the weights of the first epoch, which were not averaged.
    assert averaged.last["val_loss"] == pytest.approx(plain.last["val_loss"], rel=1e-6)


def test_a_diverged_training_is_never_called_pruned(opened):
    workshop, _ = opened(compare=", prune: true")
    trials = tuple(Trial(0, rate, 3) for rate in (0.01, 0.03, 1e30, 1e31))
    halved = workshop(Task(trials, prune=True))
    assert [result.status for result in halved[2:]] == ["diverged", "diverged"]
    # As text, because NaN equals nothing.
    assert str(numbers(done(workshop, trials[2]))) == str(numbers(halved[2]))


@pytest.mark.parametrize("weights", ["{'0': 10, '1': 10, '2': 10}", "{'0': 0.01, '2': 30}"])
def test_class_weights_make_no_training_stuck(opened, weights):
    workshop, _ = opened(f", class_weight: {weights}")
    result = done(workshop, Trial(1, 0.03, 4))
    assert result.best["val_accuracy"] > 0.6
    assert result.status == "ok"


def own_data(tmp_path, x, y, last, metric):
    """Return the workshop of Adam on made data."""
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y)
    (tmp_path / "own.yaml").write_text(
        f"data: {{npz: {{path: {tmp_path / 'own.npz'}}}, validation: 0.2}}\n"
        f"model: {{layers: [{{Dense: {last}}}]}}\ncompile: {{metrics: [{metric}]}}\n"
        "fit: {epochs: 8}\ncompare: {optimizers: [Adam], learning_rates: [0.05, 0.01]}\n"
    )
    path = str(tmp_path / "own.yaml")
    return Workshop(plan_comparison(*read_problems([path], ())))


def test_the_order_of_the_data_makes_no_training_stuck(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3)).astype("float32")
    y = (x @ np.array([4.0, -3.0, 2.0])).astype("float32")
    order = np.argsort(np.abs(y))  # the first examples have the least loss to begin with
    workshop = own_data(tmp_path, x[order], y[order], "{units: 1}", "mae")
    assert done(workshop, Trial(0, 0.01, 3)).status == "ok"


def test_a_rare_class_makes_no_training_stuck(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 2)).astype("float32")
    y = (x[:, 0] > 2.1).astype("int64")
    assert 0.005 < y.mean() < 0.03
    last = "{units: 1, activation: sigmoid}"
    workshop = own_data(tmp_path, x * 3, y, last, "accuracy")
    learnt = done(workshop, Trial(0, 0.05, 3))
    assert learnt.last["val_accuracy"] > 0.99
    assert learnt.status == "ok"
    assert done(workshop, Trial(0, 1e-9, 3)).status == "stuck"
