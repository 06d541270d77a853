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


WIDE = """\
compare:
  optimizers:
    - {SGD: {}, search: {momentum: {low: 0.5, high: 0.99}}}
    - Adam
  search: {weight_decay: {low: 1e-5, high: 0.1, scale: log}}
  tries: 6
  seeds: 4
"""


def test_every_candidate_has_the_same_number_of_tries():
    made = plan(WIDE)
    assert [len(c.rates) for c in made.candidates] == [6, 6]
    assert [list(c.spaces) for c in made.candidates] == [
        ["learning_rate", "compile.optimizer.SGD.weight_decay", "compile.optimizer.SGD.momentum"],
        ["learning_rate", "compile.optimizer.Adam.weight_decay"],
    ]
    own = plan(WIDE.replace("  search: {weight_decay: {low: 1e-5, high: 0.1, scale: log}}\n", ""))
    sgd, adam = own.candidates
    assert (len(sgd.rates), len(adam.rates)) == (6, 6)
    assert not adam.is_wide
    assert plan(WIDE.replace("  tries: 6\n", "")).trials_of(made.candidates[0]) == 6 + 3 * 3
    assert len(plan(WIDE.replace("  tries: 6\n", "")).candidates[1].rates) == 16


def test_a_setting_is_a_candidate_with_its_values():
    made = plan(WIDE).candidates[0]
    tried = made.at(made.rates[2])
    values = dict(made.rates[2].values)
    arguments = tried.written.arguments
    assert arguments["momentum"] == values["compile.optimizer.SGD.momentum"]
    assert arguments["weight_decay"] == values["compile.optimizer.SGD.weight_decay"]
    assert tried.network == made.network
    assert tried.tried == ""  # only the optimizer is another
    assert tried.program != made.program
    assert made.at(0.1) is made


def test_a_setting_has_the_key_of_the_same_trial_without_a_search():
    wide = plan(WIDE)
    rate = wide.candidates[1].rates[0]
    decay = dict(rate.values)["compile.optimizer.Adam.weight_decay"]
    plain = plan(f"compare: {{optimizers: [SGD, {{Adam: {{weight_decay: {decay!r}}}}}]}}")
    keys_of = [TrialKeys(made, VERSIONS)(Trial(1, tried, 7))
               for made, tried in ((wide, rate), (plain, float(rate)))]  # fmt: skip
    assert keys_of[0] == keys_of[1]


def test_settings_at_one_rate_have_keys_of_their_own():
    made = plan(WIDE.replace("  tries", "  learning_rates: [0.1]\n  tries"))
    key = TrialKeys(made, VERSIONS)
    rates = made.candidates[0].rates
    assert len(rates) == 6
    assert {float(rate) for rate in rates} == {0.1}
    assert len({key(Trial(0, rate, 7)) for rate in rates}) == 6


def test_a_setting_that_an_optimizer_does_not_have_is_named():
    with pytest.raises(UserError, match="Adam cannot search momentm: Adam has no such argument"):
        plan("compare: {optimizers: [Adam], search: {momentm: [0.5, 0.9]}}")


def test_a_learning_rate_may_have_its_own_range():
    search = "{learning_rate: [0.1, 0.2], momentum: [0, 0.9]}"
    made = plan(f"compare: {{optimizers: [SGD], search: {search}}}")
    path = "compile.optimizer.SGD.momentum"
    found = {(float(rate), dict(rate.values)[path]) for rate in made.candidates[0].rates}
    assert found == {(0.1, 0), (0.1, 0.9), (0.2, 0), (0.2, 0.9)}
