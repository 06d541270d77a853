"""The max-T test is exact against enumeration, invariant, safe with ties, calibrated, powerful."""

from __future__ import annotations

import time
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dlcli.comparison.statistics import permutation
from dlcli.comparison.statistics.permutation import max_t_test
from dlcli.comparison.statistics.power import smallest_p_value
from tests.helpers import examples

EQUAL = np.zeros(8)


def simulated(kind, rng, seeds, merit=EQUAL):
    """Return scores (candidates, seeds) of candidates that differ by nothing but their merit."""
    shape = (len(merit), seeds)
    noise = rng.normal(size=shape) + rng.normal(size=seeds)  # what a seed does to all candidates
    if kind == "normal":
        return merit[:, None] + noise
    if kind == "heavy-tailed":
        return merit[:, None] + rng.standard_t(1.5, size=shape)
    if kind == "ties at 1":
        return np.minimum(1.0, np.round(0.99 + 0.01 * (merit[:, None] + noise), 2))
    assert kind == "diverged"
    return np.where(rng.random(shape) < 0.2, 0.1, 0.9 + 0.01 * (merit[:, None] + noise))


KINDS = ["normal", "heavy-tailed", "ties at 1", "diverged"]


def claims(kind, seeds, repetitions, among=slice(None), merit=EQUAL):
    """Return in how many comparisons the best of `among` is told from another one of them."""
    rng = np.random.default_rng(seeds)
    found = 0
    for _ in range(repetitions):
        scores = simulated(kind, rng, seeds, merit)
        test = max_t_test(scores, rng, permutations=199)
        found += bool((test.p_values[among] <= 0.05).any())
    return found


def most_claims(repetitions):
    """Return what a test at 5 % exceeds in one of ten thousand such simulations."""
    return stats.binom.ppf(1 - 1e-4, repetitions, 0.05)


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_candidates_of_equal_merit_are_told_apart_in_at_most_five_per_cent(kind, seeds):
    assert claims(kind, seeds, 200) <= most_claims(200)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_calibration_holds_in_a_long_simulation(kind, seeds):
    assert claims(kind, seeds, 4000) <= most_claims(4000)


@pytest.mark.parametrize("hopeless", [1, 3])
def test_hopeless_candidates_do_not_make_the_others_differ(hopeless):
    merit = np.where(np.arange(8) < hopeless, -200.0, 0.0)
    assert claims("normal", 10, 300, slice(hopeless, None), merit) <= most_claims(300)


def test_candidates_that_diverge_now_and_then_do_not_make_the_others_differ():
    rng = np.random.default_rng(4)
    found = 0
    for _ in range(300):
        scores = rng.normal(size=(8, 10))
        scores[:3] -= 200 * (rng.random((3, 10)) < 0.4)
        found += bool((max_t_test(scores, rng, permutations=199).p_values[3:] <= 0.05).any())
    assert found <= most_claims(300)


def test_one_better_by_one_and_a_half_sd_is_found_in_four_of_five_comparisons():
    rng = np.random.default_rng(5)
    merit = np.array([0, 0, 0, 1.5, 0, 0, 0, 0])
    found = 0
    for _ in range(300):
        test = max_t_test(simulated("normal", rng, 10, merit), rng, permutations=199)
        found += test.best == 3 and bool((test.p_values <= 0.05).any())
    assert stats.binom.ppf(1e-3, 300, 0.79) <= found


@pytest.mark.parametrize("seeds", [5, 10])
def test_a_far_better_candidate_is_better_than_all_others(seeds):
    rng = np.random.default_rng(6)
    merit = np.array([0, 0, 12.0, 0, 0, 0, 0, 0])
    p = max_t_test(simulated("normal", rng, seeds, merit), rng).p_values
    assert p[2] == 1
    assert (np.delete(p, 2) < 0.05).all()


