"""What a model says of a split."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from dlcli import metrics
from dlcli.config.binding.outputs import squashed
from dlcli.data.description import INPUT
from dlcli.engine.model import feed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import keras

    from dlcli.config.sections.experiment import Config
    from dlcli.data.description import Split


LONGEST_WINDOW = 1024
"""Steps beyond which sequences are not made longer for the sake of a window."""

BATCHES = 32
"""Batches that are read at once of data that lie in a file: Keras would copy all it is given."""


def outputs(model: keras.Model, split: Split, batch_size: int) -> list[np.ndarray]:
    """Return every output of the model for a split, raw (logits stay logits), (n, units) each."""
    size = max(batch_size, 256)
    parts = []
    for block in _blocks(feed(model, split), split.size, BATCHES * size):
        made = model.predict(block, batch_size=size, verbose=0)
        parts.append(made if isinstance(made, list | tuple) else [made])
    return [np.concatenate(arrays).astype(np.float32) for arrays in zip(*parts, strict=True)]


def _blocks(arrays: Any, size: int, length: int) -> Iterator[Any]:
    """Yield arrays as they are, or, if some lie in a file, so many examples at a time."""
    if not any(isinstance(array, np.memmap) for array in tf.nest.flatten(arrays)):
        yield arrays
        return
    for start in range(0, size, length):
        end = start + length
        yield tf.nest.map_structure(lambda array, a=start, b=end: np.array(array[a:b]), arrays)


def lengthened(model: keras.Model, split: Split) -> Split | None:
    """Return sequences padded to twice their steps; None if that is not possible.

    A convolution or pooling needs as many steps as its window has, and a new sequence may have
    fewer than all of the training.

    Args:
        model: Takes them.
        split: The sequences.
    """
    varying = {t.name for t in model.inputs if len(t.shape) > 1 and t.shape[1] is None}
    named = {name for name in split.x if name in varying or (name == INPUT and varying)}
    if not named or max(split.x[name].shape[1] for name in named) > LONGEST_WINDOW:
        return None
    padded = {name: _padded(split.x[name]) for name in named}
    return replace(split, x={**split.x, **padded})


def _padded(array: np.ndarray) -> np.ndarray:
    """Return an array with as many steps of zeros again, shape (n, 2 * steps, ...)."""
    padding = [(0, 0), (0, array.shape[1]), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(array, padding)


def probabilities(made: Sequence[np.ndarray], config: Config, task: str) -> np.ndarray:
    """Return what a model's outputs mean: probabilities, or values for regression, (n, units).

    Args:
        made: Every output, raw; the first is the one that is scored.
        config: Its last activation and its loss say what the outputs are.
        task: The data's task.
    """
    return metrics.probabilities(made[0], from_logits=squashed(config, task), task=task)
