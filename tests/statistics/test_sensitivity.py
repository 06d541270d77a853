"""Widths, regrets and spreads are those one reads off the curve by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dlcli.statistics.sensitivity import leveled, rate_sensitivity, regret, spread

RATES = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]


def column(scores):
    return np.array(scores, dtype=float)[:, None]


def test_the_width_ends_where_the_interpolated_curve_leaves_the_tolerance():
    found = rate_sensitivity(RATES, column([0.1, 0.96, 1.0, 0.98, 0.1]))
    assert (found.best_rate, found.best_score) == (1e-2, 1.0)
    # Left: 0.98 lies half-way between 1.0 and 0.96. Right: exactly at 1e-1.
    assert found.width == pytest.approx(0.5 + 1)
    assert (found.open_below, found.open_above) == (False, False)


def test_the_rates_may_come_in_any_order():
    order = [3, 0, 4, 1, 2]
    scores = np.array([0.1, 0.96, 1.0, 0.985, 0.1])
    found = rate_sensitivity(np.array(RATES)[order], column(scores[order]))
    assert found.width == rate_sensitivity(RATES, column(scores)).width
    assert found.rates.tolist() == RATES


def test_a_best_rate_at_the_edge_leaves_the_width_open():
    found = rate_sensitivity(RATES, column([0.1, 0.2, 0.3, 0.99, 1.0]))
    assert (found.best_rate, found.open_below, found.open_above) == (1.0, False, True)
    assert found.width == pytest.approx(1 + 0.01 / 0.69)


def test_only_the_range_around_the_best_counts():
    assert rate_sensitivity(RATES, column([0.99, 0.99, 0.1, 1.0, 0.1])).width < 0.1


def test_a_loss_is_good_within_the_tolerance_of_its_own_size():
    found = rate_sensitivity(RATES, -column([9.0, 2.0, 2.04, 2.08, 9.0]))
    assert found.best_rate == 1e-3
    assert found.width == pytest.approx(0.04 / 7 + 1)


def test_failed_rates_are_counted_and_missing_ones_interpolated_over():
    scores = [[0.9, 0.9], [1.0, 1.0], [math.nan, math.nan], [1.0, 1.0], [0.1, 0.9]]
    failed = [[False, False], [False, False], [False, False], [False, False], [True, False]]
    found = rate_sensitivity(RATES, scores, failed)
    assert found.failed_share == pytest.approx(1 / 5)
    assert math.isnan(found.scores[2])
    assert found.width > 2


def test_without_any_score_there_is_no_curve():
    with pytest.raises(ValueError, match="no learning rate has a score"):
        rate_sensitivity([1e-3], [[math.nan]])


@given(
    st.lists(st.floats(0.01, 1), min_size=1, max_size=9),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
def test_a_wider_tolerance_never_narrows_the_range(scores, first, second):
    rates = 10.0 ** np.arange(len(scores))
    narrow, wide = sorted([first, second])
    found = [rate_sensitivity(rates, column(scores), tolerance=t).width for t in (narrow, wide)]
    assert 0 <= found[0] <= found[1] + 1e-12 <= len(scores) - 1 + 1e-9


def test_the_spread_is_that_of_all_settings():
    scores = np.random.default_rng(0).normal(size=(5, 3))
    found = spread(scores)
    assert found.sd == pytest.approx(np.std(scores, ddof=1))
    assert found.range == pytest.approx(np.ptp(scores))


def test_the_variance_is_shared_out_between_rate_initializer_and_interaction():
    by_rate, by_initializer = np.array([[0.1], [0.5], [0.9]]), np.array([[0.0, 0.02]])
    assert spread(by_rate + 0 * by_initializer).rate_share == pytest.approx(1)
    assert spread(0 * by_rate + by_initializer).initializer_share == pytest.approx(1)
    additive = spread(by_rate + by_initializer)
    assert additive.rate_share + additive.initializer_share == pytest.approx(1)
    crossed = spread([[0.0, 1.0], [1.0, 0.0]])
    assert (crossed.rate_share, crossed.initializer_share) == pytest.approx((0, 0))


def test_scores_without_any_spread_have_nothing_to_share_out():
    found = spread(np.full((3, 2), 0.5))
    assert (found.sd, found.interquartile_range, found.range) == (0, 0, 0)
    assert math.isnan(found.rate_share)


def tuned_again(rng, replications, height, easy=0.05, noise=0.01):
    """Return scores of which later replications try only the best rate and its neighbors."""
    scores = height[:, None] + easy * rng.normal(size=replications)
    scores += noise * rng.normal(size=scores.shape)
    best = int(scores[:, 0].argmax())
    far = np.abs(np.arange(len(height)) - best) > 1
    scores[np.ix_(far, np.arange(1, replications))] = math.nan
    return scores


HEIGHT = np.array([0.5, 0.8, 0.9, 0.88, 0.3])


def test_an_easy_replication_does_not_raise_the_rates_that_it_happened_to_try():
    rng = np.random.default_rng(0)
    scores = HEIGHT[:, None] + np.array([0.0, 0.1, 0.1, 0.1])
    scores[[0, 1, 4], 1:] = math.nan
    level = leveled(scores, np.isnan(scores) & False)
    assert np.nanmean(level, axis=1) == pytest.approx(HEIGHT + 0.075)
    plain = np.nanmean(scores, axis=1) - HEIGHT
    assert np.ptp(plain) > 0.07
    errors = []
    for _ in range(200):
        curve = rate_sensitivity(RATES, tuned_again(rng, 10, HEIGHT))
        errors.append(curve.scores[1] - curve.scores[2] + 0.1)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(200) + 0.002


def test_where_all_rates_were_tried_the_curve_is_the_plain_mean_with_students_interval():
    scores = HEIGHT[:, None] + 0.01 * np.random.default_rng(1).normal(size=(5, 6))
    curve = rate_sensitivity(RATES, scores)
    assert curve.scores == pytest.approx(scores.mean(axis=1))
    assert curve.tried.tolist() == [6] * 5
    assert (curve.low < curve.scores).all()
    once = rate_sensitivity(RATES, scores[:, :1])
    assert np.isnan(once.low).all()


def test_failed_trainings_do_not_move_the_other_rates():
    scores = HEIGHT[:, None] + np.array([0.0, 0.1])
    scores[4] = 0.1
    failed = np.zeros((5, 2), bool)
    failed[4] = True
    curve = rate_sensitivity(RATES, scores, failed)
    assert curve.scores == pytest.approx([*(HEIGHT[:4] + 0.05), 0.1])
    assert curve.failed_share == 0.2


def test_the_regret_is_the_difference_within_the_replications():
    scores = HEIGHT[:, None] + np.array([0.0, 0.1, -0.1])
    found = regret(RATES, scores, 1e-3)
    assert found.mean == pytest.approx(0.1)
    assert (found.replications, found.interpolated) == (2, False)
    assert found.interval.low == pytest.approx(0.1)
    between = regret(RATES, scores, 10**-2.5)
    assert between.mean == pytest.approx(0.05)
    assert between.interpolated


def test_a_default_outside_what_later_replications_tried_has_no_interval():
    scores = HEIGHT[:, None] + np.zeros(4)
    scores[0, 1:] = math.nan
    found = regret(RATES, scores, 1e-4)
    assert found.mean == pytest.approx(0.4)
    assert (found.interval, found.replications) == (None, 1)
    assert regret(RATES, scores, 1e-6) is None


def test_between_rates_that_do_not_differ_there_is_no_regret_on_average():
    rng = np.random.default_rng(2)
    found = [regret(RATES, rng.normal(size=(5, 8)), 1e-2) for _ in range(300)]
    assert abs(np.mean([f.mean for f in found])) < 0.1
    covered = sum(f.interval.low <= 0 <= f.interval.high for f in found)
    assert covered >= stats.binom.ppf(1e-4, 300, 0.95)
    once = [regret(RATES, rng.normal(size=(5, 1)), 1e-2).mean for _ in range(100)]
    assert np.mean(once) > 0.8
