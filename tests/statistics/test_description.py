"""One candidate's scores are described as SciPy and rliable do it, with n = 1 and ties in mind."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dlcli.statistics.description import describe, interquartile_mean, mean_interval

scores = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20)


def test_the_interval_is_scipys_student_t():
    values = np.random.default_rng(0).normal(0.9, 0.02, 7)
    found = mean_interval(values)
    low, high = stats.t.interval(0.95, 6, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high))


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_the_interval_covers_the_mean_as_often_as_it_says(seeds):
    rng = np.random.default_rng(seeds)
    found = [mean_interval(rng.normal(size=seeds)) for _ in range(2000)]
    covered = sum(i.low <= 0 <= i.high for i in found)
    assert stats.binom.ppf(1e-3, 2000, 0.95) <= covered <= stats.binom.ppf(1 - 1e-3, 2000, 0.95)


def test_one_seed_has_no_interval_and_no_spread():
    found = describe([0.9])
    assert found.interval is None
    assert math.isnan(found.sd)
    assert (found.mean, found.median, found.iqm, found.runs) == (0.9, 0.9, 0.9, 1)


def test_equal_scores_have_an_interval_of_no_width():
    found = describe([1.0, 1.0, 1.0])
    assert (found.interval.low, found.interval.high, found.sd) == (1.0, 1.0, 0.0)


def test_failed_runs_stay_in_the_numbers_and_missing_ones_do_not():
    found = describe([0.9, 0.1, math.nan, 0.8], [False, True, False, False])
    assert (found.runs, found.failed, found.missing) == (3, 1, 1)
    assert found.mean == pytest.approx(0.6)


def test_a_candidate_without_any_score_is_described_as_such():
    found = describe([math.nan, math.nan])
    assert (found.runs, found.missing, found.interval) == (0, 2, None)
    assert math.isnan(found.mean)
    assert math.isnan(found.iqm)


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    assert interquartile_mean([[100, 1, 2, 3], [4, -50, 5, 6]]) == pytest.approx(
        (2 + 3 + 4 + 5) / 4
    )


@given(scores, st.floats(-100, 100), st.floats(0.01, 100))
def test_centre_and_interval_follow_shift_and_scale(values, shift, scale):
    before, after = describe(values), describe(np.array(values) * scale + shift)
    for name in ("mean", "median", "iqm"):
        expected = getattr(before, name) * scale + shift
        assert getattr(after, name) == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert after.sd == pytest.approx(before.sd * scale, rel=1e-6, abs=1e-6)
    expected = before.interval.high * scale + shift
    assert after.interval.high == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(scores)
def test_centres_lie_between_the_extremes(values):
    found = describe(values)
    for centre in (found.mean, found.median, found.iqm):
        assert min(values) - 1e-9 <= centre <= max(values) + 1e-9


def test_failures_are_told_apart_from_the_mean_of_the_rest():
    scores = [0.9, 0.91, 0.1, 0.92, math.nan]
    found = describe(scores, [False, False, True, False, True])
    fine = mean_interval([0.9, 0.91, 0.92])
    assert found.succeeded == pytest.approx(0.91)
    assert found.succeeded_interval == fine
    exact = stats.binomtest(1, 4).proportion_ci()
    assert vars(found.failure_share) == pytest.approx({"low": exact.low, "high": exact.high})


def test_where_all_fail_or_none_ran_nothing_is_said_of_the_rest():
    found = describe([0.1, 0.1], [True, True])
    assert math.isnan(found.succeeded)
    assert found.succeeded_interval is None
    assert found.failure_share.high == 1
    assert describe([math.nan]).failure_share is None
    assert describe([0.9] * 10).failure_share.high == pytest.approx(0.3085, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 10, 20])
def test_both_intervals_cover_where_one_training_in_ten_diverges(seeds):
    rng = np.random.default_rng(seeds)
    fine = share = made = 0
    for _ in range(1000):
        failed = rng.random(seeds) < 0.1
        found = describe(np.where(failed, 0.1, rng.normal(0.9, 0.01, seeds)), failed)
        share += found.failure_share.low <= 0.1 <= found.failure_share.high
        if found.succeeded_interval:
            made += 1
            fine += found.succeeded_interval.low <= 0.9 <= found.succeeded_interval.high
    assert share >= stats.binom.ppf(1e-4, 1000, 0.95)
    assert fine >= stats.binom.ppf(1e-4, made, 0.95)
