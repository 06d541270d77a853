"""A verdict says of each candidate one thing, and its bounds hold."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dlcli.statistics import best
from dlcli.statistics.best import Errors, collapses, judge
from tests.statistics.deepobs import sources

SOURCES = sources()


def judged(scores, margin=None, seed=0, **options):
    return judge(scores, margin, np.random.default_rng(seed), **options)


def statuses(verdict):
    return [standing.status for standing in verdict.standings]


@pytest.fixture(params=SOURCES)
def deepobs(request):
    return SOURCES[request.param]


def test_deepobs_shows_nobody_worse_on_fashion_mnist(deepobs):
    verdict = judged(list(deepobs["fmnist_2c2d"].values()))
    assert sorted(statuses(verdict)) == ["best", "open", "open"]


def test_deepobs_has_all_as_good_within_a_point_on_fashion_mnist(deepobs):
    verdict = judged(list(deepobs["fmnist_2c2d"].values()), 0.01)
    assert sorted(statuses(verdict)) == ["as_good", "as_good", "best"]
    assert verdict.decided


@pytest.mark.parametrize(
    ("problem", "best", "worse"),
    [("cifar100_allcnnc", "Momentum", "Adam"), ("tolstoi_char_rnn", "SGD", "Adam")],
)
def test_deepobs_separates_what_it_is_known_to_separate(deepobs, problem, best, worse):
    names = list(deepobs[problem])
    verdict = judged(list(deepobs[problem].values()))
    assert names[verdict.best] == best
    assert verdict.standings[names.index(worse)].status == "worse"


tables = hnp.arrays(
    float,
    st.tuples(st.integers(1, 5), st.integers(1, 12)),
    elements=st.integers(0, 40).map(lambda i: i / 40),
)


@given(tables, st.sampled_from([None, 0.01, 0.2, 2.0]), st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_no_two_parts_of_a_verdict_contradict_each_other(scores, margin, seed):
    verdict = judged(scores, margin, seed)
    means = scores.mean(axis=1)
    assert statuses(verdict).count("best") == 1
    assert verdict.standings[verdict.best].status == "best"
    assert means[verdict.best] == pytest.approx(means.max())
    assert verdict.decided == ("open" not in statuses(verdict))
    assert (verdict.detectable is None) or verdict.can_reject
    for mean, standing in zip(means, verdict.standings, strict=True):
        assert standing.lack == pytest.approx(means.max() - mean)
        assert standing.lack_high >= standing.lack >= 0
        match standing.status:
            case "best":
                assert (standing.lack, standing.p_value, standing.more) == (0, 1, None)
            case "worse":
                assert standing.p_value <= 0.05
                assert standing.lack > 0
                assert verdict.can_reject
                assert standing.more is None
            case "as_good":
                assert margin is not None
                assert standing.lack_high < margin
                assert standing.p_value > 0.05
                assert standing.more is None
            case "open":
                assert standing.p_value > 0.05
                assert margin is None or standing.lack_high >= margin
                if standing.more is not None:
                    fewest, most = standing.more
                    assert fewest >= 1
                    assert most is None or fewest <= most
                    assert verdict.replications + (most or fewest) >= 6


@pytest.mark.parametrize("replications", [5, 10, 40])
def test_the_bounds_of_all_candidates_hold_together(replications):
    rng = np.random.default_rng(replications)
    lacks = np.array([0, 0, 0.5, 1, 3])
    hold = 0
    for _ in range(100):
        noise = rng.normal(size=(5, replications)) * [[1], [3], [1], [2], [1]]
        found = judge(noise - lacks[:, None] + rng.normal(size=replications), 1.0, rng)
        hold += all(s.lack_high >= x for s, x in zip(found.standings, lacks, strict=True))
    assert hold >= stats.binom.ppf(1e-4, 100, 0.95)


def test_with_two_candidates_the_bound_is_students_one_sided():
    scores = np.random.default_rng(3).normal([[1], [0]], 1, size=(2, 12))
    gap = scores[0] - scores[1]
    expected = gap.mean() + stats.t.ppf(0.95, 11) * stats.sem(gap)
    assert judged(scores).standings[1].lack_high == pytest.approx(expected, rel=0.03)


def test_where_nothing_says_that_candidates_differ_no_number_is_named():
    rng = np.random.default_rng(0)
    for _ in range(10):
        verdict = judged(rng.normal(size=(8, 10)))
        for standing in verdict.standings:
            if standing.more is not None:
                assert standing.p_value <= 0.2
    assert judged(np.ones((3, 10))).standings[0].more is None


def test_with_a_margin_the_number_is_never_beyond_counting():
    rng = np.random.default_rng(1)
    verdict = judged(rng.normal(size=(8, 10)), 1.0)
    ranges = [s.more for s in verdict.standings if s.status == "open"]
    assert ranges
    assert all(found is None or found[1] is not None for found in ranges)


@pytest.mark.slow
@pytest.mark.parametrize("size", [0.0, 1.0])
def test_so_many_more_replications_decide(size):
    rng = np.random.default_rng(2)
    margin, decided, asked = 1.0, 0, 0
    while asked < 60:
        scores = rng.normal([[size], [0]], 1, size=(2, 10))
        verdict = judge(scores, margin, rng)
        other = verdict.standings[1 - verdict.best]
        if other.status != "open" or other.more is None:
            continue
        asked += 1
        more = other.more[1]
        again = rng.normal([[size], [0]], 1, size=(2, 10 + more))
        decided += judge(again, margin, rng).decided
    assert decided >= stats.binom.ppf(1e-4, 60, 0.75)


def test_what_is_detectable_is_detected_in_four_of_five():
    rng = np.random.default_rng(4)
    size = np.median([judge(rng.normal(size=(4, 10)), None, rng).detectable for _ in range(20)])
    shown = 0
    for _ in range(150):
        scores = rng.normal(size=(4, 10))
        scores[0] += size
        shown += judge(scores, None, rng).standings[1].status == "worse"
    assert stats.binom.ppf(1e-4, 150, 0.75) <= shown <= stats.binom.ppf(1 - 1e-4, 150, 0.9)


def test_one_replication_says_nothing():
    verdict = judged([[0.9], [0.1]], 0.05)
    assert statuses(verdict) == ["best", "open"]
    assert verdict.standings[1].lack_high == math.inf
    assert not verdict.can_reject
    assert verdict.detectable is None


def test_five_replications_cannot_show_anybody_worse_but_can_show_one_as_good():
    rng = np.random.default_rng(0)
    scores = np.array([[0.9], [0.9], [0.1]]) + 1e-4 * rng.normal(size=(3, 5))
    verdict = judged(scores, 0.01)
    assert sorted(statuses(verdict)) == ["as_good", "best", "open"]
    assert not verdict.can_reject


def test_a_lone_candidate_is_the_best():
    verdict = judged([[0.9, 0.8, 0.7]], 0.01)
    assert statuses(verdict) == ["best"]
    assert verdict.standings[0].lack_high == 0
    assert verdict.decided


def test_candidates_at_the_worst_score_in_all_replications_are_worse():
    rng = np.random.default_rng(0)
    scores = 0.9 + 0.01 * rng.normal(size=(4, 6))
    scores[2:] = 0.1
    verdict = judged(scores, 0.1)
    assert statuses(verdict)[2:] == ["worse", "worse"]
    assert set(statuses(verdict)[:2]) == {"best", "as_good"}


def test_larger_standard_errors_show_less():
    scores = np.random.default_rng(5).normal([[2], [0], [0]], 1, size=(3, 10))
    plain = judged(scores)
    assert "worse" in statuses(plain)
    table = np.ones((3, 3))
    floored = judged(scores, errors=Errors(table * 5, table * 19, table * 24))
    assert statuses(floored).count("open") == 2
    for before, after in zip(plain.standings, floored.standings, strict=True):
        assert after.lack_high >= before.lack_high
        assert after.p_value >= before.p_value
    small = judged(scores, errors=Errors(table * 1e-9, table * 19, table * 0))
    assert small == plain


def test_where_the_examples_alone_leave_it_open_more_replications_are_not_promised():
    scores = np.random.default_rng(6).normal([[0.1], [0]], 1, size=(2, 10))
    errors = Errors(np.full((2, 2), 1.0), np.full((2, 2), 19.0), np.full((2, 2), 0.9))
    more = judged(scores, 0.5, errors=errors).standings[1 - judged(scores).best].more
    assert more is None or more[1] is None


def test_rare_collapses_are_named():
    scores = 0.9 + 0.01 * np.random.default_rng(0).normal(size=(3, 20))
    assert collapses(scores) == ()
    scores[1, 4] = 0.1
    assert collapses(scores) == (1,)
    assert judged(scores).collapses == (1,)


@pytest.mark.parametrize("scores", [[[0.9, np.nan]], np.empty((2, 0)), [[np.inf]], [0.5]])
def test_a_missing_score_is_an_error(scores):
    with pytest.raises(ValueError, match="every candidate's score"):
        judged(scores)


def test_the_same_generator_gives_the_same_verdict():
    scores = np.random.default_rng(0).normal(size=(4, 30))
    assert judged(scores, 0.3, seed=7) == judged(scores, 0.3, seed=7)


def test_fifty_candidates_with_a_hundred_replications_take_a_second():
    scores = np.random.default_rng(0).normal(size=(50, 100))
    start = time.process_time()
    judged(scores, 0.1)
    assert time.process_time() - start < 3


def drawn_plainly(values, rng):
    """Return what `_drawn_t` does, for both directions of every difference at once."""
    candidates, replications = values.shape
    centred = values - values.mean(axis=1, keepdims=True)
    parts, left = [], best.DRAWS
    chunk = best.CELLS_AT_ONCE // (candidates**2 * (replications if replications <= 30 else 1))
    while left:
        size = min(chunk, left)
        left -= size
        if replications <= best.MANY_REPLICATIONS:
            drawn = centred @ rng.normal(size=(size, replications, replications))
            gaps = drawn[:, :, None] - drawn[:, None, :]
            mean, error = gaps.mean(axis=3), gaps.std(axis=3, ddof=1) / math.sqrt(replications)
        else:
            drawn = rng.normal(size=(size, replications)) @ centred.T
            mean = drawn[:, :, None] - drawn[:, None, :]
            spread = np.sqrt(np.square(centred[:, None] - centred[None]).sum(axis=2))
            freedom = replications - 1
            error = np.sqrt(rng.chisquare(freedom, size=(size, 1, 1)) / freedom) * spread
        with np.errstate(invalid="ignore"):
            parts.append(np.where(error > 1e-12 * np.abs(mean), mean / error, 0.0))
    return np.concatenate(parts)


@pytest.mark.parametrize("replications", [6, 10, 40])
def test_each_difference_is_drawn_once_and_counts_in_both_directions(replications):
    scores = np.random.default_rng(replications).normal(size=(5, replications))
    scores[3] = scores[4]  # never differ
    found = best._drawn_t(scores, np.random.default_rng(2))
    expected = drawn_plainly(scores, np.random.default_rng(2))
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("scatter", [1e-3, 1e-4, 3e-5, 1e-5])
def test_differences_that_hardly_scatter_are_not_clearer_than_their_number_allows(scatter):
    rng = np.random.default_rng(0)
    for _ in range(40):
        scores = np.array([0.9 + scatter * rng.normal(size=5), np.full(5, 0.4),
                           0.4 + 0.002 * rng.normal(size=5)])  # fmt: skip
        found = judge(scores, 0.01, rng)
        assert {standing.status for standing in found.standings} == {"best", "open"}
        assert min(standing.p_value for standing in found.standings) >= 2**-4
