"""Search, extend, confirm: what is handed out after which results."""

from __future__ import annotations

from dlcli.comparison.protocol import Protocol
from dlcli.comparison.records import Result
from tests.comparison.made import ACCURACY, by_rate, plan, result, run

TWO = "compare: {optimizers: [SGD, Adam], seeds: 3}"


def stages(records, stage):
    return [r.trial for r in records if r.trial.stage == stage]


def test_the_chosen_rate_is_confirmed_with_seeds_that_the_search_never_used():
    made = plan(TWO)
    protocol, records = run(made, by_rate({"SGD": (0.316, 0.9), "Adam": (1e-3, 0.95)}))
    assert [protocol.choices[i].rate for i in (0, 1)] == [0.316, 0.001]
    searched = {t.seed for t in stages(records, "search")}
    confirmed = stages(records, "confirm")
    assert not searched & {t.seed for t in confirmed}
    assert [(t.contender, t.rate) for t in confirmed] == [(0, 0.316)] * 3 + [(1, 0.001)] * 3
    assert {t.seed for t in confirmed if t.contender == 0} == set(made.seeds)


def test_the_grid_grows_while_the_best_rate_lies_on_its_edge():
    protocol, records = run(plan(TWO), by_rate({"SGD": (1e-4, 0.9), "Adam": (1.0, 0.9)}, width=3))
    assert protocol.choices[0].rate == 1e-4
    assert protocol.choices[1].rate == 1.0
    assert not protocol.choices[0].edge
    tried = sorted({t.rate for t in stages(records, "search") if t.contender == 0})
    assert tried[:3] == [3.16e-5, 1e-4, 3.16e-4]
    assert any("the grid grew by" in note for note in protocol.notes)


def test_the_growth_is_bounded_and_said():
    protocol, records = run(plan(TWO), by_rate({"SGD": (1e-9, 0.9), "Adam": (1e-3, 0.9)}, width=9))
    assert min(t.rate for t in stages(records, "search")) == 1e-5  # two decades below the grid
    assert protocol.choices[0].edge == "lower"
    assert any("a better one may lie beyond" in note for note in protocol.notes)


def test_a_given_list_never_grows_but_its_edge_is_said():
    made = plan("compare: {optimizers: [SGD], learning_rates: [1e-2, 1e-1], seeds: 1}")
    protocol, records = run(made, by_rate({"SGD": (1.0, 0.9)}, width=3))
    assert {t.rate for t in stages(records, "search")} == {0.01, 0.1}
    assert protocol.choices[0].edge == "upper"
    assert any("upper edge" in note for note in protocol.notes)


def test_equal_scores_are_told_apart_by_the_validation_loss():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.01, 0.1, 1], seeds: 1}")
    losses = {0.01: 0.5, 0.1: 0.2, 1.0: 0.3}
    protocol, _ = run(made, None, judge=lambda _, t: result(0.9, loss=losses[t.rate]))
    assert protocol.choices[0].rate == 0.1


def test_a_rate_that_diverges_counts_as_knowing_nothing():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 1}")

    def judge(_, trial):
        return result(0.99, status="diverged") if trial.rate == 0.1 else result(0.4)

    protocol, _ = run(made, None, judge=judge)
    assert protocol.choices[0].rate == 0.01


def test_the_best_rate_is_that_of_the_mean_over_search_seeds():
    made = plan(
        "compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 1, search_seeds: 2}"
    )
    scores = {(0.01, 0): 0.99, (0.01, 1): 0.5, (0.1, 0): 0.8, (0.1, 1): 0.8}
    protocol, _ = run(made, lambda p, t: scores.get((t.rate, t.seed - p.search_seeds[0]), 0.8))
    assert protocol.choices[0].rate == 0.1
    assert protocol.choices[0].score == 0.8


def test_trials_that_could_not_be_run_leave_the_others_to_choose_from():
    made = plan("compare: {optimizers: [SGD, Adam], learning_rates: [0.01, 0.1], seeds: 1}")

    def judge(_, trial):
        broken = trial.contender == 1 or trial.rate == 0.1
        return Result("failed", message="no") if broken else result(0.7)

    protocol, records = run(made, None, judge=judge)
    assert protocol.choices[0].rate == 0.01
    assert 1 not in protocol.choices
    assert any("Adam: no trial of its search could be run" in note for note in protocol.notes)
    assert {t.contender for t in stages(records, "confirm")} == {0}


def test_search_only():
    made = plan("compare: {optimizers: [SGD], seeds: 0}")
    protocol, records = run(made, by_rate({"SGD": (0.1, 0.9)}))
    assert protocol.choices[0].rate == 0.1
    assert not stages(records, "confirm")


def test_pruning_hands_out_a_whole_grid_at_once():
    made = plan("compare: {optimizers: [SGD], seeds: 1, prune: true, search_seeds: 2}")
    tasks = Protocol(made).start()
    assert [len(task.trials) for task in tasks] == [9, 9]
    assert all(task.prune for task in tasks)
    assert [len({t.seed for t in task.trials}) for task in tasks] == [1, 1]


def test_a_pruned_rate_is_never_chosen():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 1}")

    def judge(_, trial):
        return result(0.99, status="pruned") if trial.rate == 0.1 else result(0.5)

    protocol, _ = run(made, None, judge=judge)
    assert protocol.choices[0].rate == 0.01


def test_a_contender_is_confirmed_before_others_are_searched():
    made = plan(TWO)
    protocol = Protocol(made)
    score = by_rate({"SGD": (0.316, 0.9), "Adam": (1e-3, 0.9)})
    first = [task for task in protocol.start() if task.trials[0].contender == 0]
    handed = [
        new
        for task in first
        for trial in task.trials
        for new in protocol.tell(trial, result(score(made, trial), stage="search"))
    ]
    assert [task.trials[0].stage for task in handed] == ["confirm"] * 3


def test_a_loss_is_chosen_by_its_least():
    made = plan(
        "compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 1}",
        score=type(ACCURACY)("accuracy", "best", greater_is_better=False),
    )
    scores = {0.01: 0.2, 0.1: 0.3}
    protocol, _ = run(made, lambda _, t: scores[t.rate])
    assert protocol.choices[0].rate == 0.01
    assert protocol.choices[0].score == 0.2


def test_a_single_rate_has_no_edge():
    made = plan("compare: {optimizers: [{Adam: {learning_rate: 0.01}}], seeds: 1}")
    protocol, _ = run(made, by_rate({"Adam": (0.01, 0.9)}))
    assert protocol.choices[0].edge == ""
    assert not protocol.notes


def test_a_rate_that_was_pruned_at_one_seed_does_not_win_by_the_others():
    made = plan(
        "compare: {optimizers: [SGD], learning_rates: [0.01, 0.1], seeds: 1, search_seeds: 2}"
    )

    def judge(made, trial):
        if trial.rate == 0.01:
            return result(0.95 if trial.seed == made.search_seeds[0] else 0.90)
        return result(0.96, status="ok" if trial.seed == made.search_seeds[0] else "pruned")

    protocol, _ = run(made, None, judge=judge)
    assert protocol.choices[0].rate == 0.01
