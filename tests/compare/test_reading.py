"""Configs become problems, rivals and a plan, or say why they cannot be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlcli.compare.reading import (
    plan_comparison,
    read_problems,
    read_rivals,
    score_of,
    target_of,
)
from dlcli.config.yaml.nodes import Text
from dlcli.errors import UserError

CONFIG = """\
name: %s
data: {dataset: %s, validation: 0.2}
model: {layers: [{Dense: {units: %s}}, {Dense: {units: $classes, activation: softmax}}]}
compile: {metrics: [accuracy, f1]}
%s
"""


def config(name="one", compare="", *, dataset="iris", units=4):
    return Text(f"{name}.yaml", CONFIG % (name, dataset, units, compare and f"compare: {compare}"))


def test_the_first_configs_comparison_holds_for_all_and_the_others_are_told():
    sources = [config("one", "{seeds: 6}"), config("two", "{seeds: 9}"), config("three")]
    problems, settings, notes = read_problems(sources, ())
    assert [problem.name for problem in problems] == ["one", "two", "three"]
    assert settings.seeds == 6
    assert notes == ["two: its compare section is not used; that of one holds for all"]


def test_an_override_is_one_of_every_config():
    problems, _, _ = read_problems([config("one"), config("two")], ("fit.epochs=3",))
    assert [problem.config.fit.epochs for problem in problems] == [3, 3]


def test_chance_is_that_of_the_data():
    (problem,), _, _ = read_problems([config()], ())
    assert problem.metrics == ("accuracy", "f1")
    assert problem.validation_chance["accuracy"] == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.parametrize("read", [read_problems, read_rivals])
def test_two_configs_of_one_name_are_refused(read):
    with pytest.raises(UserError, match="two configs are called 'one'") as caught:
        read([config("one"), config("one", units=8)], ())
    assert "name: key" in caught.value.remedy


def test_without_a_validation_part_nothing_can_be_chosen():
    with pytest.raises(UserError, match="has no validation part") as caught:
        read_problems([config()], ("data.validation=0",))
    assert caught.value.remedy


def test_rivals_are_candidates_on_one_problem():
    problems, settings, _ = read_rivals([config("one"), config("two", units=8)], ())
    made = plan_comparison(problems, settings)
    assert len(problems) == 1
    assert [candidate.name for candidate in made.candidates] == ["one", "two"]
    units = [n.config.model.layers[0].call.arguments["units"] for n in made.networks]
    assert units == [4, 8]


def test_rivals_need_the_same_data_and_somebody_to_be_compared_with():
    with pytest.raises(UserError) as caught:
        read_rivals([config("one"), config("two", dataset="digits")], ())
    assert caught.value.remedy
    with pytest.raises(UserError, match="there is nothing to compare one with"):
        read_rivals([config("one")], ())


def test_the_score_is_the_first_metric_unless_one_is_named():
    problems, settings, _ = read_problems([config()], ())
    assert score_of(problems, settings).metric == "accuracy"
    problems, settings, _ = read_problems([config(compare="{score: f1}")], ())
    score = score_of(problems, settings)
    assert (score.metric, score.greater_is_better) == ("f1", True)


def test_a_score_is_read_at_the_best_epoch_or_at_the_last():
    problems, settings, _ = read_problems([config()], ())
    reads = {
        named: score_of(problems, replace(settings, score=named)).read
        for named in ("f1", "f1@best", "f1@last")
    }
    assert reads == {"f1": "best", "f1@best": "best", "f1@last": "last"}
    with pytest.raises(UserError, match="'f1@first' is no score"):
        score_of(problems, replace(settings, score="f1@first"))


def test_a_score_that_is_none_is_refused_with_what_was_meant():
    problems, settings, _ = read_problems([config()], ())
    with pytest.raises(UserError, match="acuracy") as caught:
        score_of(problems, replace(settings, score="acuracy"))
    assert "did you mean 'accuracy'" in str(caught.value)
    with pytest.raises(UserError, match="f1:none cannot rank") as caught:
        score_of(problems, replace(settings, score="f1:none"))
    assert caught.value.remedy


def test_a_target_is_one_of_the_score():
    problems, settings, _ = read_problems([config(compare="{target: {accuracy: 0.9}}")], ())
    assert target_of(settings, score_of(problems, settings)) == 0.9
    problems, settings, _ = read_problems([config(compare="{target: {f1: 0.9}}")], ())
    with pytest.raises(UserError, match="the target is for f1, but accuracy ranks"):
        target_of(settings, score_of(problems, settings))
