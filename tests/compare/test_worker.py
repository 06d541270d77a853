"""One trial after another in one process: each as if it were alone, judged as the protocol says."""

from __future__ import annotations

import gc
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dlcli import engine
from dlcli.compare.plan.blocks import BLOCKS, block_of
from dlcli.compare.plan.records import Check, JitCheck, Task, Trial
from dlcli.compare.reading import plan_comparison, read_problems
from dlcli.compare.worker import AHEAD, Workshop
from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import load_config
from dlcli.config.sections.experiment import Call
from dlcli.data import load, load_pool
from dlcli.engine import feeding
from dlcli.engine.program import Network
from dlcli.metrics.points import point
from tests.helpers import SMALL

pytestmark = pytest.mark.slow

CONFIG = """\
name: small
seed: 3
data: {{dataset: {dataset}, validation: 0.2, batch_size: 16}}
model:
  layers:
    - Normalization
    - {{Dense: {{units: 8, activation: relu}}}}
    - BatchNormalization
    - {{Dropout: {{rate: 0.2}}}}
    - {{Dense: {{units: $classes, activation: softmax}}}}
compile: {{metrics: [accuracy, f1]}}
fit: {{epochs: 5{fit}}}
compare: {{optimizers: [SGD, Adam], learning_rates: [0.03, 0.01], seeds: 2{compare}}}
"""


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens the workshop of a config."""

    def make(fit="", compare="", dataset="iris"):
        path = tmp_path / "small.yaml"
        path.write_text(CONFIG.format(fit=fit, compare=compare, dataset=dataset))
        plan = plan_comparison(*read_problems([str(path)], ()))
        return Workshop(plan), path

    return make


def done(workshop, trial):
    (result,) = workshop(Task((trial,)))
    return result


def numbers(result):
    """Return what a result says, without times."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    return rows, result.best, result.last, result.status, result.best_epoch


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


def test_a_trial_of_a_plain_grid_sees_the_split_of_train_and_no_test_part(opened):
    workshop, path = opened()
    path.write_text(path.read_text().replace("seeds: 2", "seeds: 0, search_seeds: 2"))
    grid = Workshop(plan_comparison(*read_problems([str(path)], ())))
    result = done(grid, Trial(0, 0.03, 3))
    assert not any(name.startswith("test") for name in {*result.best, *result.last})
    assert not result.blocks
    config = load_config(str(path))
    own = load(config.data.source, validation=0.2, seed=3).validation
    assert np.array_equal(own.y, part(grid, "validation"))
    done(grid, Trial(0, 0.03, 4))
    assert np.array_equal(own.y, part(grid, "validation"))
    assert numbers(done(workshop, Trial(0, 0.03, 3)))[0] != numbers(result)[0]


def part(workshop, name):
    """Return the targets of a part of the data in use."""
    draw = workshop._networks[-1].draw
    return draw.examples.y[getattr(draw.parts, name)]


def test_each_replication_has_a_split_of_its_own_and_all_candidates_share_it(opened):
    workshop, _ = opened()
    splits = {}
    for candidate in (0, 1):
        for seed in (3, 4):
            done(workshop, Trial(candidate, 0.01, seed))
            splits[candidate, seed] = workshop._networks[-1].draw.parts
    for name in ("train", "validation", "test"):
        first, other = (getattr(splits[0, seed], name) for seed in (3, 4))
        np.testing.assert_array_equal(first, getattr(splits[1, 3], name))
        assert len(first) == len(other)
        assert not np.array_equal(first, other)


