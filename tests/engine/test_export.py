"""The model as it is saved is what plain Keras opens."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.metrics import probabilities
from tests.train.sessions import train

pytestmark = pytest.mark.slow


def test_logits_are_saved_as_probabilities(config, tmp_path):
    run, result = train(config, tmp_path / "runs", "model.layers[3].Dense.activation=null")
    with np.load(run.path / "predictions.npz") as saved:
        np.testing.assert_allclose(saved["y_prob"].sum(axis=1), 1, atol=1e-6)
    assert result.scores["test"]["accuracy"] > 0.5
    raw = np.array([[1.0, 2.0]])
    assert probabilities(raw, from_logits=True).sum() == pytest.approx(1)
