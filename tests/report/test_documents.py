"""Markdown and LaTeX say what the summary says, and hold what is typed into names."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from dlcli.comparison.results import make_results
from dlcli.report.documents import cells, escaped, latex, markdown, shown_p, write_tables
from dlcli.store.folder import Folder
from tests.comparison.made import by_rate, plan, result, run

PEAKS = {"SGD": (0.316, 0.80), "a|b_1 & 50%": (1e-3, 0.90)}
COMPARE = "compare: {optimizers: [SGD, {Adam: {}, label: 'a|b_1 & 50%'}], seeds: 8}"


@pytest.fixture(scope="module")
def results():
    """Return a comparison in which two of SGD's trainings diverge."""
    made = plan(COMPARE)

    def judge(made, trial):
        is_sgd = made.contenders[trial.contender].label == "SGD"
        early = trial.stage == "confirm" and trial.seed < made.seeds[2]
        return result(0.5, status="diverged") if is_sgd and early else None

    protocol, records = run(made, by_rate(PEAKS, spread=0.01, width=3), judge=judge)
    return make_results(made, records, protocol.choices, ["a note"])


def test_every_table_is_written_and_csv_reads_back(results, tmp_path):
    names = write_tables(results, Folder(tmp_path))
    assert {
        "trials.csv", "epochs.csv", "summary.csv", "summary.md", "summary.tex",
        "sensitivity.csv", "pairwise.csv",
    } <= set(names)  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    back = pd.read_csv(tmp_path / "summary.csv", keep_default_na=False, na_values=[""])
    assert list(back["candidate"]) == list(results.summary["candidate"])
    assert back["mean"].to_numpy() == pytest.approx(results.summary["mean"].to_numpy())
    assert back["diverged"].sum() == 2


def test_the_markdown_begins_with_the_answer_and_has_a_row_each(results):
    text = markdown(results)
    assert results.verdict[0] in text.splitlines()[2]
    assert "a\\|b_1 & 50%" in text
    assert "2/0" in text
    assert "- a note" in text
    tables = [line for line in text.splitlines() if line.startswith("| 1 a")]
    assert len(tables) == 1
    columns = {line.count(" | ") for line in text.splitlines() if re.match(r"\| \d [ab] ", line)}
    assert columns == {5}


def test_latex_is_escaped_and_balanced(results):
    text = latex(results)
    assert r"a|b\_1 \& 50\%" in text
    assert text.count(r"\begin{") == text.count(r"\end{")
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {5}


def test_escaping():
    assert escaped("a_b%{}") == r"a\_b\%\{\}"
    assert escaped("≥ 1") == r"$\geq$ 1"


def test_a_rate_on_the_edge_is_marked(results):
    row = results.summary.iloc[0].copy()
    row["edge"] = "upper"
    assert cells(row)[2].startswith("≥ ")


def test_p_values():
    assert shown_p(0.00001, best=False) == "< 0.001"
    assert shown_p(0.04, best=False) == "0.040"
    assert shown_p(1.0, best=True) == "-"
    assert shown_p(float("nan"), best=False) == "-"


def test_trials_survive_json(results):
    assert len(json.loads(results.trials.to_json(orient="records"))) == len(results.trials)
