"""Which steps of a sequence are real, from its length, carried to the layers that can use it.

An input of variable length has a second one beside it, of the lengths, which makes a mask: values
cannot tell, since a real step may be all zeros. Token ids have no such input, since 0 is the
padding's. `Masking` then adds nothing, and `Embedding` masks without being asked to, unless it is
told `mask_zero: false`.

In Keras, masks end at convolutions and pooling. Recurrent layers and `GlobalAveragePooling1D` honor
the mark; `Conv1D` and the other pooling layers do not, so that what they say of a text would depend
on how many zeros its batch is padded with. Here padded steps are zeros to a convolution, as if the
sequence ended before them, and are never the maximum of a pooling. What is inserted are Keras's own
operations, which are saved with the model.

With `padding: same` and strides above 1, where a window begins depends on the padded length; this
is how TensorFlow pads, and no mask can undo it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from dlcli.data.lengths import SUFFIX
from dlcli.engine.graph import mask_of, with_mask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

MERGING = (
    keras.layers.Add, keras.layers.Subtract, keras.layers.Multiply, keras.layers.Average,
    keras.layers.Maximum, keras.layers.Minimum,
)  # fmt: skip
"""Layers that take the same steps of several tensors together."""

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.DepthwiseConv1D,
    keras.layers.SeparableConv1D,
)
LOWEST = {"float16": -65504.0}
"""What stands for minus infinity; in the other types it is the following."""

LOWEST_ELSEWHERE = -3e38


def attach_mask(tensor: Any, name: str) -> Any:
    """Mark which steps of an input are real.

    Args:
        tensor: A symbolic input, (batch, steps) of token ids or (batch, steps, ...) of numbers.
        name: Of the input of lengths that is made where the numbers do not tell.

    Returns:
        The input of lengths, int32 (batch,), or None if there is none.
    """
    if len(tensor.shape) == 2:
        with_mask(tensor, ops.not_equal(tensor, 0))
        return None
    steps = keras.Input((), dtype="int32", name=name)
    first = tensor[(slice(None), slice(None), *[0] * (len(tensor.shape) - 2))]
    number = ops.cumsum(ops.ones_like(first, dtype="int32"), axis=1)
    with_mask(tensor, ops.less_equal(number, ops.expand_dims(steps, -1)))
    return steps


def is_masked(model: keras.Model) -> bool:
    """Whether a model masks the padding of its inputs."""
    if any(tensor.name.endswith(SUFFIX) for tensor in model.inputs):
        return True
    return any(type(operation).__name__ == "NotEqual" for operation in model.operations)


@contextlib.contextmanager
def _unmasked(*tensors: Any) -> Iterator[None]:
    """Hide masks from a layer that would only warn that it destroys them."""
    masks = [mask_of(tensor) for tensor in tensors]
    for tensor in tensors:
        with_mask(tensor, None)
    try:
        yield
    finally:
        for tensor, mask in zip(tensors, masks, strict=True):
            with_mask(tensor, mask)


@contextlib.contextmanager
def hidden_masks(layer: keras.layers.Layer, tensors: list[Any], *, known: bool) -> Iterator[None]:
    """Hide the masks of several tensors from a layer that would only warn of them.

    Args:
        layer: Applied to all of them.
        tensors: With masks or without.
        known: See `apply_masked`.
    """
    with _unmasked(*tensors) if known and not takes_masks(layer) else contextlib.nullcontext():
        yield


def takes_masks(layer: keras.layers.Layer) -> bool:
    """Whether a layer uses masks, or passes them on."""
    return bool(layer.supports_masking) or "mask" in inspect.signature(layer.call).parameters


def takes_list(layer: keras.layers.Layer) -> bool:
    """Whether a layer takes several inputs as one list, and not as an argument each."""
    parameters = inspect.signature(layer.call).parameters
    required = [
        p for p in parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    return len(required) < 2


def apply_masked(layer: keras.layers.Layer, tensor: Any, *, known: bool = False) -> Any:
    """Apply a layer to a symbolic tensor, and carry the tensor's mask on where Keras would not.

    Args:
        layer: The layer.
        tensor: With a mask or without.
        known: Whether masks come from lengths, and not from a layer that the user has named.
    """
    mask = mask_of(tensor)
    if mask is None:
        return layer(tensor)
    if known and isinstance(layer, keras.layers.Masking | keras.layers.Embedding):
        return _marking(layer, tensor, mask)
    if len(tensor.shape) == 3 and (found := _carried(layer, tensor, mask)) is not None:
        return found
    if known and not takes_masks(layer):
        with _unmasked(tensor):
            return layer(tensor)
    return layer(tensor)


def apply_merging(layer: keras.layers.Layer, tensors: list[Any]) -> Any:
    """Apply a layer to a list of symbolic tensors; a step of what it makes is real in all of them.

    Keras would find that out with operations named like layers, such as `concatenate`, which the
    user's own cannot be called then.
    """
    masks = [mask for tensor in tensors if (mask := mask_of(tensor)) is not None]
    last = {-1, len(tensors[0].shape) - 1}
    joined = isinstance(layer, keras.layers.Concatenate) and layer.axis in last
    if not masks or not (joined or isinstance(layer, MERGING)):
        return layer(tensors)
    with _unmasked(*tensors):
        made = layer(tensors)
    return with_mask(made, functools.reduce(ops.logical_and, masks))


def named_masks(names: Sequence[str], tensors: Sequence[Any], known: Collection[str]) -> Any:
    """Return the masks that a layer of several arguments takes, such as an attention's.

    Args:
        names: Of its arguments, in their order.
        tensors: What they are.
        known: Every argument of the layer.
    """
    return {
        f"{name}_mask": mask
        for name, tensor in zip(names, tensors, strict=False)
        if f"{name}_mask" in known and (mask := mask_of(tensor)) is not None
    }


def _marking(layer: Any, tensor: Any, mask: Any) -> Any:
    """Apply a layer that would find out which steps are padding, with the mask that is known."""
    with _unmasked(tensor):
        made = layer(tensor)
    if isinstance(layer, keras.layers.Masking) and layer.mask_value != 0:
        own = mask_of(made)
        return with_mask(made, mask if own is None else ops.logical_and(mask, own))
    return with_mask(made, mask)


def _carried(layer: keras.layers.Layer, tensor: Any, mask: Any) -> Any:
    """Apply a convolution or a pooling, with the mask of what it makes; None for other layers."""
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
    return None


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
