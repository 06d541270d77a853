"""Unrolled layers: against Keras's own layers, and gradients against perturbed states."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.data.description import INPUT, Split
from dlcli.errors import UserError
from dlcli.inspection.layers import recurrent
from dlcli.inspection.recurrence import unroll

L = keras.layers
STEPS, FEATURES, UNITS = 7, 3, 5
MERGED = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": np.add,
    "mul": np.multiply,
    "ave": lambda a, b: (a + b) / 2,
}


def example(*, steps=STEPS, features=FEATURES):
    x = np.random.default_rng(1).normal(size=(1, steps, features)).astype(np.float32)
    return Split({INPUT: x}, np.zeros(1, int))


def network(*layers, shape=(STEPS, FEATURES)):
    keras.utils.set_random_seed(3)
    inputs = keras.Input(shape, name=INPUT)
    tensor = inputs
    for layer in layers:
        tensor = layer(tensor)
    model = keras.Model(inputs, tensor)
    for weight in model.trainable_weights:  # biases too, which start at zero
        weight.assign(weight + keras.random.normal(weight.shape, stddev=0.3, seed=4))
    return model


def states_by_keras(model, layer, given):
    """Return the hidden states of a layer, by a copy of it that returns all of them."""
    config = layer.get_config() | {"return_sequences": True, "return_state": False}
    copy = type(layer).from_config(config)
    before = keras.Model(model.inputs[0], layer.input)(given.x[INPUT])
    copy(before)
    copy.set_weights(layer.get_weights())
    made = keras.ops.convert_to_numpy(copy(before))[0]
    return made[::-1] if config.get("go_backwards") else made


@pytest.mark.parametrize(
    "layer",
    [
        L.SimpleRNN(UNITS),
        L.SimpleRNN(UNITS, activation="relu", use_bias=False),
        L.LSTM(UNITS),
        L.LSTM(UNITS, use_bias=False, recurrent_activation="hard_sigmoid"),
        L.GRU(UNITS),
        L.GRU(UNITS, reset_after=False),
        L.GRU(UNITS, use_bias=False),
        L.LSTM(UNITS, go_backwards=True),
        L.RNN(L.LSTMCell(UNITS)),
        L.LSTM(UNITS, return_sequences=True),
    ],
    ids=lambda layer: f"{type(layer).__name__}-{layer.name}",
)
def test_the_states_are_those_of_keras(layer):
    ends = [L.GlobalAveragePooling1D()] if layer.return_sequences else []
    model = network(layer, *ends, L.Dense(3, activation="softmax"))
    given = example()
    (found,) = unroll(model, layer, given, classes=True)
    wanted = states_by_keras(model, layer, given)
    np.testing.assert_allclose(found.values["hidden state"], wanted, atol=1e-6)
    assert found.gradient.shape == (STEPS,)
    for name, values in found.values.items():
        assert values.shape == (STEPS, UNITS)
        if "gate" in name:
            assert (values >= 0).all()
            assert (values <= 1).all()


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave"])
@pytest.mark.parametrize("sequences", [True, False])
def test_both_directions_give_what_the_network_says(merge_mode, sequences):
    layer = L.Bidirectional(L.GRU(UNITS, return_sequences=sequences), merge_mode=merge_mode)
    ends = [L.GlobalAveragePooling1D()] if sequences else []
    model = network(layer, *ends, L.Dense(1, activation="sigmoid"))
    given = example()
    forward, backward = unroll(model, layer, given, classes=True)
    assert (forward.layer, backward.layer) == (f"{layer.name}, forward", f"{layer.name}, backward")
    made = keras.ops.convert_to_numpy(keras.Model(model.inputs[0], layer.output)(given.x[INPUT]))[0]
    forward_states, backward_states = (t.values["hidden state"] for t in (forward, backward))
    if not sequences:
        forward_states, backward_states = forward_states[-1], backward_states[0]
    wanted = MERGED[merge_mode](forward_states, backward_states)
    np.testing.assert_allclose(made, wanted, atol=1e-6)
    assert (forward.gradient > 0).all()
    assert (backward.gradient > 0).all()


def test_the_gradient_is_the_slope_of_the_log_odds():
    layer = L.SimpleRNN(UNITS)
    model = network(layer, L.Dense(2, activation="softmax"))
    given = example()
    (found,) = unroll(model, layer, given, classes=True)
    kernel, recurrent_kernel, bias = layer.get_weights()
    best = int(np.argmax(model(given.x[INPUT])))

    def log_odds(state, after):
        for x in given.x[INPUT][0, after + 1 :].astype(np.float64):
            state = np.tanh(x @ kernel + state @ recurrent_kernel + bias)
        w, b = model.layers[-1].get_weights()
        logits = state @ w + b
        return logits[best] - logits[1 - best]

    step = 1e-5
    for t in range(STEPS):
        state = found.values["hidden state"][t].astype(np.float64)
        slopes = [
            (log_odds(state + step * unit, t) - log_odds(state - step * unit, t)) / (2 * step)
            for unit in np.eye(UNITS)
        ]
        assert found.gradient[t] == pytest.approx(np.linalg.norm(slopes), rel=1e-3)


def test_regression_takes_the_value_and_a_sure_network_still_has_a_gradient():
    layer = L.LSTM(UNITS)
    model = network(layer, L.Dense(1))
    (found,) = unroll(model, layer, example(), classes=False)
    weights = model.layers[-1].get_weights()[0][:, 0]
    assert found.gradient[-1] == pytest.approx(np.linalg.norm(weights), rel=1e-5)
    sure = network(L.LSTM(UNITS), L.Dense(1, activation="sigmoid"))
    sure.layers[-1].set_weights([np.zeros((UNITS, 1)) + 1e-3, np.array([30.0])])
    (found,) = unroll(sure, sure.layers[1], example(), classes=True)
    assert float(sure(example().x[INPUT])[0, 0]) == 1  # the sigmoid's own slope is 0 here
    assert found.gradient[-1] == pytest.approx(np.sqrt(UNITS) * 1e-3, rel=1e-3)


def test_padding_is_left_out_and_changes_nothing():
    layer = L.LSTM(UNITS, return_sequences=True)
    model = network(L.Masking(), layer, L.GRU(4), L.Dense(3, activation="softmax"), shape=(None, 3))
    short = example()
    padded = np.concatenate([short.x[INPUT], np.zeros((1, 4, FEATURES), np.float32)], axis=1)
    (alone,) = unroll(model, layer, short, classes=True)
    (found,) = unroll(model, layer, Split({INPUT: padded}, short.y), classes=True)
    assert list(found.steps) == list(range(STEPS))
    np.testing.assert_allclose(found.gradient, alone.gradient, rtol=1e-5)
    for name, values in found.values.items():
        np.testing.assert_allclose(values, alone.values[name], atol=1e-6)


def test_a_path_past_the_layer_leaves_the_gradient_out():
    inputs = keras.Input((STEPS, FEATURES), name=INPUT)
    layer = L.LSTM(UNITS)
    both = L.Concatenate()([layer(inputs), L.Flatten()(inputs)])
    model = keras.Model(inputs, L.Dense(3, activation="softmax")(both))
    (found,) = unroll(model, layer, example(), classes=True)
    assert found.gradient is None
    assert "forget gate" in found.values


def test_another_kind_of_cell_is_refused_with_those_that_can_be_shown():
    cells = L.StackedRNNCells([L.LSTMCell(4), L.LSTMCell(UNITS)])
    layer = L.RNN(cells)
    model = network(layer, L.Dense(1))
    with pytest.raises(UserError, match="is a StackedRNNCells") as caught:
        unroll(model, layer, example(), classes=False)
    assert "LSTMCell" in caught.value.remedy
    assert recurrent(model) == [layer]


def test_a_simple_rnn_forgets_what_an_lstm_with_an_open_gate_keeps():
    """The gradient over 60 steps shrinks by the recurrent matrix, or by the forget gate alone."""
    simple, lstm = L.SimpleRNN(UNITS), L.LSTM(UNITS)
    norms = {}
    for layer in (simple, lstm):
        model = network(layer, L.Dense(1), shape=(60, FEATURES))
        kernel, recurrent_kernel, bias = layer.get_weights()
        if layer is simple:
            layer.set_weights([kernel, 0.5 * np.eye(UNITS), bias])
        else:
            open_gates = np.repeat([0.0, 8.0, 0.0, 0.0], UNITS)
            layer.set_weights([0 * kernel, 0 * recurrent_kernel, open_gates])
        (found,) = unroll(model, layer, example(steps=60), classes=False)
        norms[layer] = found.gradient
    assert norms[simple][0] < norms[simple][-1] * 0.5**50
    sigmoid = 1 / (1 + np.exp(-8.0))
    assert norms[lstm][0] / norms[lstm][-2] == pytest.approx(sigmoid**58, rel=1e-4)
