"""Batches whose order is a function of the seed and the epoch alone.

A resumed training and every candidate of a comparison so see what an uninterrupted one sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from dlcli.config.binding.class_weights import labels_of
from dlcli.engine.bucketing import bucketed_order, cut_lengths, sequence_lengths
from dlcli.engine.model import feed
from dlcli.runtime.memory import free_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import keras

    from dlcli.config.sections.experiment import Config
    from dlcli.data.description import Split


RESIDENT_SHARE = 1 / 8
"""Of the free memory, what a process may fill with a second copy of its data, as tensors: several
processes share the memory, and a training needs more than its data."""


def is_resident(split: Split) -> bool:
    """Whether a split is small enough to be held as tensors too, which is the fastest."""
    size = sum(array.nbytes for array in split.x.values()) + split.y.nbytes
    return size <= RESIDENT_SHARE * free_bytes()


def batches(
    model: keras.Model,
    split: Split,
    config: Config,
    *,
    seed: Any = None,
    first_epoch: Any = 0,
    class_weights: np.ndarray | None = None,
    index: np.ndarray | None = None,
) -> tf.data.Dataset:
    """Return an endless stream of training batches, from the first batch of an epoch on.

    Seed and epoch may be variables, which each iteration reads anew: so one stream serves many
    trainings, and none leaves anything behind in TensorFlow.

    Args:
        model: Its inputs name what a batch feeds.
        split: The training examples.
        config: `fit.shuffle` and `data.bucketing` say how the order comes about; without
            shuffling it is the data's own, with bucketing similar lengths go together.
        seed: With the epoch's number it decides the order; the config's by default.
        first_epoch: The epoch to begin with, from 0.
        class_weights: A weight for each label, shape (classes,).
        index: Positions of those that are trained on; all of the split's by default.
    """
    chosen = np.arange(split.size) if index is None else index
    size, seed = len(chosen), config.seed if seed is None else seed
    of_examples = example_weights(split, class_weights, chosen)
    weights = None if of_examples is None else tf.constant(of_examples)
    targets = tf.constant(split.y)
    outputs = len(model.outputs)
    taken = _taker(feed(model, split), resident=is_resident(split))
    if config.data.bucketing:
        lengths = sequence_lengths(split)
        taken = _cut(taken, lengths, cut_lengths(lengths[chosen]))
    positions = tf.constant(chosen, tf.int32)

    def order(number: Any) -> tf.data.Dataset:
        epoch = number + first_epoch
        if config.data.bucketing:
            places = _bucketed(lengths[chosen], config, seed, epoch)
        else:
            places = example_order(size, seed, epoch, shuffle=config.fit.shuffle)
        ordered = tf.gather(positions, places)
        return tf.data.Dataset.from_tensor_slices(ordered).batch(config.data.batch_size)

    def gather(index: Any) -> tuple[Any, ...]:
        x = taken(index)
        y = tf.gather(targets, index)
        batch = (x, y) if outputs == 1 else (x, (y,) * outputs)
        if weights is None:
            return batch
        w = tf.gather(weights, index)
        return (*batch, w if outputs == 1 else (w,) * outputs)

    stream = tf.data.Dataset.range(np.iinfo(np.int64).max).flat_map(order).map(gather)
    return stream.with_options(_options()).prefetch(2)


def _taker(arrays: Any, *, resident: bool) -> Callable[[Any], Any]:
    """Return what gathers a batch: from tensors, or, to have no second copy, from the arrays."""
    if resident:
        held = tf.nest.map_structure(tf.constant, arrays)
        return lambda index: tf.nest.map_structure(lambda array: tf.gather(array, index), held)

    def taken(array: np.ndarray, index: Any) -> Any:
        batch = tf.numpy_function(lambda i: array[i], [index], array.dtype, stateful=False)
        batch.set_shape((None, *array.shape[1:]))
        return batch

    return lambda index: tf.nest.map_structure(lambda array: taken(array, index), arrays)


def _cut(
    taken: Callable[[Any], Any], lengths: np.ndarray, boundaries: np.ndarray
) -> Callable[[Any], Any]:
    """Return what gathers a batch and cuts off what is padding in all of its examples."""
    longest, cuts = tf.constant(lengths), tf.constant(boundaries)

    def cut(index: Any) -> Any:
        needed = tf.reduce_max(tf.gather(longest, index))
        steps = tf.gather(cuts, tf.searchsorted(cuts, needed[None])[0])
        return tf.nest.map_structure(
            lambda array: array if len(array.shape) == 1 else array[:, :steps], taken(index)
        )

    return cut


def _bucketed(lengths: np.ndarray, config: Config, seed: Any, epoch: Any) -> Any:
    """Return an epoch's order by length; see `bucketed_order`."""
    size, shuffle = config.data.batch_size, config.fit.shuffle

    def order(start: np.ndarray, number: np.ndarray) -> np.ndarray:
        return bucketed_order(lengths, size, int(start), int(number), shuffle=shuffle)

    index = tf.numpy_function(order, [seed, epoch], tf.int32, stateful=False)
    index.set_shape((len(lengths),))
    return index


