"""Layers that learn from the training part before a model is trained, such as Normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from dlcli.engine.graph import (
    adapted_moments,
    learns_from_data,
    mask_of,
    sources,
    use_adapted_moments,
)
from dlcli.engine.model import feed, is_target_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dlcli.data.description import Split

BLOCK = 256
"""Examples that are read at once of data that lie in a file."""


def adapt_preprocessing(model: keras.Model, split: Split) -> None:
    """Fit the layers that learn from data before training (Normalization, Discretization).

    Each sees the training examples as the layers before it pass them on, never the test part; one
    that brings outputs back to the units of the targets sees those. Padding is left out. A
    feature that is the same in all of them is shifted and not scaled: Keras would divide by 1e-7,
    and another value in a new example would become a number of millions. One that is always 0 or 1,
    such as that of a category, stays as it is: scaled, a category of one row in 200 would be 14.
    """
    for layer in filter(learns_from_data, model.layers):
        if is_target_scale(layer):
            _adapt_to_targets(layer, split.y)
            continue
        if not isinstance(layer, keras.layers.Normalization):
            before = keras.Model(model.input, layer.input)
            layer.adapt(_passed_on(before, feed(model, split)))
            continue
        bounds = _Bounds(layer.axis)
        before = _before(layer)
        layer.adapt(_passed_on(before, feed(before, split), bounds.see))
        bounds.leave_unscaled(layer)


def _before(layer: keras.layers.Layer) -> keras.Model:
    """Return the model that makes what comes into a layer, and its mask where it has one.

    The lengths that tell the mask need not be an input of the whole model.
    """
    mask = mask_of(layer.input)
    made = [layer.input]
    if mask is not None and len(layer.input.shape) == len(mask.shape) + 1:
        made.append(mask)
    inputs = sources(*made)
    return keras.Model(
        inputs if len(inputs) > 1 else next(iter(inputs.values())),
        made if len(made) > 1 else made[0],
    )


def _adapt_to_targets(layer: keras.layers.Normalization, y: np.ndarray) -> None:
    """Let a layer learn mean and variance of targets; a constant one is only shifted."""
    bounds = _Bounds(layer.axis, keep_flags=False)
    values = y.reshape(-1, layer.input.shape[-1]).astype(np.float32)
    values = values[~np.isnan(values).any(axis=1)]
    bounds.see(values)
    layer.adapt(values)
    bounds.leave_unscaled(layer)


class _Bounds:
    """The smallest and the largest value of each feature of what passes by, and which are flags.

    The variance does not show a constant: the rounding of its mean leaves some.

    Args:
        axis: Of the features, as `Normalization` has it; the other axes are reduced.
        keep_flags: Whether features that are always 0 or 1 stay as they are.
    """

    def __init__(self, axis: Sequence[int], *, keep_flags: bool = True) -> None:
        self._axis = axis
        self._flags: Any = keep_flags
        self._lowest: Any = np.inf
        self._highest: Any = -np.inf

    def see(self, values: np.ndarray) -> None:
        """Take values in, shape (n, ...)."""
        kept = {axis % values.ndim for axis in self._axis}
        reduced = tuple(axis for axis in range(values.ndim) if axis not in kept)
        self._lowest = np.minimum(self._lowest, values.min(axis=reduced))
        self._highest = np.maximum(self._highest, values.max(axis=reduced))
        if np.any(self._flags):
            self._flags = self._flags & ((values == 0) | (values == 1)).all(axis=reduced)

    def leave_unscaled(self, layer: keras.layers.Normalization) -> None:
        """Give constants their value as the mean and the variance 1; flags the mean 0 and 1."""
        constant = self._lowest == self._highest
        flags = self._flags & ~constant
        mean, variance = adapted_moments(layer)
        shifted = np.where(constant, self._lowest, mean.numpy())
        mean.assign(np.where(flags, 0, shifted))
        variance.assign(np.where(constant | flags, 1, variance.numpy()))
        use_adapted_moments(layer)


def _passed_on(
    before: keras.Model, arrays: Any, see: Callable[[Any], None] = lambda _: None
) -> Any:
    """Return what a model makes of arrays; of those that lie in a file, a block at a time.

    Args:
        before: The model.
        arrays: Its inputs.
        see: Is shown all that the model makes of them; of blocks, as they are asked for.
    """
    if not any(isinstance(array, np.memmap) for array in tf.nest.flatten(arrays)):
        made = _made_of(before, arrays)
        see(made)
        return made
    size = len(tf.nest.flatten(arrays)[0])

    def blocks() -> Iterator[Any]:
        for start in range(0, size, BLOCK):
            block = tf.nest.map_structure(
                lambda array, start=start: np.array(array[start : start + BLOCK]), arrays
            )
            made = _real(before.predict_on_batch(block))
            see(made)
            yield made

    first = before.outputs[0]
    one_sequence = len(before.outputs) > 1
    shape = (1, None, *first.shape[2:]) if one_sequence else (None, *first.shape[1:])
    spec = tf.TensorSpec(shape, first.dtype)
    return tf.data.Dataset.from_generator(blocks, output_signature=spec)


def _made_of(before: keras.Model, arrays: Any) -> Any:
    """Return what a model makes of arrays: of one without layers, an input as it is.

    Where it makes a mask too, the real steps are returned as one sequence.
    """
    for tensor in before.inputs:
        if tensor is before.output:  # asking Keras would take 0.1 s for each draw
            array = arrays[tensor.name] if isinstance(arrays, dict) else arrays
            return np.asarray(array, tensor.dtype)
    return _real(before.predict(arrays, verbose=0))


def _real(made: Any) -> Any:
    """Return what a model makes; where it makes a mask too, the real steps as one sequence."""
    if not isinstance(made, list | tuple):
        return made
    values, mask = made
    return values[np.asarray(mask)][None]
