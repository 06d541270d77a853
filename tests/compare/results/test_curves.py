"""What figures show besides the summary: rates, targets, budgets, in tidy tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlcli.compare.results import make_results
from tests.compare.made import by_rate, plan, run
from tests.compare.results.made import PEAKS, THREE, results, row


def test_time_to_target_in_epochs_steps_and_seconds():
    found = results(THREE, target=0.5, score=by_rate(PEAKS, width=3))
    epochs = row(found, "Adam")["epochs_to_target"]
    # From chance to 0.9 in four equal steps: above 0.5 after the second.
    assert epochs == 2
    assert row(found, "Adam")["steps_to_target"] == 20
    assert row(found, "Adam")["seconds_to_target"] == pytest.approx(1.0)
    shares = found.arrivals[found.arrivals["candidate"] == "Adam"].set_index("epoch")["share"]
    assert list(shares.loc[[0, 1, 2, 4]]) == [0, 0, 1, 1]


def test_sensitivity_has_a_row_a_rate_and_marks_the_chosen_one(clear):
    adam = clear.sensitivity[clear.sensitivity["candidate"] == "Adam"]
    assert list(adam["learning_rate"]) == sorted(adam["learning_rate"])
    assert list(adam[adam["chosen"]]["learning_rate"]) == [1e-3]
    assert row(clear, "Adam")["width_decades"] > 0


def test_default_regret_is_what_the_default_rate_loses():
    found = results(score=by_rate(PEAKS, width=3))
    assert row(found, "Adam")["default_regret"] == 0  # Keras's 1e-3 is the best here
    assert row(found, "SGD")["default_regret"] > 0.1  # its 1e-2 is far from 0.316


def test_the_budget_curve_ends_at_the_best_rate(clear):
    adam = clear.budget[clear.budget["candidate"] == "Adam"]
    best = clear.sensitivity[clear.sensitivity["candidate"] == "Adam"]["score"].max()
    assert adam["expected_best"].iloc[-1] == pytest.approx(best)
    assert adam["expected_best"].is_monotonic_increasing


def test_spread_over_rates_and_initializers():
    compare = "compare: {optimizers: [SGD, Adam], initializers: [HeNormal, Zeros], seeds: 2}"
    peaks = {"SGD": (0.316, 0.9), "Adam": (1e-3, 0.9)}
    narrow, wide = by_rate(peaks, width=1), by_rate(peaks, width=8)

    def score(made, trial):
        label = made.candidates[trial.candidate].label
        return (narrow if label == "SGD" else wide)(made, trial)

    found = results(compare, score=score)
    by_label = found.spreads.set_index("label")
    assert by_label.loc["SGD", "sd"] > 2 * by_label.loc["Adam", "sd"]
    assert (by_label["initializers"] == 2).all()
    assert by_label.loc["SGD", "rate_share"] == pytest.approx(1.0)
    assert by_label.loc["SGD", "good_share"] < by_label.loc["Adam", "good_share"]
    assert by_label.loc["SGD", "tuned_range"] == pytest.approx(0, abs=1e-9)
    assert any("SGD comes within 2 % of its best" in note for note in found.notes)
    assert any("Over 2 initializers" in note for note in found.notes)


def test_seconds_of_trainings_that_ran_side_by_side_differently_are_not_compared():
    made = plan(THREE)
    schedule, records = run(made, by_rate(PEAKS, width=3))
    mixed = [replace(record, jobs=1 + i % 2) for i, record in enumerate(records)]
    found = make_results(made, mixed, schedule)
    assert found.summary["seconds_to_target"].isna().all()
    assert found.summary["epochs_to_target"].notna().any()
    assert any("ran 1 and 2 at a time" in note for note in found.notes)
