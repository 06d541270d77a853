"""What the vertical axis of learning curves shows at first: where they end, or everything."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.report.drawing.scale import AxisScale, Curve, scale_of


def falling(name, start, end, epochs=20):
    """A curve that falls fast, then ever more slowly."""
    return Curve(name, [end + (start - end) * math.exp(-i) for i in range(epochs)])


def test_the_ends_of_losses_are_told_apart_though_they_began_high():
    found = scale_of([falling("a", 40, 0.30), falling("b", 40, 0.32), falling("c", 40, 0.35)])
    low, high = found.bounds
    assert not found.log
    assert 0.29 < low < 0.30
    assert 0.35 < high < 0.37
    assert found.whole == pytest.approx((0.30, 40), abs=1e-3)
    assert "from 0.3 to 40" in found.text()
    assert found.axis() == {"range": [low, high]}


def test_accuracies_keep_their_axis_where_nothing_is_squashed():
    slow = [
        Curve(name, [end * i / 10 for i in range(1, 11)]) for name, end in (("a", 1), ("b", 0.9))
    ]
    assert scale_of(slow) == AxisScale(whole=(pytest.approx(0.09), 1))
    assert scale_of(slow).text() == ""
    fast = [
        Curve("a", [0.1, 0.8, 0.95, 0.96, 0.97, 0.97]),
        Curve("b", [0.1, 0.9, 0.94, 0.96, 0.98, 0.98]),
    ]
    low, high = scale_of(fast).bounds
    assert 0.94 < low < 0.96
    assert 0.98 < high < 1


def test_of_few_epochs_all_are_shown():
    assert scale_of([Curve("a", [100.0, 1.0, 0.9])]).bounds is None
    assert scale_of([]) == scale_of([Curve("a", [None] * 9)]) == AxisScale()


@pytest.mark.parametrize("huge", [1e7, 1e30, 1e308, -1e30])
def test_what_diverged_squashes_nothing_and_is_named(huge):
    diverged = Curve("diverged", [1.0, 10.0, *[huge] * 18])
    found = scale_of([falling("a", 2, 0.30), falling("b", 2, 0.33), falling("c", 2, 0.3), diverged])
    assert found.outside == ("diverged",)
    assert 0.2 < found.bounds[0] < found.bounds[1] < 0.4
    assert found.text().endswith("Off the scale at the end: diverged.")
    two = scale_of([falling("a", 2, 0.30), diverged])
    assert two.outside == ("diverged",)
    assert two.bounds[1] < 0.4


def test_a_regression_without_skill_does_not_hide_one_with_some():
    found = scale_of([Curve("a", [-3, 0.05, *[0.1, 0.11] * 4]), Curve("b", [-900.0] * 10)])
    assert not found.log
    assert found.outside == ("b",)
    assert 0.04 < found.bounds[0] < found.bounds[1] < 0.2


def test_losses_that_end_decades_apart_have_a_logarithmic_axis():
    curves = [
        Curve(str(p), [2.0, *[10.0**-p * 2 ** -(i / 9) for i in range(9)]]) for p in (5, 3, 1)
    ]
    found = scale_of(curves)
    assert found.log
    assert found.axis()["type"] == "log"
    assert "logarithmic" in found.text()
    assert found.named("loss") == "loss (log scale)"
    assert found.bounds is None
    assert found.whole == (pytest.approx(5.4e-6, rel=1e-3), 2.0)


def test_bands_are_seen_as_far_as_they_are_near():
    means = [5.0, 1.0, 0.52, 0.51, 0.5, 0.5]
    close = Curve("a", means, [end for m in means for end in (m - 0.02, m + 0.02)])
    wide = Curve("b", means, [end for m in means for end in (m - 9, m + 9)])
    assert scale_of([close]).bounds[0] == pytest.approx(0.48, abs=0.01)
    assert scale_of([close, wide]).bounds[1] < 1


def test_bands_that_begin_wide_squash_no_curve():
    means = [0.5, 0.46, 0.44, 0.42, 0.41, 0.4]
    narrow = Curve("a", means, [end for m in means for end in (m - 0.02, m + 0.02)])
    assert scale_of([narrow]).bounds is None
    ends = [end for i, m in enumerate(means) for end in (m - 9 / 30**i, m + 9 / 30**i)]
    low, high = scale_of([Curve("a", means, ends)]).bounds
    assert 0.3 < low < high < 0.5


VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.none()
LINES = st.lists(st.lists(VALUES, max_size=12), max_size=5)


@given(LINES)
def test_whatever_the_values_the_ends_of_the_best_are_shown(lines):
    found = scale_of([Curve(str(i), values) for i, values in enumerate(lines)])
    assert all(math.isfinite(end) for end in (*found.whole, *(found.bounds or ())))
    if found.bounds is not None:
        low, high = found.bounds
        first = next(str(i) for i, line in enumerate(lines) if any(v is not None for v in line))
        assert low < high
        assert first not in found.outside
