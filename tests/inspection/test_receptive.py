"""Receptive fields: against the inputs that TensorFlow's gradient reaches."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlcli.engine.masking import apply_masked
from dlcli.inspection.receptive import receptive_field

L = keras.layers


def reached(model, place):
    """Return the first and one past the last input that a place's gradient reaches, by axis."""
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(np.abs(rng.normal(size=weight.shape)) + 0.1)
    x = tf.constant(rng.random((1, *model.inputs[0].shape[1:])) + 0.5, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        made = model(x)[(0, *place)]
        total = tf.reduce_sum(made)
    slope = np.abs(tape.gradient(total, x).numpy()[0]).sum(axis=-1)
    return tuple((int(found.min()), int(found.max()) + 1) for found in np.nonzero(slope > 0))


def clipped(window, sizes):
    return tuple((max(a, 0), min(b, n)) for (a, b), n in zip(window, sizes, strict=True))


def image_network(*layers, size=23):
    inputs = keras.Input((size, size, 2))
    tensor = inputs
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)


@pytest.mark.parametrize(
    "layers",
    [
        [L.Conv2D(3, 3)],
        [L.Conv2D(3, 3, padding="same"), L.ReLU(), L.AveragePooling2D(2), L.Conv2D(4, 5)],
        [L.Conv2D(3, 5, strides=2, padding="same"), L.BatchNormalization(), L.Conv2D(2, 3)],
        [L.Conv2D(3, (3, 1), dilation_rate=2), L.SeparableConv2D(4, 3, strides=2)],
        [L.ZeroPadding2D(((3, 0), (1, 2))), L.DepthwiseConv2D(3), L.Cropping2D(2)],
        [L.AveragePooling2D(2, padding="same"), L.UpSampling2D(3), L.Conv2D(2, 2)],
    ],
    ids=["one", "pool", "strides", "dilation", "padding", "upsampling"],
)
def test_a_window_is_what_the_gradient_reaches(layers):
    model = image_network(*layers)
    height, width = model.output.shape[1:3]
    for place in [(0, 0), (height // 2, width // 2), (height - 1, width - 1)]:
        window = receptive_field(model, model.output, place)
        assert clipped(window, (23, 23)) == reached(model, place)


def test_branches_are_covered_together():
    inputs = keras.Input((23, 23, 2))
    wide = L.Conv2D(4, 7, padding="same")(L.Conv2D(4, 3, padding="same")(inputs))
    model = keras.Model(inputs, L.Add()([wide, L.Conv2D(4, 1)(inputs)]))
    window = receptive_field(model, model.output, (11, 11))
    assert window == ((7, 16), (7, 16)) == reached(model, (11, 11))


@pytest.mark.parametrize("padding", ["same", "causal", "valid"])
def test_sequences_have_windows_of_steps(padding):
    inputs = keras.Input((20, 3))
    model = keras.Model(inputs, L.Conv1D(4, 4, padding=padding)(L.Conv1D(4, 3)(inputs)))
    window = receptive_field(model, model.output, (9,))
    assert window == reached(model, (9,))


def test_tokens_are_followed_through_masks():
    inputs = keras.Input((None,), dtype="int32")
    words = L.Embedding(10, 4, mask_zero=True)(inputs)
    tensor = apply_masked(L.Conv1D(4, 3), words)
    model = keras.Model(inputs, apply_masked(L.Conv1D(2, 2), tensor))
    assert receptive_field(model, model.output, (5,)) == ((5, 9),)


def test_what_looks_at_everything_sees_everything():
    inputs = keras.Input((20, 3))
    model = keras.Model(inputs, L.Conv1D(4, 3)(L.LSTM(5, return_sequences=True)(inputs)))
    assert receptive_field(model, model.output, (3,)) is None
