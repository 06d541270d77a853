"""Accuracy and consistency against how far images are moved."""

from __future__ import annotations

import pytest
from matplotlib.collections import PolyCollection

from dlcli.inspection import Invariance
from dlcli.report import inside

pytestmark = pytest.mark.usefixtures("styled")


def test_invariance_has_a_panel_a_kind_and_measure_with_bands():
    points = [
        Invariance(kind, by, 0.9, 0.8, 0.95, 0.95, 0.9, 0.99, 100)
        for kind in ("shift", "scale")
        for by in (1, 2)
    ]
    figure = inside.draw_invariance({"max": points, "none": points})
    assert len(figure.axes) == 4
    labels = [(a.get_xlabel().replace("\n", " "), a.get_ylabel()) for a in figure.axes]
    assert labels[0] == ("shift in pixels (up, down, left and right)", "accuracy")
    assert labels[3] == ("scale factor (larger and smaller)", "unchanged predictions")
    for axes in figure.axes:
        assert sum(isinstance(c, PolyCollection) for c in axes.collections) == 2


def test_invariance_shows_the_accuracy_of_always_naming_the_most_frequent_class():
    points = [Invariance("shift", by, 0.9, 0.8, 0.95, 0.95, 0.9, 0.99, 100) for by in (1, 2)]
    figure = inside.draw_invariance({"max": points}, 0.25)
    accuracy, unchanged = figure.axes
    flat = [line for line in accuracy.lines if list(line.get_ydata()) == [0.25, 0.25]]
    assert len(flat) == 1
    assert len(unchanged.lines) == 1
    shown = [text.get_text() for text in figure.legends[0].get_texts()]
    assert shown == ["max", "most frequent class, 25%"]
