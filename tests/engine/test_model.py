"""A config becomes exactly the model a Keras user would write by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import load_config, parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe
from dlcli.data.description import DataDescription, Split, TensorSpec
from dlcli.engine.model import build_model, construct, feed
from tests.engine.made import CONFIGS, build

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("path", CONFIGS, ids=[p.stem for p in CONFIGS])
def test_every_example_builds_and_its_layers_are_named_by_their_ids(path):
    config = load_config(str(path))
    bound = bind(config, describe(config.data.source))
    model = build_model(bound, describe(config.data.source))
    assert {layer.id for layer in bound.model.layers} <= {layer.name for layer in model.layers}
    assert bound.compile.loss is not None


def test_a_chain_computes_what_the_hand_written_one_does():
    yaml = """
        data: {dataset: digits}
        model:
          layers:
            - {Conv2D: {filters: 4, kernel_size: [3, 3], padding: same, activation: relu}}
            - BatchNormalization
            - {MaxPooling2D: {pool_size: 2}}
            - Flatten
            - {Dense: {units: 10, activation: softmax}}
    """
    layers = keras.layers
    by_hand = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(4, (3, 3), padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    x = np.random.default_rng(0).random((5, 8, 8, 1), dtype=np.float32)
    model = build(yaml)
    by_hand.set_weights(model.get_weights())
    np.testing.assert_array_equal(model(x), by_hand(x))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    yaml = "data: {dataset: iris}\nmodel: {layers: [{Dense: {units: 3, activation: softmax}}]}\n"
    one, same, other = (build(yaml + f"seed: {seed}") for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.get_weights()[0], same.get_weights()[0])
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


TWO_INPUTS = DataDescription(
    "pairs",
    "binary",
    {"left": TensorSpec((6,), "float32"), "right": TensorSpec((6,), "float32")},
    ("no", "yes"),
    train_size=100,
)


def test_several_inputs_share_a_layer_and_several_outputs_come_out():
    yaml = """
        data: {dataset: digits}
        model:
          inputs: [left, right]
          layers:
            - {Dense: {units: 4, activation: tanh}, from: left, id: encoder}
            - {use: encoder, from: right, id: encoded_right}
            - {Concatenate: {}, from: [encoder, encoded_right], id: both}
            - {Dense: {units: 1, activation: sigmoid}, id: main}
            - {Dense: {units: 1, activation: sigmoid}, from: encoder, id: side}
          outputs: [main, side]
    """
    model = build(yaml, TWO_INPUTS)
    left, right = keras.Input((6,)), keras.Input((6,))
    encoder = keras.layers.Dense(4, activation="tanh")
    both = keras.layers.Concatenate()([encoder(left), encoder(right)])
    main = keras.layers.Dense(1, activation="sigmoid")(both)
    side = keras.layers.Dense(1, activation="sigmoid")(encoder.output)
    by_hand = keras.Model([left, right], [main, side])
    assert model.count_params() == by_hand.count_params()
    rng = np.random.default_rng(0)
    x = [rng.random((3, 6), dtype=np.float32) for _ in range(2)]
    split = Split({"left": x[0], "right": x[1]}, np.zeros(3))
    assert list(feed(model, split)) == ["left", "right"]
    by_hand.set_weights(model.get_weights())
    for ours, theirs in zip(model(feed(model, split)), by_hand(x), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_blocks_nest_and_repeat_with_their_own_weights():
    yaml = """
        data: {dataset: iris}
        blocks:
          dense:
            params: {units: 4}
            layers: [{Dense: {units: $units}}, ReLU]
          skip:
            layers:
              - {use: dense, with: {units: 4}, id: inner}
              - {Add: {}, from: [inner, $in]}
        model:
          layers:
            - {use: skip, repeat: 3}
            - {Dense: {units: 3, activation: softmax}}
    """
    model = build(yaml)
    assert [type(layer).__name__ for layer in model.layers].count("Add") == 3
    assert model.count_params() == 3 * (4 * 4 + 4) + (4 * 3 + 3)


@pytest.mark.parametrize(
    "layer",
    ["SimpleRNN: {units: 3, unroll: true}", "LSTM: {units: 3}", "GRU: {units: 3}",
     "Bidirectional: {layer: {GRU: {units: 3}}}",
     "RNN: {cell: [{LSTMCell: {units: 3}}, {GRUCell: {units: 4}}]}",
     "GlobalMaxPooling1D: {}", "GlobalAveragePooling1D: {}",
     "TimeDistributed: {layer: {Dense: {units: 3}}}",
     "Conv1D: {filters: 3, kernel_size: 3, padding: causal}"],
)  # fmt: skip
def test_sequence_layers_build(layer):
    yaml = f"""
        data: {{dataset: mnist_5k}}
        model:
          layers:
            - {{Reshape: {{target_shape: [28, 28]}}}}
            - {{{layer}}}
            - Flatten
            - {{Dense: {{units: $classes, activation: softmax}}}}
    """
    assert build(yaml).output_shape == (None, 10)


def test_attention_takes_its_inputs_one_by_one():
    yaml = """
        data: {dataset: mnist_5k}
        model:
          layers:
            - {Reshape: {target_shape: [28, 28]}, id: rows}
            - {MultiHeadAttention: {num_heads: 2, key_dim: 8}, from: [rows, rows]}
            - GlobalAveragePooling1D
            - {Dense: {units: $classes, activation: softmax}}
    """
    assert build(yaml).output_shape == (None, 10)


def test_one_of_a_layers_outputs_is_named_by_its_index():
    yaml = """
        data: {dataset: mnist_5k}
        model:
          layers:
            - {Reshape: {target_shape: [28, 28]}}
            - {LSTM: {units: 5, return_state: true}, id: lstm}
            - {Dense: {units: $classes, activation: softmax}, from: "lstm[2]"}
    """
    assert build(yaml).output_shape == (None, 10)
    with pytest.raises(ConfigError, match="has 3 outputs; name one"):
        build(yaml.replace("lstm[2]", "lstm"))


@pytest.mark.parametrize(
    ("layer", "line", "message"),
    [
        ("{Conv2D: {filters: 2, kernel_size: 9}}", 4, "negative dimension|kernel"),
        ("{LSTM: {units: 4}}", 4, "ndim=3"),
        ("{Reshape: {target_shape: [7]}}", 4, "size|shape"),
    ],
)
def test_a_layer_that_does_not_fit_is_reported_at_its_line(layer, line, message):
    yaml = f"""data: {{dataset: digits}}
model:
  layers:
    - {layer}
    - Flatten
    - {{Dense: {{units: $classes, activation: softmax}}}}
"""
    with pytest.raises(ConfigError, match=message) as caught:
        build(yaml)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.mark.line, diagnostic.rule) == (line, "keras")
    assert "Traceback" not in diagnostic.render()


@pytest.mark.parametrize("yaml", ["{SGD: {learning_rate: 1, momentum: 0}}", "{Adam: {epsilon: 1}}"])
def test_whole_numbers_are_rates_too(yaml):
    text = f"data: {{dataset: iris}}\nmodel: {{layers: [Flatten]}}\ncompile: {{optimizer: {yaml}}}"
    assert construct(parse_config(Text("cfg.yaml", text)).compile.optimizer)


def test_an_activation_may_be_a_layer():
    yaml = """
        data: {dataset: iris}
        model:
          layers:
            - {Dense: {units: 4, activation: {LeakyReLU: {negative_slope: 0.5}}}}
            - {Dense: {units: 3, activation: softmax}}
    """
    assert build(yaml).layers[1].activation.negative_slope == 0.5
