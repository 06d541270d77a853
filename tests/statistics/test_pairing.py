"""Two candidates are compared as SciPy compares them, with ties, gaps and single seeds in mind."""

from __future__ import annotations

import math
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dlcli.statistics.pairing import (
    complete,
    holm,
    paired_t_p_value,
    pairwise,
    probability_of_improvement,
    wilcoxon_p_value,
)
from tests.helpers import examples


def difference(first, second, rng, resamples=10_000):
    """Return the row of two candidates alone."""
    return pairwise("ab", [first, second], rng, resamples=resamples).iloc[0]


p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)
gaps = st.lists(st.integers(-6, 6), min_size=1, max_size=9)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 20])
def test_the_paired_t_is_scipys(seeds):
    first, second = np.random.default_rng(seeds).normal(size=(2, seeds))
    expected = stats.ttest_rel(first, second).pvalue
    assert paired_t_p_value(first - second) == pytest.approx(expected)


def test_the_paired_t_of_differences_without_spread_has_its_limits():
    assert paired_t_p_value([0, 0, 0]) == 1
    assert paired_t_p_value([0.3 - 0.2, 0.1, 0.4 - 0.3]) == 0
    assert math.isnan(paired_t_p_value([0.1]))
    assert math.isnan(paired_t_p_value([]))


@pytest.mark.parametrize("seeds", [1, 3, 5, 10, 20])
def test_the_signed_rank_test_is_scipys_exact_one(seeds):
    gap = np.random.default_rng(seeds).normal(0.4, 1, seeds)
    expected = stats.wilcoxon(gap, method="exact").pvalue
    assert wilcoxon_p_value(gap) == pytest.approx(expected)


@given(gaps)
def test_the_signed_rank_test_with_ties_is_that_of_all_signs(values):
    gap = np.array([v for v in values if v])
    ranks = stats.rankdata(np.abs(gap))
    signs = np.array(list(product([0, 1], repeat=len(gap))))
    sums = signs @ ranks if len(gap) else np.zeros(1)
    observed = ranks[gap > 0].sum()
    smaller = min((sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean())
    assert wilcoxon_p_value(values) == pytest.approx(min(1.0, 2 * smaller))


def test_five_seeds_can_never_pass_the_signed_rank_test():
    assert wilcoxon_p_value([1, 2, 3, 4, 5]) == pytest.approx(0.0625)


def test_ties_up_to_rounding_are_ties():
    assert wilcoxon_p_value([0.3 - 0.2, -0.1, 0.7, 0.9]) == wilcoxon_p_value([1, -1, 7, 9])


def test_holm_gives_the_textbook_values():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_does_not_count_tests_that_were_not_made():
    found = holm([0.02, math.nan, 0.03])
    assert found[[0, 2]] == pytest.approx([0.04, 0.04])
    assert math.isnan(found[1])


@given(p_values)
def test_holm_keeps_the_order_and_never_lowers_a_p_value(values):
    found = holm(values)
    assert (found >= np.array(values) - 1e-12).all()
    assert (found <= np.minimum(np.array(values) * len(values), 1) + 1e-12).all()
    assert (np.diff(found[np.argsort(values)]) >= 0).all()


def test_the_probability_of_improvement_is_the_mann_whitney_statistic():
    scores = np.round(np.random.default_rng(0).normal(size=(3, 8)), 1)
    found = probability_of_improvement(scores)
    for i, j in product(range(3), repeat=2):
        u = stats.mannwhitneyu(scores[i], scores[j]).statistic
        assert found[i, j] == pytest.approx(u / 64)


def test_the_probabilities_of_improvement_of_a_pair_add_up_to_one():
    found = probability_of_improvement([[1, 1, 0.5], [1, 0.5, 0.2], [0.1, 0.1, math.nan]])
    assert found + found.T == pytest.approx(np.ones((3, 3)))
    assert found[0, 1] == pytest.approx((0.5 + 1 + 1 + 0.5 + 1 + 1 + 0 + 0.5 + 1) / 9)


def test_a_candidate_without_runs_improves_on_nothing():
    assert np.isnan(probability_of_improvement([[1.0], [math.nan]])[0, 1])


@pytest.mark.parametrize(("seeds", "coverage"), [(3, 0.95), (5, 0.92), (10, 0.94), (20, 0.945)])
def test_the_paired_interval_covers_the_true_difference(seeds, coverage):
    rng = np.random.default_rng(seeds)
    covered = 0
    for _ in range(1000):
        found = difference(rng.normal(0.5, 1, seeds), np.zeros(seeds), rng, resamples=500)
        covered += found.low <= 0.5 <= found.high
    assert covered >= stats.binom.ppf(1e-3, 1000, coverage)


def test_what_all_candidates_share_by_seed_does_not_widen_the_paired_interval():
    rng = np.random.default_rng(0)
    shared, own = 10 * rng.normal(size=10), rng.normal(size=10)
    found = difference(shared + own, shared, np.random.default_rng(1))
    alone = difference(own, np.zeros(10), np.random.default_rng(1))
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))


def test_one_seed_gives_a_difference_without_an_interval():
    found = difference([0.9], [0.8], np.random.default_rng(0))
    assert found["difference"] == pytest.approx(0.1)
    assert math.isnan(found["low"])
    assert math.isnan(difference([], [], np.random.default_rng(0))["difference"])


def test_what_cannot_be_paired_is_left_out_candidates_first():
    scores = np.arange(16.0).reshape(4, 4)
    scores[1, 1:] = math.nan
    scores[3, 2] = math.nan
    found = complete(scores)
    assert found.candidates.tolist() == [0, 2, 3]
    assert found.seeds.tolist() == [0, 1, 3]
    assert found.scores.tolist() == scores[[0, 2, 3]][:, [0, 1, 3]].tolist()