def test_shares_of_the_data_keep_the_split_and_lie_within_each_other(opened, tmp_path):
    shares = ", ".join(f"{{label: f{f}, set: {{data.fraction: {f}}}}}" for f in (1, 0.6, 0.2))
    whole, path = opened()
    path = tmp_path / "shares.yaml"
    path.write_text(
        CONFIG.format(fit="", compare="", dataset="iris").replace(
            "optimizers: [SGD, Adam]", f"candidates: [{shares}]"
        )
    )
    workshop = Workshop(plan_comparison(*read_problems([str(path)], ())))
    seed = workshop.plan.seeds[0]
    parts, results = [], []
    for index in range(3):
        results.append(done(workshop, Trial(index, 0.01, seed)))
        parts.append(workshop._used.draw.parts)
    trained = [set(part.train.tolist()) for part in parts]
    assert trained[2] < trained[1] < trained[0]
    assert [len(part) for part in trained] == [96, 58, 19]
    for part in parts:
        assert part.validation.tolist() == parts[0].validation.tolist()
        assert part.test.tolist() == parts[0].test.tolist()
    assert [result.steps for result in results] == [5 * 6, 5 * 4, 5 * 2]
    adam = 1  # the optimizer of a config that names none
    assert numbers(results[0]) == numbers(done(whole, Trial(adam, 0.01, seed)))


def test_replications_share_one_network_and_one_program(opened):
    workshop, _ = opened()
    for seed in range(6):
        done(workshop, Trial(1, 0.01, seed))
    assert len(workshop._networks) == len(workshop._programs) == 1
    (program,) = workshop._programs.values()
    assert program._epoch.experimental_get_tracing_count() == 1
    assert workshop._networks[0]._gradients.experimental_get_tracing_count() == 1


