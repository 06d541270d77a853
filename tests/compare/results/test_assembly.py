"""From trials to tables: every trial has a row, and the same trials give the same tables."""

from __future__ import annotations

import pandas as pd
import pytest

from dlcli.compare.plan.records import Result
from dlcli.compare.plan.schedule import Schedule
from dlcli.compare.results import make_results
from tests.compare.made import EPOCHS, by_rate, plan, result
from tests.compare.results.made import THREE, results, row

CONTRACT = [
    "problem", "optimizer", "arguments", "learning_rate", "initializer", "replication", "chosen",
    "seed", "status", "epochs", "steps", "seconds", "train_loss", "val_loss", "val_accuracy",
    "test_loss", "test_accuracy", "best_epoch", "epochs_to_target", "seconds_to_target", "message",
]  # fmt: skip


def test_trials_have_the_columns_of_the_contract_and_a_row_each(clear):
    found = [c for c in clear.trials.columns if c in CONTRACT]
    assert found == CONTRACT
    assert len(clear.trials) == 27 + 3 * 9 * 3
    assert set(clear.trials["replication"]) == set(range(1, 11))
    assert clear.trials["chosen"].sum() == 30
    assert len(clear.epochs) == len(clear.trials) * EPOCHS


def test_only_a_chosen_trial_shows_its_test_score(clear):
    by_choice = clear.trials.groupby("chosen")["test_accuracy"]
    assert by_choice.count().to_dict() == {True: 30, False: 0}
    other = clear.trials.groupby("chosen")["test_accuracy_last"]
    assert other.count().to_dict() == {True: 30, False: 0}


@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_replications_are_said(count):
    found = results(THREE.replace("10", str(count)))
    assert found.verdict[0].startswith("Too few replications on made: ")
    assert "it takes 6 or more" in found.verdict[0]
    assert not any("80 %" in sentence for sentence in found.verdict)


def test_what_the_replications_can_show_is_said(clear):
    assert any(
        s.startswith("With 10 replications, a true difference of 0.0") for s in clear.verdict
    )


@pytest.mark.parametrize(
    ("setting", "told"),
    [("split: official", "on this test part"), ("tune: once", "the luck of tuning is not in")],
)
def test_what_the_intervals_are_about_is_said(setting, told):
    found = results(THREE.replace("}", f", {setting}}}"))
    assert any(told in sentence for sentence in found.verdict)
    assert not any(told in sentence for sentence in results().verdict)


def test_candidates_whose_scores_collapse_now_and_then_are_named():
    def judge(made, trial):
        if made.candidates[trial.candidate].label != "SGD" or made.seeds.index(trial.seed) != 5:
            return None
        return result(0.5)

    found = results(judge=judge)
    (told,) = [s for s in found.verdict if s.startswith("A few scores of ")]
    assert told.startswith("A few scores of SGD are far below the others")
    assert not any(s.startswith("A few scores of ") for s in results().verdict)


def test_a_plain_grid_ranks_by_validation_and_says_so():
    found = results("compare: {optimizers: [SGD, Adam], seeds: 0, search_seeds: 3}")
    assert found.score_text.startswith("validation accuracy")
    assert found.verdict[0].startswith("Only a grid was tried on made")
    assert found.summary["rank"].isna().all()
    assert not found.is_ranked
    assert "too good" in found.verdict[0]


def test_nothing_could_be_run():
    found = results(judge=lambda p, t: Result("failed", message="no"))
    assert found.verdict == ("Nothing can be said about made: no replication is complete.",)
    assert len(found.trials) == 27


def test_no_trial_at_all():
    made = plan(THREE)
    found = make_results(made, [], Schedule(made), [])
    assert found.trials.empty
    assert found.verdict == ("Nothing can be said about made: no replication is complete.",)


def test_an_optimizer_that_loses_to_a_special_case_of_itself_is_flagged():
    compare = "compare: {optimizers: [SGD, {SGD: {momentum: 0.9}, label: heavy}], seeds: 10}"
    peaks = {"SGD": (0.1, 0.9), "heavy": (0.01, 0.8)}
    found = results(compare, score=by_rate(peaks, spread=0.01, width=3))
    assert row(found, "heavy")["under_tuned"] == "SGD"
    assert any("heavy lost to SGD, a special case" in note for note in found.notes)


def test_the_same_trials_give_the_same_tables(clear):
    again = results()
    pd.testing.assert_frame_equal(clear.summary, again.summary)
    pd.testing.assert_frame_equal(clear.pairwise, again.pairwise)


def test_a_quick_look_ranks_nothing_and_says_so():
    found = results("compare: {optimizers: [SGD, Adam], preset: quick}")
    assert found.summary["rank"].isna().all()
    assert found.verdict[0].startswith(
        "No ranking on made: a quick look only (--preset standard ranks). Adam at"
    )
    asked = results("compare: {optimizers: [SGD, Adam], preset: quick, seeds: 10}")
    assert asked.summary["rank"].notna().all()
