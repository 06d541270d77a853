"""What was searched: every value with its score, and what was chosen in the tables."""

from __future__ import annotations

import pytest

from dlcli.compare.results import make_results
from dlcli.report.text.documents import markdown, ranked_table, rows_of
from tests.compare.made import plan, run

WIDE = """\
compare:
  optimizers: [SGD, {Adam: {}, learning_rates: [0.01, 0.1]}]
  search: {weight_decay: [0.0, 0.1], model.layers.0.Dense.units: {low: 2, high: 9}}
  tries: 8
  seeds: 6
"""


@pytest.fixture(scope="module")
def results():
    made = plan(WIDE)

    def score(made, trial):
        values = dict(trial.rate.values)
        units = values["model.layers[0].Dense.units"]
        name = made.candidates[trial.candidate].name
        return 0.5 + 0.04 * units + 0.001 * (name == "SGD")

    schedule, records = run(made, score)
    return make_results(made, records, schedule)


def test_every_value_of_every_setting_has_its_score(results):
    found = results.searched
    assert set(found["setting"]) == {"learning_rate", "weight_decay", "Dense[0].units"}
    units = found[(found["setting"] == "Dense[0].units") & (found["candidate"] == "Adam")]
    assert len(units) == 8
    assert units["score"].to_numpy(float) == pytest.approx(
        0.5 + 0.04 * units["value"].to_numpy(float)
    )
    chosen = units[units["chosen"]]
    assert len(chosen) == 1
    assert chosen["value"].item() == units["value"].max()


def test_the_tables_and_the_answer_say_what_was_chosen(results):
    summary = results.summary.set_index("candidate")
    assert "Dense[0].units=" in summary.loc["SGD", "settings"]
    header, rows, _ = ranked_table(rows_of(results, "made"), "score")
    place = header.index("settings")
    assert {row[place] for row in rows} == set(summary["settings"])
    assert f"with {summary['settings'].iloc[0]}" in results.verdict[0]
    assert "Dense[0].units" in markdown(results)
    assert results.trials["settings"].str.contains("weight_decay=").all()


def test_without_a_search_nothing_is_said_of_settings():
    made = plan("compare: {optimizers: [SGD], learning_rates: [0.1, 0.2], seeds: 6}")
    schedule, records = run(made, lambda *_: 0.8)
    plain = make_results(made, records, schedule)
    assert plain.searched.empty
    assert "settings" not in ranked_table(rows_of(plain, "made"), "score")[0]
    assert "settings" not in plain.trials