@pytest.mark.parametrize("size", [2, 3, 4])
def test_every_order_of_the_first_candidates_is_as_probable_and_seeds_are_independent(size):
    values = np.arange(4.0)[:, None] + [0, 10]  # a candidate's number, and 10 more at one seed
    found = {
        reached: permuted.copy()
        for reached, permuted in permutation._nested_permutations(
            values, np.random.default_rng(size), 24_000
        )
    }[size]
    orders = list(permutations(range(size)))
    seeds = [[orders.index(tuple(o)) for o in found[:, :, s] - 10 * s] for s in (0, 1)]
    table = np.histogram2d(*seeds, bins=len(orders), range=[[-0.5, len(orders) - 0.5]] * 2)[0]
    assert found.shape == (24_000, size, 2)
    assert stats.chisquare(table.ravel()).pvalue > 1e-4


def naive_statistics(columns):
    """Return the paired t of the best against each candidate, one by one."""
    best = max(columns, key=np.mean)
    found = []
    for column in columns:
        gap = np.subtract(best, column)
        same = np.ptp(gap) < 1e-12
        if abs(gap.mean()) < 1e-12:
            found.append(0.0)
        else:
            found.append(np.inf if same else stats.ttest_1samp(gap, 0).statistic)
    return np.array(found)


def naive_p_values(scores):
    """Return the exact p-values by enumerating all labels within all seeds, over nested sets."""
    order = np.argsort(-scores.mean(axis=1))
    observed = naive_statistics(scores)
    p = np.zeros(len(scores))
    for size in range(2, len(scores) + 1):
        if size < len(scores) and smallest_p_value(size, scores.shape[1]) > 0.05:
            continue
        kept = order[:size]
        columns = scores[kept].T
        largest = []
        for way in product(list(permutations(range(size))), repeat=scores.shape[1]):
            permuted = [c[list(o)] for c, o in zip(columns, way, strict=True)]
            largest.append(naive_statistics(list(np.transpose(permuted))).max())
        share = (np.array(largest) >= observed[kept, None] * (1 - 1e-9)).mean(axis=1)
        p[kept] = np.maximum(p[kept], share)
    p[order[0]] = 1
    return p


@pytest.mark.parametrize(
    "scores",
    [
        np.random.default_rng(1).normal(size=(3, 3)),
        np.random.default_rng(2).normal([[2], [0]], size=(2, 6)),
        np.random.default_rng(3).normal([[6], [0], [0]], size=(3, 3)),
        np.round(np.random.default_rng(4).normal(size=(3, 3))),
        np.array([[1, 1, 1], [0.9, 0.9, 0.9], [1, 0.9, 1]]),
    ],
    ids=["equal", "two candidates", "one better", "ties", "no spread"],
)
def test_p_values_are_those_of_full_enumeration(scores):
    found = max_t_test(scores, np.random.default_rng(0), permutations=20_000)
    assert found.statistics == pytest.approx(naive_statistics(scores))
    assert found.p_values == pytest.approx(naive_p_values(scores), abs=4 * 0.5 / np.sqrt(20_000))


