"""Batches come in an order of the seed and the epoch alone, with the weights of their classes."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli import engine
from dlcli.config.conversion.loading import load_config
from dlcli.data.description import Split
from dlcli.train import fit

pytestmark = pytest.mark.slow


def test_batches_come_in_the_order_of_seed_and_epoch_and_every_example_once(config):
    prepared = fit.prepare(load_config(config))
    split = Split(
        {"input": np.arange(40, dtype="float32")[:, None].repeat(4, axis=1)}, np.arange(40) % 3
    )

    def epoch(first, count=3):
        stream = engine.batches(prepared.model, split, prepared.config, first_epoch=first)
        return np.concatenate([x.numpy()[:, 0] for x, _ in stream.take(count)])

    assert sorted(epoch(0)) == list(range(40))
    np.testing.assert_array_equal(epoch(0), epoch(0))
    assert not np.array_equal(epoch(0), epoch(1))
    np.testing.assert_array_equal(epoch(0, 6)[40:], epoch(1))


def test_balanced_class_weights_are_scikit_learns(config):
    from sklearn.utils.class_weight import compute_class_weight

    prepared = fit.prepare(load_config(config, ("fit.class_weight=balanced",)))
    y = np.array([0] * 5 + [1] * 20 + [2] * 10)
    made = engine.class_weights(prepared.config, Split({}, y), 3)
    np.testing.assert_allclose(made, compute_class_weight("balanced", classes=np.arange(3), y=y))
