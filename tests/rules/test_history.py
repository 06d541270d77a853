"""Advice at the end of a training: from histories that are made up, and from real ones."""

from __future__ import annotations

import math
import re

import pytest

from dlcli.rules.course import Course, LayerSignal, RunScore
from tests.rules.judged import OF_HISTORIES, judged

SIZES = {"train": 1000, "validation": 200, "test": 200}
GOOD = RunScore("accuracy", 0.97, 0.96, 0.1, 1.0, True)


def course(losses, validated=None, *, score=GOOD, **more):
    """Return a training with some losses; its rate is constant."""
    rows = [{"epoch": i, "loss": loss, "learning_rate": 0.1} for i, loss in enumerate(losses, 1)]
    for row, value in zip(rows, validated or [], strict=False):
        row["val_loss"] = value
    return Course(rows, score, SIZES | more.pop("sizes", {}), **more)


def told(made, epochs=10, optimizer="{SGD: {learning_rate: 0.1}}"):
    judge = judged(f"compile: {{optimizer: {optimizer}}}\nfit: {{epochs: {epochs}}}")
    return {rule.name: finding for rule, finding in judge.findings("history", made)}


FALLING = [2.0, 1.0, 0.6, 0.4, 0.3, 0.26, 0.25, 0.245, 0.244, 0.2439]
FIRES = {
    "not-a-number": course([2.0, 3.0, math.nan, math.nan], diverged=True),
    "loss-rises": course([2.0, 2.1, 2.4, 2.6]),
    "chance-level": course(FALLING, score=RunScore("accuracy", 0.11, 0.1, 0.1, 1.0, True)),
    "exploding-gradients": course(FALLING, signals=[LayerSignal("a", gradient=4.0)]),
    "vanishing-gradients": course(
        FALLING, signals=[LayerSignal("a", gradient=1e-7), LayerSignal("b", gradient=0.1)]
    ),
    "dead-units": course(FALLING, signals=[LayerSignal("a", dead=0.9, units=64)]),
    "loss-jumps": course([2.0, 1.0, 1.5, 0.9, 1.4, 0.8, 1.3, 0.9]),
    "overfitting": course(FALLING, [2.0, 1.0, 0.7, 0.6, 0.62, 0.7, 0.75, 0.8, 0.85, 0.9]),
    "train-validation-gap": course(FALLING, score=RunScore("accuracy", 1.0, 0.7, 0.1, 1.0, True)),
    "loss-hardly-falls": course(
        [2.3, 2.299, 2.298], score=RunScore("accuracy", 0.2, 0.2, 0.1, 1.0, True)
    ),
    "still-improving": course([2.0, 1.8, 1.6, 1.4, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6]),
}
NEARLY = {
    "not-a-number": course(FALLING),
    "loss-rises": course([2.0, 2.1, 1.9, 2.05]),
    "chance-level": course(FALLING, score=RunScore("accuracy", 0.13, 0.1, 0.1, 1.0, True)),
    "exploding-gradients": course(FALLING, signals=[LayerSignal("a", gradient=2.0)]),
    "vanishing-gradients": course(
        FALLING, signals=[LayerSignal("a", gradient=1e-4), LayerSignal("b", gradient=0.1)]
    ),
    "dead-units": course(
        FALLING,
        signals=[LayerSignal("a", dead=0.45, units=64), LayerSignal("b", dead=1.0, units=4)],
    ),
    "loss-jumps": course([2.0, 1.0, 1.5, 0.9, 0.8, 0.7, 0.65, 0.6, 0.55, 0.5]),
    "overfitting": course(FALLING, [2.0, 1.0, 0.7, 0.6, 0.61, 0.62, 0.61, 0.63, 0.62, 0.63]),
    "train-validation-gap": course(FALLING, score=RunScore("accuracy", 1.0, 0.8, 0.1, 1.0, True)),
    "loss-hardly-falls": course(
        [0.05, 0.0499, 0.0498], score=RunScore("accuracy", 0.99, 0.99, 0.1, 1.0, True)
    ),
    "still-improving": course(FALLING),
}


def test_every_rule_has_a_history_that_fires_it_and_one_that_nearly_does():
    names = {rule.name for rule in OF_HISTORIES}
    assert set(FIRES) == set(NEARLY) == names


@pytest.mark.parametrize("name", FIRES)
def test_a_history_fires_its_rule_which_says_what_to_try(name):
    finding = told(FIRES[name], epochs=FIRES[name].epochs)[name]
    assert re.search(r"\b[a-z_]+: \S", finding.hint)


@pytest.mark.parametrize("name", NEARLY)
def test_a_history_that_nearly_fires_a_rule_does_not(name):
    assert name not in told(NEARLY[name], epochs=NEARLY[name].epochs)


def test_a_turn_is_told_with_the_epoch_from_which_it_counts():
    assert "lowest in epoch 4 (0.6)" in told(FIRES["overfitting"])["overfitting"].message


def test_a_loss_is_told_with_the_epoch_from_which_it_is_none():
    assert "from epoch 3 on" in told(FIRES["not-a-number"])["not-a-number"].message


def test_a_few_validation_examples_say_nothing_of_overfitting():
    few = course(FALLING, [2.0, 1.0, 0.7, 0.6, 0.62, 0.7, 0.75, 0.8, 0.85, 0.9],
                 sizes={"validation": 20})  # fmt: skip
    assert told(few) == {}


def test_a_training_that_was_stopped_or_whose_schedule_ended_is_not_told_to_go_on():
    falling = FIRES["still-improving"]
    assert "still-improving" not in told(falling, epochs=30)
    ended = [dict(row) for row in falling.rows]
    ended[-1]["learning_rate"] = 1e-5
    assert "still-improving" not in told(Course(ended, GOOD, SIZES))


def test_a_regressions_chance_is_the_mean():
    at_mean = RunScore("mae", 27.7, 27.9, 27.8, 0.0, False)
    better = RunScore("mae", 20.0, 22.0, 27.8, 0.0, False)
    assert "chance-level" in told(course(FALLING, score=at_mean))
    assert "chance-level" not in told(course(FALLING, score=better))


def test_where_all_is_well_nothing_is_said():
    assert told(course(FALLING, [x + 0.02 for x in FALLING])) == {}
