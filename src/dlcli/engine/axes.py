"""A layer that gets another number of axes than it takes: which layer to put before it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras

from dlcli.engine.graph import maker

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS, IMAGE = 3, 4
"""Axes of sequences (examples, steps, features), and of images (with rows, columns, channels)."""

RECURRENT = keras.layers.RNN | keras.layers.Bidirectional


def hint_of_axes(layer: keras.layers.Layer, tensors: Sequence[Any]) -> str:
    """Return what to put before a layer whose input has too many or too few axes, "" if it fits.

    Args:
        layer: Keras refused its input.
        tensors: Its input, or inputs.
    """
    wanted = _axes_taken(layer)
    if len(tensors) != 1 or wanted is None:
        return ""
    if len(tensors[0].shape) > wanted:
        return _too_many(layer, tensors[0], wanted)
    return _too_few(tensors[0], wanted) if len(tensors[0].shape) < wanted else ""


def _too_many(layer: keras.layers.Layer, tensor: Any, wanted: int) -> str:
    lengths = list(tensor.shape[1:])
    if wanted != STEPS or len(tensor.shape) != IMAGE:
        return ""
    if not isinstance(layer, RECURRENT):
        return "for images take the layer with 2D in its name"
    if None in lengths[1:]:
        return ""
    target = [-1 if lengths[0] is None else lengths[0], math.prod(lengths[1:])]
    return f"let each row of the image be a step: {_reshape(target)} before it"


def _too_few(tensor: Any, wanted: int) -> str:
    before, lengths = maker(tensor), list(tensor.shape[1:])
    if wanted == STEPS and "int" in tensor.dtype:
        return "turn tokens into vectors first: {Embedding: {output_dim: 16}} before it"
    if isinstance(before, RECURRENT):
        return "the layer before it returns its last step alone: give it return_sequences: true"
    if isinstance(before, keras.layers.Flatten):
        return "put it before Flatten, after which there are no places left"
    if len(tensor.shape) == wanted - 1 and None not in lengths:
        return f"give each place one feature: {_reshape([*lengths, 1])} before it"
    return ""


def _axes_taken(layer: keras.layers.Layer) -> int | None:
    """Return how many axes a layer's input has, that of the examples among them; None for any."""
    specs = layer.input_spec if isinstance(layer.input_spec, list) else [layer.input_spec]
    first = specs[0] if specs else None
    if first is None:
        return None
    taken: int | None = first.ndim if first.ndim is not None else first.min_ndim
    return taken


def _reshape(target: list[int]) -> str:
    return f"{{Reshape: {{target_shape: [{', '.join(map(str, target))}]}}}}"
