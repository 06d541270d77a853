"""A Keras model's description becomes a config that builds the same network."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from keras import layers

from dlcli.config.conversion.from_keras import config_of, read_description
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import dump_yaml
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import INPUT, DataDescription, TensorSpec
from dlcli.engine.model import build_model
from dlcli.errors import UserError
from tests.helpers import dlcli

pytestmark = pytest.mark.slow


def chain(*stack, shape, dtype="float32"):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def images():
    return chain(
        layers.Rescaling(0.5), layers.RandomFlip("horizontal", seed=3),
        layers.Conv2D(4, (3, 5), strides=2, padding="same", activation="relu"),
        layers.BatchNormalization(momentum=0.9), layers.ReLU(max_value=6),
        layers.DepthwiseConv2D(3), layers.MaxPooling2D((1, 2)), layers.GlobalAveragePooling2D(),
        layers.Dense(3, "softmax", kernel_initializer="he_normal", kernel_constraint="max_norm"),
        shape=(9, 12, 2),
    )  # fmt: skip


def residual():
    start = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", kernel_regularizer="l2")(start)
    y = layers.Conv2D(
        4, 3, padding="same", use_bias=False, kernel_regularizer=keras.regularizers.L1L2(l2=0.1)
    )(x)
    head = keras.Sequential([keras.Input((4,)), layers.Dense(2, "softmax")], name="head")
    return keras.Model(start, head(layers.GlobalMaxPooling2D()(layers.Add()([x, y]))))


def nested():
    start = keras.Input((6,))
    inner = keras.Input((6,))
    body = keras.Model(inner, layers.Add()([layers.Dense(6)(inner), inner]), name="body")
    return keras.Model(start, layers.Dense(1)(body(start)))


def shared_twice():
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    encoder = layers.Dense(4, "tanh")
    return keras.Model([left, right], layers.Subtract()([encoder(encoder(left)), encoder(right)]))


def states():
    steps = keras.Input((5, 2))
    _, hidden, cell = layers.LSTM(3, return_state=True)(steps)
    return keras.Model(steps, layers.Dense(1)(layers.Multiply()([hidden, cell])))


def both_ways():
    return chain(
        layers.Bidirectional(layers.GRU(3, return_sequences=True, recurrent_dropout=0.2)),
        layers.Bidirectional(layers.LSTM(2), merge_mode="sum"), layers.Dense(1), shape=(5, 2),
    )  # fmt: skip


def other_way():
    back = layers.GRU(4, go_backwards=True)
    return chain(layers.Bidirectional(layers.GRU(3), backward_layer=back), shape=(5, 2))


def attention():
    steps = keras.Input((6, 4))
    x = layers.MultiHeadAttention(2, 3)(steps, steps)
    x = layers.LayerNormalization()(layers.Add()([steps, x]))
    return keras.Model(steps, layers.Dense(1)(layers.GlobalAveragePooling1D()(x)))


def two_ends():
    start = keras.Input((6,))
    trunk = layers.Dense(3, trainable=False)(start)
    return keras.Model(start, [layers.Dense(3, name="one")(trunk), layers.Dense(3)(trunk), trunk])


MODELS = {
    "images": images,
    "residual": residual,
    "nested": nested,
    "shared": shared_twice,
    "states": states,
    "both ways": both_ways,
    "other way": other_way,
    "attention": attention,
    "two ends": two_ends,
    "words": lambda: chain(
        layers.Embedding(9, 3), layers.Conv1D(4, 3, dilation_rate=2), layers.GlobalMaxPooling1D(),
        layers.Dense(1, "sigmoid"), shape=(7,), dtype="int32"
    ),
    "words of any number": lambda: chain(
        layers.Embedding(9, 3), layers.GlobalAveragePooling1D(), shape=(None,), dtype="int32"
    ),
    "masked": lambda: chain(layers.Masking(), layers.LSTM(3), layers.Dense(2), shape=(5, 2)),
    "cells": lambda: chain(
        layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]), shape=(5, 2)
    ),
    "each step": lambda: chain(
        layers.TimeDistributed(layers.Conv2D(2, 3)), layers.Flatten(), shape=(3, 5, 5, 1)
    ),
    "activations": lambda: chain(
        layers.Dense(4), layers.PReLU(), layers.Dense(3, "gelu"), layers.LeakyReLU(0.3),
        layers.Softmax(), layers.GaussianNoise(0.1), shape=(3,)
    ),
    "shapes": lambda: chain(
        layers.Reshape((3, 4)), layers.Permute((2, 1)), layers.ZeroPadding1D(1),
        layers.UpSampling1D(2), layers.SeparableConv1D(2, 3), layers.Flatten(), shape=(12,)
    ),
    "up": lambda: chain(
        layers.Conv2DTranspose(2, 3, strides=2, padding="same"), layers.Cropping2D(1),
        layers.GroupNormalization(2), layers.SpatialDropout2D(0.2), shape=(4, 4, 4)
    ),
    "MobileNetV2": lambda: keras.applications.MobileNetV2(
        weights=None, input_shape=(32, 32, 3), classes=3, alpha=0.35
    ),
}  # fmt: skip


def built_from(model):
    """Return the model of the config that a model's description becomes."""
    plain = config_of(json.loads(model.to_json())) | {"compile": {"loss": "mse"}}
    config = parse_config(Text("made.yaml", dump_yaml(plain)))
    specs = [TensorSpec(tuple(t.shape[1:]), t.dtype) for t in model.inputs]
    names = [t.name for t in model.inputs] if len(specs) > 1 else [INPUT]
    target = tuple(model.outputs[0].shape[1:])
    description = DataDescription(
        "made", "regression", dict(zip(names, specs, strict=True)), target_shape=target
    )
    return build_model(config, description)