@given(st.integers(1, 5), st.integers(1, 6), st.randoms(use_true_random=False))
@settings(max_examples=examples(50))
def test_what_is_left_has_every_score(candidates, seeds, random):
    scores = np.array(
        [[random.choice([math.nan, 1.0, 2.0]) for _ in range(seeds)] for _ in range(candidates)]
    )
    assert not np.isnan(complete(scores).scores).any()


def test_the_pairwise_table_holds_every_pair_with_corrected_p_values():
    scores = np.random.default_rng(0).normal([[0], [1], [2]], size=(3, 10))
    scores[0, 4] = math.nan
    table = pairwise(["SGD", "Adam", "Lion"], scores, np.random.default_rng(0), resamples=500)
    assert list(zip(table["first"], table["second"], strict=True)) == [
        ("SGD", "Adam"),
        ("SGD", "Lion"),
        ("Adam", "Lion"),
    ]
    assert table["seeds"].tolist() == [9, 9, 10]
    assert table["paired_t"][2] == pytest.approx(stats.ttest_rel(scores[1], scores[2]).pvalue)
    assert table["wilcoxon_holm"].to_numpy() == pytest.approx(holm(table["wilcoxon"]))
    assert table["paired_t_holm"].to_numpy() == pytest.approx(holm(table["paired_t"]))
    assert ((table["low"] <= table["difference"]) & (table["difference"] <= table["high"])).all()


def test_pairs_with_missing_runs_have_the_interval_of_the_seeds_they_share():
    scores = np.random.default_rng(3).normal(size=(3, 40))
    scores[0, :5], scores[2, 7] = math.nan, math.nan
    table = pairwise("abc", scores, np.random.default_rng(0)).set_index(["first", "second"])
    for (i, one), (j, other) in [((0, "a"), (1, "b")), ((0, "a"), (2, "c")), ((1, "b"), (2, "c"))]:
        both = ~np.isnan(scores[i] + scores[j])
        found = difference(scores[i, both], scores[j, both], np.random.default_rng(1))
        row = table.loc[one, other]
        assert row["seeds"] == both.sum()
        assert row["difference"] == pytest.approx(found["difference"])
        # Other resamples of the same differences: their ends scatter by a hundredth.
        assert row["low"] == pytest.approx(found["low"], abs=0.03)
        assert row["high"] == pytest.approx(found["high"], abs=0.03)


def test_a_single_candidate_gives_an_empty_table_with_all_columns():
    table = pairwise(["SGD"], [[0.9, 0.8]], np.random.default_rng(0))
    assert len(table) == 0
    assert {"paired_t_holm", "wilcoxon_holm"} <= set(table.columns)


def test_one_seed_gives_a_table_without_paired_t():
    table = pairwise(["SGD", "Adam"], [[0.9], [0.8]], np.random.default_rng(0))
    assert table["paired_t_holm"].isna().all()
    assert table["wilcoxon"].tolist() == [1.0]


def plainly(scores, rng, resamples):
    """Return the rows of `pairwise` by SciPy and loops, a pair at a time."""
    rows, drawn = [], {}
    for i, j in combinations(range(len(scores)), 2):
        both = ~np.isnan(scores[i] + scores[j])
        n = int(both.sum())
        first, second = scores[i, both], scores[j, both]
        index = drawn.setdefault(both.tobytes(), None)
        if index is None:
            index = drawn[both.tobytes()] = rng.integers(n, size=(resamples, n))
        gap = first - second
        if n < 5:
            low, high = stats.t.interval(0.95, n - 1, gap.mean(), stats.sem(gap))
        else:
            tail = stats.norm.cdf(-math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
            means = first[index].mean(axis=1) - second[index].mean(axis=1)
            low, high = np.quantile(means, [tail, 1 - tail])
        won = [
            float(a > b) + 0.5 * float(a == b) for a in known(scores[i]) for b in known(scores[j])
        ]
        moved = gap[np.abs(gap) > 1e-12 * np.abs(gap).max()]
        ranks = stats.rankdata(np.round(np.abs(moved), 9))
        signs = np.array(list(product([0, 1], repeat=len(moved))))
        away = np.abs(signs @ ranks - ranks.sum() / 2)
        wilcoxon = (away >= abs(ranks[moved > 0].sum() - ranks.sum() / 2) - 1e-9).mean()
        t = stats.ttest_rel(first, second).pvalue
        rows.append([n, gap.mean(), low, high, np.mean(won), t, min(1.0, wilcoxon)])
    return np.array(rows)


def known(row):
    return row[~np.isnan(row)]


@pytest.mark.parametrize("seeds", [4, 9])
@pytest.mark.parametrize("rounded", [1, 6])
def test_all_pairs_have_the_numbers_of_each_pair_alone(seeds, rounded):
    rng = np.random.default_rng(seeds)
    scores = np.round(rng.normal(size=(6, seeds)), rounded)
    scores[2, :1] = scores[4, -1:] = np.nan
    found = pairwise(list("abcdef"), scores, np.random.default_rng(1), resamples=3000)
    columns = ["seeds", "difference", "low", "high", "probability_of_improvement", "paired_t",
               "wilcoxon"]  # fmt: skip
    expected = plainly(scores, np.random.default_rng(1), 3000)
    assert found[columns].to_numpy(float) == pytest.approx(expected, rel=1e-12)
    assert list(zip(found["first"], found["second"], strict=True)) == list(
        combinations("abcdef", 2)
    )