def example_order(size: Any, seed: Any, epoch: Any, *, shuffle: bool) -> Any:
    """Return the order of an epoch's examples, int32 (size,); all may be tensors."""
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
    """Return the validation examples in order, or in that of their lengths, in batches."""
    outputs = len(model.outputs)
    taken = _taker(feed(model, split), resident=is_resident(split))
    targets = tf.constant(split.y)

    def gather(index: Any) -> tuple[Any, Any]:
        y = tf.gather(targets, index)
        return taken(index), y if outputs == 1 else (y,) * outputs

    examples = tf.data.Dataset.range(split.size)
    if config.data.bucketing:
        lengths = sequence_lengths(split)
        taken = _cut(taken, lengths, cut_lengths(lengths))
        by_length = np.argsort(lengths, kind="stable").astype(np.int64)
        examples = tf.data.Dataset.from_tensor_slices(by_length)
    data = examples.batch(evaluation_batch_size(config, split.size)).map(gather)
    return data.with_options(_options()).prefetch(1)


def evaluation_batch_size(config: Config, examples: int) -> int:
    """Return the examples of a batch that is only scored: without gradients, more fit.

    All batches of a part have about the same size: a call of its own for a few examples that are
    left would take as long as one for all.
    """
    usual = max(config.data.batch_size, 256)
    return -(-examples // max(1, round(examples / usual)))


def example_weights(
    split: Split, class_weights: np.ndarray | None, train: np.ndarray
) -> np.ndarray | None:
    """Return how much each example counts in the loss, float32 (n,), or None if all count alike.

    Of weights that come with the data only the ratios count: their mean over the training examples
    is 1, so that learning rates mean what they mean without them.

    Args:
        split: The examples.
        class_weights: A weight for each label, shape (classes,).
        train: Positions of the training examples.
    """
    weights = None if class_weights is None else class_weights[split.y]
    if split.weights is not None:
        own = split.weights / np.mean(split.weights[train], dtype=np.float64)
        weights = own if weights is None else weights * own
    return None if weights is None else weights.astype(np.float32)


def class_weights(config: Config, split: Split, classes: int | Sequence[str]) -> np.ndarray | None:
    """Return a weight for each label, shape (classes,), or None if all count alike.

    `balanced` is scikit-learn's n / (classes * count), after King & Zeng 2001; a class without
    training examples gets 1.

    Args:
        config: Bound; `fit.class_weight` says which.
        split: The training examples.
        classes: Their names in the order of their labels, or how many there are.
    """
    names = tuple(map(str, range(classes))) if isinstance(classes, int) else tuple(classes)
    setting = config.fit.class_weight
    if setting is None or not names:
        return None
    if setting == "balanced":
        counts = np.bincount(split.y, minlength=len(names))
        return np.where(counts > 0, split.size / (len(names) * np.maximum(counts, 1)), 1.0)
    weights = np.ones(len(names))
    for label, weight in (labels_of(setting, names) or {}).items():
        weights[label] = weight
    return weights
