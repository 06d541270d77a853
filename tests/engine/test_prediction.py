"""What a masked model says of a sequence does not depend on its padding."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import INPUT, DataDescription, Split, TensorSpec
from dlcli.engine.model import build_model, feed
from tests.engine.made import FLOATS

pytestmark = pytest.mark.slow
TOKENS = DataDescription(
    "own", "multiclass", {INPUT: TensorSpec((None,), "int32")}, ("a", "b", "c"), vocabulary_size=20
)
EMBEDDING = "{Embedding: {input_dim: $vocabulary_size, output_dim: 4}}"
STARTS = {
    "tokens": (TOKENS, EMBEDDING.replace("4}", "4, mask_zero: true}")),
    "tokens unasked": (TOKENS, EMBEDDING),
    "floats": (FLOATS, "Masking"),
    "floats unasked": (FLOATS, "{Rescaling: {scale: 1.0}}"),
}
BODIES = {
    "lstm": "{LSTM: {units: 3}}",
    "gru": "{GRU: {units: 3}}",
    "bidirectional": "{Bidirectional: {layer: {LSTM: {units: 3}}}}",
    "global max": "GlobalMaxPooling1D",
    "global average": "GlobalAveragePooling1D",
    "text cnn": "{Conv1D: {filters: 5, kernel_size: 3, activation: relu}}, GlobalMaxPooling1D",
    "same": "{Conv1D: {filters: 5, kernel_size: 3, padding: same}}, GlobalMaxPooling1D",
    "causal": "{Conv1D: {filters: 5, kernel_size: 2, padding: causal, dilation_rate: 2}}, "
    "GlobalAveragePooling1D",
    "strides": "{Conv1D: {filters: 5, kernel_size: 3, strides: 2}}, GlobalMaxPooling1D",
    "two convolutions": "{Conv1D: {filters: 5, kernel_size: 3, padding: same}}, "
    "BatchNormalization, ReLU, {Dropout: {rate: 0.5}}, {Conv1D: {filters: 5, kernel_size: 3}}, "
    "GlobalMaxPooling1D",
    "separable": "{SeparableConv1D: {filters: 5, kernel_size: 3}}, GlobalMaxPooling1D",
    "depthwise": "{DepthwiseConv1D: {kernel_size: 2}}, GlobalAveragePooling1D",
    "max pooling": "{Conv1D: {filters: 5, kernel_size: 2}}, {MaxPooling1D: {pool_size: 2}}, "
    "{LSTM: {units: 3}}",
    "average pooling": "{AveragePooling1D: {pool_size: 3, strides: 2}}, GlobalAveragePooling1D",
    "attention": "{Dense: {units: 4}, id: h}, {MultiHeadAttention: {num_heads: 2, key_dim: 3}, "
    "from: [h, h]}, GlobalAveragePooling1D",
    "merged": "{Dense: {units: 3}, id: h}, {Conv1D: {filters: 3, kernel_size: 3, padding: same}, "
    "from: h, id: c}, {Concatenate: {}, from: [h, c], id: concatenate}, {Dense: {units: 3}, "
    "id: d}, {Add: {}, from: [d, h]}, GlobalAveragePooling1D",
    "keepdims": "{GlobalMaxPooling1D: {keepdims: true}}, Flatten",
}
LENGTHS = (1, 2, 3, 4, 6, 9)


def build(start, body):
    description, first = STARTS[start]
    text = f"model: {{layers: [{first}, {body}, {{Dense: {{units: $classes}}}}]}}\n"
    config = parse_config(Text("own.yaml", "data: {dataset: digits}\n" + text))
    keras.utils.set_random_seed(3)
    model = build_model(bind(config, description, train_size=10), description)
    rng = np.random.default_rng(5)
    for layer in model.layers:  # biases and averages that are zero would hide mistakes
        layer.set_weights([w + rng.uniform(0.1, 0.5, w.shape) for w in layer.get_weights()])
    return model


def examples(start, padded):
    """Return a sequence of each length, padded at its end with so many zeros or more."""
    rng = np.random.default_rng(7)
    shape = (len(LENGTHS), max(LENGTHS) + padded, *((2,) if "floats" in start else ()))
    x = np.zeros(shape, "float32" if "floats" in start else "int32")
    for row, length in zip(x, LENGTHS, strict=True):
        made = rng.uniform(-1, 1, (length, 2)) if "floats" in start else rng.integers(1, 20, length)
        row[:length] = made
    return x


def fed(model, x):
    """Return sequences as a model takes them: with their lengths, where it asks for those."""
    return feed(model, Split({INPUT: x}, np.zeros(len(x))))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("body", BODIES)
def test_predictions_do_not_depend_on_the_padding(start, body, tmp_path):
    model = build(start, BODIES[body])
    expected = model.predict(fed(model, examples(start, 0)), verbose=0)
    assert np.isfinite(expected).all()
    assert len(np.unique(expected.round(6), axis=0)) == len(LENGTHS)
    for padded in (1, 2, 7):
        made = model.predict(fed(model, examples(start, padded)), verbose=0)
        np.testing.assert_allclose(made, expected, atol=1e-5)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", compile=False, safe_mode=True)
    made = loaded.predict(fed(loaded, examples(start, 7)), verbose=0)
    np.testing.assert_allclose(made, expected, atol=1e-5)


@pytest.mark.parametrize("body", ["text cnn", "strides", "max pooling", "average pooling"])
def test_the_longest_is_treated_as_keras_treats_it_alone(body):
    masked = build("tokens", BODIES[body])
    description, _ = STARTS["tokens"]
    plain_first = "{Embedding: {input_dim: $vocabulary_size, output_dim: 4, mask_zero: false}}"
    text = f"model: {{layers: [{plain_first}, {BODIES[body]}, {{Dense: {{units: $classes}}}}]}}\n"
    config = parse_config(Text("own.yaml", "data: {dataset: digits}\n" + text))
    plain = build_model(bind(config, description, train_size=10), description)
    plain.set_weights(masked.get_weights())
    alone = examples("tokens", 0)[-1:]
    expected = plain.predict(alone, verbose=0)
    np.testing.assert_allclose(
        masked.predict(examples("tokens", 5)[-1:], verbose=0), expected, atol=1e-5
    )
