"""From trials to tables: what counts, what is ranked, what is said."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dlcli.compare.plan.blocks import BLOCKS
from dlcli.compare.plan.records import Result
from dlcli.compare.plan.schedule import Schedule
from dlcli.compare.results import make_results
from tests.compare.made import ACCURACY, CHANCE, EPOCHS, by_rate, plan, result, run

PEAKS = {"SGD": (0.316, 0.80), "Adam": (1e-3, 0.90), "Lion": (1e-4, 0.70)}
THREE = "compare: {optimizers: [SGD, Adam, Lion], seeds: 10}"
CONTRACT = [
    "problem", "optimizer", "arguments", "learning_rate", "initializer", "replication", "chosen",
    "seed", "status", "epochs", "steps", "seconds", "train_loss", "val_loss", "val_accuracy",
    "test_loss", "test_accuracy", "best_epoch", "epochs_to_target", "seconds_to_target", "message",
]  # fmt: skip


def results(compare=THREE, *, score=None, judge=None, **settings):
    made = plan(compare, **settings)
    score = score or by_rate(PEAKS, spread=0.01, width=3)
    schedule, records = run(made, score, judge=judge)
    return make_results(made, records, schedule, schedule.notes)


@pytest.fixture(scope="module")
def clear():
    """Return results with a clear winner."""
    return results()


def row(found, candidate, problem="made"):
    table = found.summary
    return table[(table["candidate"] == candidate) & (table["problem"] == problem)].iloc[0]


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


def test_the_winner_is_first_and_said_with_rate_and_certainty(clear):
    best = clear.summary.iloc[0]
    assert (best["candidate"], best["rank"], best["verdict"]) == ("Adam", 1, "best")
    assert best["learning_rate"] == 1e-3
    assert clear.verdict[0] == (
        "Use Adam at 0.001 on data like these (made). SGD and Lion are worse."
    )
    assert clear.verdict[1].startswith("Mean test accuracy at the best validation epoch of Adam: 0")


def test_the_numbers_of_the_summary_are_those_of_scipy(clear):
    values = clear.scores[clear.scores["candidate"] == "SGD"]["score"].to_numpy()
    found = row(clear, "SGD")
    low, high = stats.t.interval(0.95, 9, values.mean(), stats.sem(values))
    assert found["mean"] == pytest.approx(values.mean())
    assert found["sd"] == pytest.approx(values.std(ddof=1))
    assert found["median"] == pytest.approx(np.median(values))
    assert found["iqm"] == pytest.approx(stats.trim_mean(values, 0.25))
    assert (found["low"], found["high"]) == pytest.approx((low, high))


def test_pairwise_p_values_are_those_of_scipy(clear):
    wide = clear.scores.pivot_table(index="replication", columns="candidate", values="score")
    first = clear.pairwise.iloc[0]
    pair = wide[first["first"]], wide[first["second"]]
    assert first["paired_t"] == pytest.approx(stats.ttest_rel(*pair).pvalue)
    assert first["wilcoxon"] == pytest.approx(stats.wilcoxon(*pair, method="exact").pvalue)
    assert len(clear.pairwise) == 3


def test_differences_to_the_best_are_paired_by_seed(clear):
    wide = clear.scores.pivot_table(index="replication", columns="candidate", values="score")
    assert row(clear, "Lion")["difference"] == pytest.approx((wide["Adam"] - wide["Lion"]).mean())
    assert row(clear, "Adam")["difference"] == 0
    lion = row(clear, "Lion")
    assert lion["difference"] < lion["difference_high"] < 0.3


def test_without_a_difference_none_is_claimed():
    same = dict.fromkeys(PEAKS, (0.01, 0.9))
    found = results(score=by_rate(same, spread=0.02))
    assert set(found.summary["verdict"]) == {"best", "open"}
    assert found.verdict[0].startswith("Use ")
    assert "open" in found.verdict[0]
    assert "worse" not in found.verdict[0]


def test_candidates_within_the_margin_are_as_good():
    same = dict.fromkeys(PEAKS, (0.01, 0.9))
    found = results(THREE.replace("}", ", margin: 0.1}"), score=by_rate(same, spread=0.02))
    assert sorted(found.summary["verdict"]) == ["as_good", "as_good", "best"]
    assert "are as good within 10 points." in found.verdict[0]
    assert found.margins == {"made": 0.1}


def test_the_margin_is_a_point_of_an_accuracy_and_5_per_cent_of_an_error(clear):
    assert clear.margins == {"made": 0.01}
    less = type(ACCURACY)("accuracy", "best", greater_is_better=False)
    made = plan(THREE, score=less)
    schedule, records = run(made, by_rate(PEAKS, width=3))
    found = make_results(made, records, schedule)
    assert found.margins["made"] == pytest.approx(0.05 * found.summary["mean"].min())


def test_where_everything_fails_nothing_is_said_to_be_best():
    found = results(judge=lambda *_: result(0.4, status="diverged"))
    assert found.verdict[0].startswith("Nothing was learned on made: all chosen trials of ")
    assert len(found.verdict) == 1
    assert found.summary["width_decades"].isna().all()
    assert not found.summary["width_open"].any()


def test_an_optimizer_that_always_fails_has_no_good_rates():
    fails = {"SGD"}
    found = results(
        judge=lambda made, trial: (
            result(0.4, status="stuck") if made.candidates[trial.candidate].label in fails else None
        )
    )
    widths = found.summary.set_index("candidate")["width_decades"]
    assert set(widths.index[widths.isna()]) == fails


@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_replications_are_said(count):
    found = results(THREE.replace("10", str(count)))
    assert found.verdict[0].startswith("Too few replications on made: ")
    assert "it takes 6 or more" in found.verdict[0]
    assert not any("80 %" in sentence for sentence in found.verdict)


def test_one_replication_has_no_interval():
    found = results(THREE.replace("10", "1"))
    assert found.summary["low"].isna().all()


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


def test_an_interval_on_the_official_test_part_includes_the_sampling_of_its_examples():
    def judge(made, trial):
        found = result(by_rate(PEAKS, spread=0.01, width=3)(made, trial))
        score = found.best["test_accuracy"]
        return replace(found, blocks=tuple(score + 0.01 * (-1) ** i for i in range(BLOCKS)))

    official = results(THREE.replace("}", ", split: official}"), judge=judge)
    drawn = results(judge=judge)
    for name in PEAKS:
        one, other = row(official, name), row(drawn, name)
        assert one["mean"] == other["mean"]
        assert one["high"] - one["low"] > 3 * (other["high"] - other["low"])


def test_a_rate_beside_a_cliff_is_said_with_a_safer_one():
    def judge(made, trial):
        if made.candidates[trial.candidate].label != "Adam" or trial.rate < 3e-3:
            return None
        return result(0.4, status="diverged")

    found = results(judge=judge)
    adam = row(found, "Adam")
    assert adam["cliff"] == "2 of 2 trials at the next rate up, 0.00316, fail"
    assert adam["safer_rate"] == pytest.approx(3.16e-4)
    assert adam["safer_cost"] > 0
    (careful,) = [s for s in found.verdict if s.startswith("Careful: ")]
    assert careful.startswith("Careful: Adam at 0.001 is beside a cliff: 2 of 2 trials at")
    assert "A rate of 0.000316 is safer and costs 0.0" in careful
    assert not row(found, "SGD")["cliff"]


def test_a_rate_at_which_trials_fail_now_and_then_is_beside_a_cliff():
    def judge(made, trial):
        is_adam = made.candidates[trial.candidate].label == "Adam" and trial.rate == 1e-3
        hit = is_adam and made.seeds.index(trial.seed) == 4
        return result(0.4, status="diverged") if hit else None

    found = results(judge=judge, score=by_rate(PEAKS, width=1))
    assert row(found, "Adam")["cliff"] == "1 of 10 trials fail there"


def test_a_plain_grid_ranks_by_validation_and_says_so():
    found = results("compare: {optimizers: [SGD, Adam], seeds: 0, search_seeds: 3}")
    assert found.score_text.startswith("validation accuracy")
    assert found.verdict[0].startswith("Only a grid was tried on made")
    assert found.summary["rank"].isna().all()
    assert not found.is_ranked
    assert "too good" in found.verdict[0]


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


def test_nothing_could_be_run():
    found = results(judge=lambda p, t: Result("failed", message="no"))
    assert found.verdict == ("Nothing can be said about made: no replication is complete.",)
    assert len(found.trials) == 27


def test_no_trial_at_all():
    made = plan(THREE)
    found = make_results(made, [], Schedule(made), [])
    assert found.trials.empty
    assert found.verdict == ("Nothing can be said about made: no replication is complete.",)


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


def test_the_default_target_is_what_the_median_candidate_reaches(clear):
    medians = clear.scores.groupby("candidate")["score"].quantile(0.5, interpolation="lower")
    assert clear.targets["made"] == pytest.approx(sorted(medians)[1])
    assert row(clear, "Adam")["reached"] == 10
    assert row(clear, "Lion")["reached"] == 0
    assert math.isnan(row(clear, "Lion")["epochs_to_target"])


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


def test_an_optimizer_that_loses_to_a_special_case_of_itself_is_flagged():
    compare = "compare: {optimizers: [SGD, {SGD: {momentum: 0.9}, label: heavy}], seeds: 10}"
    peaks = {"SGD": (0.1, 0.9), "heavy": (0.01, 0.8)}
    found = results(compare, score=by_rate(peaks, spread=0.01, width=3))
    assert row(found, "heavy")["under_tuned"] == "SGD"
    assert any("heavy lost to SGD, a special case" in note for note in found.notes)


def test_a_metric_of_which_less_is_better_is_ranked_and_shown_in_its_own_units():
    less = type(ACCURACY)("accuracy", "best", greater_is_better=False)
    rates = "compare: {optimizers: [SGD, Adam], learning_rates: [0.01, 0.1], seeds: 8}"
    levels = {"SGD": 0.3, "Adam": 0.2}

    def score(made, trial):
        luck = np.random.default_rng(trial.seed).normal(0, 0.01)
        return levels[made.candidates[trial.candidate].label] + luck + trial.rate

    found = results(rates, score=score, judge=None)
    assert found.summary.iloc[0]["candidate"] == "SGD"
    made = plan(rates, score=less)
    schedule, records = run(made, score)
    found = make_results(made, records, schedule)
    best = found.summary.iloc[0]
    assert best["candidate"] == "Adam"
    assert best["learning_rate"] == 0.01
    assert 0.2 < best["mean"] < 0.22
    assert best["low"] < best["mean"] < best["high"]
    assert row(found, "SGD")["difference"] > 0
    first = found.pairwise.iloc[0]
    assert (first["first"], first["difference"] > 0) == ("SGD", True)


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


FIVE = ("one", "two", "three", "four", "five")


def test_several_problems_are_normalised_aggregated_and_ranked():
    found = results(THREE, names=FIVE, score=by_rate(PEAKS, spread=0.01, width=3))
    assert found.verdict[0].startswith(
        "Adam has the best mean over all 5 problems; 5 problems are too few"
    )
    assert [s.partition(".")[0] for s in found.verdict[1:]] == ["Use Adam at 0"] * 5
    table = found.aggregate.set_index("candidate")
    assert list(found.aggregate["candidate"]) == ["Adam", "SGD", "Lion"]
    assert table.loc["Adam", "average_rank"] == 1
    assert table.loc["Adam", "normalised_mean"] == pytest.approx(1.0)
    assert 0 < table.loc["Lion", "normalised_mean"] < table.loc["SGD", "normalised_mean"] < 1
    assert table.loc["SGD", "low"] < table.loc["SGD", "normalised_iqm"] < table.loc["SGD", "high"]
    assert found.critical_difference.ranks[found.candidates.index("Adam")] == 1
    assert len(found.profiles) == 3 * 106


def test_two_problems_have_no_aggregate_interval_and_no_critical_difference():
    found = results(THREE, names=FIVE[:2])
    assert found.aggregate["low"].isna().all()
    assert found.critical_difference is None
    assert set(found.summary["problem"]) == {"one", "two"}


def test_one_problem_has_no_aggregate(clear):
    assert clear.aggregate is None
    assert clear.profiles is None


def test_the_same_trials_give_the_same_tables(clear):
    again = results()
    pd.testing.assert_frame_equal(clear.summary, again.summary)
    pd.testing.assert_frame_equal(clear.pairwise, again.pairwise)


def test_one_optimizer_under_eight_names_is_told_apart_from_itself_by_nobody():
    labels = ", ".join(f"{{Adam: {{}}, label: a{i}}}" for i in range(8))
    peaks = {f"a{i}": (1e-3, 0.9) for i in range(8)}
    claims = 0
    for draw in range(20):

        def score(made, trial, draw=draw):
            label = made.candidates[trial.candidate].label
            away = abs(math.log10(trial.rate / peaks[label][0]))
            luck = np.random.default_rng([draw, trial.seed, *label.encode()]).normal(0, 0.01)
            return 0.9 - 0.1 * away + luck

        found = results(f"compare: {{optimizers: [{labels}], seeds: 10}}", score=score)
        claims += "worse" in set(found.summary["verdict"])
    # At 5 % the number of claims in 20 is above 4 once in 390 times.
    assert claims <= 4


def test_a_quick_look_ranks_nothing_and_says_so():
    found = results("compare: {optimizers: [SGD, Adam], preset: quick}")
    assert found.summary["rank"].isna().all()
    assert found.verdict[0].startswith(
        "No ranking on made: a quick look only (--preset standard ranks). Adam at"
    )
    asked = results("compare: {optimizers: [SGD, Adam], preset: quick, seeds: 10}")
    assert asked.summary["rank"].notna().all()


def test_seconds_of_trainings_that_ran_side_by_side_differently_are_not_compared():
    made = plan(THREE)
    schedule, records = run(made, by_rate(PEAKS, width=3))
    mixed = [replace(record, jobs=1 + i % 2) for i, record in enumerate(records)]
    found = make_results(made, mixed, schedule)
    assert found.summary["seconds_to_target"].isna().all()
    assert found.summary["epochs_to_target"].notna().any()
    assert any("ran 1 and 2 at a time" in note for note in found.notes)


def test_failures_are_in_every_table():
    found = results(judge=judged("stuck"), names=FIVE[:2])
    pair = found.pairwise[found.pairwise["first"] == "SGD"].iloc[0]
    assert (pair["first_failed"], pair["second_failed"]) == (3, 0)
    assert found.aggregate.set_index("candidate").loc["SGD", "failed"] == 6
    assert set(found.epochs["status"]) == {"ok", "stuck"}
    assert found.scores["status"].eq("stuck").sum() == 6


def test_nobody_can_lack_more_than_the_whole_range_of_the_score():
    made = plan("compare: {optimizers: [SGD, Adam], learning_rates: [0.01], seeds: 2}")

    def judge(made, trial):
        is_sgd = made.candidates[trial.candidate].label == "SGD"
        return result(0.1 if is_sgd == (trial.seed == made.seeds[0]) else 0.9)

    schedule, records = run(made, by_rate({}), judge=judge)
    found = make_results(made, records, schedule, [])
    assert found.summary["difference_high"].max() == 1
