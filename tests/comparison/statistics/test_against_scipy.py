"""What SciPy also computes agrees with it; the rest agrees with enumeration or published tables."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dlcli.comparison.statistics import (
    budget,
    censored,
    description,
    pairing,
    power,
    ranking,
    sensitivity,
)

SCORES = st.lists(st.floats(0, 1), min_size=3, max_size=12)


@settings(deadline=None)
@given(SCORES)
def test_the_interval_of_the_mean_is_students(values):
    found = description.mean_interval(values)
    if np.ptp(values) < 1e-9:
        assert found is not None
        return
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)


def test_one_run_has_no_interval():
    found = description.describe([0.9])
    assert (found.interval, math.isnan(found.sd)) == (None, True)


def test_the_interquartile_mean_is_the_trimmed_mean():
    values = np.random.default_rng(0).random(21)
    expected = stats.trim_mean(values, 0.25)
    assert description.interquartile_mean(values) == pytest.approx(expected)


def test_failed_runs_are_counted_and_missing_ones_left_out():
    found = description.describe([0.9, 0.1, math.nan], [False, True, False])
    assert (found.runs, found.failed, found.missing, found.mean) == (2, 1, 1, 0.5)


@pytest.mark.parametrize("seed", range(5))
def test_paired_tests_are_scipys(seed):
    gap = np.random.default_rng(seed).normal(0.3, 1, 10)
    assert pairing.paired_t_p_value(gap) == pytest.approx(stats.ttest_1samp(gap, 0).pvalue)
    expected = stats.wilcoxon(gap, method="exact").pvalue
    assert pairing.wilcoxon_p_value(gap) == pytest.approx(expected)


def test_holms_correction_is_the_textbooks():
    # Holm 1979: sorted p times 4, 3, 2, 1, made monotone.
    np.testing.assert_allclose(pairing.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_the_probability_of_improvement_counts_pairs_and_halves_ties():
    found = pairing.probability_of_improvement([[1, 2, 3], [1, 1, 5]])
    pairs = [(a > b) + 0.5 * (a == b) for a, b in itertools.product([1, 2, 3], [1, 1, 5])]
    assert found[0, 1] == pytest.approx(np.mean(pairs))
    assert found[0, 1] + found[1, 0] == pytest.approx(1)


@pytest.mark.parametrize(("seeds", "multiple"), [(3, 3.1), (5, 2.0), (10, 1.3), (20, 0.9)])
def test_the_detectable_difference_is_the_protocols(seeds, multiple):
    assert power.detectable_difference(seeds) == pytest.approx(multiple, abs=0.06)


def test_the_power_is_that_of_simulated_t_tests():
    rng = np.random.default_rng(0)
    gaps = rng.normal(1.0, 1.0, (20_000, 10))
    simulated = np.mean(stats.ttest_1samp(gaps, 0, axis=1).pvalue < 0.05)
    assert power.t_test_power(1.0, 10, paired=True) == pytest.approx(simulated, abs=0.01)


def test_the_needed_seeds_have_the_power_and_one_fewer_has_not():
    seeds = power.seeds_needed(1.0, 1.0)
    assert power.t_test_power(1.0, seeds, paired=True) >= 0.8
    assert power.t_test_power(1.0, seeds - 1, paired=True) < 0.8


def test_the_paired_difference_has_the_bootstraps_interval():
    rng = np.random.default_rng(0)
    first, second = rng.normal(1, 1, 30), rng.normal(0, 1, 30)
    found = pairing.difference(first, second, np.random.default_rng(1))
    draws = rng.integers(0, 30, (20_000, 30))
    expected = np.quantile((first - second)[draws].mean(axis=1), [0.025, 0.975])
    assert found.mean == pytest.approx((first - second).mean())
    assert (found.interval.low, found.interval.high) == pytest.approx(expected, abs=0.12)


@pytest.mark.parametrize("seed", range(5))
def test_the_median_time_is_kaplan_meiers(seed):
    rng = np.random.default_rng(seed)
    times, events = rng.permutation(np.arange(1.0, 12.0)), rng.random(11) < 0.7
    curve = stats.ecdf(stats.CensoredData(times[events], right=times[~events])).sf
    below = curve.quantiles[curve.probabilities < 0.5]
    expected = below[0] if len(below) else math.nan
    found = censored.kaplan_meier_median(times, events)
    assert found == pytest.approx(expected, nan_ok=True)


def test_without_censoring_it_is_the_ordinary_median():
    for values in ([3, 1, 2], [4, 1, 3, 2]):
        found = censored.kaplan_meier_median(values, np.ones(len(values), bool))
        assert found == np.median(values)


def test_never_reaching_the_target_is_not_dropped():
    reached = censored.reached_at([[0.1, 0.8], [0.1, 0.2], [0.9, 0.9]], [1, 2], 0.5)
    np.testing.assert_array_equal(reached, [2, math.nan, 1])
    found = censored.time_to_target(reached, [2, 2, 2])
    assert found.median == 2


@pytest.mark.parametrize("replacement", [True, False])
def test_the_budget_curve_is_the_mean_over_all_choices(replacement):
    scores = [0.2, 0.9, 0.5, 0.5]
    choose = itertools.product if replacement else None
    for k, value in enumerate(budget.expected_best(scores, replacement=replacement), 1):
        draws = choose(scores, repeat=k) if choose else itertools.combinations(scores, k)
        assert value == pytest.approx(np.mean([max(draw) for draw in draws]))


def test_friedmans_test_is_scipys():
    scores = np.random.default_rng(0).random((9, 4))  # problems, candidates
    found = ranking.friedman(scores)
    expected = stats.friedmanchisquare(*scores.T)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert ranking.average_ranks(scores).sum() == pytest.approx(4 * 5 / 2)


@pytest.mark.parametrize(("candidates", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_uses_demsars_table(candidates, q):
    """Demsar 2006, table 5(a): q at 0.05."""
    expected = q * math.sqrt(candidates * (candidates + 1) / (6 * 20))
    assert ranking.critical_difference(candidates, 20) == pytest.approx(expected, rel=2e-3)


def test_the_width_of_a_rate_curve_is_interpolated_in_decades():
    rates = [1e-3, 1e-2, 1e-1, 1.0]
    curve = sensitivity.rate_sensitivity(rates, [[0.0], [1.0], [1.0], [0.0]])
    assert curve.best_score == 1.0
    assert curve.width == pytest.approx(1 + 2 * 0.02)
    assert not curve.open_below
    assert not curve.open_above
    lost = sensitivity.default_regret(curve, 1e-3)
    assert lost.regret == 1.0
