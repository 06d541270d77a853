"""Which layers of a network can be looked at, and what they make of examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from dlcli.engine.graph import applications
from dlcli.engine.model import feed
from dlcli.errors import UserError, closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dlcli.data.description import Split

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)
POOLING = (
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
)
NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
)
ACTIVATIONS = (
    keras.layers.Activation,
    keras.layers.ELU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ReLU,
)
RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)

BLOCK = 64
"""Examples whose activations are held at once."""


def convolutions(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the convolutions whose filters can be shown, the first one first."""
    return [layer for layer in model.layers if isinstance(layer, CONVOLUTIONS)]


def mapped(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers whose maps are shown if none is chosen: convolutions and pooling."""
    return [layer for layer in model.layers if isinstance(layer, CONVOLUTIONS + POOLING)]


def recurrent(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers with a state, one for each step of a sequence."""
    return [layer for layer in model.layers if isinstance(layer, RECURRENT)]


def chosen_layers(
    model: keras.Model,
    names: Sequence[str],
    kind: Callable[[keras.Model], list[keras.layers.Layer]],
    what: str,
) -> list[keras.layers.Layer]:
    """Return the layers of the given names, or all of a kind.

    Args:
        model: The network.
        names: Ids of layers; empty for all.
        kind: Returns those that can be shown.
        what: What they are called.

    Raises:
        UserError: If a name is none of them, or there are none.
    """
    available = {layer.name: layer for layer in kind(model)}
    if not available:
        held = ", ".join(dict.fromkeys(type(layer).__name__ for layer in model.layers))
        remedy = f"Choose another run; the layers of this one are {held}."
        raise UserError(f"the network has no {what}", remedy=remedy)
    for name in names:
        if name not in available:
            meant = closest(name, available)
            hint = f"did you mean '{meant}'? " if meant else ""
            remedy = f"{hint}there are {', '.join(available)}"
            raise UserError(f"'{name}' is not a {what.rstrip('s')} of the network", remedy=remedy)
    return [available[name] for name in names] if names else list(available.values())


def spatial_outputs(model: keras.Model) -> list[keras.layers.Layer]:
    """Return every layer whose output has places (of an image or a sequence) and channels."""
    return [
        layer
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer) and _places(layer)
    ]


def _places(layer: keras.layers.Layer) -> bool:
    made = layer.output
    return not isinstance(made, list | tuple) and len(made.shape) in (3, 4)


@dataclass(frozen=True)
class FeatureMaps:
    """What a layer makes of one example.

    Attributes:
        layer: Its name.
        kind: Its class.
        maps: Shape (height, width, channels), or (steps, channels).
    """

    layer: str
    kind: str
    maps: np.ndarray


def feature_maps(
    model: keras.Model, layers: Sequence[keras.layers.Layer], example: Split
) -> list[FeatureMaps]:
    """Return the output of layers for a single example, in the order of the layers."""
    made = activations(model, layers, example)
    return [
        FeatureMaps(layer.name, type(layer).__name__, array[0])
        for layer, array in zip(layers, made, strict=True)
    ]


def activations(
    model: keras.Model, layers: Sequence[keras.layers.Layer], examples: Split
) -> list[np.ndarray]:
    """Return the output of layers for examples, (n, ..., channels) each."""
    return evaluate(model, [layer.output for layer in layers], examples)


def blocks(examples: Split) -> Iterator[tuple[int, Split]]:
    """Yield parts of the examples that are small enough, each with its first position."""
    for start in range(0, examples.size, BLOCK):
        index = np.arange(start, min(start + BLOCK, examples.size))
        yield start, examples.take(index)


def evaluate(model: keras.Model, tensors: Sequence[Any], examples: Split) -> list[np.ndarray]:
    """Return the values of tensors of a network's graph for examples."""
    part = keras.Model(model.inputs, list(tensors))
    made = keras.tree.flatten(part(as_inputs(model, examples)))  # Keras unwraps a list of one
    return [keras.ops.convert_to_numpy(value) for value in made]


def seen_inputs(model: keras.Model, layer: str) -> list[str]:
    """Return the names of the network's inputs that a layer depends on, in their order."""
    seen = {id(tensor) for tensor in keras.tree.flatten(model.get_layer(layer).output)}
    for operation in reversed(model.operations):
        for node in applications(operation):
            if any(id(tensor) in seen for tensor in node.output_tensors):
                seen |= {id(tensor) for tensor in node.input_tensors}
    return [tensor.name for tensor in model.inputs if id(tensor) in seen]


def activated(model: keras.Model, layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return the layer that makes a layer's activation.

    That is the activation layer that alone takes its output, a normalization between the two or
    not; else the layer itself.
    """
    last = layer
    while True:
        takers = _takers(model, last)
        if len(takers) == 1 and isinstance(takers[0], ACTIVATIONS):
            return takers[0]
        if len(takers) != 1 or not isinstance(takers[0], NORMALIZATIONS):
            return layer
        last = takers[0]


def _takers(model: keras.Model, layer: keras.layers.Layer) -> list[Any]:
    """Return the operations that take a layer's output."""
    made = {id(tensor) for tensor in keras.tree.flatten(layer.output)}
    return [
        operation
        for operation in model.operations
        for node in applications(operation)
        if any(id(tensor) in made for tensor in node.input_tensors)
    ]


def as_inputs(model: keras.Model, examples: Split) -> list[Any]:
    """Return a split's arrays in the order of the model's inputs."""
    arrays = feed(model, examples)
    if len(model.inputs) == 1:
        return [np.asarray(arrays)]
    return [np.asarray(arrays[tensor.name]) for tensor in model.inputs]
