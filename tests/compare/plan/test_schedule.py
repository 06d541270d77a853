"""Looks after 10, 20 and 40 replications: who gets more of them, and when it is enough."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.compare.plan.records import Result
from dlcli.compare.plan.schedule import Look, Schedule
from dlcli.compare.results.ranking import look_at
from tests.compare.made import by_rate, plan, result, run

AUTO = (
    "compare: {optimizers: [SGD, Adam, Lion], learning_rates: [0.01], seeds: auto, margin: 0.001}"
)
LABELS = ("SGD", "Adam", "Lion")


def levels(spread=0.01, **scores):
    """Return a score: a level for each label, and luck by label, problem and seed."""

    def score(made, trial):
        candidate = made.candidates[trial.candidate]
        key = [trial.seed, candidate.problem, *candidate.label.encode()]
        luck = np.random.default_rng(key).normal(0, spread)
        level = scores[candidate.label]
        if not isinstance(level, float):
            level = level[candidate.problem]
        return float(np.clip(level + luck, 0, 1))

    return score


def counts(made, records):
    """Return how many replications each candidate has."""
    seeds = defaultdict(set)
    for record in records:
        seeds[record.trial.candidate].add(record.trial.seed)
    assert all(sorted(found) == list(made.seeds[: len(found)]) for found in seeds.values())
    return [len(seeds[index]) for index in range(len(made.candidates))]


def told(schedule, problem=0):
    return [(look.replications, look.worse) for look in schedule.course(problem).looks]


def test_it_stops_at_the_first_look_that_shows_all_others_worse():
    made = plan(AUTO)
    schedule, records = run(made, levels(SGD=0.5, Adam=0.9, Lion=0.6))
    assert counts(made, records) == [10, 10, 10]
    assert told(schedule) == [(10, (0, 2))]
    course = schedule.course(0)
    assert (course.is_over, course.saved, course.trials) == (True, 90, 120)
    assert schedule.trials == len(records) == 30
    assert not schedule.is_open


@pytest.mark.parametrize("tune", ["each", "once"])
def test_the_trials_of_a_curve_over_training_size_are_not_among_those_saved(tune):
    fractions = f"{AUTO[:-1]}, tune: {tune}, fractions: [0.25, 0.5]}}"
    scores = levels(SGD=0.5, Adam=0.9, Lion=0.6)
    plain, _ = run(plan(f"{AUTO[:-1]}, tune: {tune}}}"), scores)
    schedule, records = run(plan(fractions), scores)
    of_shares = [record for record in records if record.trial.is_share]
    assert len(of_shares) == 2 * 3 * 10
    course, expected = schedule.course(0), plain.course(0)
    assert (course.saved, course.trials) == (expected.saved, expected.trials) == (90, 120)
    assert course.trials - course.saved == len(records) - len(of_shares)
    assert schedule.trials == len(records)


def test_who_is_shown_worse_gets_no_more_and_the_others_go_on():
    made = plan(AUTO)
    schedule, records = run(made, levels(SGD=0.5, Adam=0.9, Lion=0.9))
    assert counts(made, records) == [10, 40, 40]
    assert told(schedule) == [(10, (0,)), (20, ()), (40, ())]
    assert schedule.course(0).saved == 30
    assert schedule.course(0).dropped == {0}


def test_equal_candidates_are_trained_to_the_end_without_a_margin_that_suffices():
    made = plan(AUTO)
    schedule, records = run(made, levels(SGD=0.9, Adam=0.9, Lion=0.9))
    assert counts(made, records) == [40, 40, 40]
    assert schedule.course(0).saved == 0
    assert schedule.course(0).is_over


def test_it_stops_once_all_are_as_good_within_the_margin():
    made = plan(AUTO.replace("0.001", "0.04"))
    schedule, records = run(made, levels(SGD=0.9, Adam=0.9, Lion=0.9))
    assert counts(made, records) == [20, 20, 20]
    assert told(schedule) == [(10, ()), (20, ())]
    assert schedule.course(0).looks[-1].is_decided


def test_the_looks_levels_are_those_of_the_spending_function():
    schedule, _ = run(plan(AUTO), levels(SGD=0.9, Adam=0.9, Lion=0.9))
    spent = [look.level for look in schedule.course(0).looks]
    assert spent == pytest.approx([0.0000147, 0.00304, 0.04898], rel=0.01)


def test_before_a_look_the_trials_are_counted_at_most():
    schedule = Schedule(plan(AUTO), look_at)
    schedule.start()
    assert schedule.is_open
    assert schedule.trials == 120
    assert not Schedule(plan(AUTO.replace("auto", "10"))).is_open


def test_the_first_replications_are_those_of_a_comparison_of_ten():
    rates = AUTO.replace("[0.01]", "[0.001, 0.01, 0.1]")
    peaks = {"SGD": (0.1, 0.9), "Adam": (0.01, 0.9), "Lion": (0.001, 0.9)}
    score = by_rate(peaks, spread=0.01, width=3)
    _, ten = run(plan(rates.replace("auto", "10")), score)
    _, auto = run(plan(rates), score)
    assert {record.trial for record in ten} < {record.trial for record in auto}
    extra = {record.trial for record in auto} - {record.trial for record in ten}
    assert min(trial.seed for trial in extra) == plan(rates).seeds[10]


def test_no_look_takes_place_before_all_of_its_replications_are_there():
    made = plan(AUTO)
    seen = []

    def judge(schedule, candidates, replications):
        done = [sum(1 for _ in schedule.records(index)) for index in candidates]
        seen.append((replications, candidates, done))
        return Look(replications, candidates, 0.05, (), is_decided=False)

    schedule = Schedule(made, judge)
    waiting = schedule.start()
    while waiting:  # the first candidate as far ahead as it can be
        waiting.sort(key=lambda task: task.trials[0].candidate)
        task = waiting.pop(0)
        waiting += schedule.tell(task.trials[0], result(0.8))
    assert seen == [(n, (0, 1, 2), [n, n, n]) for n in (10, 20, 40)]


@pytest.mark.parametrize("extra", ["", ", tune: once", ", search_seeds: 2"])
@settings(max_examples=8)
@given(luck=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_in_which_results_come_changes_no_decision(extra, luck, order):
    made = plan(AUTO.replace("[0.01]", "[0.01, 0.1]").replace("}", f"{extra}}}"), names=("a", "b"))

    def made_up(trial):
        key = [luck, trial.candidate, trial.seed, round(trial.rate * 1e9)]
        level = 0.5 + 0.1 * (trial.candidate % 3)
        return result(float(np.random.default_rng(key).normal(level, 0.06)))

    def looked(pick):
        schedule, trials = Schedule(made, quick), set()
        waiting = schedule.start()
        while waiting:
            task = waiting.pop(pick(len(waiting)))
            for trial in task.trials:
                assert trial not in trials
                trials.add(trial)
                waiting += schedule.tell(trial, made_up(trial))
        assert schedule.trials == len(trials)
        return [schedule.course(problem) for problem in (0, 1)], schedule.choices, trials

    assert looked(lambda _: 0) == looked(order.randrange)


def quick(schedule, candidates, replications):
    """Judge by the means alone, which takes no time."""
    means = {
        index: np.mean([r.result.best["val_accuracy"] for r in schedule.records(index)])
        for index in candidates
    }
    worse = tuple(i for i, mean in means.items() if mean < max(means.values()) - 0.09)
    left = len(candidates) - len(worse)
    return Look(replications, candidates, 0.05, worse, is_decided=left == 1)


def test_tuned_once_all_blocks_use_the_choice_of_the_first_replication():
    made = plan(AUTO.replace("[0.01]", "[0.01, 0.1]").replace("}", ", tune: once}"))
    score = levels(SGD=0.5, Adam=0.9, Lion=0.9)
    schedule, records = run(made, lambda m, t: score(m, t) - (0.1 if t.rate == 0.1 else 0))
    assert counts(made, records) == [10, 40, 40]
    assert {choice.rate for choice in schedule.choices.values()} == {0.01}
    assert len(records) == 3 * 2 + 9 + 39 + 39
    assert schedule.course(0).saved == 30


def test_a_candidate_that_cannot_be_run_holds_up_no_look_and_saves_nothing():
    made = plan(AUTO)
    broken = Result("failed", message="no")
    score = levels(Adam=0.9, Lion=0.6)
    schedule, records = run(made, score, judge=lambda _, t: None if t.candidate else broken)
    assert counts(made, records) == [1, 10, 10]
    assert told(schedule) == [(10, (2,))]
    assert schedule.course(0).saved == 2 * 30


def test_where_no_trial_can_be_run_it_ends():
    made = plan(AUTO)
    schedule, records = run(made, None, judge=lambda *_: Result("failed", message="no"))
    assert len(records) == 3
    assert schedule.course(0).is_over


def test_each_problem_looks_by_itself():
    made = plan(AUTO, names=("clear", "unclear"))
    schedule, records = run(made, levels(SGD=(0.5, 0.9), Adam=0.9, Lion=(0.6, 0.9)))
    assert counts(made, records) == [10, 10, 10, 40, 40, 40]
    assert told(schedule) == [(10, (0, 2))]
    assert [replications for replications, _ in told(schedule, 1)] == [10, 20, 40]
    assert schedule.course(0).saved == 90
    assert schedule.course(1).saved == 0


def test_a_lone_candidate_needs_no_more_than_the_first_look():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.01], seeds: auto}")
    schedule, records = run(made, levels(SGD=0.9))
    assert counts(made, records) == [10]
    assert schedule.course(0).looks[0].worse == ()


def test_a_plan_that_a_budget_has_cut_looks_at_its_end_instead():
    made = plan(AUTO.replace("}", ", budget: 75}"))
    assert made.looks == (10, 20, 25)
    schedule, records = run(made, levels(SGD=0.9, Adam=0.9, Lion=0.9))
    assert counts(made, records) == [25, 25, 25]
    assert [replications for replications, _ in told(schedule)] == [10, 20, 25]
    assert schedule.course(0).looks[-1].level > 0.04


def test_the_standard_error_of_a_look_has_the_floor_of_the_examples_sampling():
    def judge(made, trial):
        label = made.candidates[trial.candidate].label
        found = result({"SGD": 0.8, "Adam": 0.82, "Lion": 0.8}[label] + 1e-4 * (trial.seed % 3))
        wave = 0.004 * LABELS.index(label)  # the examples decide, alike in every replication
        blocks = tuple(found.best["test_accuracy"] + wave * (-1) ** i for i in range(20))
        return replace(found, blocks=blocks)

    schedule, _ = run(plan(AUTO), None, judge=judge)
    assert told(schedule) == [(10, ()), (20, ()), (40, ())]
    schedule, _ = run(plan(AUTO), lambda made, trial: judge(made, trial).best["test_accuracy"])
    assert told(schedule) == [(10, (0, 2))]
