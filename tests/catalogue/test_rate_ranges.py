"""Every optimizer has a range of learning rates, with its source."""

from __future__ import annotations

import pytest

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.catalogue.rate_ranges import RANGES
from dlcli.compare.plan.candidates import default_rate, rate_range
from dlcli.compare.plan.rates import (
    grid,
    stated_range,
)
from tests.compare.plan.rated import optimizer

OWN = [
    name
    for name in load_catalogue().names("optimizers")
    if load_catalogue().find("optimizers", name).module
]
"""The optimizers of dlcli."""


@pytest.mark.parametrize("name", sorted(RANGES))
def test_every_range_has_a_source_and_seven_to_nine_points(name):
    found = RANGES[name]
    assert found.source
    assert found.low < found.high
    assert 7 <= len(grid(found, 0.5)) <= 9


def test_every_optimizer_of_keras_has_a_range():
    known = {"SGD"} | set(RANGES)
    for name in load_catalogue().names("optimizers"):
        entry = load_catalogue().find("optimizers", name)
        if entry.refused or name == "LossScaleOptimizer":
            continue
        assert name in known or stated_range(optimizer(name)) is not None
        assert default_rate(optimizer(name)) is not None


@pytest.mark.parametrize("name", OWN)
def test_an_optimizer_of_dlcli_states_its_range_and_source(name):
    found = rate_range(optimizer(name))
    assert found.source
    assert found.is_point or 8 <= len(grid(found, 0.5)) <= 9


def test_the_three_optimizers_in_keras_sgd_have_ranges_of_their_own():
    plain, momentum = rate_range(optimizer()), rate_range(optimizer(momentum=0.9))
    assert plain.high == 10 * momentum.high
    assert rate_range(optimizer(momentum=0.9, nesterov=True)) == RANGES["Nesterov"]