def test_with_two_candidates_it_is_the_sign_flip_test_of_scipy():
    first, second = np.random.default_rng(8).normal([[0.8], [0]], size=(2, 9))
    exact = stats.permutation_test(
        (first, second),
        lambda a, b, axis: np.abs(stats.ttest_rel(a, b, axis=axis).statistic),
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    found = max_t_test([first, second], np.random.default_rng(0), permutations=50_000)
    assert found.p_values[1 - found.best] == pytest.approx(exact, abs=0.01)


def test_the_statistics_are_scipys_paired_t():
    scores = np.random.default_rng(9).normal(size=(6, 10))
    found = max_t_test(scores, np.random.default_rng(0), permutations=10)
    others = np.delete(scores, found.best, axis=0)
    expected = stats.ttest_rel(np.tile(scores[found.best], (5, 1)), others, axis=1).statistic
    assert np.delete(found.statistics, found.best) == pytest.approx(expected)
    assert found.statistics[found.best] == 0


@pytest.mark.parametrize(
    "scores",
    [
        np.ones((8, 10)),
        np.tile(np.linspace(0.1, 0.9, 10), (4, 1)),
        np.full((3, 1), 0.5),
        np.array([[0.9, 0.8, 0.7]]),
        np.array([[0.1 + 0.2, 0.3], [0.3, 0.1 + 0.2]]),
    ],
    ids=["all at 1", "the same runs", "one seed", "one candidate", "rounding errors"],
)
def test_nothing_to_tell_apart_gives_p_of_one(scores):
    found = max_t_test(scores, np.random.default_rng(0), permutations=99)
    assert (found.p_values == 1).all()


def test_a_missing_score_is_an_error():
    with pytest.raises(ValueError, match="every candidate's score"):
        max_t_test([[0.9, np.nan], [0.8, 0.7]], np.random.default_rng(0))
    with pytest.raises(ValueError, match="every candidate's score"):
        max_t_test(np.empty((2, 0)), np.random.default_rng(0))


tables = hnp.arrays(
    float,
    st.tuples(st.integers(2, 5), st.integers(2, 6)),
    elements=st.integers(-20, 20).map(lambda i: i / 8),
)


@given(tables, st.randoms(use_true_random=False))
@settings(max_examples=examples(50))
def test_the_order_of_the_candidates_does_not_matter(scores, random):
    order = list(range(len(scores)))
    random.shuffle(order)
    before = max_t_test(scores, np.random.default_rng(0), permutations=60)
    after = max_t_test(scores[order], np.random.default_rng(0), permutations=60)
    assert after.statistics.tolist() == before.statistics[order].tolist()
    if len(np.unique(scores, axis=0)) == len(scores):
        assert after.p_values.tolist() == before.p_values[order].tolist()
        assert order[after.best] == before.best


@given(tables, st.integers(-50, 50), st.sampled_from([0.25, 0.5, 2.0, 1024.0]))
@settings(max_examples=examples(50))
def test_what_a_seed_adds_to_all_and_the_unit_do_not_matter(scores, shift, scale):
    moved = scores * scale + shift * np.arange(scores.shape[1])
    before = max_t_test(scores, np.random.default_rng(0), permutations=60)
    after = max_t_test(moved, np.random.default_rng(0), permutations=60)
    assert after.best in np.flatnonzero(np.isclose(scores.mean(axis=1), scores.mean(axis=1).max()))
    if after.best == before.best:
        assert after.statistics == pytest.approx(before.statistics, rel=1e-6, abs=1e-9)


@given(tables)
@settings(max_examples=examples(50))
def test_p_values_are_probabilities_and_the_best_has_one(scores):
    found = max_t_test(scores, np.random.default_rng(0), permutations=60)
    assert found.p_values[found.best] == 1
    assert ((found.p_values >= 1 / 61) & (found.p_values <= 1)).all()
    assert scores[found.best].mean() == pytest.approx(scores.mean(axis=1).max())


@given(tables)
@settings(max_examples=examples(50))
def test_a_larger_statistic_never_has_the_larger_p_value_further_down(scores):
    found = max_t_test(scores, np.random.default_rng(0), permutations=60)
    means = scores.mean(axis=1)
    for i, j in permutations(range(len(scores)), 2):
        if means[i] > means[j] and found.statistics[i] < found.statistics[j]:
            assert found.p_values[i] >= found.p_values[j]


def test_the_same_generator_gives_the_same_p_values():
    scores = np.random.default_rng(0).normal(size=(4, 6))
    first, second = (max_t_test(scores, np.random.default_rng(7)) for _ in range(2))
    assert first.p_values.tolist() == second.p_values.tolist()


def test_only_very_many_scores_are_given_fewer_permutations_than_asked_for(monkeypatch):
    rng = np.random.default_rng(0)
    few = max_t_test([*rng.normal(size=(9, 10)), np.full(10, -9.0)], rng)
    assert few.p_values[9] == 1 / 10_001
    monkeypatch.setattr(permutation, "MOST_CELLS", 30_000)
    many = max_t_test([*rng.normal(size=(9, 10)), np.full(10, -9.0)], rng)
    assert many.p_values[9] == 1 / 1_000


@pytest.mark.slow
def test_ten_thousand_permutations_of_eight_by_ten_take_no_time():
    scores = np.random.default_rng(0).normal(size=(8, 10))
    start = time.process_time()
    max_t_test(scores, np.random.default_rng(0), permutations=10_000)
    assert time.process_time() - start < 2
