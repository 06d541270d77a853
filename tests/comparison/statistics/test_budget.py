"""The tuning curve is the mean over all ways to try, enumerated."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.comparison.statistics.budget import expected_best

few = st.lists(st.integers(-9, 9), min_size=1, max_size=5)


@given(few)
def test_without_replacement_it_is_the_mean_over_all_subsets(scores):
    expected = [
        np.mean([max(s) for s in combinations(scores, k)]) for k in range(1, len(scores) + 1)
    ]
    assert expected_best(scores) == pytest.approx(expected)


@given(few)
def test_with_replacement_it_is_the_mean_over_all_sequences(scores):
    expected = [
        np.mean([max(s) for s in product(scores, repeat=k)]) for k in range(1, len(scores) + 1)
    ]
    assert expected_best(scores, replacement=True) == pytest.approx(expected)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40))
def test_more_tries_are_never_worse_and_all_of_them_find_the_best(scores):
    found = expected_best(scores)
    assert found[0] == pytest.approx(np.mean(scores), abs=1e-9)
    assert found[-1] == pytest.approx(max(scores), abs=1e-9)
    assert (np.diff(found) >= -1e-9).all()
    assert (found >= expected_best(scores, replacement=True) - 1e-9).all()


def test_a_try_without_a_score_is_left_out():
    assert expected_best([0.5, math.nan, 0.7]).tolist() == pytest.approx([0.6, 0.7])
    assert expected_best([math.nan]).tolist() == []
