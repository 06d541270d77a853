"""Small networks, and images for them."""

from __future__ import annotations

import keras
import numpy as np

from dlcli.data.description import INPUT, Split

L = keras.layers
RNG = np.random.default_rng(2)


def images(count=70, size=9, channels=2):
    x = RNG.normal(size=(count, size, size, channels)).astype(np.float32)
    return Split({INPUT: x}, np.zeros(count, int))


def network(*layers, shape):
    keras.utils.set_random_seed(3)
    inputs = keras.Input(shape, name=INPUT)
    tensor = inputs
    for layer in layers:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)
