"""Search, replicate, extend: which rates a candidate tries after which results."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.compare.plan.records import Result
from dlcli.compare.plan.schedule import Schedule
from tests.compare.made import ACCURACY, CHANCE, by_rate, plan, result, run

TWO = "compare: {optimizers: [SGD, Adam], seeds: 3}"
SGD = "compare: {{optimizers: [SGD], learning_rates: [0.01, 0.1, 1], seeds: {}}}"


def tried(plan, records, candidate=0):
    """Return the rates of each replication of a candidate, ascending."""
    rates = defaultdict(list)
    for record in records:
        if record.trial.candidate == candidate:
            rates[plan.seeds.index(record.trial.seed)].append(record.trial.rate)
    return {replication: sorted(found) for replication, found in sorted(rates.items())}


def test_the_first_replication_tries_the_grid_and_each_later_one_the_neighborhood_of_the_best():
    made = plan(TWO)
    schedule, records = run(made, by_rate({"SGD": (0.316, 0.9), "Adam": (1e-3, 0.95)}, width=3))
    assert schedule.recommended(0).rate == 0.316
    assert schedule.recommended(1).rate == 1e-3
    found = tried(made, records)
    assert found[0] == list(made.candidates[0].rates)
    assert found[1] == found[2] == [0.1, 0.316, 1.0]
    assert tried(made, records, 1)[2] == [3.16e-4, 1e-3, 3.16e-3]


def test_a_neighbor_that_lost_by_far_twice_is_not_tried_again():
    made = plan(SGD.format(4))

    def judge(_, trial):
        if trial.rate == 1:
            return result(0.4, status="diverged")
        return result({0.01: 0.88, 0.1: 0.9}[trial.rate])

    _, records = run(made, None, judge=judge)
    assert tried(made, records) == {
        0: [0.01, 0.1, 1], 1: [0.01, 0.1, 1], 2: [0.01, 0.1], 3: [0.01, 0.1],
    }  # fmt: skip


def test_every_replication_chooses_for_itself():
    made = plan(SGD.format(3))
    best = dict(zip(made.seeds, (0.1, 1.0, 0.01), strict=True))
    schedule, _ = run(made, lambda _, t: 0.9 if t.rate == best[t.seed] else 0.85)
    assert [schedule.choices[0, r].rate for r in range(3)] == [0.1, 1.0, 0.01]


def test_the_neighborhood_moves_to_what_is_best_over_all_replications():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.001, 0.01, 0.1, 1], seeds: 4}")
    first = made.seeds[0]
    scores = {0.001: 0.885, 0.01: 0.89, 0.1: 0.9, 1.0: 0.885}

    def score(_, trial):
        lucky = trial.seed == first and trial.rate == 0.01
        return 0.905 if lucky else scores[trial.rate]

    schedule, records = run(made, score)
    found = tried(made, records)
    # By its end 0.1 had the better mean and was on the edge, so the replication went on.
    assert found[1] == [0.001, 0.01, 0.1, 1.0]
    assert found[2] == found[3] == [0.01, 0.1, 1.0]
    assert schedule.recommended(0).rate == 0.1


def test_a_single_lucky_trial_does_not_lead():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 6}")
    steady = {0.01: 0.8, 0.1: 0.801}
    schedule = Schedule(made)
    waiting = schedule.start()
    for _ in range(4):
        waiting = [
            task
            for each in waiting
            for task in schedule.tell(each.trials[0], result(steady[each.trials[0].rate]))
        ]
    assert schedule.recommended(0).rate == 0.1


def test_the_grid_grows_while_the_best_rate_is_on_its_edge():
    made = plan(TWO)
    schedule, records = run(made, by_rate({"SGD": (1e-4, 0.9), "Adam": (1.0, 0.9)}, width=3))
    assert schedule.recommended(0).rate == 1e-4
    assert schedule.recommended(1).rate == 1.0
    assert not schedule.choices[0, 0].edge
    assert tried(made, records)[0][:3] == [3.16e-5, 1e-4, 3.16e-4]
    assert tried(made, records)[1] == [3.16e-5, 1e-4, 3.16e-4]
    assert any("the grid grew by" in note for note in schedule.notes)


def test_the_growth_is_bounded_and_said():
    made = plan(TWO)
    schedule, records = run(made, by_rate({"SGD": (1e-9, 0.9), "Adam": (1e-3, 0.9)}, width=9))
    assert min(t.trial.rate for t in records) == 1e-5  # two decades below the grid
    assert schedule.recommended(0).edge == "lower"
    assert any("a better one may lie beyond" in note for note in schedule.notes)


def test_a_later_replication_may_try_a_rate_beyond_the_grid():
    made = plan(TWO)
    top = made.candidates[0].rates[-1]

    def score(made, trial):
        if trial.candidate == 1:
            return 0.5
        beyond = 0.9 if trial.seed != made.seeds[0] else 0.1
        return {top: 0.8}.get(trial.rate, beyond if trial.rate > top else 0.5)

    schedule, records = run(made, score)
    assert max(tried(made, records)[1]) > top
    assert schedule.choices[0, 1].rate > top


def test_a_given_list_never_grows_but_its_edge_is_said():
    made = plan("compare: {optimizers: [SGD], learning_rates: [1e-2, 1e-1], seeds: 2}")
    schedule, records = run(made, by_rate({"SGD": (1.0, 0.9)}, width=3))
    assert {r.trial.rate for r in records} == {0.01, 0.1}
    assert schedule.choices[0, 1].edge == "upper"
    assert any("upper edge" in note for note in schedule.notes)


def test_equal_scores_are_told_apart_by_the_validation_loss():
    losses = {0.01: 0.5, 0.1: 0.2, 1.0: 0.3}
    schedule, _ = run(
        plan(SGD.format(2)), None, judge=lambda _, t: result(0.9, loss=losses[t.rate])
    )
    assert {choice.rate for choice in schedule.choices.values()} == {0.1}


def test_a_rate_that_diverges_counts_as_knowing_nothing():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 2}")

    def judge(_, trial):
        return result(0.99, status="diverged") if trial.rate == 0.1 else result(0.4)

    schedule, _ = run(made, None, judge=judge)
    assert {choice.rate for choice in schedule.choices.values()} == {0.01}


def test_trials_that_failed_to_run_leave_the_others_to_choose_from():
    made = plan("compare: {optimizers: [SGD, Adam], learning_rates: [0.01, 0.1], seeds: 2}")

    def judge(_, trial):
        broken = trial.candidate == 1 or trial.rate == 0.1
        return Result("failed", message="no") if broken else result(0.7)

    schedule, records = run(made, None, judge=judge)
    assert schedule.choices[0, 1].rate == 0.01
    assert (1, 0) not in schedule.choices
    assert any("Adam: all trials of its search failed to run" in note for note in schedule.notes)
    assert set(tried(made, records, 1)) == {0}


def test_a_plain_grid_tries_every_rate_with_every_seed_and_no_other():
    made = plan(
        "compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 0, search_seeds: 3}"
    )
    schedule, records = run(made, by_rate({"SGD": (0.1, 0.9)}))
    assert tried(made, records) == {r: [0.01, 0.1] for r in range(3)}
    assert schedule.recommended(0).rate == 0.1


def test_several_replications_may_try_the_whole_grid():
    made = plan(SGD.format(4).replace("}", ", search_seeds: 2}"))
    _, records = run(made, lambda _, t: {0.01: 0.9, 0.1: 0.88, 1: 0.5}[t.rate])
    assert tried(made, records) == {
        0: [0.01, 0.1, 1], 1: [0.01, 0.1, 1], 2: [0.01, 0.1], 3: [0.01, 0.1],
    }  # fmt: skip


def test_tuned_once_all_replications_use_the_choice_of_the_first():
    made = plan(SGD.format(4).replace("}", ", tune: once}"))
    first = made.seeds[0]
    schedule, records = run(made, lambda _, t: 0.9 if (t.rate == 1) == (t.seed == first) else 0.5)
    assert tried(made, records) == {0: [0.01, 0.1, 1], 1: [1], 2: [1], 3: [1]}
    assert {choice.rate for choice in schedule.choices.values()} == {1}
    assert len(schedule.choices) == 4


def test_tuned_once_the_choice_is_that_of_the_mean_over_the_searching_replications():
    made = plan(SGD.format(3).replace("}", ", tune: once, search_seeds: 2}"))
    scores = {(0.01, 0): 0.99, (0.01, 1): 0.5, (0.1, 0): 0.8, (0.1, 1): 0.8}
    schedule, _ = run(made, lambda p, t: scores.get((t.rate, p.seeds.index(t.seed)), 0.4))
    assert schedule.choices[0, 2].rate == 0.1
    assert schedule.choices[0, 0].score == 0.8


def test_pruning_hands_out_a_whole_grid_at_once():
    made = plan("compare: {optimizers: [SGD], seeds: 2, prune: true, search_seeds: 2}")
    tasks = Schedule(made).start()
    assert [len(task.trials) for task in tasks] == [9, 9]
    assert all(task.prune for task in tasks)
    assert [len({t.seed for t in task.trials}) for task in tasks] == [1, 1]


def test_a_pruned_rate_is_never_chosen():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 1}")

    def judge(_, trial):
        return result(0.99, status="pruned") if trial.rate == 0.1 else result(0.5)

    schedule, _ = run(made, None, judge=judge)
    assert schedule.choices[0, 0].rate == 0.01


def test_a_loss_is_chosen_by_its_least():
    made = plan(
        "compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 2}",
        score=type(ACCURACY)("accuracy", "best", greater_is_better=False),
    )
    scores = {0.01: 0.2, 0.1: 0.3}
    schedule, _ = run(made, lambda _, t: scores[t.rate])
    assert schedule.choices[0, 1].rate == 0.01
    assert schedule.recommended(0).score == 0.2


def test_a_single_rate_has_no_edge():
    made = plan("compare: {optimizers: [{Adam: {learning_rate: 0.01}}], seeds: 2}")
    schedule, records = run(made, by_rate({"Adam": (0.01, 0.9)}))
    assert schedule.choices[0, 0].edge == ""
    assert not schedule.notes
    assert tried(made, records) == {0: [0.01], 1: [0.01]}


@pytest.mark.parametrize("extra", ["", ", tune: once", ", search_seeds: 2", ", prune: true"])
@settings(max_examples=25, deadline=None)
@given(luck=st.integers(0, 10_000), order=st.randoms(use_true_random=False))
def test_the_order_in_which_results_come_changes_nothing(extra, luck, order):
    made = plan(TWO.replace("}", f"{extra}}}"))

    def made_up(trial):
        key = [luck, trial.candidate, trial.seed, round(trial.rate * 1e9)]
        return result(float(np.random.default_rng(key).uniform(0.4, 0.9)))

    def choices(pick):
        schedule, trials = Schedule(made), set()
        waiting = schedule.start()
        while waiting:
            task = waiting.pop(pick(len(waiting)))
            for trial in task.trials:
                assert trial not in trials
                trials.add(trial)
                waiting += schedule.tell(trial, made_up(trial))
        assert schedule.trials == len(trials)
        return schedule.choices, trials

    assert choices(lambda _: 0) == choices(order.randrange)


@pytest.mark.parametrize("first", [0, -1])
def test_searches_side_by_side_grow_alike_whichever_comes_first(first):
    made = plan("compare: {optimizers: [SGD], seeds: 2, search_seeds: 2}")
    grid = made.candidates[0].rates
    schedule, tried_rates = Schedule(made), defaultdict(list)
    waiting = schedule.start()
    while waiting:
        (trial,) = waiting.pop(first).trials
        replication = made.seeds.index(trial.seed)
        tried_rates[replication].append(trial.rate)
        height = math.log10(trial.rate) * (1 if replication else -1)  # opposite edges are best
        waiting += schedule.tell(trial, result(0.6 + 0.02 * height))
    assert [len(rates) for _, rates in sorted(tried_rates.items())] == [len(grid) + 4] * 2
    assert min(tried_rates[0]) == pytest.approx(grid[0] / 100)
    assert max(tried_rates[1]) == pytest.approx(grid[-1] * 100)


@settings(max_examples=20)
@given(luck=st.integers(0, 10_000))
def test_the_best_rate_so_far_is_that_of_all_results_so_far(luck):
    made = plan("compare: {optimizers: [SGD], seeds: 5}")
    schedule, told = Schedule(made), defaultdict(list)
    waiting = schedule.start()
    while waiting:
        (trial,) = waiting.pop().trials
        value = np.random.default_rng([luck, trial.seed, round(trial.rate * 1e9)]).uniform(0.4, 0.9)
        told[trial.rate].append(float(value))
        waiting += schedule.tell(trial, result(float(value)))
        assert schedule.recommended(0).rate == wary_best(told)


def wary_best(told):
    """Return the rate with the best mean, less what few replications cost."""
    means = {rate: np.mean(values) for rate, values in told.items()}
    scale = 0.004 * abs(max(means.values()) - CHANCE)
    return max(means, key=lambda rate: means[rate] - scale / math.sqrt(len(told[rate])))


WIDE = """\
compare:
  optimizers: [SGD]
  search: {momentum: {low: 0.5, high: 0.99}}
  tries: 12
  seeds: 5
"""


def test_later_replications_try_the_best_few_settings_again():
    made = plan(WIDE)
    best = made.candidates[0].rates[4]

    def score(_, trial):
        close = abs(made.candidates[0].rates.index(trial.rate) - 4)
        return 0.9 - 0.01 * close

    schedule, records = run(made, score)
    tried = {}
    for record in records:
        tried.setdefault(record.trial.seed, set()).add(record.trial.rate)
    first, *later = tried.values()
    assert first == set(made.candidates[0].rates)
    assert all(settings == set(made.candidates[0].rates[3:6]) for settings in later)
    assert schedule.recommended(0).rate == best
    assert len(records) == made.planned == 12 + 4 * 3


def test_a_setting_near_the_end_of_its_range_is_noted():
    made = plan(WIDE.replace("tries: 12", "tries: 40"))
    momenta = {rate: dict(rate.values)["compile.optimizer.SGD.momentum"]
               for rate in made.candidates[0].rates}  # fmt: skip
    highest = max(momenta, key=momenta.get)
    schedule, _ = run(made, lambda _, trial: 0.9 if trial.rate == highest else 0.5)
    told = " ".join(schedule.notes)
    assert f"the best momentum, {momenta[highest]:g}, is near the upper end" in told
