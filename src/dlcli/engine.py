"""The training program: batches, loss, metrics and optimizer of a bound config, compiled by Keras.

The order of the batches is a function of the seed and the epoch alone, so a resumed training and
every candidate of a comparison see what an uninterrupted one sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from dlcli import metrics
from dlcli.config.experiment import Call
from dlcli.metrics import streaming
from dlcli.model import adapt_preprocessing, build_model, construct, feed, is_logits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.experiment import Config
    from dlcli.data.description import DataDescription, Dataset, Split


def prepare(config: Config, dataset: Dataset) -> keras.Model:
    """Seed, build, adapt and compile the model of a bound config, ready to train."""
    keras.utils.set_random_seed(config.seed)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_policy(config))
    try:
        model = build_model(config, dataset.description)
    finally:
        keras.config.set_dtype_policy(policy)
    adapt_preprocessing(model, dataset.train)
    compile_model(model, config, dataset.description)
    return model


def _policy(config: Config) -> str:
    if not config.fit.mixed_precision:
        return "float32"
    # A CPU computes in bfloat16 what a GPU computes in float16; bfloat16 needs no loss scaling.
    return "mixed_float16" if tf.config.list_physical_devices("GPU") else "mixed_bfloat16"


def compile_model(model: keras.Model, config: Config, description: DataDescription) -> None:
    """Attach optimizer, loss and metrics.

    All outputs learn the same target; metrics are the first output's.
    """
    settings = config.compile
    losses = [_loss(settings.loss, tensor, description) for tensor in model.outputs]
    names = [str(ref) for ref in config.model.outputs]
    weights = settings.loss_weights
    several = len(model.outputs) > 1
    model.compile(
        optimizer=construct(settings.optimizer),
        loss=losses if several else losses[0],
        loss_weights=[weights.get(name, 1.0) for name in names] if weights and several else None,
        metrics=_metric_lists(model, config, description)
        if several
        else _metrics(config, description),
        jit_compile=_jit(config),
    )
    model.optimizer.build(model.trainable_variables)


def log_names(config: Config, model: keras.Model, *, validated: bool) -> list[str]:
    """Return the names that an epoch of a compiled model is logged with.

    With several outputs, Keras puts an output's name before its metrics and losses.
    """
    description = [
        item if isinstance(item, str) else construct(item).name
        for item in config.compile.metrics or ()
    ]
    names = ["loss", *description]
    if len(model.outputs) > 1:
        outputs = list(model.output_names)
        names = ["loss", *(f"{output}_loss" for output in outputs)]
        names += [f"{outputs[0]}_{name}" for name in description]
    return [*names, *(f"val_{name}" for name in names if validated), "learning_rate"]


def _jit(config: Config) -> bool | str:
    """XLA pays on a GPU; on a CPU it compiles for seconds and slows convolutions down."""
    if config.fit.jit != "auto":
        return config.fit.jit
    return "auto" if tf.config.list_physical_devices("GPU") else False


def _metric_lists(model: keras.Model, config: Config, description: DataDescription) -> list[Any]:
    return [_metrics(config, description), *([] for _ in model.outputs[1:])]


def _metrics(config: Config, description: DataDescription) -> list[Any]:
    return [
        streaming.build(
            metrics.parse(item),
            task=description.task,
            classes=len(description.classes),
            from_logits=is_logits(config.compile.loss),
        )
        if isinstance(item, str)
        else streaming.AdaptedMetric(
            construct(item),
            description.task,
            len(description.classes),
            from_logits=is_logits(config.compile.loss),
        )
        for item in config.compile.metrics or ()
    ]


class OneHotLoss(keras.losses.Loss):
    """A loss that wants one-hot targets, given integer labels of shape (batch,)."""

    def __init__(self, inner: keras.losses.Loss, classes: int) -> None:
        super().__init__(name=inner.name, reduction=inner.reduction)
        self.inner = inner
        self.classes = classes

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the inner loss of each example."""
        labels = keras.ops.reshape(keras.ops.cast(y_true, "int32"), (-1,))
        return self.inner.call(keras.ops.one_hot(labels, self.classes, dtype=y_pred.dtype), y_pred)


def _loss(
    loss: Call | Mapping[str, Call] | None, output: Any, description: DataDescription
) -> keras.losses.Loss:
    call = loss if isinstance(loss, Call) else _named_loss(loss or {}, output)
    made = construct(call)
    units = output.shape[-1]
    labels = description.task in ("multiclass", "binary") and units is not None and units > 1
    sparse = isinstance(made, keras.losses.SparseCategoricalCrossentropy)
    return OneHotLoss(made, int(units)) if labels and not sparse else made


def _named_loss(losses: Mapping[str, Call], output: Any) -> Call:
    layer = output._keras_history.operation.name  # noqa: SLF001 (no public way from a tensor)
    return losses[layer]


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
        index = tf.range(size)
        if config.fit.shuffle:
            index = tf.random.experimental.stateless_shuffle(index, seed=[seed, epoch])
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


def _options() -> tf.data.Options:
    """Gathering a batch takes microseconds: threads and autotuning would cost more than it."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False
    options.deterministic = True
    return options


def validation_batches(model: keras.Model, split: Split, batch_size: int) -> tf.data.Dataset:
    """Return the validation examples in order, in batches."""
    outputs = len(model.outputs)
    y = split.y if outputs == 1 else (split.y,) * outputs
    data = tf.data.Dataset.from_tensor_slices((feed(model, split), y))
    return data.batch(batch_size).with_options(_options()).prefetch(1)


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
