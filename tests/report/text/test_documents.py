"""Markdown and LaTeX say what the summary says, and hold what is typed into names."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from dlcli.compare.results import make_results
from dlcli.report.text.documents import (
    as_data,
    cells,
    latex,
    markdown,
    reading,
    shown_p,
    write_tables,
)
from dlcli.store.folder import Folder
from tests.compare.made import by_rate, plan, result, run

PEAKS = {"SGD": (0.316, 0.80), "a|b_1 & 50%": (1e-3, 0.90)}
COMPARE = "compare: {optimizers: [SGD, {Adam: {}, label: 'a|b_1 & 50%'}], seeds: 8}"


@pytest.fixture(scope="module")
def results():
    """Return a comparison in which SGD diverges in two of eight replications."""
    made = plan(COMPARE)

    def judge(made, trial):
        is_sgd = made.candidates[trial.candidate].label == "SGD"
        fails = is_sgd and trial.seed in made.seeds[2:4]
        return result(0.5, status="diverged") if fails else None

    schedule, records = run(made, by_rate(PEAKS, spread=0.01, width=3), judge=judge)
    return make_results(made, records, schedule, ["a note"])


def test_every_table_is_written_and_csv_reads_back(results, tmp_path):
    names = write_tables(results, Folder(tmp_path))
    assert {
        "trials.csv", "epochs.csv", "summary.csv", "summary.md", "summary.tex",
        "sensitivity.csv", "pairwise.csv", "scores.csv", "results.json",
    } <= set(names)  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    back = pd.read_csv(tmp_path / "summary.csv", keep_default_na=False, na_values=[""])
    assert list(back["candidate"]) == list(results.summary["candidate"])
    assert back["mean"].to_numpy() == pytest.approx(results.summary["mean"].to_numpy())
    assert back["diverged"].sum() == 2


def rows_of(text):
    """Return the cells of the first table of a text in Markdown, row by row."""
    table = next(block for block in text.split("\n\n") if block.startswith("| "))
    return [re.split(r" \| ", line.strip("| ")) for line in table.splitlines()]


def test_the_markdown_begins_with_the_answer_and_has_a_row_each(results):
    text = markdown(results)
    assert results.verdict[0] == text.splitlines()[2]
    assert "- a note" in text
    header, marks, best, worse = rows_of(text)
    assert header[0] == "verdict"
    assert dict(zip(header, marks, strict=True))["p"] == "---:"
    assert best[:2] == ["best", r"a\|b_1 & 50%"]
    assert worse[:2] == ["worse", "SGD"]
    assert worse[-1] == "2 diverged"
    assert f"Margin: {results.margins['made']:.3g}." in text


def test_latex_is_escaped_and_balanced(results):
    text = latex(results)
    assert r"a|b\_1 \& 50\%" in text
    assert text.count(r"\begin{") == text.count(r"\end{")
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {6}
    assert r"\begin{tabular}{llrrrrl}" in text
    assert "8 replications" in text


def test_results_json_holds_what_the_page_says(results, tmp_path):
    write_tables(results, Folder(tmp_path))
    found = json.loads((tmp_path / "results.json").read_text())
    assert found == json.loads(json.dumps(as_data(results)))
    assert found["verdict"] == list(results.verdict)
    assert (found["score"], found["split"], found["tune"]) == ("accuracy", "resample", "each")
    assert found["interrupted"] is False
    (problem,) = found["problems"]
    assert problem["margin"] == 0.01
    assert [row["verdict"] for row in problem["candidates"]] == ["best", "worse"]


def test_where_nothing_is_ranked_there_is_no_verdict_no_bound_and_no_p_value():
    made = plan("compare: {preset: quick, optimizers: [SGD, Adam]}")
    schedule, records = run(made, by_rate({"SGD": (0.3, 0.8), "Adam": (1e-3, 0.9)}, width=3))
    quick = make_results(made, records, schedule)
    header, *_ = rows_of(markdown(quick))
    assert not {"verdict", "lacks at most", "p"} & set(header)
    assert "Margin" not in markdown(quick)
    assert r"\begin{tabular}{lrrl}" in latex(quick)
    assert "As good" not in latex(quick)
    for _, row in quick.summary.iterrows():
        assert [cells(row)[i] for i in (0, 4, 5)] == ["-", "-", "-"]


def test_of_several_problems_the_joint_table_comes_first_and_then_a_line_each():
    made = plan("compare: {optimizers: [SGD, Adam], seeds: 7}", names=("one", "two"))
    peaks = {"SGD": (0.3, 0.8), "Adam": (1e-3, 0.9)}
    schedule, records = run(made, by_rate(peaks, spread=0.01, width=3))
    found = make_results(made, records, schedule)
    blocks = markdown(found).split("\n\n")
    assert blocks[1] == found.verdict[0]
    assert blocks[2].startswith("| candidate | normalized mean |")
    assert blocks[3] == "\n".join(f"- {sentence}" for sentence in found.verdict[1:])
    assert blocks[4] == "## one"


def test_the_safer_rate_of_a_candidate_beside_a_cliff_is_told():
    made = plan("compare: {optimizers: [SGD, Adam], seeds: 8}")
    score = by_rate({"SGD": (0.3, 0.8), "Adam": (1e-3, 0.9)}, spread=0.01, width=3)

    def judge(made, trial):
        is_sgd = made.candidates[trial.candidate].label == "SGD"
        return result(0.5, status="stuck") if is_sgd and trial.rate > 0.4 else None

    schedule, records = run(made, score, judge=judge)
    text = markdown(make_results(made, records, schedule))
    assert "- SGD at 0.316 is beside a cliff: " in text
    assert "A rate of 0.1 is safer and costs " in text


def test_how_to_read_says_what_a_replication_draws():
    assert "draws the split of the data, the initial" in reading(
        split="resample", tune="each", is_grid=False
    )
    told = reading(split="official", tune="once", is_grid=False)
    assert "The test part is always the data set's own." in told
    assert "The learning rates are chosen once" in told
    assert "replication" not in reading(split="resample", tune="each", is_grid=True)


def test_a_rate_on_the_edge_is_marked(results):
    row = results.summary.iloc[0].copy()
    row["edge"] = "upper"
    assert cells(row)[2].startswith("≥ ")


@pytest.mark.parametrize(
    ("value", "verdict", "shown"),
    [(0.00001, "worse", "< 0.001"), (0.04, "worse", "0.040"), (1.0, "best", "-"),
     (float("nan"), "open", "-"), (0.04, "", "-")],
)  # fmt: skip
def test_p_values(value, verdict, shown):
    assert shown_p({"p_value": value, "verdict": verdict}) == shown


def test_trials_survive_json(results):
    assert len(json.loads(results.trials.to_json(orient="records"))) == len(results.trials)
