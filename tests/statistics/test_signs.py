"""The sign-flip max-T test: exact for a pair, closed, calibrated where the spreads differ."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dlcli.statistics.power import FEWEST_REPLICATIONS
from dlcli.statistics.signs import (
    PairIndices,
    closed_p_values,
    differences,
    sign_flips,
    skewness_corrected,
    smallest_sign_p_value,
    student,
)


def closed(scores, seed=0, **options):
    values = np.asarray(scores, float)
    best = int(values.mean(axis=1).argmax())
    candidates = len(values)
    against = PairIndices(np.full(candidates, best), np.arange(candidates))
    plain = student(differences(values, against), np.ones((1, values.shape[1])))[0][0]
    return closed_p_values(values, best, plain, np.random.default_rng(seed), **options)


def most_claims(repetitions, level=0.05):
    """Return what a test at this level exceeds in one of ten thousand such simulations."""
    return stats.binom.ppf(1 - 1e-4, repetitions, level)


@pytest.mark.parametrize("replications", [6, 9, 12])
def test_with_two_candidates_it_is_the_exact_sign_flip_test_of_scipy(replications):
    rng = np.random.default_rng(replications)
    first, second = rng.exponential(size=(2, replications)) + np.array([[0.8], [0]])
    exact = stats.permutation_test(
        (first, second),
        lambda a, b, axis: np.abs(stats.ttest_rel(a, b, axis=axis).statistic),
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    assert closed([first, second]).min() == pytest.approx(exact)


def naive(scores):
    """Return the p-values by closure over all sets of candidates that hold the best."""
    candidates, replications = scores.shape
    best = int(scores.mean(axis=1).argmax())

    def sizes(values, i, j, corrected):
        gap = values[i] - values[j]
        t = stats.ttest_1samp(gap, 0).statistic
        if not corrected:
            return abs(t)
        skewness = np.array(stats.skew(gap))
        return float(skewness_corrected(np.array(t), skewness, replications))

    p = np.zeros(candidates)
    others = [i for i in range(candidates) if i != best]
    ways = [np.array((1, *rest)) for rest in product((1, -1), repeat=replications - 1)]
    for size in range(1, candidates):
        for chosen in combinations(others, size):
            kept = [best, *chosen]
            observed = max(sizes(scores, best, i, size > 1) for i in chosen)
            largest = [
                max(sizes(scores * way, i, j, size > 1) for i, j in combinations(kept, 2))
                for way in ways
            ]
            share = np.mean(np.array(largest) >= observed * (1 - 1e-9))
            for i in chosen:
                p[i] = max(p[i], share)
    p[best] = 1
    return p


@pytest.mark.parametrize("seed", range(3))
def test_leaving_out_the_clearest_one_by_one_is_the_closure_over_all_sets(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal([[1.5], [1], [0], [-2]], 1, size=(4, 7))
    assert closed(scores) == pytest.approx(naive(scores))


def test_a_candidate_far_below_does_not_hide_the_difference_of_the_first_two():
    rng = np.random.default_rng(1)
    shown = pair = errors = 0
    for _ in range(200):
        noise = rng.normal(size=(8, 10))
        scores = noise + np.array([0, -1.3, *[-3.0] * 6])[:, None]
        shown += scores.mean(axis=1).argmax() == 0 and closed(scores)[1] <= 0.05
        pair += closed(scores[:2]).min() <= 0.05
        noise[2:] -= 3
        errors += closed(noise)[:2].min() <= 0.05
    assert shown >= 0.9 * pair
    assert shown >= stats.binom.ppf(1e-3, 200, 0.67)
    assert errors <= most_claims(200)


def spread(rng, shape):
    scores = rng.normal(size=shape)
    scores[0] *= 5
    return scores


def collapsing(rng, shape):
    scores = rng.normal(size=shape)
    scores[0] += 0.3 - 6 * (rng.random(shape[1]) < 0.05)
    return scores


def opposite(rng, shape):
    scores = rng.exponential(size=shape) - 1
    scores[::2] *= -1
    return scores


@pytest.mark.slow
@pytest.mark.parametrize("draw", [spread, collapsing, opposite])
@pytest.mark.parametrize("shape", [(8, 6), (8, 10), (8, 20), (15, 10)])
def test_unequal_spreads_are_told_apart_in_at_most_seven_per_cent(draw, shape):
    rng = np.random.default_rng(2)
    found = sum(closed(draw(rng, shape), most=1024).min() <= 0.05 for _ in range(500))
    assert found <= most_claims(500, 0.07)


@pytest.mark.parametrize(("replications", "count"), [(1, 1), (6, 32), (13, 4096), (20, 4096)])
def test_flips_are_all_there_are_or_as_many_as_asked_for_the_first_being_none(replications, count):
    signs = sign_flips(replications, np.random.default_rng(0))
    assert signs.shape == (count, replications)
    assert (signs[0] == 1).all()
    assert (signs[:, 0] == 1).all()
    assert set(np.unique(signs)) <= {-1.0, 1.0}
    if replications <= 13:
        assert len(np.unique(signs, axis=0)) == count


def test_six_replications_are_needed_to_show_anything():
    assert smallest_sign_p_value(5) > 0.05 > smallest_sign_p_value(6)
    assert FEWEST_REPLICATIONS == 6
    scores = np.random.default_rng(0).normal([[9], [0]], 1, size=(2, 6))
    assert closed(scores).min() == smallest_sign_p_value(6)
    assert closed(scores[:, :5]).min() == smallest_sign_p_value(5)


def test_an_early_look_that_spends_little_can_still_show_a_clear_difference():
    scores = np.random.default_rng(0).normal([[20], [0], [0]], 1, size=(3, 10))
    assert closed(scores)[1:].min() == 1 / 512
    early = closed(scores, alpha=1e-4)
    assert (early[1:] < 1e-4).all()
    gap = scores[0] - scores[1:]
    tails = stats.t.sf(stats.ttest_1samp(gap, 0, axis=1).statistic, 9)
    assert early[1:].max() >= 2 * tails.max()


tables = hnp.arrays(
    float,
    st.tuples(st.integers(2, 5), st.integers(2, 7)),
    elements=st.integers(-20, 20).map(lambda i: i / 8),
)


@given(tables)
@settings(max_examples=60)
def test_p_values_are_probabilities_and_the_best_has_one(scores):
    p = closed(scores)
    assert p[scores.mean(axis=1).argmax()] == 1
    assert ((p >= smallest_sign_p_value(scores.shape[1])) & (p <= 1)).all()


@given(tables, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_the_candidates_does_not_matter(scores, random):
    means = scores.mean(axis=1)
    if (np.sort(means)[-2:] == means.max()).all():
        return
    order = list(range(len(scores)))
    random.shuffle(order)
    assert closed(scores)[order] == pytest.approx(closed(scores[order]))


@given(tables, st.integers(-50, 50), st.sampled_from([0.25, 2.0, 1024.0]))
@settings(max_examples=60)
def test_what_a_replication_adds_to_all_and_the_unit_do_not_matter(scores, shift, scale):
    moved = scores * scale + shift * np.arange(scores.shape[1])
    if scores.mean(axis=1).argmax() == moved.mean(axis=1).argmax():
        assert closed(moved) == pytest.approx(closed(scores))


@pytest.mark.parametrize(
    "scores",
    [
        np.ones((8, 10)),
        np.tile(np.linspace(0.1, 0.9, 10), (4, 1)),
        np.array([[0.1 + 0.2, 0.3], [0.3, 0.1 + 0.2]]),
    ],
    ids=["all at 1", "the same scores", "rounding errors"],
)
def test_nothing_to_tell_apart_gives_p_of_one(scores):
    assert (closed(scores) == 1).all()
