"""Settings that people type become the config's own grammar."""

from __future__ import annotations

import pytest

from dlcli.compare.plan.settings import as_overrides
from dlcli.errors import UserError


def test_options_stand_for_overrides():
    flags = {
        "optimizers": "SGD, SGD(momentum=0.9, nesterov=true),Adam", "seeds": 3, "budget": None,
        "target": "accuracy=0.9", "prune": True, "epochs": 2, "learning_rates": "[0.1]",
    }  # fmt: skip
    assert as_overrides(flags) == [
        "compare.optimizers=[SGD, {SGD: {momentum: 0.9, nesterov: true}},Adam]",
        "compare.seeds=3",
        "compare.target={accuracy: 0.9}",
        "compare.prune=true",
        "fit.epochs=2",
        "compare.learning_rates=[0.1]",
    ]
    with pytest.raises(UserError):
        as_overrides({"target": "0.9"})


def test_a_list_of_candidates_is_what_their_line_is():
    listed = as_overrides({"optimizers": ["SGD", "Adam(epsilon=0.1)"], "learning_rates": [0.1, 1]})
    assert listed == [
        "compare.optimizers=[SGD, {Adam: {epsilon: 0.1}}]", "compare.learning_rates=[0.1, 1]",
    ]  # fmt: skip
