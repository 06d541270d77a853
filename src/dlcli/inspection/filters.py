"""The filters of a convolution, and what each responds to among examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from dlcli.data.lengths import sequence_lengths
from dlcli.inspection.layers import activated, activations, blocks
from dlcli.inspection.receptive import receptive_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.data.description import Split
    from dlcli.inspection.receptive import Window

SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)

SAME = 1e-12
"""Activations that differ by less are the same: those of a sigmoid far below zero are not quite."""


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
        responses: Of each filter the strongest in different examples, the strongest first; none
            of a dead one; empty without examples.
        active: Of each filter the share of all places where it is positive; empty likewise.
        dead: The filters whose activation is the same at all places of all examples, by number,
            and what it is there.
        looked_at: How many examples that is.
    """

    layer: str
    kind: str
    kernels: np.ndarray
    responses: tuple[tuple[Response, ...], ...]
    active: np.ndarray
    dead: Mapping[int, float] = field(default_factory=dict)
    looked_at: int = 0

    def dead_text(self, filter_: int) -> str:
        """Say why a filter is dead."""
        value = self.dead[filter_]
        what = "never active" if abs(value) <= SAME else f"always {value:.3g}"
        examples = "example" if self.looked_at == 1 else "examples"
        return f"dead: {what} on {self.looked_at} {examples}"


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
    model: keras.Model,
    layer: keras.layers.Layer,
    examples: Split | None,
    *,
    strongest: int = 1,
    judged: Split | None = None,
) -> FilterBank:
    """Return a convolution's filters, what each responds to, and which are dead.

    A filter is dead if what the network makes of it never varies: its activation, or that of the
    activation layer that follows.

    Args:
        model: The network.
        layer: One of its convolutions.
        examples: To look for responses in.
        strongest: Examples to return for each filter.
        judged: Examples that show which filters are dead; by default those searched.
    """
    kernels = kernels_of(layer)
    name, kind = layer.name, type(layer).__name__
    if examples is None:
        return FilterBank(name, kind, kernels, (), np.empty(0))
    peaks, active, dead = _peaks(model, layer, examples)
    if judged is None:
        judged = examples
    else:
        dead = _peaks(model, layer, judged)[2]
    best = np.argsort(-peaks, axis=0, kind="stable")[:strongest].T
    found = _maps(model, layer, examples, np.unique(best))
    return FilterBank(
        name,
        kind,
        kernels,
        tuple(
            tuple(
                _response(model, layer, int(i), found[int(i)][..., channel])
                for i in row
                if channel not in dead
            )
            for channel, row in enumerate(best)
        ),
        active,
        dead,
        judged.size,
    )


def _peaks(
    model: keras.Model, layer: keras.layers.Layer, examples: Split
) -> tuple[np.ndarray, np.ndarray, dict[int, float]]:
    """Return each filter's largest activation, (n, filters), how often it is positive, the dead."""
    parts, positive, places = [], 0.0, 0
    ends = []
    for _, block in blocks(examples):
        made, final = _activations(model, layer, block)
        flat = made.reshape(len(made), -1, made.shape[-1])
        known = ~np.isnan(flat)
        parts.append(np.max(flat, axis=1, initial=-np.inf, where=known))
        positive = positive + np.sum(flat > 0, axis=(0, 1))
        places += int(known[..., 0].sum())
        final = final.reshape(-1, final.shape[-1])
        ends.append(np.stack([np.fmin.reduce(final), np.fmax.reduce(final)]))
    lowest, highest = np.fmin.reduce(ends)[0], np.fmax.reduce(ends)[1]
    dead = {int(i): float(highest[i]) for i in np.flatnonzero(highest - lowest <= SAME)}
    return np.concatenate(parts), np.asarray(positive) / max(places, 1), dead


def _maps(
    model: keras.Model, layer: keras.layers.Layer, examples: Split, index: np.ndarray
) -> dict[int, np.ndarray]:
    """Return the activations of a few examples, by position."""
    found = {}
    for start, block in blocks(examples.take(index)):
        for i, made in enumerate(_activations(model, layer, block)[0]):
            found[int(index[start + i])] = made
    return found


def _activations(
    model: keras.Model, layer: keras.layers.Layer, examples: Split
) -> tuple[np.ndarray, np.ndarray]:
    """Return a layer's output, and that of the activation layer that follows, or itself.

    Both are NaN where a sequence's padding is all that is seen.
    """
    made, final = activations(model, [layer, activated(model, layer)], examples)
    first = next(iter(examples.x))
    if made.ndim != 3 or examples.x[first].ndim > 3:
        return made, final
    made, final = made.copy(), final.copy()
    starts = _first_seen(model, layer, made.shape[1])
    padding = starts >= sequence_lengths(examples.x, first)[:, None]
    made[padding] = final[padding] = np.nan
    return made, final


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
