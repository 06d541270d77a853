"""Score against cost on a page: the table, and a figure where candidates differ in the cost."""

from __future__ import annotations

from types import SimpleNamespace

from dlcli.report.page.costs import cost_figures, cost_tables, is_front
from dlcli.report.text.costs import TITLES

LOOKS = SimpleNamespace(look=lambda candidate: {"marker": {"symbol": candidate}})


def row(candidate, mean, cost, *, front=True, same="7"):
    """Return a row of costs.csv, whose first cost differs from another one's and no other does."""
    first, *others = TITLES
    named = {first: str(cost), f"{first}_front": str(front)}
    named |= dict.fromkeys(others, same) | {f"{name}_front": "True" for name in others}
    return {"candidate": candidate, "mean": str(mean), "low": str(mean - 0.1),
            "high": str(mean + 0.2), **named}  # fmt: skip


ROWS = [row("large", 0.9, 1000), row("wasteful", 0.7, 2000, front=False), row("small", 0.8, 100)]


def test_only_a_cost_that_differs_has_a_figure():
    (figure,) = cost_figures(LOOKS, ROWS, "accuracy")
    assert figure.title == f"Score against {next(iter(TITLES.values()))}"
    assert cost_figures(LOOKS, [row("a", 0.9, 1), row("b", 0.8, 1)], "accuracy") == []


def test_the_front_is_a_line_from_the_cheapest_and_every_candidate_a_point():
    front, *points = cost_figures(LOOKS, ROWS, "accuracy")[0].traces
    assert (front["x"], front["y"]) == ([100, 1000], [0.8, 0.9])
    assert [(p["name"], p["x"], p["y"]) for p in points] == [
        ("large", [1000], [0.9]), ("wasteful", [2000], [0.7]), ("small", [100], [0.8]),
    ]  # fmt: skip
    assert round(points[0]["error_y"]["array"][0], 6) == 0.2
    assert round(points[0]["error_y"]["arrayminus"][0], 6) == 0.1


def test_a_score_without_an_interval_has_no_bar():
    lone = {**ROWS[0], "low": "", "high": ""}
    assert cost_figures(LOOKS, [lone, ROWS[2]], "accuracy")[0].traces[1]["error_y"] == {}


def test_the_table_has_a_row_each_and_where_there_are_no_costs_there_is_none():
    shown, told = cost_tables(ROWS)
    assert shown.count("<tr") == 1 + len(ROWS)
    assert "wasteful" in shown
    assert told
    assert cost_tables([]) == []


def test_the_front_is_what_the_file_says():
    first = next(iter(TITLES))
    assert [is_front(each, first) for each in ROWS] == [True, False, True]
