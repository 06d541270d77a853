"""Intervals agree with SciPy's, stay within bounds, and are honest about flawless samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from dlcli.metrics.intervals import (
    after_errors,
    area_limits,
    debiased,
    exact_binomial,
    likely_share,
    most_errors,
    of_mean,
    percentile,
    placements,
)
from tests.helpers import examples


@settings(max_examples=examples(50), deadline=None)
@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_exact_interval_is_scipys(trials, share, confidence):
    successes = round(share * trials)
    expected = binomtest(successes, trials).proportion_ci(confidence, method="exact")
    low, high = exact_binomial(np.array(successes), np.array(trials), confidence)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nothing_is_known_without_trials():
    assert exact_binomial(np.array(0), np.array(0), 0.95) == (0, 1)


def test_an_undefined_draw_is_left_out():
    draws = np.array([np.nan, 1.0, 2.0, 3.0])
    assert percentile(draws, 0.9) == pytest.approx((1.1, 2.9))
    assert percentile(draws[:1], 0.9) is None
    assert debiased(2.0, draws[:1], draws, 0.9) is None


def test_a_bias_is_undone_and_the_value_is_kept_inside():
    draws, noise = np.linspace(0.3, 0.5, 101), np.linspace(0.0, 0.2, 101)
    assert debiased(0.35, draws, noise, 0.9) == pytest.approx((0.21, 0.39))
    assert debiased(0.2, draws, noise, 0.9) == pytest.approx((0.0, 0.2))
    assert debiased(0.18, np.linspace(0.17, 0.19, 101), noise, 0.9)[0] == 0.0  # all may be noise


def test_no_error_leaves_the_limit_of_clopper_and_pearson():
    low, _ = exact_binomial(np.array(30), np.array(30), 0.95)
    assert 1 - most_errors(np.array(30), 0.95) == pytest.approx(low)


def test_the_errors_not_excluded_keep_every_example_counted():
    sums = np.array([10.0, 20, 0, 0, 0, 0, 0, 0, 0, 30])  # 3 classes, one of them absent
    worse = after_errors(sums, 0.95, exclusive=True)
    assert worse.shape == (2, 10)
    tp, fp, fn = worse[:, :3], worse[:, 3:6], worse[:, 6:9]
    np.testing.assert_allclose(tp + fn, [[10, 20, 0]] * 2)
    np.testing.assert_allclose((tp + fp).sum(axis=1), 30)
    assert (fp[:, 2] == 0).all()  # the absent class is not brought into averages


def test_a_label_may_be_missed_or_wrongly_given():
    sums = np.array([10.0, 20, 0, 0, 0, 0, 30])  # 2 labels
    worse = after_errors(sums, 0.95, exclusive=False)
    fp, fn = worse[:, 2:4], worse[:, 4:6]
    np.testing.assert_array_equal(fn > 0, [[1, 0], [0, 1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(fp > 0, [[0, 0], [0, 0], [1, 0], [0, 1]])


def test_the_likely_interval_is_jeffreys():
    for right, tried in [(0, 5), (3, 10), (10, 10)]:
        low, high = likely_share(np.array(right), np.array(tried), 0.95)
        beta = stats.beta(right + 0.5, tried - right + 0.5)
        assert low == pytest.approx(beta.ppf(0.025) if right else 0)
        assert high == pytest.approx(beta.ppf(0.975) if right < tried else 1)
    assert likely_share(np.array(0), np.array(0), 0.95) == (0, 1)


def test_the_interval_of_a_mean_of_independent_shares_is_narrower_than_theirs():
    values, low, high = np.array([0.8, 0.6]), np.array([0.7, 0.4]), np.array([0.85, 0.7])
    apart = of_mean(values, low, high, np.eye(2))
    assert apart == pytest.approx((0.7 - np.hypot(0.1, 0.2) / 2, 0.7 + np.hypot(0.05, 0.1) / 2))
    together = of_mean(values, low, high, np.ones((3, 2)))
    assert together == pytest.approx((0.55, 0.775))
    assert of_mean(values[:1], low[:1], high[:1], np.ones((3, 1))) == pytest.approx((0.7, 0.85))


def test_the_area_has_newcombes_interval():
    low, high = area_limits(0.9167, 12, 16, 0.0, 0.95)
    half = (12 + 16) / 2 - 1
    for true in (low, high):  # at its limits the area found is 1.96 of the limit's own errors off
        spread = 1 + half * ((1 - true) / (2 - true) + true / (1 + true))
        error = np.sqrt(true * (1 - true) / (12 * 16) * spread)
        assert abs(0.9167 - true) / error == pytest.approx(1.96, abs=1e-3)
    wider = area_limits(0.9167, 12, 16, 0.01, 0.95)
    assert wider[0] < low
    assert wider[1] > high
    assert area_limits(1.0, 1, 20, 0.0, 0.95)[0] < 0.6
    assert area_limits(0.0, 1, 20, 0.0, 0.95)[0] == 0


def test_placements_are_the_shares_of_right_pairs():
    truth, scores = np.array([1, 0, 1, 0, 0]), np.array([0.9, 0.1, 0.4, 0.4, 0.6])
    found = placements(truth, scores)
    assert found == pytest.approx([1, 1, 0.5, 0.75, 0.5])
    assert found[truth == 1].mean() == pytest.approx(roc_auc_score(truth, scores))
    assert found[truth == 0].mean() == pytest.approx(roc_auc_score(truth, scores))
