"""Detectable differences and needed seeds are those of the noncentral t, checked by simulation."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dlcli.comparison.statistics.power import (
    detectable_difference,
    seeds_needed,
    smallest_p_value,
    t_test_power,
)


@pytest.mark.parametrize(("seeds", "sds"), [(3, 3.1), (5, 2.0), (10, 1.3), (20, 0.9)])
def test_independent_seeds_detect_the_tabulated_differences(seeds, sds):
    assert detectable_difference(seeds) == pytest.approx(sds, abs=0.05)


@pytest.mark.parametrize(("seeds", "sds"), [(3, 3.26), (5, 1.68), (10, 1.0), (20, 0.66)])
def test_paired_seeds_detect_the_tabulated_differences(seeds, sds):
    assert detectable_difference(seeds, paired=True) == pytest.approx(sds, abs=0.005)


def test_one_seed_detects_nothing():
    assert detectable_difference(1) == math.inf


@pytest.mark.parametrize("paired", [True, False])
def test_the_power_is_that_of_simulated_t_tests(paired):
    rng, runs, effect = np.random.default_rng(0), 4000, 1.2
    if paired:
        p = stats.ttest_1samp(rng.normal(effect, 1, (runs, 6)), 0, axis=1).pvalue
    else:
        a, b = rng.normal(effect, 1, (runs, 6)), rng.normal(0, 1, (runs, 6))
        p = stats.ttest_ind(a, b, axis=1).pvalue
    expected = t_test_power(effect, 6, paired=paired)
    assert (p <= 0.05).mean() == pytest.approx(expected, abs=4 * math.sqrt(0.25 / runs))


@pytest.mark.parametrize("paired", [True, False])
def test_without_a_difference_the_power_is_the_level(paired):
    assert t_test_power(0, 5, paired=paired, alpha=0.03) == pytest.approx(0.03)


@given(st.integers(2, 60), st.booleans())
def test_more_seeds_detect_less(seeds, paired):
    fewer = detectable_difference(seeds, paired=paired)
    assert detectable_difference(seeds + 1, paired=paired) < fewer


@given(st.floats(0.05, 20), st.booleans())
def test_the_needed_seeds_are_the_fewest_that_detect_the_difference(difference, paired):
    n = seeds_needed(difference, 1.0, paired=paired)
    assert detectable_difference(n, paired=paired) <= difference
    assert n == 2 or detectable_difference(n - 1, paired=paired) > difference


def test_no_difference_needs_no_number_of_seeds():
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(0.0, 0.0) is None
    assert seeds_needed(1e-6, 1.0) is None
    assert seeds_needed(math.nan, 1.0) is None


def test_a_difference_without_any_spread_needs_two_seeds():
    assert seeds_needed(0.1, 0.0) == 2


def test_a_stricter_level_needs_more_seeds():
    assert seeds_needed(1.0, 1.0, alpha=0.05 / 7) > seeds_needed(1.0, 1.0)


@pytest.mark.parametrize(("candidates", "seeds"), [(2, 4), (3, 3), (4, 2)])
def test_the_smallest_p_value_is_one_in_the_distinct_ways_to_permute(candidates, seeds):
    orders = list(permutations(range(candidates)))
    # Ways that differ by one relabelling of all seeds are the same: the first order becomes 0, 1
    distinct = {
        tuple(tuple(order[i] for i in np.argsort(way[0])) for order in way)
        for way in product(orders, repeat=seeds)
    }
    assert smallest_p_value(candidates, seeds) == pytest.approx(1 / len(distinct))


def test_two_candidates_need_six_seeds_to_be_told_apart():
    assert smallest_p_value(2, 5) == pytest.approx(0.0625)
    assert smallest_p_value(2, 6) < 0.05
