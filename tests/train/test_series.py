"""What the scores of several runs say together."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from scipy import stats

from dlcli.config.yaml.nodes import Text
from dlcli.errors import UserError
from dlcli.train.fit import TrainingResult
from dlcli.train.series import LARGEST, SeededRun, seeds_of, spread, spreads
from tests.helpers import SMALL

CONFIG = Text("small.yaml", SMALL)


def runs(*scores):
    return [
        SeededRun(seed, Path(f"run-{seed}"), TrainingResult([], each, diverged=False))
        for seed, each in enumerate(scores)
    ]


def test_the_interval_is_scipys_t_interval():
    values = [2.5, 3.0, 4.5, 3.5]
    found = spread("loss", values)
    assert found.interval == pytest.approx(
        stats.t.interval(0.95, 3, loc=3.375, scale=stats.sem(values))
    )
    assert (found.mean, found.least, found.greatest) == (3.375, 2.5, 4.5)


def test_the_interval_of_an_accuracy_ends_at_1():
    low, high = spread("accuracy", [0.9, 0.99, 1.0]).interval
    assert 0.8 < low < 0.9
    assert high == 1.0
    assert spread("loss", [0.9, 0.99, 1.0]).interval[1] > 1.0


def test_what_is_not_finite_is_in_no_number_but_stays_among_the_values():
    found = spread("loss", [1.0, math.nan, 3.0, math.inf])
    assert (found.mean, found.least, found.greatest) == (2.0, 1.0, 3.0)
    assert math.isnan(found.values[1])
    nothing = spread("loss", [math.nan, math.nan])
    assert math.isnan(nothing.mean)
    assert nothing.interval is None


def test_validation_and_test_are_told_and_train_only_where_there_is_neither():
    score = {"loss": 1.0}
    whole = {"train": score, "validation": score, "test": score}
    assert list(spreads(runs(whole, whole))) == ["validation", "test"]
    assert list(spreads(runs({"train": score, "test": score}))) == ["test"]
    assert list(spreads(runs({"train": score}))) == ["train"]


def test_a_score_of_each_class_is_a_metric_for_each():
    found = spreads(runs({"test": {"f1:none": [0.2, None]}}, {"test": {"f1:none": [0.4, 0.5]}}))
    assert found["test"].keys() == {"f1:none[0]", "f1:none[1]"}
    assert found["test"]["f1:none[0]"].mean == pytest.approx(0.3)
    assert found["test"]["f1:none[1]"].mean == 0.5


def test_seeds_begin_with_the_configs_or_the_one_that_is_set():
    assert list(seeds_of(CONFIG, (), 3)) == [3, 4, 5]
    assert list(seeds_of(CONFIG, ("seed=7",), 2)) == [7, 8]
    with pytest.raises(UserError, match="exceed") as caught:
        seeds_of(CONFIG, (f"seed={LARGEST}",), 2)
    assert str(LARGEST - 1) in caught.value.remedy
