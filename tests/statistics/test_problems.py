"""Several problems go onto one scale, into one interval and into profiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dlcli.statistics.problems import (
    aggregate_interval,
    judge_jointly,
    normalise,
    score_profile,
)


def test_normalised_scores_are_zero_at_chance_and_one_at_the_best_mean():
    found = normalise([[0.9, 0.9], [0.5, 0.5], [0.1, 0.1]], floor=0.1)
    assert found == pytest.approx(np.array([[1, 1], [0.5, 0.5], [0, 0]]))


def test_without_a_floor_the_worst_candidate_is_zero():
    found = normalise([[-2.0, -2.0], [-3.0, -5.0]])
    assert found == pytest.approx(np.array([[1, 1], [0.5, -0.5]]))


def test_candidates_that_are_all_alike_are_all_at_one():
    assert (normalise([[0.5, 0.5], [0.5, 0.5]]) == 1).all()


@given(st.floats(-10, 10), st.floats(0.1, 10))
def test_the_unit_of_a_problem_does_not_matter(shift, scale):
    scores = np.random.default_rng(0).normal([[0], [1], [5]], size=(3, 4))
    assert normalise(scores * scale + shift) == pytest.approx(normalise(scores))


def test_the_interval_of_the_aggregate_covers_the_true_interquartile_mean():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        runs = [rng.normal(0.7, 0.1, 10) for _ in range(3)]
        found = aggregate_interval(runs, rng, resamples=400)
        covered += found.low <= 0.7 <= found.high
    assert covered >= 0.88 * 300


def test_seeds_are_resampled_within_their_problem():
    found = aggregate_interval([[0.1] * 4, [0.5] * 4, [0.9] * 4], np.random.default_rng(0))
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_problems_may_have_different_numbers_of_seeds():
    found = aggregate_interval([[1, 2, 3], [1, 2], [2, 3, 4, 5]], np.random.default_rng(0))
    assert 1 <= found.low < found.high <= 5


def test_very_many_runs_get_fewer_resamples_and_an_interval_that_is_right():
    rng = np.random.default_rng(0)
    runs = [rng.normal(0.7, 0.1, 1000) for _ in range(3)]
    found = aggregate_interval(runs, rng)
    exact = stats.bootstrap(
        (np.concatenate(runs),), lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        n_resamples=4000, method="percentile", rng=rng, batch=500,
    ).confidence_interval  # fmt: skip
    half = (exact.high - exact.low) / 2
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.15 * half)


def test_two_problems_are_not_aggregated():
    with pytest.raises(ValueError, match="at least 3 problems"):
        aggregate_interval([[1.0], [2.0]], np.random.default_rng(0))


def test_a_score_profile_is_the_share_of_runs_above_the_threshold():
    first = [[0.1, 0.5, 0.9, 0.9], [0.2, 0.2, 0.2, 0.2]]
    second = [[1.0, 1.0], [0.0, 1.0]]
    found = score_profile([first, second], [0.0, 0.5, 1.0])
    assert found == pytest.approx(np.array([[1, 0.75, 0], [0.75, 0.25, 0]]))
    assert (np.diff(found, axis=1) <= 0).all()


def by_problem(rng, problems, candidates=6, replications=10):
    """Return scores of candidates that are equal over problems and differ on each of them."""
    return [
        rng.normal(size=(candidates, 1)) + 0.3 * rng.normal(size=(candidates, replications))
        for _ in range(problems)
    ]


@pytest.mark.parametrize("problems", [5, 8, 20])
def test_candidates_that_differ_by_problem_alone_are_not_told_apart_over_all(problems):
    rng = np.random.default_rng(problems)
    found = 0
    for _ in range(100):
        joint = judge_jointly(by_problem(rng, problems), None, rng)
        assert joint.generalizes
        assert joint.verdict.replications == problems
        found += any(s.status == "worse" for s in joint.verdict.standings)
    assert found <= stats.binom.ppf(1 - 1e-4, 100, 0.05)


def test_one_that_is_better_on_every_problem_is_shown():
    rng = np.random.default_rng(0)
    scores = by_problem(rng, 10)
    for table in scores:
        table[2] += 8
    verdict = judge_jointly(scores, None, rng).verdict
    assert verdict.best == 2
    assert [s.status for s in verdict.standings].count("worse") == 5


def test_few_problems_are_judged_by_replication_and_speak_for_themselves_alone():
    rng = np.random.default_rng(1)
    scores = [rng.normal([[5], [0], [0]], 1, size=(3, n)) for n in (10, 8, 12)]
    joint = judge_jointly(scores, None, rng)
    assert not joint.generalizes
    assert joint.verdict.replications == 8
    assert joint.verdict.best == 0
    assert [s.status for s in joint.verdict.standings] == ["best", "worse", "worse"]
    with pytest.raises(ValueError, match="no problem"):
        judge_jointly([], None, rng)
