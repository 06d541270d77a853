"""Masks carried through convolutions and pooling, which in Keras end there.

`Masking` and `Embedding(mask_zero=True)` mark which steps of a sequence are padding. Recurrent
layers and `GlobalAveragePooling1D` honour the mark; `Conv1D` and the other pooling layers do not,
so that what they say of a text would depend on how many zeros its batch is padded with. Here
padded steps are zeros to a convolution, as if the sequence ended before them, and are never the
maximum of a pooling. What is inserted are Keras's own operations, which are saved with the model.

With `padding: same` and strides above 1, where a window begins depends on the padded length; this
is how TensorFlow pads, and no mask can undo it.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from dlcli.engine.graph import mask_of, with_mask

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.DepthwiseConv1D,
    keras.layers.SeparableConv1D,
)
LOWEST = {"float16": -65504.0}
"""What stands for minus infinity; in the other types it is the following."""

LOWEST_ELSEWHERE = -3e38


def apply_masked(layer: keras.layers.Layer, tensor: Any) -> Any:
    """Apply a layer to a symbolic tensor, and carry the tensor's mask on where Keras would not."""
    mask = mask_of(tensor)
    if mask is None or len(tensor.shape) != 3:
        return layer(tensor)
    if isinstance(layer, keras.layers.GlobalMaxPooling1D):
        return _global_max(layer, tensor, mask)
    if isinstance(layer, CONVOLUTIONS):
        reach = _single(layer.dilation_rate) * (_single(layer.kernel_size) - 1)
        return with_mask(layer(_filled(tensor, mask, 0.0)), _thinned(layer, mask, reach))
    if isinstance(layer, keras.layers.AveragePooling1D | keras.layers.MaxPooling1D):
        fill = 0.0 if isinstance(layer, keras.layers.AveragePooling1D) else _lowest(tensor)
        thinned = _thinned(layer, mask, _single(layer.pool_size) - 1)
        pooled = layer(_filled(tensor, mask, fill))
        return with_mask(_filled(pooled, thinned, 0.0), thinned)
    return layer(tensor)


def _single(value: Any) -> int:
    return int(value[0] if isinstance(value, tuple | list) else value)


def _lowest(tensor: Any) -> float:
    return LOWEST.get(tensor.dtype, LOWEST_ELSEWHERE)


def _filled(tensor: Any, mask: Any, value: float) -> Any:
    """Return the tensor (batch, steps, features) with a value in the padded steps."""
    return ops.where(ops.expand_dims(mask, -1), tensor, ops.cast(value, tensor.dtype))


def _thinned(layer: Any, mask: Any, reach: int) -> Any:
    """Return the mask of what windows make of the steps of a mask.

    Without padding a window counts if its last step is real, and so all of it, as it would at
    the end of a sequence that is not padded. The first one always does where a sequence has a
    step, or one shorter than the window would leave nothing.

    Args:
        layer: A convolution or pooling; its strides and padding.
        mask: Shape (batch, steps).
        reach: Steps from a window's first to its last.
    """
    stride = _single(layer.strides)
    if layer.padding != "valid":
        return mask[:, ::stride] if stride > 1 else mask
    ends = mask[:, reach::stride]
    # Sequences without a gap at their start: the first window counts as its first step does.
    return ops.logical_or(ends, ops.logical_and(mask[:, :1], _is_first(ends)))


def _is_first(ends: Any) -> Any:
    """Return True at the first of the windows, shape (batch, windows)."""
    return ops.equal(ops.cumsum(ops.ones_like(ends, dtype="int32"), axis=1), 1)


def _global_max(layer: keras.layers.Layer, tensor: Any, mask: Any) -> Any:
    """Return the maximum over the real steps; zeros if there is none."""
    pooled = layer(_filled(tensor, mask, _lowest(tensor)))
    any_step = ops.any(mask, axis=1, keepdims=True)
    if len(pooled.shape) == 3:  # keepdims
        any_step = ops.expand_dims(any_step, -1)
    return ops.where(any_step, pooled, ops.zeros_like(pooled))
