"""The test behind "better than" claims as seldom as it says, and sees what there is to see."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcli.comparison.statistics.permutation import max_t_test
from dlcli.comparison.statistics.verdict import groups, verdict
from tests.comparison.statistics.deepobs import sources

SOURCES = sources()


def claims(scores: np.ndarray, rng: np.random.Generator) -> bool:
    """Whether any candidate is said to be worse than the best."""
    return bool((max_t_test(scores, rng, permutations=400).p_values <= 0.05).any())


KINDS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy-tailed": lambda rng, shape: rng.standard_t(2, size=shape),
    "tied at one": lambda rng, shape: np.minimum(1.0, np.round(rng.normal(0.99, 0.01, shape), 2)),
    "diverged": lambda rng, shape: np.where(
        rng.random(shape) < 0.15, 0.1, rng.normal(0.9, 0.01, shape)
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_candidates_of_equal_merit_are_told_apart_in_at_most_5_percent(kind, seeds):
    """300 repetitions: up to 26 claims (8.7 %) are within 3 standard errors of 5 %."""
    rng = np.random.default_rng(seeds)
    repetitions = 300
    found = sum(claims(KINDS[kind](rng, (8, seeds)), rng) for _ in range(repetitions))
    assert found <= stats.binom.ppf(0.9985, repetitions, 0.05)


@pytest.mark.slow
def test_one_hopeless_candidate_does_not_set_the_others_apart():
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(200):
        scores = rng.normal(size=(8, 10))
        scores[0] -= 20
        p_values = max_t_test(scores, rng, permutations=400).p_values
        found += bool((p_values[1:] <= 0.05).any())
    assert found <= stats.binom.ppf(0.9985, 200, 0.05)


@pytest.mark.slow
def test_a_candidate_better_by_1_5_sd_is_usually_seen():
    """Eight candidates, ten seeds: the protocol measured 79 % for the hardest comparison's kin."""
    rng = np.random.default_rng(1)
    seen = 0
    for _ in range(200):
        scores = rng.normal(size=(8, 10))
        scores[3] += 1.5
        test = max_t_test(scores, rng, permutations=400)
        seen += test.best == 3 and np.sum(test.p_values <= 0.05) >= 1
    assert seen / 200 >= 0.79 - 3 * np.sqrt(0.79 * 0.21 / 200)


def test_the_result_does_not_depend_on_the_order_or_scale_of_the_candidates():
    rng = np.random.default_rng(2)
    scores = rng.normal(size=(5, 8)) + np.arange(5)[:, None]
    plain = max_t_test(scores, np.random.default_rng(0), permutations=500)
    order = rng.permutation(5)
    shuffled = max_t_test(3 * scores[order] + 7, np.random.default_rng(0), permutations=500)
    np.testing.assert_allclose(shuffled.p_values, plain.p_values[order])
    assert order[shuffled.best] == plain.best


def test_equal_scores_claim_nothing():
    test = max_t_test(np.ones((4, 10)), np.random.default_rng(0))
    np.testing.assert_array_equal(test.p_values, 1)
    assert verdict(np.ones((4, 10)), test.p_values).answer == "no difference shown"


def test_two_or_three_seeds_can_show_nothing_and_it_is_said():
    scores = np.array([[1.0, 1.1, 1.2], [0.0, 0.1, 0.3]])
    found = groups(scores, np.random.default_rng(0))
    assert verdict(scores, found.p_values).answer == "too few seeds"


def test_a_clear_winner_stands_alone_and_the_rest_shares_its_letter():
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(4, 10))
    scores[2] += 10
    found = groups(scores, rng)
    assert verdict(scores, found.p_values).answer == "winner"
    assert (found.letters[2], found.ranks[2]) == ("a", 1)
    assert set(np.delete(found.letters, 2)) == {"b"}


@pytest.mark.parametrize("source", SOURCES)
def test_published_runs_show_no_winner_on_fashion_mnist(source):
    scores = np.array(list(SOURCES[source]["fmnist_2c2d"].values()))
    assert scores.shape == (3, 10)
    found = groups(scores, np.random.default_rng(0))
    assert verdict(scores, found.p_values).answer == "no difference shown"


@pytest.mark.parametrize(
    ("problem", "better", "worse"),
    [("cifar100_allcnnc", "Momentum", "Adam"), ("tolstoi_char_rnn", "SGD", "Adam")],
)
@pytest.mark.parametrize("source", SOURCES)
def test_published_runs_that_differ_are_told_apart(source, problem, better, worse):
    runs = SOURCES[source][problem]
    scores = np.array([runs[better], runs[worse]])
    found = groups(scores, np.random.default_rng(0))
    assert found.letters == ("a", "b")
