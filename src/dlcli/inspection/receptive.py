"""Receptive fields: which part of the input a place in a layer sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import keras

from dlcli.engine.graph import applications

if TYPE_CHECKING:
    from collections.abc import Iterator

Window: TypeAlias = tuple[tuple[int, int], ...] | None
"""The first and one past the last place along each axis; None is everything."""

WINDOWED = (
    *(keras.layers.Conv1D, keras.layers.Conv2D),
    *(keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D),
    *(keras.layers.SeparableConv1D, keras.layers.SeparableConv2D),
    *(keras.layers.MaxPooling1D, keras.layers.MaxPooling2D),
    *(keras.layers.AveragePooling1D, keras.layers.AveragePooling2D),
)
POINTWISE = (
    *(keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.PReLU),
    *(keras.layers.ELU, keras.layers.Softmax, keras.layers.Identity, keras.layers.Masking),
    *(keras.layers.BatchNormalization, keras.layers.LayerNormalization),
    *(keras.layers.Normalization, keras.layers.Rescaling, keras.layers.Embedding),
    *(keras.layers.Dropout, keras.layers.GaussianNoise, keras.layers.GaussianDropout),
    *(keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D, keras.layers.Dense),
    *(keras.layers.Add, keras.layers.Subtract, keras.layers.Multiply, keras.layers.Average),
    *(keras.layers.Maximum, keras.layers.Minimum, keras.layers.Concatenate),
)


class Step(NamedTuple):
    """How a layer's windows lie along one axis: place i sees [i s - p, i s - p + k)."""

    size: int
    stride: int
    before: int


def receptive_field(model: keras.Model, tensor: Any, place: tuple[int, ...]) -> Window:
    """Return the part of a network's input that a place of a tensor depends on.

    It is followed backwards through the graph; where branches meet, it covers all of them. The
    borders may lie outside of the input, where padding is seen. (Araujo, A., Norris, W. & Sim, J.
    2019, Computing receptive fields of convolutional neural networks, Distill.)

    Args:
        model: Of one input, or several of the same size.
        tensor: One of its graph, shape (batch, *places, channels).
        place: A position along each axis of places.

    Returns:
        None if it is all of the input, or a layer on the way sees everything.
    """
    seen: dict[int, Window] = {id(tensor): tuple((i, i + 1) for i in place)}
    for operation in reversed(model.operations):
        for node in applications(operation):
            window = seen.get(id(node.output_tensors[0]), ())
            if window == () or not node.input_tensors:
                continue
            for given in _followed(node):
                back = _before(operation, given, window)
                seen[id(given)] = _union(seen[id(given)], back) if id(given) in seen else back
    found = [seen[id(given)] for given in model.inputs if id(given) in seen]
    total: Window = found[0] if found else None
    for other in found[1:]:
        total = _union(total, other)
    return total


def _followed(node: Any) -> Iterator[Any]:
    """Yield the inputs with places; a mask, or a number, has none."""
    made = node.output_tensors[0]
    for given in node.input_tensors:
        if isinstance(node.operation, keras.layers.Embedding) or len(given.shape) == len(
            made.shape
        ):
            yield given


def _before(operation: Any, given: Any, window: Window) -> Window:
    """Return what an operation's output window sees of its input."""
    if window is None:
        return None
    if isinstance(operation, WINDOWED):
        steps = _steps(operation, given.shape[1:-1])
        return tuple(
            (start * step.stride - step.before, (end - 1) * step.stride - step.before + step.size)
            for (start, end), step in zip(window, steps, strict=True)
        )
    if isinstance(operation, keras.layers.ZeroPadding1D | keras.layers.ZeroPadding2D):
        return _moved(window, operation.padding, -1)
    if isinstance(operation, keras.layers.Cropping1D | keras.layers.Cropping2D):
        return _moved(window, operation.cropping, 1)
    if isinstance(operation, keras.layers.UpSampling1D | keras.layers.UpSampling2D):
        sizes = _per_axis(operation.size, len(window))
        pairs = zip(window, sizes, strict=True)
        return tuple((start // n, (end - 1) // n + 1) for (start, end), n in pairs)
    placewise = isinstance(operation, POINTWISE) or not isinstance(operation, keras.layers.Layer)
    return window if placewise else None


def _moved(window: tuple[tuple[int, int], ...], amounts: Any, sign: int) -> Window:
    """Return a window moved by what is added, or cut off, before the first place."""
    pairs = amounts if isinstance(amounts[0], tuple | list) else (amounts,)
    return tuple(
        (start + sign * int(pair[0]), end + sign * int(pair[0]))
        for (start, end), pair in zip(window, pairs, strict=True)
    )


def _steps(layer: Any, sizes: tuple[int | None, ...]) -> list[Step]:
    """Return how a convolution's, or pooling's, windows lie along each axis."""
    axes = len(sizes)
    kernel = getattr(layer, "kernel_size", None) or layer.pool_size
    kernels = _per_axis(kernel, axes)
    strides = _per_axis(layer.strides, axes)
    dilations = _per_axis(getattr(layer, "dilation_rate", 1), axes)
    steps = []
    for k, stride, dilation, size in zip(kernels, strides, dilations, sizes, strict=True):
        reach = (k - 1) * dilation + 1
        steps.append(Step(reach, stride, _padding(layer.padding, reach, stride, size)))
    return steps


def _padding(mode: str, reach: int, stride: int, size: int | None) -> int:
    """Return how many places TensorFlow pads before the first; of unknown sizes, of a multiple."""
    if mode == "valid":
        return 0
    if mode == "causal":
        return reach - 1
    if size is None:
        return max(reach - stride, 0) // 2
    return max((math.ceil(size / stride) - 1) * stride + reach - size, 0) // 2


def _per_axis(value: Any, axes: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * axes
    return tuple(int(v) for v in values)


def _union(first: Window, second: Window) -> Window:
    if first is None or second is None:
        return None
    return tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(first, second, strict=True))