def drawn(tensor):
    """Return examples for an input."""
    rng = np.random.default_rng(0)
    shape = (3, *(n or 7 for n in tensor.shape[1:]))
    if "int" in tensor.dtype:
        return rng.integers(1, 9, size=shape).astype(tensor.dtype)
    return rng.normal(size=shape).astype(tensor.dtype)


@pytest.mark.parametrize("name", MODELS)
def test_the_network_has_the_same_weights_and_outputs(name):
    model = MODELS[name]()
    made = built_from(model)
    assert [w.shape for w in made.weights] == [w.shape for w in model.weights]
    assert made.count_params() == model.count_params()
    assert len(made.trainable_weights) == len(model.trainable_weights)
    made.set_weights(model.get_weights())
    given = {t.name: drawn(t) for t in model.inputs}
    single = next(iter(given.values()))
    theirs = model(list(given.values()) if len(given) > 1 else single, training=False)
    ours = made(given if len(given) > 1 else single, training=False)
    pairs = zip(theirs, ours, strict=True) if isinstance(theirs, list) else [(theirs, ours)]
    for a, b in pairs:
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


def with_operation():
    start = keras.Input((3,))
    return keras.Model(start, keras.ops.sin(start))


def with_scalar():
    start = keras.Input((3,))
    return keras.Model(start, layers.Dense(1)(start * 2.0))


def with_initial_state():
    steps, state = keras.Input((5, 2)), keras.Input((3,))
    return keras.Model([steps, state], layers.GRU(3)(steps, initial_state=state))


def used_twice():
    left, right = keras.Input((4,)), keras.Input((4,))
    body = keras.Sequential([keras.Input((4,)), layers.Dense(2)], name="body")
    return keras.Model([left, right], layers.Add()([body(left), body(right)]))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (with_operation, "Sin of keras.src.ops"),
        (with_scalar, "no tensors"),
        (with_initial_state, "called with initial_state"),
        (used_twice, "nested model body is used more than once"),
        (lambda: chain(layers.Lambda(abs), shape=(3,)), "Lambda"),
    ],
    ids=["operation", "scalar", "state", "twice", "code"],
)
def test_what_a_config_cannot_say_is_named(make, named):
    with pytest.raises(UserError, match=named):
        config_of(json.loads(make().to_json()))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"class_name": "Sequential"}', "\x00", "1"])
def test_what_describes_no_model_is_told(text, tmp_path):
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"describes no Keras|no model that can be read"):
        config_of(read_description(path))


def test_the_command_writes_a_config_with_optimizer_and_loss(tmp_path):
    model = chain(layers.Dense(4, "relu"), layers.Dense(3, "softmax"), shape=(4,))
    rate = keras.optimizers.schedules.CosineDecay(0.1, 50)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "sparse_categorical_crossentropy")
    model.save(tmp_path / "mine.keras")
    done = dlcli("init", "--from", "mine.keras", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "mine.yaml").read_text()
    assert "initial_learning_rate: 0.1" in text
    assert "momentum: 0.9" in text
    assert "loss: SparseCategoricalCrossentropy" in text
    trained = dlcli(
        "train", "mine.yaml", "--epochs", "1", "--set", "data={dataset: iris}", cwd=tmp_path
    )
    assert trained.returncode == 0, trained.stderr
    missing = dlcli("init", "--from", "nothing.keras", "other.yaml", cwd=tmp_path)
    assert missing.returncode == 2
    assert "nothing.keras" in missing.stderr
