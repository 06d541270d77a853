"""Filters and responses: against Keras's layers and a search by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.data.description import INPUT, Split
from dlcli.inspection.filters import filter_bank, kernels_of
from dlcli.inspection.layers import activations
from tests.inspection.made import RNG, L, images, network


@pytest.mark.parametrize(
    "layer",
    [
        L.Conv2D(4, 3),
        L.DepthwiseConv2D(3, depth_multiplier=2),
        L.SeparableConv2D(4, 3, depth_multiplier=3),
    ],
)
def test_kernels_make_the_layers_own_output(layer):
    examples = images()
    model = network(layer, shape=(9, 9, 2))
    kernels = kernels_of(layer)  # (filters, 3, 3, 2)
    same = L.Conv2D(len(kernels), 3, use_bias=False)
    same.build((None, 9, 9, 2))
    same.set_weights([np.moveaxis(kernels, 0, -1)])
    np.testing.assert_allclose(same(examples.x[INPUT]), model(examples.x[INPUT]), atol=1e-5)


def test_a_filters_strongest_answer_is_where_it_is_over_all_examples():
    examples = images()
    layer = L.Conv2D(3, 3, padding="same", activation="relu")
    model = network(L.Conv2D(2, 3), layer, L.GlobalMaxPooling2D(), L.Dense(2), shape=(9, 9, 2))
    bank = filter_bank(model, layer, examples, strongest=2)
    made = keras.ops.convert_to_numpy(keras.Model(model.inputs[0], layer.output)(examples.x[INPUT]))
    assert bank.kernels.shape == (3, 3, 3, 2)
    for channel, responses in enumerate(bank.responses):
        peaks = made[..., channel].max(axis=(1, 2))
        first, second = np.argsort(-peaks)[:2]
        assert [r.example for r in responses] == [first, second]
        assert responses[0].value == pytest.approx(peaks[first])
        np.testing.assert_allclose(responses[0].maps, made[first, ..., channel], atol=1e-6)
        place = np.unravel_index(responses[0].maps.argmax(), responses[0].maps.shape)
        assert responses[0].window == tuple((i - 1, i + 4) for i in place)
        share = float((made[..., channel] > 0).mean())
        assert bank.active[channel] == pytest.approx(share, abs=1e-9)


def test_padding_is_no_place_to_respond():
    """A filter with a positive bias answers on padding, and there alone it must not be found."""
    x = np.zeros((6, 12, 1), np.float32)
    x[:, :5] = -RNG.random((6, 5, 1)) - 1
    x[:, :2] = -0.25
    layer = L.Conv1D(1, 2, activation="relu", bias_initializer="ones")
    model = network(layer, shape=(None, 1))
    layer.set_weights([np.ones((2, 1, 1)), np.ones(1)])
    bank = filter_bank(model, layer, Split({INPUT: x}, np.zeros(6, int)))
    (response,) = bank.responses[0]
    assert response.value == pytest.approx(0.5)  # on padding it is 1
    assert np.isnan(response.maps[5:]).all()
    assert not np.isnan(response.maps[:5]).any()


def test_a_filter_that_never_varies_is_dead_and_has_no_example():
    examples = images()
    layer = L.Conv2D(4, 3, activation="relu")
    model = network(layer, L.Flatten(), L.Dense(2), shape=(9, 9, 2))
    kernel, _ = layer.get_weights()
    kernel[..., 3] = 0
    layer.set_weights([kernel, np.array([0, -100, 0, 0.5])])
    bank = filter_bank(model, layer, examples)
    assert bank.dead == {1: 0.0, 3: 0.5}
    assert [len(responses) for responses in bank.responses] == [1, 0, 1, 0]
    assert bank.dead_text(1) == "dead: never active on 70 examples"
    assert bank.dead_text(3) == "dead: always 0.5 on 70 examples"


@pytest.mark.parametrize("between", [[], [L.BatchNormalization]])
def test_it_is_the_activation_layer_after_a_filter_that_tells_whether_it_is_dead(between):
    conv, relu = L.Conv2D(2, 3, bias_initializer=keras.initializers.Constant(-50)), L.ReLU()
    layers = [conv, *(kind() for kind in between), relu, L.Flatten(), L.Dense(2)]
    model = network(*layers, shape=(9, 9, 2))
    (made,) = activations(model, [relu], images())
    assert made.max() == 0
    assert set(filter_bank(model, conv, images()).dead) == {0, 1}
    if between:
        norm = layers[1]
        gamma, beta, _, variance = norm.get_weights()
        norm.set_weights([gamma, beta, np.full(2, -50.0), variance])
        assert filter_bank(model, conv, images()).dead == {}


def test_a_linear_filter_below_zero_is_not_dead():
    conv = L.Conv2D(2, 3, bias_initializer=keras.initializers.Constant(-50))
    model = network(conv, L.Flatten(), L.Dense(2), shape=(9, 9, 2))
    bank = filter_bank(model, conv, images())
    assert (bank.active == 0).all()
    assert bank.dead == {}


def test_other_examples_than_those_searched_may_show_that_a_filter_lives():
    layer = L.Conv2D(1, 1, activation="relu")
    model = network(layer, L.Flatten(), L.Dense(2), shape=(2, 2, 1))
    layer.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    dark = Split({INPUT: np.zeros((3, 2, 2, 1), np.float32)}, np.zeros(3, int))
    bright = Split({INPUT: np.eye(4, dtype=np.float32).reshape(4, 2, 2, 1)}, np.zeros(4, int))
    assert filter_bank(model, layer, dark).dead == {0: 0.0}
    bank = filter_bank(model, layer, dark, judged=bright)
    assert (bank.dead, bank.looked_at, len(bank.responses[0])) == ({}, 4, 1)


def test_without_examples_there_are_kernels_alone():
    layer = L.Conv1D(4, 3)
    bank = filter_bank(network(layer, shape=(8, 2)), layer, None)
    assert bank.kernels.shape == (4, 3, 2)
    assert bank.responses == ()
