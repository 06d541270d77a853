"""What a model says of a split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from dlcli import metrics
from dlcli.config.outputs import squashed
from dlcli.engine.model import feed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import keras

    from dlcli.config.experiment import Config
    from dlcli.data.description import Split


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


def probabilities(made: Sequence[np.ndarray], config: Config, task: str) -> np.ndarray:
    """Return what a model's outputs mean: probabilities, or values for regression, (n, units).

    Args:
        made: Every output, raw; the first is the one that is scored.
        config: Its last activation and its loss say what the outputs are.
        task: The data's task.
    """
    return metrics.probabilities(made[0], from_logits=squashed(config, task), task=task)
