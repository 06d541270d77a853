"""Which algorithm an optimizer is."""

from __future__ import annotations

import pytest

from dlcli.catalogue.family import family


@pytest.mark.parametrize(
    ("optimizer", "arguments", "name"),
    [
        ("SGD", {}, "SGD"),
        ("SGD", {"momentum": 0.0, "nesterov": True}, "SGD"),
        ("SGD", {"momentum": 0.9}, "Momentum"),
        ("SGD", {"momentum": 0.9, "nesterov": True}, "Nesterov"),
        ("Adam", {"beta_1": 0.9}, "Adam"),
    ],
)
def test_keras_sgd_is_three_optimizers_in_one(optimizer, arguments, name):
    assert family(optimizer, arguments) == name
