"""The verdict says what the seeds can tell, on simulated scores and on DeepOBS's published runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcli.comparison.statistics.pairing import paired_t_p_value
from dlcli.comparison.statistics.permutation import max_t_test
from dlcli.comparison.statistics.verdict import groups, verdict
from tests.comparison.statistics.deepobs import EXCERPT, sources
from tests.helpers import examples

SOURCES = sources()


def judged(scores, seed=0):
    rng = np.random.default_rng(seed)
    found = groups(scores, rng)
    return found, verdict(scores, found.p_values)


@pytest.fixture(params=SOURCES)
def deepobs(request):
    return SOURCES[request.param]


def judged_problem(problem):
    names = list(problem)
    found, answer = judged(list(problem.values()))
    return dict(zip(names, found.letters, strict=True)), names[answer.best], answer


def test_deepobs_shows_no_winner_on_fashion_mnist(deepobs):
    letters, _, answer = judged_problem(deepobs["fmnist_2c2d"])
    assert set(letters.values()) == {"a"}
    assert answer.answer == "no difference shown"
    assert answer.seeds_needed > 50


def test_the_plain_paired_t_would_claim_one_on_fashion_mnist(deepobs):
    scores = {name: np.array(s) for name, s in deepobs["fmnist_2c2d"].items()}
    assert paired_t_p_value(scores["Adam"] - scores["Momentum"]) < 0.05


def test_deepobs_separates_momentum_from_adam_on_cifar_100(deepobs):
    letters, best, answer = judged_problem(deepobs["cifar100_allcnnc"])
    assert (best, answer.answer) == ("Momentum", "winner")
    assert letters == {"Momentum": "a", "Adam": "b", "SGD": "b"}


def test_deepobs_separates_sgd_from_adam_on_the_character_rnn(deepobs):
    letters, best, answer = judged_problem(deepobs["tolstoi_char_rnn"])
    assert (best, answer.answer) == ("SGD", "winner")
    assert letters["Adam"] == "b"


def test_the_excerpt_is_what_was_published(deepobs):
    for problem, candidates in EXCERPT.items():
        assert deepobs[problem] == candidates
    for name, mean, sd in [("SGD", 92.27, 0.18), ("Momentum", 92.14, 0.21), ("Adam", 92.34, 0.29)]:
        scores = 100 * np.array(deepobs["fmnist_2c2d"][name])
        assert (scores.mean(), scores.std(ddof=1)) == pytest.approx((mean, sd), abs=0.006)


def test_a_clear_winner_is_alone_in_its_group():
    scores = np.random.default_rng(0).normal([[0], [8], [0]], size=(3, 10))
    found, answer = judged(scores)
    assert found.ranks.tolist() == [2, 1, 2]
    assert found.letters == ("b", "a", "b")
    assert answer.answer == "winner"
    assert answer.undecided == ()
    assert answer.seeds_needed is None


def test_groups_follow_one_another_like_places_in_a_race():
    scores = np.random.default_rng(1).normal([[0], [0], [50], [50], [100]], size=(5, 10))
    found, _ = judged(scores)
    assert found.ranks.tolist() == [4, 4, 2, 2, 1]
    assert found.letters == ("c", "c", "b", "b", "a")


def test_the_p_values_of_the_groups_are_those_of_the_test():
    scores = np.random.default_rng(2).normal(size=(4, 6))
    expected = max_t_test(scores, np.random.default_rng(0)).p_values
    assert judged(scores)[0].p_values.tolist() == expected.tolist()


def test_too_few_seeds_say_so_and_how_many_would_do():
    _, answer = judged([[0.9, 0.91, 0.92], [0.8, 0.82, 0.81]])
    assert answer.answer == "too few seeds"
    assert answer.smallest_p_value == pytest.approx(0.25)
    assert answer.seeds_needed == 6
    assert answer.undecided == (1,)


def test_equal_scores_need_no_number_of_seeds():
    _, answer = judged(np.ones((3, 10)))
    assert (answer.answer, answer.seeds_needed) == ("no difference shown", None)
    assert answer.undecided == (1, 2)


def test_one_seed_can_tell_nothing():
    _, answer = judged([[0.9], [0.5], [0.1]])
    assert (answer.answer, answer.seeds_needed, answer.best) == ("too few seeds", None, 0)


def test_one_candidate_is_no_comparison():
    assert judged([[0.9, 0.8]])[1].answer == "one candidate"


def test_the_needed_seeds_are_more_than_there_are():
    scores = np.random.default_rng(3).normal([[0], [0.9]], size=(2, 8))
    _, answer = judged(scores)
    assert answer.seeds_needed is None or answer.seeds_needed > 8


def test_letters_do_not_run_out():
    scores = np.arange(30.0)[::-1, None] * 1000 + np.random.default_rng(0).normal(size=(30, 6))
    found = groups(scores, np.random.default_rng(0), permutations=99)
    assert found.letters[-1] > ""
    assert found.ranks[0] == 1


@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 1000))
@settings(max_examples=examples(40), deadline=None)
def test_everyone_has_a_rank_and_the_best_the_first(candidates, seeds, seed):
    scores = np.random.default_rng(seed).normal(size=(candidates, seeds)).round(1)
    found = groups(scores, np.random.default_rng(0), permutations=99)
    assert found.ranks[scores.mean(axis=1).argmax()] == 1
    assert all(found.letters)
    by_letter = sorted(zip(found.letters, found.ranks.tolist(), strict=True))
    assert [r for _, r in by_letter] == sorted(found.ranks.tolist())
