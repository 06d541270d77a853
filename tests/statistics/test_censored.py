"""Times to target are medians that count the runs which never get there."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.statistics.censored import arrival, default_target

times = st.lists(st.integers(1, 30), min_size=1, max_size=12)


def test_the_default_target_is_reached_by_at_least_half_of_the_candidates():
    best = np.array([[0.9, 0.92, 0.91], [0.8, 0.8, math.nan], [0.7, 0.7, 0.7], [0.1, 0.1, 0.1]])
    target = default_target(best)
    assert target == 0.7
    assert (np.nanmedian(best, axis=1) >= target).sum() >= 2
    assert default_target([[0.5], [math.nan]]) == 0.5


def test_without_scores_there_is_no_default_target():
    with pytest.raises(ValueError, match="no run has a validation score"):
        default_target([[math.nan]])


def test_a_training_that_ended_before_the_target_never_arrives():
    # EarlyStopping ended three at epoch 2: censored there, the median would be 4.
    found = arrival([3, 4, 5, 6, math.nan, math.nan, math.nan])
    assert (found.median, found.reached, found.never) == (6, 4, 3)


def test_where_no_more_than_half_arrive_there_is_no_median():
    assert math.isnan(arrival([3, 4, math.nan, math.nan]).median)
    assert math.isnan(arrival([]).median)
    assert arrival([3, 5, math.nan]).median == 5


@given(times)
def test_where_all_arrive_it_is_the_median(values):
    assert arrival(values).median == pytest.approx(np.median(values))


def test_a_target_never_lies_at_chance():
    scores = [[0.1, 0.1], [0.1, 0.1], [0.8, 0.9], [0.6, 0.7]]
    assert default_target(scores) == 0.1
    assert default_target(scores, chance=0.1) == 0.6
    assert default_target([[0.1, 0.1]], chance=0.1) is None
