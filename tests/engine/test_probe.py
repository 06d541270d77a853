"""What a batch does in a network, held against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.description import DataDescription, Split, TensorSpec
from dlcli.engine.compilation import compile_model, initial_model
from dlcli.engine.probe import signals
from tests.rules.judged import judged

pytestmark = pytest.mark.slow

YAML = """\
data: {npz: {path: made.npz}}
model:
  layers:
    - {Dense: {units: 4, activation: relu}, id: first}
    - {Dense: {units: 2}, id: between}
    - {ReLU: {}, id: second}
    - {Dense: {units: 1}, id: last}
compile: {loss: mse}
"""
DATA = DataDescription("made", "regression", {"input": TensorSpec((2,), "float32")}, train_size=3)
X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.float32)
Y = np.array([1.0, 2.0, 3.0], np.float32)


@pytest.fixture(scope="module")
def found():
    judge = judged(YAML, description=DATA)
    model = initial_model(judge.bound, DATA, 0)
    compile_model(model, judge.bound, DATA)
    # Units 2 and 3 of the first layer are negative for all examples.
    kernel = np.array([[1.0, 2.0, -1.0, -3.0], [1.0, 0.0, -1.0, -3.0]])
    model.get_layer("first").set_weights([kernel, np.zeros(4)])
    model.get_layer("between").set_weights([np.ones((4, 2)), np.zeros(2)])
    model.get_layer("last").set_weights([np.array([[1.0], [0.5]]), np.zeros(1)])
    return {s.layer: s for s in signals(model, Split({"input": X}, Y), judge.subject)}


def test_units_that_are_negative_for_all_examples_are_dead(found):
    assert (found["first"].dead, found["first"].units) == (0.5, 4)
    assert (found["second"].dead, found["second"].units) == (0.0, 2)
    assert found["last"].dead is None


def test_a_gradient_is_told_as_a_share_of_the_weights(found):
    hidden = np.maximum(X @ np.array([[1.0, 2.0], [1.0, 0.0]]), 0).sum(axis=1)
    outputs = 1.5 * hidden
    slope = 2 * (outputs - Y) / 3
    expected = np.sqrt(2) * abs((slope * hidden).sum()) / np.sqrt(1.25)
    assert found["last"].gradient == pytest.approx(expected, rel=1e-5)
    assert found["second"].gradient is None
    assert set(found) == {"first", "between", "second", "last"}
