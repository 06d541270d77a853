"""What a masked model says of a sequence does not depend on its padding."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import INPUT, Split, TensorSpec
from dlcli.engine.adapting import adapt_preprocessing
from dlcli.engine.model import build_model, feed
from tests.engine.made import FLOATS

pytestmark = pytest.mark.slow


def test_a_model_of_sequences_of_one_length_has_nothing_inserted():
    layers = "{Conv1D: {filters: 2, kernel_size: 3}}, GlobalMaxPooling1D, {Dense: {units: 3}}"
    text = f"data: {{dataset: digits}}\nmodel: {{layers: [{layers}]}}\n"
    config = parse_config(Text("own.yaml", text))
    fixed = replace(FLOATS, inputs={INPUT: TensorSpec((9, 2), "float32")})
    model = build_model(bind(config, fixed, train_size=10), fixed)
    assert len(model.operations) == len(model.layers) == 4


@pytest.mark.parametrize("first", ["Masking", "{Rescaling: {scale: 1.0}}"])
def test_real_steps_of_zeros_count(first):
    """A sequence that begins and ends with steps of zeros is not the shorter one."""
    layers = f"{first}, GlobalAveragePooling1D, {{Dense: {{units: 3}}}}"
    text = f"data: {{dataset: digits}}\nmodel: {{layers: [{layers}]}}\n"
    config = parse_config(Text("own.yaml", text))
    keras.utils.set_random_seed(3)
    model = build_model(bind(config, FLOATS, train_size=10), FLOATS)
    x = np.zeros((2, 6, 2), "float32")
    x[:, 2] = [[3, 6], [3, 6]]
    split = Split({INPUT: x, "input_steps": np.array([3, 6], "int32")}, np.zeros(2))
    three, six = model.predict(feed(model, split), verbose=0)
    np.testing.assert_allclose(three, 2 * six, rtol=1e-5)


@pytest.mark.parametrize(
    "layers",
    [
        "Normalization, Masking, {LSTM: {units: 3}}",
        "Masking, Normalization, {LSTM: {units: 3}}",
        "Normalization, {LSTM: {units: 3}}",
        "Normalization, {Conv1D: {filters: 2, kernel_size: 2}}, GlobalMaxPooling1D",
    ],
)
@pytest.mark.parametrize("in_a_file", [False, True])
def test_normalization_learns_from_real_steps_alone_and_keeps_the_mask(layers, in_a_file, tmp_path):
    text = f"data: {{dataset: digits}}\nmodel: {{layers: [{layers}, {{Dense: {{units: 3}}}}]}}\n"
    config = bind(parse_config(Text("own.yaml", text)), FLOATS, train_size=10)
    rng = np.random.default_rng(1)
    lengths = np.array([2, 5, 3, 9] * 100, "int32")
    x = np.zeros((400, 9, 2), "float32")
    if in_a_file:
        x = np.memmap(tmp_path / "x", "float32", "w+", shape=x.shape)
    for row, length in zip(x, lengths, strict=True):
        row[:length] = rng.normal([100, -5], [10, 2], (length, 2))
    split = Split({INPUT: x, "input_steps": lengths}, np.zeros(400, int))
    model = build_model(config, FLOATS)
    adapt_preprocessing(model, split)
    (layer,) = [layer for layer in model.layers if isinstance(layer, keras.layers.Normalization)]
    real = np.concatenate([row[:length] for row, length in zip(x, lengths, strict=True)])
    np.testing.assert_allclose(np.ravel(layer.mean), real.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(np.ravel(layer.variance), real.var(axis=0), rtol=1e-3)
    alone = Split({INPUT: np.array(x[:1, :2]), "input_steps": lengths[:1]}, np.zeros(1, int))
    np.testing.assert_allclose(
        model.predict(feed(model, alone), verbose=0)[0],
        model.predict(feed(model, split.take(np.arange(4))), verbose=0)[0],
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("layer", "sees_padding"),
    [
        ("LayerNormalization", False),
        ("BatchNormalization", False),
        ("UnitNormalization", False),
        ("{GroupNormalization: {groups: 2}}", True),
    ],
)
def test_a_prediction_depends_on_padding_only_where_a_rule_warns_of_it(layer, sees_padding):
    layers = f"{{LSTM: {{units: 4, return_sequences: true}}}}, {layer}, GlobalMaxPooling1D"
    text = f"data: {{dataset: digits}}\nmodel: {{layers: [{layers}, {{Dense: {{units: 3}}}}]}}\n"
    config = bind(parse_config(Text("own.yaml", text)), FLOATS, train_size=10)
    model = build_model(config, FLOATS)
    x = np.random.default_rng(0).normal(size=(2, 9, 2)).astype("float32")
    x[0, 3:] = 0
    together = feed(model, Split({INPUT: x, "input_steps": np.array([3, 9], "int32")}, np.zeros(2)))
    alone = feed(
        model, Split({INPUT: x[:1, :3], "input_steps": np.array([3], "int32")}, np.zeros(1))
    )
    difference = model.predict(alone, verbose=0)[0] - model.predict(together, verbose=0)[0]
    assert (np.abs(difference).max() > 1e-3) == sees_padding


@pytest.mark.parametrize("layer", ["{ZeroPadding1D: {padding: 1}}", "{UpSampling1D: {size: 2}}"])
def test_normalization_learns_from_real_steps_where_no_layer_uses_their_mask(layer):
    layers = f"Normalization, {layer}, GlobalAveragePooling1D, {{Dense: {{units: 3}}}}"
    text = f"data: {{dataset: digits}}\nmodel: {{layers: [{layers}]}}\n"
    config = bind(parse_config(Text("own.yaml", text)), FLOATS, train_size=10)
    model = build_model(config, FLOATS)
    assert len(model.inputs) == 1
    x = np.zeros((2, 4, 2), "float32")
    x[0], x[1, :2] = [100, 3], [110, 5]
    split = Split({INPUT: x, "input_steps": np.array([4, 2], "int32")}, np.zeros(2, int))
    adapt_preprocessing(model, split)
    (layer,) = [layer for layer in model.layers if isinstance(layer, keras.layers.Normalization)]
    np.testing.assert_allclose(np.ravel(layer.mean), [620 / 6, 22 / 6], rtol=1e-5)


def test_a_layer_distributed_over_steps_is_refused_where_their_number_varies():
    """Keras 3.15 applies it to as many steps as there are examples in the batch."""
    inner = "{TimeDistributed: {layer: {Dense: {units: 2}}}}"
    layers = f"{inner}, GlobalAveragePooling1D, {{Dense: {{units: 3}}}}"
    text = f"data: {{dataset: digits}}\nmodel: {{layers: [{layers}]}}\n"
    config = bind(parse_config(Text("own.yaml", text)), FLOATS, train_size=10)
    with pytest.raises(ConfigError) as error:
        build_model(config, FLOATS)
    (found,) = error.value.diagnostics
    assert found.rule == "varying-steps"
    assert (found.mark.line, found.path) == (2, "model.layers[0].TimeDistributed")
    assert found.hint.startswith("Write Dense without TimeDistributed")
    fixed = replace(FLOATS, inputs={INPUT: TensorSpec((9, 2), "float32")})
    assert build_model(bind(config, fixed, train_size=10), fixed).output_shape == (None, 3)
