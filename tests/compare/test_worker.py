"""One trial after another in one process: each as if it were alone, judged as the protocol says."""

from __future__ import annotations

import gc
import math
from pathlib import Path

import numpy as np
import pytest

from dlcli.compare.plan.records import Check, JitCheck, Task, Trial
from dlcli.compare.reading import plan_comparison, read_problems
from dlcli.compare.worker import AHEAD, Workshop
from dlcli.engine import feeding
from dlcli.engine.program import Network
from tests.compare.trained import done, numbers
from tests.helpers import SMALL

pytestmark = pytest.mark.slow


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


def test_a_halved_training_that_was_stopped_early_stays_stopped(opened):
    fit = ", callbacks: [{EarlyStopping: {patience: 1, min_delta: 9.0}}]"
    workshop, _ = opened(fit, compare=", prune: true")
    trials = tuple(Trial(1, rate, 3) for rate in (0.01, 0.03))
    halved = workshop(Task(trials, prune=True))
    (kept,) = [i for i, result in enumerate(halved) if result.status != "pruned"]
    assert len(halved[kept].history) == 2
    assert numbers(done(workshop, trials[kept])) == numbers(halved[kept])


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
