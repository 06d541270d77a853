"""The filters of a convolution, and what each responds to among examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from dlcli.data.lengths import sequence_lengths
from dlcli.inspection.layers import activations, blocks
from dlcli.inspection.receptive import receptive_field

if TYPE_CHECKING:
    from dlcli.data.description import Split
    from dlcli.inspection.receptive import Window

SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)


@dataclass(frozen=True)
class Response:
    """Where a filter answers most strongly, in one of several examples.

    Attributes:
        example: Its position among the examples.
        value: The activation there.
        window: What of the input is seen there; None is everything.
        maps: The filter's activation over the whole example, (height, width) or (steps,).
    """

    example: int
    value: float
    window: Window
    maps: np.ndarray


@dataclass(frozen=True)
class FilterBank:
    """A convolution's filters.

    Attributes:
        layer: Its name.
        kind: Its class.
        kernels: Shape (filters, *kernel_size, channels).
        responses: Of each filter the strongest in different examples, the strongest first; empty
            without examples.
        active: Of each filter the share of all places where it is positive; empty likewise.
    """

    layer: str
    kind: str
    kernels: np.ndarray
    responses: tuple[tuple[Response, ...], ...]
    active: np.ndarray


def kernels_of(layer: Any) -> np.ndarray:
    """Return a convolution's kernels, shape (filters, *kernel_size, channels).

    A depthwise filter is zero but in its own channel; a separable one is the product of its two
    steps, which is the same linear map.
    """
    if isinstance(layer, SEPARABLE):
        depth, point = (
            keras.ops.convert_to_numpy(w) for w in (layer.depthwise_kernel, layer.pointwise_kernel)
        )
        mixing = point.reshape(depth.shape[-2], depth.shape[-1], -1)
        kernel = np.einsum("...cm,cmf->...cf", depth, mixing)
    elif isinstance(layer, DEPTHWISE):
        depth = keras.ops.convert_to_numpy(layer.kernel)
        channels, multiplier = depth.shape[-2:]
        alone = np.eye(channels)[:, :, None] * np.ones(multiplier)
        kernel = np.einsum("...cm,cdm->...cdm", depth, alone)
        kernel = kernel.reshape(*depth.shape[:-2], channels, channels * multiplier)
    else:
        kernel = keras.ops.convert_to_numpy(layer.kernel)
    return np.moveaxis(kernel, -1, 0)


def filter_bank(
    model: keras.Model, layer: keras.layers.Layer, examples: Split | None, *, strongest: int = 1
) -> FilterBank:
    """Return a convolution's filters and what each responds to.

    Args:
        model: The network.
        layer: One of its convolutions.
        examples: To look for responses in.
        strongest: Examples to return for each filter.
    """
    kernels = kernels_of(layer)
    name, kind = layer.name, type(layer).__name__
    if examples is None:
        return FilterBank(name, kind, kernels, (), np.empty(0))
    peaks, active = _peaks(model, layer, examples)
    best = np.argsort(-peaks, axis=0, kind="stable")[:strongest].T
    found = _maps(model, layer, examples, np.unique(best))
    return FilterBank(
        name,
        kind,
        kernels,
        tuple(
            tuple(_response(model, layer, int(i), found[int(i)][..., channel]) for i in row)
            for channel, row in enumerate(best)
        ),
        active,
    )


def _peaks(
    model: keras.Model, layer: keras.layers.Layer, examples: Split
) -> tuple[np.ndarray, np.ndarray]:
    """Return each filter's largest activation, (n, filters), and how often it is positive."""
    parts, positive, places = [], 0.0, 0
    for _, block in blocks(examples):
        made = _activations(model, layer, block)
        flat = made.reshape(len(made), -1, made.shape[-1])
        known = ~np.isnan(flat)
        parts.append(np.max(flat, axis=1, initial=-np.inf, where=known))
        positive = positive + np.sum(flat > 0, axis=(0, 1))
        places += int(known[..., 0].sum())
    return np.concatenate(parts), np.asarray(positive) / max(places, 1)


def _maps(
    model: keras.Model, layer: keras.layers.Layer, examples: Split, index: np.ndarray
) -> dict[int, np.ndarray]:
    """Return the activations of a few examples, by position."""
    found = {}
    for start, block in blocks(examples.take(index)):
        for i, made in enumerate(_activations(model, layer, block)):
            found[int(index[start + i])] = made
    return found


def _activations(model: keras.Model, layer: keras.layers.Layer, examples: Split) -> np.ndarray:
    """Return a layer's activations; NaN where a sequence's padding is all that is seen."""
    made: np.ndarray = activations(model, [layer], examples)[0]
    first = next(iter(examples.x))
    if made.ndim != 3 or examples.x[first].ndim > 3:
        return made
    made = made.copy()
    starts = _first_seen(model, layer, made.shape[1])
    made[starts >= sequence_lengths(examples.x, first)[:, None]] = np.nan
    return made


def _first_seen(model: keras.Model, layer: keras.layers.Layer, steps: int) -> np.ndarray:
    """Return the first step of the input that each step of a layer sees, (steps,)."""
    first, second = (receptive_field(model, layer.output, (i,)) for i in (0, 1))
    if first is None or second is None:
        return np.zeros(steps, dtype=int)
    stride = second[0][0] - first[0][0]
    return np.maximum(first[0][0] + stride * np.arange(steps), 0)


def _response(
    model: keras.Model, layer: keras.layers.Layer, example: int, maps: np.ndarray
) -> Response:
    place = np.unravel_index(int(np.nanargmax(maps)), maps.shape)
    window = receptive_field(model, layer.output, tuple(int(i) for i in place))
    return Response(example, float(maps[place]), window, maps)