def test_normalization_learns_from_each_replications_training_part(opened):
    workshop, _ = opened()
    for seed in (3, 4, 3):
        done(workshop, Trial(0, 0.01, seed))
        network = workshop._networks[-1]
        (layer,) = (x for x in network.model.layers if hasattr(x, "adapt"))
        x = network.draw.train.x["input"]
        np.testing.assert_allclose(np.ravel(layer.mean), x.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(np.ravel(layer.variance), x.var(axis=0), rtol=1e-4)


def test_the_score_without_each_block_is_that_of_the_other_examples(opened):
    workshop, _ = opened()
    trial = Trial(1, 0.03, 5)
    result = done(workshop, trial)
    again = workshop.training(trial)
    again.begin()
    again.advance(result.best_epoch)
    network = again._network
    test = network.draw.parts.test
    outputs = network.evaluate(test).outputs[0]
    right = outputs.argmax(axis=1) == network.draw.examples.y[test]
    blocks = block_of(test)
    wanted = [right[blocks != number].mean() for number in range(BLOCKS)]
    np.testing.assert_allclose(result.blocks, wanted)


def test_a_trial_does_not_depend_on_those_before_it(opened):
    workshop, _ = opened()
    trial = Trial(1, 0.01, 10_003)
    first = done(workshop, trial)
    for other in (Trial(0, 1e6, 4), Trial(1, 0.03, 9)):
        done(workshop, other)
    assert numbers(done(workshop, trial)) == numbers(first)
    alone, _ = opened()
    assert numbers(done(alone, trial)) == numbers(first)


def test_two_candidates_with_one_seed_start_alike_and_see_the_same_batches(opened):
    workshop, _ = opened()
    starts, orders = [], []
    for candidate in (0, 1):
        training = workshop.training(Trial(candidate, 0.01, 21))
        training.begin()
        starts.append(training._network.state())
        orders.append(np.asarray(training._program.order(21, 2)))
    for left, right in zip(*starts, strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(*orders)
    other = workshop.training(Trial(0, 0.01, 22))
    other.begin()
    assert not all(
        np.array_equal(a, b) for a, b in zip(starts[0], other._network.state(), strict=True)
    )


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


def test_pruning_stops_the_worse_half_and_leaves_the_rest_as_it_was(opened):
    workshop, _ = opened(compare=", prune: true")
    rates = (1e-6, 1e-4, 0.01, 0.03)
    trials = tuple(Trial(1, rate, 3) for rate in rates)
    results = workshop(Task(trials, prune=True))
    statuses = [result.status for result in results]
    assert statuses.count("pruned") == 3
    assert [len(result.history) for result in results].count(2) == 2  # a quarter of 5, rounded up
    (kept,) = [i for i, status in enumerate(statuses) if status != "pruned"]
    assert kept >= 2
    assert numbers(done(workshop, trials[kept])) == numbers(results[kept])


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


def test_a_halved_training_that_was_stopped_early_stays_stopped(opened):
    fit = ", callbacks: [{EarlyStopping: {patience: 1, min_delta: 9.0}}]"
    workshop, _ = opened(fit, compare=", prune: true")
    trials = tuple(Trial(1, rate, 3) for rate in (0.01, 0.03))
    halved = workshop(Task(trials, prune=True))
    (kept,) = [i for i, result in enumerate(halved) if result.status != "pruned"]
    assert len(halved[kept].history) == 2
    assert numbers(done(workshop, trials[kept])) == numbers(halved[kept])


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


def test_a_check_times_what_trials_will_cost_and_changes_nothing(opened):
    workshop, _ = opened()
    trial = Trial(0, 0.03, 5)
    before = numbers(done(workshop, trial))
    measured = workshop(Check(0, timed=True))
    assert measured.epoch > 0
    assert measured.evaluation > 0
    assert numbers(done(workshop, trial)) == before
    roughly = workshop(Check(0))
    assert roughly.epoch > 0
    assert roughly.evaluation == 0
    assert not roughly.obstacle
    assert numbers(done(workshop, trial)) == before


def test_xla_is_timed_beside_the_other_way_and_changes_nothing(opened):
    workshop, _ = opened()
    trial = Trial(0, 0.03, 5)
    before = numbers(done(workshop, trial))
    times = workshop(JitCheck(0))
    assert 0 < times.with_xla < math.inf
    assert 0 < times.without < math.inf
    assert numbers(done(workshop, trial)) == before


def test_what_xla_cannot_compile_takes_forever(tmp_path):
    (tmp_path / "own.yaml").write_text(
        "data: {dataset: digits, validation: 0.2}\n"
        "model: {layers: [{Resizing: {height: 5, width: 5, interpolation: lanczos3}}, Flatten,"
        " {Dense: {units: $classes, activation: softmax}}]}\n"
        "compare: {optimizers: [Adam]}\n"
    )
    problems = read_problems([str(tmp_path / "own.yaml")], ())
    times = Workshop(plan_comparison(*problems))(JitCheck(0))
    assert times.with_xla == math.inf
    assert times.without < math.inf


def test_data_that_are_too_large_go_through_fit_and_come_to_the_same(opened, monkeypatch):
    workshop, _ = opened()
    trial = Trial(1, 0.03, 5)
    fast = done(workshop, trial)
    monkeypatch.setattr(feeding, "RESIDENT_SHARE", 0.0)
    other, _ = opened()
    assert "do not fit in memory" in other(Check(0)).obstacle
    slow = done(other, trial)
    assert slow.best_epoch == fast.best_epoch
    for kind in ("best", "last"):
        assert getattr(slow, kind) == pytest.approx(getattr(fast, kind), rel=1e-4)


def resident() -> float:
    """Return this process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def test_two_hundred_trials_do_not_grow_the_process(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    plan = plan_comparison(*read_problems([str(path)], ("fit.epochs=1",)))
    workshop = Workshop(plan)

    def train(seeds):
        for candidate in (0, 5):  # the second time, the initial states are there
            for seed in seeds:
                workshop(Task((Trial(candidate, 0.01, seed),)))

    train(range(40))  # fills the cache of initial states
    gc.collect()
    before = resident()
    train(range(100, 200))
    gc.collect()
    assert resident() - before < 20


def test_of_thousands_of_seeds_only_the_next_ones_are_prepared(tmp_path, monkeypatch):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    asked = ("fit.epochs=1", "compare={seeds: 3000, optimizers: [SGD], learning_rates: [0.1]}")
    plan = plan_comparison(*read_problems([str(path)], asked))
    made = []
    initial_state = Network.initial_state

    def counted(network, config, seed):
        made.append(seed)
        return initial_state(network, config, seed)

    monkeypatch.setattr(Network, "initial_state", counted)
    Workshop(plan)(Task((Trial(0, 0.1, plan.seeds[7]),)))
    assert made == list(plan.seeds[7 : 7 + AHEAD])
