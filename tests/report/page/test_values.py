"""The figures of a regression show what was predicted, and by how much that missed."""

from __future__ import annotations

import numpy as np

from dlcli.report.page.values import MOST_POINTS, MOST_TARGETS, value_figures


def test_a_point_is_an_example_and_the_line_is_where_the_prediction_is_right():
    true, predicted = np.array([1.0, 2.0, 4.0]), np.array([[1.5], [2.0], [3.0]])
    against, errors = value_figures(true, predicted, ())
    line, points = against.traces
    assert (line["x"], line["y"]) == ([1, 4], [1, 4])
    assert (points["x"], points["y"]) == ([1, 2, 4], [1.5, 2, 3])
    assert errors.traces[0]["y"] == [0.5, 0, -1]
    assert errors.table[1:] == [["1.5", "0.5"], ["2", "0"], ["3", "-1"]]


def test_targets_are_named_and_only_the_first_have_figures():
    values = np.arange(30.0).reshape(3, 10)
    figures = value_figures(values, values, [f"t{i}" for i in range(10)])
    assert len(figures) == 2 * MOST_TARGETS
    assert figures[2].title == "predicted against true, t1"


def test_of_many_examples_some_are_drawn_from_the_first_to_the_last():
    values = np.arange(10.0 * MOST_POINTS)
    (_, points), _ = (figure.traces for figure in value_figures(values, values[:, None], ()))
    assert len(points["x"]) == MOST_POINTS
    assert (points["x"][0], points["x"][-1]) == (0, values[-1])
