"""Batches whose order is a function of the seed and the epoch alone.

A resumed training and every candidate of a comparison so see what an uninterrupted one sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from dlcli.model import feed

if TYPE_CHECKING:
    import keras

    from dlcli.config.experiment import Config
    from dlcli.data.description import Split


def batches(
    model: keras.Model,
    split: Split,
    config: Config,
    *,
    first_epoch: int = 0,
    class_weights: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Return an endless stream of training batches, from the first batch of an epoch on.

    Args:
        model: Its inputs name what a batch feeds.
        split: The training examples.
        config: Its seed and the epoch's number decide the order; `fit.shuffle` false keeps the
            data's own.
        first_epoch: The epoch to begin with, from 0.
        class_weights: A weight for each label, shape (classes,).
    """
    size, seed = split.size, config.seed
    arrays = tf.nest.map_structure(tf.constant, feed(model, split))
    targets = tf.constant(split.y)
    weights = None if class_weights is None else tf.constant(class_weights[split.y], tf.float32)
    outputs = len(model.outputs)

    def order(epoch: Any) -> tf.data.Dataset:
        index = example_order(size, seed, epoch, shuffle=config.fit.shuffle)
        return tf.data.Dataset.from_tensor_slices(index).batch(config.data.batch_size)

    def gather(index: Any) -> tuple[Any, ...]:
        x = tf.nest.map_structure(lambda array: tf.gather(array, index), arrays)
        y = tf.gather(targets, index)
        batch = (x, y) if outputs == 1 else (x, (y,) * outputs)
        if weights is None:
            return batch
        w = tf.gather(weights, index)
        return (*batch, w if outputs == 1 else (w,) * outputs)

    stream = tf.data.Dataset.range(first_epoch, np.iinfo(np.int64).max).flat_map(order).map(gather)
    return stream.with_options(_options()).prefetch(2)


def example_order(size: int, seed: Any, epoch: Any, *, shuffle: bool) -> Any:
    """Return the order of an epoch's examples, int32 (size,); seed and epoch may be tensors."""
    index = tf.range(size)
    if not shuffle:
        return index
    return tf.random.experimental.stateless_shuffle(index, seed=[seed, epoch])


def _options() -> tf.data.Options:
    """Gathering a batch takes microseconds: threads and autotuning would cost more than it."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    options.deterministic = True
    return options


def validation_batches(model: keras.Model, split: Split, config: Config) -> tf.data.Dataset:
    """Return the validation examples in order, in batches."""
    outputs = len(model.outputs)
    y = split.y if outputs == 1 else (split.y,) * outputs
    data = tf.data.Dataset.from_tensor_slices((feed(model, split), y))
    return data.batch(evaluation_batch_size(config)).with_options(_options()).prefetch(1)


def evaluation_batch_size(config: Config) -> int:
    """Return the examples of a batch that is only scored: without gradients, more fit."""
    return max(config.data.batch_size, 256)


def class_weights(config: Config, split: Split, classes: int) -> np.ndarray | None:
    """Return a weight for each label, shape (classes,), or None if all count alike.

    `balanced` is scikit-learn's n / (classes * count), after King & Zeng 2001; a class without
    training examples gets 1.
    """
    setting = config.fit.class_weight
    if setting is None or classes == 0:
        return None
    if setting == "balanced":
        counts = np.bincount(split.y, minlength=classes)
        return np.where(counts > 0, split.size / (classes * np.maximum(counts, 1)), 1.0)
    weights = np.ones(classes)
    for label, weight in setting.items():
        if int(label) < classes:
            weights[int(label)] = weight
    return weights
