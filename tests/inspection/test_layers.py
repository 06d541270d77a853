"""Which layers can be looked at, and what they make of examples."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlcli.data.description import INPUT
from dlcli.errors import UserError
from dlcli.inspection.layers import chosen_layers, convolutions, feature_maps, recurrent
from tests.inspection.made import L, images, network


def test_feature_maps_are_the_outputs_of_the_layers():
    conv, pool = L.Conv2D(4, 3), L.MaxPooling2D(2)
    model = network(conv, pool, L.Flatten(), L.Dense(2), shape=(9, 9, 2))
    example = images().take(np.array([5]))
    first, second = feature_maps(model, [conv, pool], example)
    wanted = keras.Model(model.inputs[0], conv.output)(example.x[INPUT])
    np.testing.assert_allclose(first.maps, wanted[0], atol=1e-6)
    assert (second.layer, second.kind) == (pool.name, "MaxPooling2D")
    assert second.maps.shape == (3, 3, 4)


def test_layers_are_chosen_by_name_and_a_wrong_one_is_told():
    conv = L.Conv2D(4, 3, name="edges")
    model = network(conv, L.Flatten(), L.Dense(2), shape=(9, 9, 2))
    assert chosen_layers(model, [], convolutions, "convolutions") == [conv]
    assert chosen_layers(model, ["edges"], convolutions, "convolutions") == [conv]
    with pytest.raises(UserError, match="'edge' is not a convolution") as caught:
        chosen_layers(model, ["edge"], convolutions, "convolutions")
    assert "did you mean 'edges'" in caught.value.remedy
    with pytest.raises(UserError, match="the network has no recurrent layers"):
        chosen_layers(model, [], recurrent, "recurrent layers")
