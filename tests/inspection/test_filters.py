"""Filters and responses: against Keras's layers and a search by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.data.description import INPUT, Split
from dlcli.inspection.filters import filter_bank, kernels_of
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
    layer = L.Conv1D(1, 2, activation="relu", bias_initializer="ones")
    model = network(layer, shape=(None, 1))
    layer.set_weights([np.ones((2, 1, 1)), np.ones(1)])
    bank = filter_bank(model, layer, Split({INPUT: x}, np.zeros(6, int)))
    (response,) = bank.responses[0]
    assert np.isnan(response.maps[5:]).all()
    assert not np.isnan(response.maps[:5]).any()


def test_without_examples_there_are_kernels_alone():
    layer = L.Conv1D(4, 3)
    bank = filter_bank(network(layer, shape=(8, 2)), layer, None)
    assert bank.kernels.shape == (4, 3, 2)
    assert bank.responses == ()
