"""Times to target are medians that count the runs which never get there."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.comparison.statistics.censored import (
    arrival,
    default_target,
    kaplan_meier_median,
    time_to_target,
)

times = st.lists(st.integers(1, 30), min_size=1, max_size=12)


@given(times)
def test_without_censoring_it_is_the_ordinary_median(values):
    found = kaplan_meier_median(values, [True] * len(values))
    assert found == pytest.approx(np.median(values))


@given(st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=12))
def test_it_is_the_product_limit_worked_out_by_hand(runs):
    survival, steps = 1.0, []
    for t in sorted({t for t, event in runs if event}):
        at_risk = sum(time >= t for time, _ in runs)
        survival *= 1 - sum(time == t and event for time, event in runs) / at_risk
        steps.append((t, survival))
    at_half = [t for t, s in steps if abs(s - 0.5) < 1e-9]
    below = [t for t, s in steps if s < 0.5 - 1e-9]
    expected = (min([*at_half, below[0]]) + below[0]) / 2 if below else math.nan
    found = kaplan_meier_median([t for t, _ in runs], [e for _, e in runs])
    assert found == pytest.approx(expected, nan_ok=True)


def test_the_textbook_example_of_leukaemia_remissions():
    # Freireich et al. 1963: weeks of remission under 6-MP, + censored; the median is 23 weeks.
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    ended = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert kaplan_meier_median(weeks, np.array(ended, bool)) == 23


def test_runs_that_never_arrive_are_counted_and_make_the_median_later():
    found = time_to_target([3, 5, 8, math.nan, math.nan], [10] * 5)
    assert (found.median, found.reached, found.censored) == (8, 3, 2)


def test_a_candidate_that_rarely_arrives_has_no_median():
    found = time_to_target([1, math.nan, math.nan], [10, 10, 10])
    assert math.isnan(found.median)
    assert (found.reached, found.censored) == (1, 2)
    assert math.isnan(time_to_target([math.nan], [math.nan], [True]).median)
    assert math.isnan(time_to_target([], []).median)


def test_an_early_divergence_counts_as_never_arriving():
    reached, observed = [5, 6, 7, math.nan, math.nan], [10, 10, 10, 1, 1]
    watched_briefly = time_to_target(reached, observed)
    diverged = time_to_target(reached, observed, [False, False, False, True, True])
    assert watched_briefly.median == 6
    assert diverged.median == 7


def test_half_of_the_runs_arriving_is_not_enough_for_a_median():
    never = math.nan
    assert math.isnan(time_to_target([1, 2, never, never], [10] * 4).median)
    assert time_to_target([1, 2, 9, never], [10] * 4).median == 5.5


def test_the_default_target_is_reached_by_at_least_half_of_the_candidates():
    best = np.array([[0.9, 0.92, 0.91], [0.8, 0.8, math.nan], [0.7, 0.7, 0.7], [0.1, 0.1, 0.1]])
    target = default_target(best)
    assert target == 0.7
    assert (np.nanmedian(best, axis=1) >= target).sum() >= 2
    assert default_target([[0.5], [math.nan]]) == 0.5


def test_without_scores_there_is_no_default_target():
    with pytest.raises(ValueError, match="no run has a validation score"):
        default_target([[math.nan]])


@given(times, st.integers(0, 11))
def test_censoring_a_run_never_brings_the_median_forward(values, which):
    events = [True] * len(values)
    before = kaplan_meier_median(values, events)
    events[which % len(values)] = False
    after = kaplan_meier_median(values, events)
    assert math.isnan(after) or after >= before


def test_a_training_that_ended_before_the_target_never_arrives():
    # EarlyStopping ended three at epoch 2: censored there, the median would be 4.
    found = arrival([3, 4, 5, 6, math.nan, math.nan, math.nan])
    assert (found.median, found.reached, found.never) == (6, 4, 3)
    assert time_to_target([3, 4, 5, 6, *[math.nan] * 3], [9] * 4 + [2] * 3).median == 4.5


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
    with pytest.raises(ValueError, match="above chance"):
        default_target([[0.1, 0.1]], chance=0.1)
