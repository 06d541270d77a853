"""What the looks of a comparison come to: levels, evidence, and how it is said."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlcli.compare.plan.schedule import Schedule
from dlcli.compare.results import make_results
from dlcli.compare.results.ranking import look_at, margin_of, rank, ranked
from dlcli.compare.results.scores import Scores
from dlcli.report.figures.comparison import write_figures
from dlcli.report.page import comparison_page
from dlcli.report.text.documents import (
    as_data,
    latex,
    markdown,
    ranked_table,
    rows_of,
    write_tables,
)
from dlcli.statistics.best import judge
from dlcli.statistics.looks import level_after
from dlcli.store.comparisons import ComparisonFolder
from tests.compare.made import by_rate, plan, result, run
from tests.compare.plan.test_schedule import AUTO, levels

LOOKS = (10, 20, 40)
CLEAR = {"SGD": 0.5, "Adam": 0.9, "Lion": 0.9}
GRADED = {"SGD": 0.5, "Adam": 0.9, "Lion": 0.885}


def compared(score, *, compare=AUTO, names=("made",), judge=None):
    made = plan(compare, names=names)
    schedule, records = run(made, score, judge=judge)
    return make_results(made, records, schedule, schedule.notes)


@pytest.fixture(scope="module")
def clear():
    """Return a comparison in which SGD is shown worse at the first look, and the rest are alike."""
    return compared(levels(**CLEAR))


def row(found, candidate, problem="made"):
    table = found.summary
    return table[(table["candidate"] == candidate) & (table["problem"] == problem)].iloc[0]


def scores_of(found, candidate):
    rows = found.scores[found.scores["candidate"] == candidate].sort_values("replication")
    return rows["score"].to_numpy()


def test_one_shown_worse_early_has_the_evidence_of_its_look(clear):
    sgd = row(clear, "SGD")
    assert (sgd["verdict"], sgd["judged_after"], sgd["runs"]) == ("worse", 10, 10)
    assert sgd["level"] == pytest.approx(level_after(10, LOOKS))
    assert sgd["p_value"] <= sgd["level"]
    first = np.array([scores_of(clear, name)[:10] for name in ("SGD", "Adam", "Lion")])
    assert sgd["difference"] == pytest.approx(first.mean(axis=1).max() - first[0].mean())
    again = judge(first, 0.001, np.random.default_rng(1), alpha=sgd["level"])
    assert sgd["difference_high"] == pytest.approx(again.standings[0].lack_high, rel=0.05)
    assert sgd["mean"] == pytest.approx(first[0].mean())


def test_the_others_are_judged_at_the_level_of_the_last_look(clear):
    for name in ("Adam", "Lion"):
        found = row(clear, name)
        assert (found["judged_after"], found["runs"]) == (40, 40)
        assert found["level"] == pytest.approx(level_after(40, LOOKS))
    assert clear.replications == {"made": 40}
    assert clear.looks["made"]["level"] == row(clear, "Adam")["level"]


def test_it_is_said_when_it_looked_who_was_dropped_and_what_that_saved(clear):
    looked, dropped, saved = clear.verdict[2:5]
    assert looked == (
        "Looked after 10, 20 and 40 of at most 40 replications, at levels of 0.0015 %, 0.3 % and "
        "4.9 %: all looks together claim a difference between equal candidates in at most 5 % "
        "(O'Brien-Fleming)."
    )
    assert dropped == (
        "SGD was shown worse after 10 replications and got no more: its verdict rests on these."
    )
    assert saved == (
        "Candidates that were shown worse got no more replications: 30 of 120 planned trials were "
        "not needed."
    )


def test_it_is_said_where_it_stopped():
    found = compared(levels(**GRADED, spread=0.006))
    assert found.verdict[0] == "Use Adam at 0.01 on data like these (made). Lion and SGD are worse."
    assert "Stopped after 20 replications: 70 of 120 planned trials were not needed." in (
        found.verdict
    )
    assert not any("80 % of the time" in sentence for sentence in found.verdict)
    assert "20 replications." in found.verdict[1]


def test_tables_say_what_each_verdict_rests_on_where_that_differs(clear):
    header, cells, numeric = ranked_table(rows_of(clear, "made"), "score")
    place = header.index("after")
    assert [line[place] for line in cells] == ["40", "40", "10"]
    assert "after" in numeric
    alike = compared(levels(SGD=0.5, Adam=0.9, Lion=0.6))
    assert "after" not in ranked_table(rows_of(alike, "made"), "score")[0]
    assert r"simultaneous 95.1 \% bound" in latex(clear)
    assert "p below the level of the look" in markdown(clear)


def test_results_json_holds_the_looks(clear):
    (problem,) = json.loads(json.dumps(as_data(clear)))["problems"]
    looks = problem["looks"]
    assert [look["replications"] for look in looks["made"]] == list(LOOKS)
    assert [look["worse"] for look in looks["made"]] == [["SGD"], [], []]
    assert looks["planned"] == list(LOOKS)
    assert (looks["planned_trials"], looks["saved_trials"], looks["over"]) == (120, 30, True)
    fixed = as_data(compared(levels(**CLEAR), compare=AUTO.replace("auto", "10")))
    assert fixed["problems"][0]["looks"] is None


def test_the_page_and_the_figures_show_a_comparison_that_looked(clear, tmp_path):
    folder = ComparisonFolder(tmp_path)
    write_tables(clear, folder)
    folder.write_text("config.yaml", f"name: made\n{AUTO}\n")
    folder.write_json("environment.json", {"command": [], "protocol": "x", "problems": "1"})
    page = comparison_page(folder)
    assert "Looked after 10, 20 and 40 of at most 40 replications" in page
    assert "Protocol: 40 replications;" in page
    assert "with 95.1 % confidence" in page
    assert write_figures(clear, tmp_path)


def test_cut_off_between_two_looks_it_is_judged_at_the_level_of_one_there():
    made = plan(AUTO)
    score = levels(**CLEAR)
    schedule, records = Schedule(made, look_at), []
    waiting = schedule.start()
    while len(records) < 40:
        task = waiting.pop(0)
        found = result(score(made, task.trials[0]))
        records += [record_of(task.trials[0], found)]
        waiting += schedule.tell(task.trials[0], found)
    results = make_results(made, records, schedule, [])
    assert results.replications == {"made": 15}
    assert row(results, "SGD")["judged_after"] == 10
    assert row(results, "Lion")["judged_after"] == 15
    assert row(results, "Lion")["level"] == pytest.approx(level_after(15, LOOKS))
    assert "Lion is open so far: the next look is after 20 replications." in results.verdict[0]
    assert any(s.startswith("Looked after 10 and 15 of at most 40") for s in results.verdict)
    assert results.expected_trials == 90


def record_of(trial, found):
    from dlcli.compare.plan.records import TrialRecord

    return TrialRecord(trial, found)


def test_directly_after_a_look_its_verdict_stands():
    made = plan(AUTO)
    score = levels(**CLEAR)
    schedule, records = Schedule(made, look_at), []
    waiting = schedule.start()
    while not schedule.course(0).looks:
        trial = waiting.pop(0).trials[0]
        records.append(record_of(trial, result(score(made, trial))))
        waiting += schedule.tell(trial, records[-1].result)
    results = make_results(made, records, schedule, [])
    assert set(results.summary["judged_after"]) == {10}
    assert row(results, "SGD")["verdict"] == "worse"
    assert row(results, "Lion")["level"] == pytest.approx(level_after(10, LOOKS))


def test_a_schedule_decides_what_the_tables_say():
    for spread in (0.005, 0.02):
        made = plan(AUTO)
        schedule, records = run(made, levels(**GRADED, spread=spread))
        names = [candidate.name for candidate in made.candidates]
        worse = {names[index] for look in schedule.course(0).looks for index in look.worse}
        found = make_results(made, records, schedule)
        assert set(found.summary.query("verdict == 'worse'")["candidate"]) == worse
        decided = schedule.course(0).looks[-1].is_decided
        assert decided == ("open" not in set(found.summary["verdict"]))


def test_over_few_problems_candidates_are_judged_by_what_all_share_at_the_level_of_that_look():
    found = compared(levels(SGD=(0.5, 0.9), Adam=0.9, Lion=0.9), names=("one", "two"), compare=AUTO)
    assert row(found, "SGD", "one")["judged_after"] == 10
    assert row(found, "SGD", "two")["judged_after"] == 40
    (told,) = [note for note in found.notes if "Over the problems together" in note]
    assert told == (
        "Over the problems together, candidates are judged by 10 replications of each, the fewest "
        "that all candidates share on a problem, at the level of a look at so many: 0.0015 %."
    )
    assert not any("uses 10 replications of one" in note for note in found.notes)  # said above
    assert len(found.aggregate) == 3


def test_a_pair_that_only_partly_shares_replications_is_compared_at_those(clear):
    pairs = clear.pairwise.set_index(["first", "second"])["seeds"].to_dict()
    assert pairs == {("SGD", "Adam"): 10, ("SGD", "Lion"): 10, ("Adam", "Lion"): 40}


def test_a_metric_of_which_less_is_better_is_looked_at_the_right_way_round():
    from dlcli.compare.plan.plan import RankingScore

    less = RankingScore("accuracy", "best", greater_is_better=False)
    made = plan(AUTO, score=less)
    schedule, records = run(made, levels(SGD=0.9, Adam=0.5, Lion=0.9))
    found = make_results(made, records, schedule)
    assert found.summary.iloc[0]["candidate"] == "Adam"
    assert set(found.summary["verdict"]) == {"best", "worse"}


def test_a_fixed_number_of_replications_is_ranked_as_by_its_scores_alone():
    compare = "compare: {optimizers: [SGD, Adam, Lion], seeds: 10}"
    made = plan(compare)
    peaks = {"SGD": (0.316, 0.80), "Adam": (1e-3, 0.90), "Lion": (1e-4, 0.89)}
    schedule, records = run(made, by_rate(peaks, spread=0.01, width=3))
    scores = Scores(made, records, schedule)
    indices, matrix = scores.matrix(0)
    blocks = scores.blocks(indices, scores.complete(0))
    found = rank(scores, 0, np.random.default_rng(3))
    same = ranked(made, indices, matrix, blocks, np.random.default_rng(3))
    assert found.verdict == same.verdict
    assert (found.level, found.earlier, found.margin) == (0.05, (), margin_of(made, matrix))
    assert found.shared_scores is found.scores
