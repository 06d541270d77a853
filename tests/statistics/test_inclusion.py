"""An optimizer that loses to a special case of itself is found out."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.statistics.inclusion import INCLUSIONS, contains, under_tuned


def test_containing_is_handed_on():
    assert len(contains("Adam", "SGD")) == 2
    assert len(contains("AdamW", "SGD")) == 3
    assert len(contains("Adam", "Momentum")) == 1


def test_nothing_contains_itself_and_no_two_contain_each_other():
    names = {name for pair in INCLUSIONS for name in pair}
    for general in names:
        assert not contains(general, general)
        for special in names - {general}:
            assert not (contains(general, special) and contains(special, general))
    assert not contains("Lion", "SGD")


@pytest.mark.parametrize("pair", INCLUSIONS)
def test_every_inclusion_names_its_source(pair):
    assert "20" in INCLUSIONS[pair]


def test_an_adam_that_clearly_loses_to_sgd_is_under_tuned():
    rng = np.random.default_rng(0)
    scores = rng.normal([[0.9], [0.8], [0.95]], 0.01, size=(3, 10))
    (found,) = under_tuned(["SGD", "Adam", "Lion"], scores)
    assert (found.general, found.special, found.significant) == (1, 0, True)
    assert found.difference == pytest.approx((scores[0] - scores[1]).mean())
    assert len(found.sources) == 2


def test_a_loss_within_chance_is_flagged_as_such():
    first = np.array([0.90, 0.91, 0.89, 0.90])
    scores = [first, first + np.array([0.02, -0.01, 0.01, -0.01])]
    (found,) = under_tuned(["Momentum", "SGD"], scores)
    assert not found.significant
    assert found.p_value > 0.05


def test_one_seed_flags_the_loss_without_a_p_value():
    (found,) = under_tuned(["Momentum", "SGD"], [[0.8], [0.9]])
    assert np.isnan(found.p_value)
    assert not found.significant


def test_no_loss_no_flag():
    assert under_tuned(["Adam", "SGD"], [[0.9, 0.9], [0.9, 0.9]]) == ()
    assert under_tuned(["Adam", "Lion"], [[0.1, 0.2], [0.9, 0.9]]) == ()
    assert under_tuned([], np.empty((0, 3))) == ()
