"""The tuning curve is the mean over all ways to try, enumerated."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.statistics.budget import budget_curve, expected_best

few = st.lists(st.integers(-9, 9), min_size=1, max_size=5)


@given(few)
def test_without_replacement_it_is_the_mean_over_all_subsets(scores):
    expected = [
        np.mean([max(s) for s in combinations(scores, k)]) for k in range(1, len(scores) + 1)
    ]
    assert expected_best(scores) == pytest.approx(expected)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_more_tries_are_never_worse_and_all_of_them_find_the_best(scores):
    found = expected_best(scores)
    assert found[0] == pytest.approx(np.mean(scores), abs=1e-9)
    assert found[-1] == pytest.approx(max(scores), abs=1e-9)
    assert (np.diff(found) >= -1e-9).all()


def test_the_curve_over_replications_is_the_mean_of_theirs_with_a_band():
    scores = np.random.default_rng(0).normal(size=(4, 6))
    found = budget_curve(scores)
    assert found.expected == pytest.approx(np.mean([expected_best(c) for c in scores.T], axis=0))
    assert (found.low < found.expected).all()
    assert (np.diff(found.expected) >= 0).all()


def test_a_rate_that_was_not_tried_again_counts_at_its_mean_in_this_replication():
    scores = np.array([0.5, 0.9, 0.8])[:, None] + np.array([0.0, 0.1, -0.1])
    missing = scores.copy()
    missing[0, 1:] = math.nan
    assert budget_curve(missing).expected == pytest.approx(budget_curve(scores).expected)


def test_one_replication_has_no_band_and_none_is_an_error():
    assert np.isnan(budget_curve([[0.5], [0.9]]).low).all()
    with pytest.raises(ValueError, match="no learning rate"):
        budget_curve([[math.nan]])
