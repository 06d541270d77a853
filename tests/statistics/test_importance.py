"""What settings explain is right where it is known, and nothing is said of noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from dlcli.statistics.importance import FEWEST, importance


def points(tries, settings=3, seed=0):
    return qmc.Halton(settings, seed=seed).random(tries)


def test_the_shares_of_an_additive_score_are_those_of_its_terms():
    """The variance of a x + b y over a square is (a**2 + b**2) / 12: shares of 0.8 and 0.2."""
    tried = points(200)
    found = importance(tried, 2 * tried[:, 0] + tried[:, 1])
    assert found.shares == pytest.approx([0.8, 0.2, 0.0], abs=0.08)
    assert found.explained > 0.9


def test_what_settings_do_together_is_no_ones_own():
    tried = points(200)
    found = importance(tried, np.sign(tried[:, 0] - 0.5) * np.sign(tried[:, 1] - 0.5))
    assert found.shares.sum() < 0.3


def test_few_tries_and_scores_that_are_all_alike_show_nothing():
    tried = points(FEWEST)
    assert importance(tried[:-1], tried[:-1, 0]) is None
    assert importance(tried, np.ones(FEWEST)) is None
    assert importance(tried[:, :1], tried[:, 0]) is None


@pytest.mark.slow
def test_of_noise_nothing_is_said_in_nineteen_of_twenty_searches_of_sixteen_tries():
    rng = np.random.default_rng(0)
    said = sum(importance(points(16, seed=i), rng.normal(size=16)) is not None for i in range(60))
    assert said <= 3


@pytest.mark.slow
def test_the_setting_that_matters_most_is_named_in_searches_of_sixteen_tries():
    """A score that falls off a cliff where the rate is too high, as a diverging training's does."""
    rng = np.random.default_rng(0)
    found = []
    for seed in range(20):
        tried = points(16, seed=seed)
        score = -2 * (tried[:, 0] - 0.6) ** 2 + 0.3 * tried[:, 1] + 0.05 * rng.normal(size=16)
        found.append(importance(tried, np.where(tried[:, 0] > 0.8, -2.0, score)))
    shown = [each.shares for each in found if each is not None]
    assert len(shown) >= 17
    assert all(shares.argmax() == 0 for shares in shown)
