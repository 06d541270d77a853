"""Scores come with intervals that hold what they promise, a table by class, and clean JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as sk

from dlcli.evaluation import score
from dlcli.plain import finite
from tests.metrics.test_table import binary, multiclass


def evaluate(y, p, names, task="multiclass", classes=4, seed=0, **options):
    labels = [f"c{i}" for i in range(classes)]
    rng = np.random.default_rng(seed)
    return score(y, p, names, task=task, classes=labels, rng=rng, **options)


def test_a_proportion_gets_the_exact_binomial_interval():
    y, p = multiclass(0)
    found = evaluate(y, p, ["accuracy"]).scores["accuracy"]
    exact = binomtest(int(found.value * 200 + 0.5), 200).proportion_ci(method="exact")
    assert found.interval == pytest.approx([exact.low, exact.high], abs=1e-9)


def test_a_binary_recall_is_a_proportion_of_the_positives():
    y, p = binary(0)
    found = evaluate(y, p, ["recall"], "binary", 2).scores["recall"]
    positives = int(y.sum())
    exact = binomtest(round(found.value * positives), positives).proportion_ci(method="exact")
    assert found.interval == pytest.approx([exact.low, exact.high], abs=1e-9)


def test_the_bootstrap_agrees_with_resampling_by_hand():
    y, p = multiclass(1)
    found = evaluate(y, p, ["f1"]).scores["f1"].interval
    rng = np.random.default_rng(5)
    draws = [rng.integers(0, len(y), len(y)) for _ in range(1000)]
    values = [sk.f1_score(y[i], p[i].argmax(axis=1), average="macro") for i in draws]
    assert found == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.012)


def test_a_rankings_bootstrap_agrees_with_resampling_by_hand():
    y, p = binary(2)
    found = evaluate(y, p, ["auc"], "binary", 2).scores["auc"].interval
    rng = np.random.default_rng(5)
    draws = [rng.integers(0, len(y), len(y)) for _ in range(1000)]
    values = [sk.roc_auc_score(y[i], p[i]) for i in draws]
    assert found == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.012)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["f1", "log_loss", "mcc"])
def test_intervals_cover_the_truth_about_as_often_as_they_say(name):
    """200 samples of a known population; 95 % +- 4.5 % is three standard errors."""
    y, p = multiclass(100, 20_000)
    truth = evaluate(y, p, [name], resamples=2).scores[name].value
    rng = np.random.default_rng(0)
    covered = 0
    for i in range(200):
        index = rng.choice(len(y), 300, replace=False)
        low, high = (
            evaluate(y[index], p[index], [name], seed=i, resamples=400).scores[name].interval
        )
        covered += low <= truth <= high
    assert 0.905 <= covered / 200 <= 0.995


def test_the_same_generator_gives_the_same_intervals():
    y, p = multiclass(3)
    names = ["f1", "auc", "log_loss", "ece", "f1:none"]
    assert evaluate(y, p, names).to_dict() == evaluate(y, p, names).to_dict()


def test_the_table_by_class_counts_as_scikit_learn_does():
    y, p = multiclass(4)
    guess = p.argmax(axis=1)
    found = evaluate(y, p, ["f1"])
    expected = sk.precision_recall_fscore_support(y, guess)
    for i, row in enumerate(found.per_class):
        assert (row.precision, row.recall, row.f1) == pytest.approx([e[i] for e in expected[:3]])
        assert row.support == expected[3][i] == row.tp + row.fn
    np.testing.assert_array_equal(found.confusion, sk.confusion_matrix(y, guess))


def test_the_json_is_keyed_by_the_names_as_typed():
    y, p = multiclass(5)
    made = json.loads(json.dumps(finite(evaluate(y, p, ["f1", "top_k:3", "f1:none"]).to_dict())))
    assert list(made["metrics"]) == ["f1", "top_k:3", "f1:none"]
    low, high = made["metrics"]["f1"]["interval"]
    assert low <= made["metrics"]["f1"]["value"] <= high
    assert len(made["metrics"]["f1:none"]["value"]) == 4
    assert set(made["per_class"][0]) == {
        "class", "TP", "FP", "FN", "support", "precision", "recall", "f1",
    }  # fmt: skip


def test_a_diverged_models_scores_are_undefined_and_not_an_error():
    y, p = multiclass(6)
    p[3] = np.nan
    found = evaluate(y, p, ["accuracy", "f1", "auc", "log_loss"])
    assert {s.value for s in found.scores.values()} == {None}


def test_an_absent_class_has_no_support_and_harms_no_interval():
    y, p = multiclass(7)
    y = np.where(y == 3, 0, y)
    found = evaluate(y, p, ["f1", "auc", "balanced_accuracy"])
    assert found.per_class[3].support == 0
    assert all(s.interval is not None for s in found.scores.values())


def test_one_example_is_enough_to_be_scored():
    y, p = multiclass(8, 1)
    found = evaluate(y, p, ["accuracy", "f1", "log_loss"])
    assert found.examples == 1
