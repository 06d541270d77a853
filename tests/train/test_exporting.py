"""A run's model for other programs: checked against the run, described, and never half there."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.errors import UserError, WorkError
from dlcli.train import exporting

pytestmark = pytest.mark.slow


def test_a_saved_model_needs_no_keras(trained_once, tmp_path):
    import tensorflow as tf

    run = trained_once()
    found = exporting.export_run(tmp_path, str(run), "savedmodel", tmp_path / "model")
    with np.load(run / "predictions.npz", allow_pickle=False) as saved:
        wanted = saved["y_prob"]
    from dlcli.data import load
    from dlcli.data.description import Source

    arrays = load(Source("iris", {}), validation=0.2, seed=3).test.x["input"]
    served = tf.saved_model.load(str(found.model))
    np.testing.assert_allclose(served.serve(tf.constant(arrays)), wanted, atol=1e-6)


def test_a_package_that_is_missing_is_named(trained_once, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="the package onnx") as caught:
        exporting._check_packages("onnx")
    assert ".[onnx]" in caught.value.remedy
    exporting._check_packages("litert")


def test_a_file_with_other_outputs_is_removed(trained_once, tmp_path, monkeypatch):
    from dlcli.engine import formats

    monkeypatch.setattr(formats, "difference", lambda made, wanted: 0.5)
    with pytest.raises(WorkError, match=r"differ from the run's by up to 0\.5"):
        exporting.export_run(tmp_path, str(trained_once()), "litert", tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_data_that_are_gone_are_replaced_by_noise(trained_once, tmp_path, monkeypatch):
    def gone(*_):
        raise UserError("the data are not here")

    monkeypatch.setattr(exporting, "loaded", gone)
    found = exporting.export_run(tmp_path, str(trained_once()), "litert", tmp_path / "m.tflite")
    assert found.told == ("the run's data are not here: compared with random inputs",)
    assert found.difference < 1e-5
