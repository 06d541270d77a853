"""Which shapes layers put out, worked out without Keras; what is not known is left out.

A shape is that of one example: no batch axis. `None` in it is an axis of variable length.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from dlcli.rules.network import (
    ACTIVATION_LAYERS,
    CONVOLUTIONS,
    DENSE,
    DROPOUTS,
    MERGING,
    NORMALIZERS,
    RECURRENT,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dlcli.rules.network import Layer, Part, Shape

SAME: Final = (
    frozenset(ACTIVATION_LAYERS)
    | NORMALIZERS
    | DROPOUTS
    | {
        "Activation",
        "ActivityRegularization",
        "GaussianNoise",
        "Identity",
        "Masking",
        "Rescaling",
        "RandomBrightness",
        "RandomContrast",
        "RandomFlip",
        "RandomRotation",
        "RandomTranslation",
        "RandomZoom",
    }
)
"""Layers that put out the shape that they are given."""


def shapes_of(inputs: Mapping[str, Shape], layers: Sequence[Layer]) -> dict[str, Shape]:
    """Return the shapes of inputs and layers by id; those that are not known are left out."""
    known: dict[str, Shape] = {name: shape for name, shape in inputs.items() if shape}
    for layer in layers:
        given = [known.get(source) for source in layer.inputs]
        shape = _shape(layer, given)
        if shape:  # without an axis there is nothing to judge
            known[layer.id] = shape
    return known


def _shape(layer: Layer, given: Sequence[Shape]) -> Shape:
    if layer.name in MERGING:
        return _merged(layer, given)
    if len(given) != 1 or given[0] is None:
        return None
    shape = given[0]
    if layer.name == "TimeDistributed":
        inner = _single(layer.core, shape[1:]) if len(shape) > 1 else None
        return None if inner is None else (shape[0], *inner)
    if layer.name == "Bidirectional":
        return _bidirectional(layer, shape)
    return _single(layer, shape)


def _single(part: Part, shape: tuple[int | None, ...]) -> Shape:
    """Return what a layer makes of one input's shape."""
    if part.name in SAME:
        return shape
    for kinds, made in _RULES:
        if part.name in kinds:
            return made(part, shape)
    return None


def _merged(layer: Layer, given: Sequence[Shape]) -> Shape:
    """Return the shape of several inputs together: those along the last axis, or one by one."""
    shapes = [shape for shape in given if shape is not None]
    if len(shapes) != len(given) or layer.name == "Dot":
        return None
    if layer.name != "Concatenate":
        return max(shapes, key=len)
    if layer.get("axis", -1) != -1 or any(len(shape) != len(shapes[0]) for shape in shapes):
        return None
    ends = [shape[-1] for shape in shapes]
    total = None if None in ends else sum(end for end in ends if end is not None)
    return (*shapes[0][:-1], total)


def _bidirectional(layer: Layer, shape: tuple[int | None, ...]) -> Shape:
    made = _single(layer.core, shape)
    width = layer.units
    return None if made is None or width is None else (*made[:-1], width)


def _dense(part: Part, shape: tuple[int | None, ...]) -> Shape:
    units = part.get("units")
    return (*shape[:-1], units) if isinstance(units, int) else None


def _recurrent(part: Part, shape: tuple[int | None, ...]) -> Shape:
    units = part.get("units")
    if len(shape) != 2 or not isinstance(units, int):
        return None
    return (shape[0], units) if part.get("return_sequences") else (units,)


def _embedding(part: Part, shape: tuple[int | None, ...]) -> Shape:
    width = part.get("output_dim")
    return (*shape, width) if isinstance(width, int) else None


def _flatten(_part: Part, shape: tuple[int | None, ...]) -> Shape:
    return None if None in shape else (math.prod(n for n in shape if n is not None),)


def _reshape(part: Part, shape: tuple[int | None, ...]) -> Shape:
    target = part.get("target_shape")
    if not isinstance(target, tuple | list) or any(not isinstance(n, int) for n in target):
        return None
    if -1 not in target:
        return tuple(target)
    if None in shape:
        return None
    rest = math.prod(n for n in target if n != -1)
    whole = math.prod(n for n in shape if n is not None)
    return tuple(whole // rest if n == -1 else n for n in target) if rest else None


def _repeated(part: Part, shape: tuple[int | None, ...]) -> Shape:
    return (part.get("n"), *shape) if len(shape) == 1 else None


def _global(part: Part, shape: tuple[int | None, ...]) -> Shape:
    if _channels_first(part) or part.get("keepdims"):
        return None
    return shape[-1:]


def _channels_first(part: Part) -> bool:
    return bool(part.get("data_format") == "channels_first")


def _pooled(part: Part, shape: tuple[int | None, ...]) -> Shape:
    rank = len(shape) - 1
    windows = sizes(part.get("pool_size"), rank)
    strides = sizes(part.get("strides"), rank) or windows
    return _windowed(part, shape, windows, strides, (1,) * rank, shape[-1])


def _convolved(part: Part, shape: tuple[int | None, ...]) -> Shape:
    if "Transpose" in part.name:
        return None
    rank = len(shape) - 1
    filters = part.get("filters")
    if part.name.startswith("Depthwise") and isinstance(shape[-1], int):
        filters = shape[-1] * int(part.get("depth_multiplier", 1))
    windows, strides = sizes(part.get("kernel_size"), rank), sizes(part.get("strides"), rank)
    dilations = sizes(part.get("dilation_rate", 1), rank)
    return _windowed(part, shape, windows, strides or (1,) * rank, dilations, filters)


def _windowed(
    part: Part,
    shape: tuple[int | None, ...],
    windows: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    channels: int | None,
) -> Shape:
    """Return what windows make of the positions of a shape; None where one does not fit."""
    usable = windows and strides and dilations and len(shape) > 1
    if not usable or _channels_first(part) or not isinstance(channels, int):
        return None
    places: list[int | None] = []
    for size, window, stride, dilation in zip(shape[:-1], windows, strides, dilations, strict=True):
        reach = dilation * (window - 1) if part.get("padding") == "valid" else 0
        count = None if size is None else -(-(size - reach) // stride)
        if count is not None and count < 1:
            return None
        places.append(count)
    return (*places, channels)


def sizes(value: object, rank: int) -> tuple[int, ...]:
    """Return a size for each axis; empty if they are not given, or not known."""
    if isinstance(value, int):
        return (value,) * rank
    if isinstance(value, tuple | list) and all(isinstance(n, int) for n in value):
        return (
            tuple(value) if len(value) == rank else tuple(value) * rank if len(value) == 1 else ()
        )
    return ()


POOLING: Final = frozenset(f"{kind}Pooling{n}D" for kind in ("Max", "Average") for n in (1, 2, 3))
GLOBAL_POOLING: Final = frozenset(f"Global{name}" for name in POOLING)

_RULES: Final[tuple[tuple[frozenset[str], Callable[..., Shape]], ...]] = (
    (DENSE - {"EinsumDense"}, _dense),
    (RECURRENT, _recurrent),
    (frozenset({"Embedding"}), _embedding),
    (frozenset({"Flatten"}), _flatten),
    (frozenset({"Reshape"}), _reshape),
    (frozenset({"RepeatVector"}), _repeated),
    (GLOBAL_POOLING, _global),
    (POOLING, _pooled),
    (CONVOLUTIONS, _convolved),
)
