"""What Normalization learns of the training part, and which features it leaves unscaled."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.data.description import Split
from dlcli.engine.adapting import _adapt_to_targets, adapt_preprocessing
from tests.engine.made import build, constant_but_one, normalized
from tests.engine.test_model import TWO_INPUTS

pytestmark = pytest.mark.slow


def test_normalization_learns_from_the_training_part_as_it_reaches_the_layer():
    yaml = """
        data: {dataset: iris}
        model:
          layers:
            - {Rescaling: {scale: 0.5}}
            - Normalization
            - {Dense: {units: 3, activation: softmax}}
    """
    model = build(yaml)
    x = np.random.default_rng(0).normal(3, 2, (500, 4)).astype("float32")
    adapt_preprocessing(model, Split({"input": x}, np.zeros(500)))
    normalized = keras.Model(model.input, model.get_layer("normalization").output)(x)
    np.testing.assert_allclose(np.mean(normalized, axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.std(normalized, axis=0), 1, atol=1e-4)


def test_normalization_learns_from_the_input_that_it_is_given():
    yaml = """
        data: {dataset: digits}
        model:
          inputs: [left, right]
          layers:
            - {Normalization: {}, from: right, id: scaled}
            - {Normalization: {}, from: left, id: other}
            - {Concatenate: {}, from: [scaled, other]}
            - {Dense: {units: 1, activation: sigmoid}}
    """
    model = build(yaml, TWO_INPUTS)
    rng = np.random.default_rng(0)
    x = {"left": rng.normal(3, 2, (50, 6)), "right": rng.integers(0, 9, (50, 6))}
    adapt_preprocessing(model, Split(x, np.zeros(50)))
    for name, given in (("scaled", "right"), ("other", "left")):
        theirs = keras.layers.Normalization()
        theirs.adapt(x[given].astype("float32"))
        np.testing.assert_array_equal(model.get_layer(name).mean, theirs.mean)
        np.testing.assert_array_equal(model.get_layer(name).variance, theirs.variance)


@pytest.mark.parametrize("in_a_file", [False, True])
def test_a_feature_that_never_changes_in_training_is_not_scaled(tmp_path, in_a_file):
    x = constant_but_one(1001)
    part, _ = normalized(x, memory_mapped=tmp_path / "x" if in_a_file else None)
    new = np.float32([[1, 3, 1.1, 1235.567], [0, 3, 0.1, 1234.567]])
    made = part.predict(new, verbose=0)
    np.testing.assert_allclose(made[0, [0, 2, 3]], 1, atol=1e-3)
    assert made[1, [0, 2, 3]].tolist() == [0, 0, 0]
    theirs = keras.layers.Normalization()
    theirs.adapt(x[:, 1:2])
    np.testing.assert_allclose(made[:, 1:2], theirs(new[:, 1:2]), atol=1e-5)


@pytest.mark.parametrize("in_a_file", [False, True])
def test_a_feature_that_is_always_0_or_1_stays_as_it_is(tmp_path, in_a_file):
    x = np.zeros((1001, 4), "float32")
    x[:, 0] = np.arange(1001) % 7
    x[700, 1] = 1  # a rare category, which the first block of a file lacks
    x[::2, 2] = 1
    x[::3, 3] = 0.5
    part, _ = normalized(x, memory_mapped=tmp_path / "x" if in_a_file else None)
    made = part.predict(x, verbose=0)
    np.testing.assert_array_equal(made[:, 1:3], x[:, 1:3])
    for scaled in (0, 3):
        assert made[:, scaled].mean() == pytest.approx(0, abs=1e-4)
        assert made[:, scaled].std() == pytest.approx(1, abs=1e-4)


def test_targets_of_0_and_1_are_scaled_all_the_same():
    layer = keras.layers.Normalization(axis=-1, invert=True)
    model = keras.Sequential([keras.Input((1,)), layer])
    y = np.float32([0, 0, 0, 1])
    _adapt_to_targets(layer, y)
    np.testing.assert_allclose(
        model(np.float32([[0], [1]])).numpy().ravel(), [0.25, 0.25 + 0.1875**0.5]
    )


def test_a_constant_stays_unscaled_in_a_saved_model(tmp_path):
    part, _ = normalized(constant_but_one(50))
    part.save(tmp_path / "m.keras")
    new = np.float32([[5, 3, 5, 5]])
    again = keras.models.load_model(tmp_path / "m.keras").predict(new, verbose=0)
    np.testing.assert_array_equal(again, part.predict(new, verbose=0))
    assert np.abs(again).max() < 2000


@pytest.mark.parametrize(("axis", "shape"), [("null", ()), ("1", (4,)), ("[-1]", (4,))])
def test_the_axis_says_what_a_feature_is(axis, shape):
    _, layer = normalized(constant_but_one(50), f"{{Normalization: {{axis: {axis}}}}}")
    variance = layer.adapt_variance.numpy()
    assert variance.shape == shape
    assert variance.min() > 0.9
