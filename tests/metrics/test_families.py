"""Sums and rankings give the same for weighted examples as for repeated ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from dlcli import metrics
from dlcli.metrics.families import ranked_mean, ratio
from dlcli.metrics.predictions import batch_of_arrays
from tests.helpers import examples
from tests.metrics.test_table import multiclass

RANKINGS = {
    "auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
}


def test_a_ratio_without_a_denominator_is_zero_and_no_warning():
    np.testing.assert_array_equal(ratio(np, np.array([0.0, 1.0]), np.array([0.0, 2.0])), [0, 0.5])


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_weighted_rankings_are_scikit_learns(seed, tied):
    y, p = multiclass(seed, 40, 3)
    p = np.round(p, 1) if tied else p
    weights = np.random.default_rng(seed).integers(0, 3, (40, 2)).astype(float)
    batch = batch_of_arrays(y, p, task="multiclass", classes=3)
    families = [metrics.parse(name).family("multiclass") for name in RANKINGS]
    found = ranked_mean(families, batch, weights)
    for row, reference in zip(found, RANKINGS.values(), strict=True):
        for value, weight in zip(row, weights.T, strict=True):
            drawn = np.repeat(np.arange(40), weight.astype(int))
            each = [
                reference(y[drawn] == c, p[drawn, c])
                for c in range(3)
                if 0 < np.sum(y[drawn] == c) < len(drawn)
            ]
            assert value == pytest.approx(np.mean(each), abs=1e-12)


@pytest.mark.parametrize("name", RANKINGS)
def test_a_class_that_never_occurs_is_left_out_of_the_mean(name):
    y, p = multiclass(0)
    y = np.where(y == 3, 0, y)
    batch = batch_of_arrays(y, p, task="multiclass", classes=4)
    families = [metrics.parse(name).family("multiclass")]
    found = ranked_mean(families, batch, np.ones((len(y), 1)))[0, 0]
    each = [RANKINGS[name](y == c, p[:, c]) for c in range(3)]
    assert found == pytest.approx(np.mean(each), abs=1e-12)


def test_with_a_single_class_the_area_is_undefined():
    _, p = multiclass(0)
    batch = batch_of_arrays(np.zeros(200, int), p[:, :2], task="binary", classes=2)
    found = ranked_mean([metrics.parse("auc").family("binary")], batch, np.ones((200, 1)))
    assert np.isnan(found).all()
