"""What a model says of a split, and how wrong it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from dlcli.model import feed

if TYPE_CHECKING:
    import keras

    from dlcli.data.description import Split


def outputs(model: keras.Model, split: Split, batch_size: int) -> list[np.ndarray]:
    """Return every output of the model for a split, raw (logits stay logits), (n, units) each."""
    made = model.predict(feed(model, split), batch_size=max(batch_size, 256), verbose=0)
    several = made if isinstance(made, list | tuple) else [made]
    return [np.asarray(array, dtype=np.float32) for array in several]


def loss(model: keras.Model, split: Split, made: list[np.ndarray]) -> float:
    """Return the mean loss of outputs over a split, regularization included, as Keras has it."""
    several = len(made) > 1
    tensors = [tf.constant(array) for array in made]
    value = model.compute_loss(
        x=None,
        y=[split.y] * len(made) if several else split.y,
        y_pred=tensors if several else tensors[0],
        training=False,
    )
    return float(value)
