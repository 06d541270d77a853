"""What counts as a trial's score: failures, missing trials, interrupted comparisons."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dlcli.compare.plan.records import Result
from dlcli.compare.plan.schedule import Schedule
from dlcli.compare.results import make_results
from tests.compare.made import ACCURACY, CHANCE, EPOCHS, by_rate, plan, result, run
from tests.compare.results.made import FIVE, PEAKS, THREE, results, row


def judged(status, *, label="SGD", share=0.3):
    """Return a judge that lets all trials of a label fail in the last of the replications."""

    def judge(made, trial):
        hit = made.candidates[trial.candidate].label == label
        if not hit or made.seeds.index(trial.seed) < (1 - share) * len(made.seeds):
            return None
        return result(0.4, status=status)

    return judge


@pytest.mark.parametrize("status", ["diverged", "stuck"])
def test_failed_trainings_count_as_knowing_nothing_and_are_counted_everywhere(status):
    found = results(judge=judged(status))
    sgd = row(found, "SGD")
    assert (sgd["ok"], sgd[status], sgd["runs"]) == (7, 3, 10)
    scores = found.scores[(found.scores["candidate"] == "SGD")]
    assert list(scores[scores["status"] == status]["score"]) == [CHANCE] * 3
    assert sgd["mean"] == pytest.approx(scores["score"].mean())
    assert (found.trials["status"] == status).sum() == 9
    curve = found.curves[(found.curves["candidate"] == "SGD") & (found.curves["epoch"] == EPOCHS)]
    assert curve["runs"].item() == 10
    assert sgd["censored"] >= 3
    assert "Failed trials count as chance in the mean: SGD (3 of 10)." in found.verdict


def test_a_trial_that_could_not_be_run_leaves_the_choice_among_the_others():
    found = results(judge=lambda p, t: _crash(p, t, rate=0.316))
    assert row(found, "SGD")["runs"] == 10
    assert row(found, "SGD")["learning_rate"] in (0.1, 1.0)
    assert found.verdict[0].startswith("Use Adam at 0.001")


def _crash(made, trial, *, rate=None):
    hit = made.candidates[trial.candidate].label == "SGD" and rate in (None, trial.rate)
    return Result("failed", message="killed") if hit else None


def test_a_candidate_that_could_never_be_run_is_not_ranked_but_listed():
    found = results(judge=_crash)
    assert math.isnan(row(found, "SGD")["rank"])
    assert found.summary.iloc[-1]["candidate"] == "SGD"
    assert row(found, "Adam")["runs"] == 10
    assert any("Not ranked" in sentence and "SGD" in sentence for sentence in found.verdict)


def test_of_an_interrupted_comparison_the_complete_replications_count():
    made = plan(THREE)
    _, records = run(made, by_rate(PEAKS, spread=0.01, width=3))
    last = made.seeds[7]
    kept = [
        r
        for r in records
        if r.trial.seed < last or (r.trial.seed == last and r.trial.candidate == 1)
    ]
    schedule = Schedule(made)
    schedule.start()
    for record in kept:
        schedule.tell(record.trial, record.result)
    found = make_results(made, kept, schedule)
    assert found.replications == {"made": 7}
    assert found.expected_trials == len(records) > len(found.trials)
    assert found.verdict[0].startswith("Use Adam at 0.001")
    assert not any("Not ranked" in sentence for sentence in found.verdict)


def test_the_score_can_be_read_at_the_last_epoch():
    last = type(ACCURACY)("accuracy", "last", greater_is_better=True)

    def judge(_, trial):
        made = result(0.9)
        worse = {**made.last, "val_accuracy": 0.5, "test_accuracy": 0.6}
        return replace(made, last=worse)

    found = results("compare: {optimizers: [SGD], seeds: 3}", judge=judge)
    assert found.summary["mean"].item() == pytest.approx(0.9)
    made = plan("compare: {optimizers: [SGD], seeds: 3}", score=last)
    schedule, records = run(made, None, judge=judge)
    found = make_results(made, records, schedule)
    assert found.summary["mean"].item() == pytest.approx(0.6)
    assert found.score_text == "test accuracy at the last epoch"
    assert {"val_accuracy", "val_accuracy_best", "test_accuracy_best"} <= set(found.trials)


def test_failures_are_in_every_table():
    found = results(judge=judged("stuck"), names=FIVE[:2])
    pair = found.pairwise[found.pairwise["first"] == "SGD"].iloc[0]
    assert (pair["first_failed"], pair["second_failed"]) == (3, 0)
    assert found.aggregate.set_index("candidate").loc["SGD", "failed"] == 6
    assert set(found.epochs["status"]) == {"ok", "stuck"}
    assert found.scores["status"].eq("stuck").sum() == 6
