"""The Pareto front is what no other candidate beats, however it is computed."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlcli.statistics.pareto import pareto_front

POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9)


def beats(one, other):
    return one != other and one[0] <= other[0] and one[1] >= other[1]


@given(POINTS)
def test_on_the_front_is_whom_no_other_beats(points):
    found = pareto_front(*zip(*points, strict=True))
    assert found.tolist() == [not any(beats(one, point) for one in points) for point in points]


def test_what_is_unknown_is_neither_on_the_front_nor_beats_anyone():
    found = pareto_front([1.0, math.nan, 2.0, 0.5], [0.9, 0.99, 0.95, math.nan])
    np.testing.assert_array_equal(found, [True, False, True, False])
