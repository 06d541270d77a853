"""What counts as better than chance."""

from __future__ import annotations

import pytest

from dlcli.metrics.luck import margin_over


@pytest.mark.parametrize(
    ("chance", "best", "greater", "margin"),
    [(0.1, 1.0, True, 0.02), (0.95, 1.0, True, 0.005), (27.8, 0.0, False, 0.556)],
)
def test_two_points_or_a_share_of_what_is_left_above_chance(chance, best, greater, margin):
    assert margin_over(chance, best, greater_is_better=greater) == pytest.approx(margin)
