"""What candidates cost: by the chosen trials, where their networks differ."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dlcli.compare.results import make_results
from tests.compare.made import plan, result, run

COMPARE = """\
compare:
  candidates: [{label: small}, {label: large, set: {model.layers.0.Dense.units: 8}}]
  learning_rates: [0.1, 0.01]
  seeds: 6
"""
SCORES = {"small": 0.8, "large": 0.9}


def results_of(compare=COMPARE, *, jobs=1):
    made = plan(compare)

    def judge(made, trial):
        label = made.candidates[trial.candidate].label
        size = 100 if label == "small" else 1000
        best = SCORES.get(label, 0.7) - 0.1 * (trial.rate < 0.1)
        speed = 1e-4 * (1 + trial.seed)
        return replace(result(best), parameters=size, flops=2 * size, seconds=size * trial.rate,
                       prediction_seconds=speed)  # fmt: skip

    schedule, records = run(made, None, judge=judge)
    records = [replace(record, jobs=jobs) for record in records]
    return make_results(made, records, schedule)


def test_costs_are_those_of_the_chosen_trials():
    costs = results_of().costs.set_index("candidate")
    assert list(costs.index) == ["large", "small"]  # the best first
    assert costs.loc["large", ["parameters", "flops"]].tolist() == [1000, 2000]
    assert costs.loc["large", "training_seconds"] == pytest.approx(100)
    assert costs.loc["small", "prediction_seconds"] == pytest.approx(0.1)  # of the fastest
    assert costs["parameters_front"].all()
    assert costs["prediction_seconds_front"].tolist() == [True, False]


def test_times_of_trials_side_by_side_with_others_are_not_compared():
    made = results_of()
    assert not made.costs["training_seconds"].isna().any()
    mixed = results_of_two_jobs()
    assert mixed.costs[["training_seconds", "prediction_seconds"]].isna().all(axis=None)
    assert mixed.costs["parameters"].notna().all()


def results_of_two_jobs():
    made = plan(COMPARE)
    schedule, records = run(made, None, judge=lambda *_: replace(result(0.8), parameters=5))
    records = [replace(record, jobs=1 + i % 2) for i, record in enumerate(records)]
    return make_results(made, records, schedule)


def test_optimizers_of_one_network_have_no_costs():
    assert results_of("compare: {optimizers: [SGD, Adam], learning_rates: [0.1]}").costs.empty


def test_trials_of_older_versions_say_nothing_of_the_size():
    made = plan(COMPARE)
    schedule, records = run(made, None, judge=lambda *_: result(0.8))
    costs = make_results(made, records, schedule).costs
    assert math.isnan(costs["parameters"].iloc[0])
    assert not costs["parameters_front"].any()
