"""Candidates that change the config: their networks, their rates, their trials' keys."""

from __future__ import annotations

import pytest

from dlcli.compare.plan.fingerprint import TrialKeys, problems_key
from dlcli.compare.plan.records import Trial
from dlcli.errors import UserError
from tests.compare.made import plan

VERSIONS = {"keras": "3", "tensorflow": "2"}
SGD = "compile: {optimizer: {SGD: {learning_rate: 0.01}}}\n"
FOUR = (
    SGD
    + """\
compare:
  candidates:
    - {label: plain}
    - {label: wide, set: {"model.layers[0].Dense.units": 8}}
    - {label: adam, compile: {optimizer: Adam}}
    - {label: fixed, set: {compile.optimizer.SGD.learning_rate: 0.5}}
"""
)


def keys(made):
    key = TrialKeys(made, VERSIONS)
    return [key(Trial(i, 0.1, 7)) for i, _ in enumerate(made.candidates)]


def test_candidates_that_differ_in_the_optimizer_share_a_network():
    made = plan(FOUR)
    assert [c.name for c in made.candidates] == ["plain", "wide", "adam", "fixed"]
    assert [c.network for c in made.candidates] == [0, 1, 0, 0]
    assert len(made.networks) == 2
    units = [n.config.model.layers[0].call.arguments["units"] for n in made.networks]
    assert units == [4, 8]


def test_the_rate_is_searched_unless_it_is_the_candidates_own():
    plain, wide, adam, fixed = plan(FOUR).candidates
    assert len(plain.rates) == len(wide.rates) > 5
    assert plain.written.arguments == {}
    assert len(adam.rates) > 5
    assert fixed.rates == (0.5,)


def test_a_candidate_has_the_trials_of_the_same_optimizer_in_the_short_form():
    short = plan("compare: {optimizers: [SGD, Adam]}")
    made = plan(FOUR)
    sgd, adam = keys(short)
    plain, wide, second, fixed = keys(made)
    assert (plain, second) == (sgd, adam)
    assert fixed == plain  # at the same rate
    assert wide not in (sgd, adam)
    assert problems_key(made, VERSIONS) == problems_key(short, VERSIONS)


def test_an_ablation_is_the_whole_model_and_the_model_without_each_layer():
    made = plan("compare: {ablate: [dense, bidirectional]}")
    names = [c.name for c in made.candidates]
    assert names == ["full model", "without dense", "without bidirectional"]
    layers = [[layer.id for layer in c.config.model.layers] for c in made.candidates]
    assert layers == [
        ["dense", "bidirectional", "dense_1"], ["bidirectional", "dense_1"], ["dense", "dense_1"],
    ]  # fmt: skip
    assert len(made.networks) == 3


def test_several_problems_have_networks_of_their_own():
    made = plan(FOUR, names=("one", "two"))
    assert [n.problem for n in made.networks] == [0, 0, 1, 1]
    assert [c.network for c in made.candidates] == [0, 1, 0, 0, 2, 3, 2, 2]


def test_optimizers_beside_candidates_are_refused():
    with pytest.raises(UserError, match="optimizers beside candidates"):
        plan(FOUR + "  optimizers: [SGD]\n")


def test_initializers_are_crossed_with_candidates():
    made = plan(FOUR + "  initializers: [HeNormal, GlorotUniform]\n")
    assert len(made.candidates) == 8
    assert made.candidates[0].name == "plain · HeNormal"
    assert len(made.networks) == 2
