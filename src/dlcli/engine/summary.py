"""A model layer by layer: output shapes, parameters, and the arithmetic of one prediction."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import keras

from dlcli.engine.graph import applications

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class LayerSummary:
    """One layer. `flops` counts one example; for variable-length input, one step of it."""

    name: str
    layer: str
    output_shape: tuple[int | None, ...]
    parameters: int
    flops: int


@dataclass(frozen=True)
class ModelSummary:
    """A model; shapes are without the batch axis, None is a variable length."""

    layers: tuple[LayerSummary, ...]
    parameters: int
    trainable: int
    flops: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def summarize(model: keras.Model) -> ModelSummary:
    """Describe every layer of a functional model.

    FLOPs are two for each multiply-accumulate of a weight matrix or kernel (and of attention's
    products); activations, pooling and normalisation, a few per cent, are not counted. This is
    the convention of He et al. 2016 (who count one a multiply-accumulate: ResNet-20's 41 million
    are 82 million here).
    """
    layers = tuple(_layer(layer) for layer in model.layers)
    trainable = sum(math.prod(w.shape) for w in model.trainable_weights)
    return ModelSummary(layers, model.count_params(), trainable, sum(lay.flops for lay in layers))


def _layer(layer: keras.layers.Layer) -> LayerSummary:
    output = layer.output
    first = output[0] if isinstance(output, list | tuple) else output
    return LayerSummary(
        layer.name,
        type(layer).__name__,
        tuple(first.shape[1:]),
        layer.count_params(),
        2 * sum(_macs(layer, *shapes) for shapes in _applications(layer)),
    )


def _applications(layer: keras.layers.Layer) -> list[tuple[Any, Any]]:
    """Return the input and output shape of every application of a layer (several if shared)."""
    return [
        (_first_shape(node.input_tensors), _first_shape(node.output_tensors))
        for node in applications(layer)
    ]


def _first_shape(tensors: Any) -> tuple[int | None, ...]:
    return tuple(tensors[0].shape) if tensors else ()


def _macs(layer: keras.layers.Layer, given: Any, made: Any) -> int:
    """Return the multiply-accumulates of one application."""
    for kind, count in _COUNTS:
        if isinstance(layer, kind):
            return count(layer, given, made)
    return _matrix_sizes(layer) * _positions(_spatial(layer, made))


def _bidirectional(layer: Any, given: Any, made: Any) -> int:
    return sum(_macs(inner, given, made) for inner in (layer.forward_layer, layer.backward_layer))


def _recurrent(layer: Any, given: Any, made: Any) -> int:  # noqa: ARG001 (one form for all)
    return _matrix_sizes(layer) * _positions(given[1:2])


def _time_distributed(layer: Any, given: Any, made: Any) -> int:
    steps = given[1] or 1
    return steps * _macs(layer.layer, (given[0], *given[2:]), (made[0], *made[2:]))


def _attention(layer: Any, given: Any, made: Any) -> int:  # noqa: ARG001
    length: int = given[1] or 1
    products = 2 * length**2 * int(layer.num_heads) * int(layer.key_dim)
    return _matrix_sizes(layer) * length + products


def _transposed(layer: Any, given: Any, made: Any) -> int:  # noqa: ARG001
    return _matrix_sizes(layer) * _positions(_spatial(layer, given))


_COUNTS: tuple[tuple[Any, Callable[[Any, Any, Any], int]], ...] = (
    (keras.layers.Embedding, lambda *_: 0),  # a look-up
    (keras.layers.Bidirectional, _bidirectional),
    (keras.layers.RNN, _recurrent),
    (keras.layers.TimeDistributed, _time_distributed),
    (keras.layers.MultiHeadAttention, _attention),
    (keras.layers.Conv1DTranspose, _transposed),
    (keras.layers.Conv2DTranspose, _transposed),
    (keras.layers.Conv3DTranspose, _transposed),
)


def _matrix_sizes(layer: keras.layers.Layer) -> int:
    """Return the number of weights that multiply: matrices and kernels, not biases or scales."""
    return sum(math.prod(w.shape) for w in layer.weights if len(w.shape) >= 2)


def _spatial(layer: keras.layers.Layer, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Return the positions' axes of a shape: all but batch and channels."""
    channels_first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return shape[2:] if channels_first else shape[1:-1]


def _positions(axes: tuple[int | None, ...]) -> int:
    return math.prod(axis or 1 for axis in axes)
