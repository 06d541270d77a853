"""The figures of a comparison's page show its margin and each replication."""

from __future__ import annotations

import pytest

from tests.report.page.two import figures_of


def test_the_margin_and_each_replication_are_drawn(two):
    figures = figures_of(two.read_text("utf-8"))
    intervals, distances, _, replications = figures[:4]
    (band,) = intervals["layout"]["shapes"]
    best = intervals["traces"][-1]
    assert best["y"] == ["Adam, best"]
    assert band["x0"] == best["x"][0]
    assert band["x0"] - band["x1"] == pytest.approx(0.01)
    assert [shape["x0"] for shape in distances["layout"]["shapes"]] == [0.01]
    assert [trace["y"] for trace in distances["traces"]] == [["SGD, worse"], ["Adam, best"]]
    lines = [trace for trace in replications["traces"] if trace["mode"] == "lines"]
    assert [trace["name"] for trace in lines] == [f"replication {n}" for n in range(1, 9)]
    assert all(len(trace["y"]) == 2 for trace in lines)
