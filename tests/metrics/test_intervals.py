"""Intervals agree with SciPy's, stay within bounds, and are honest about flawless samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from dlcli.metrics.intervals import (
    after_errors,
    debiased,
    exact_binomial,
    most_errors,
    percentile,
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
