"""A bound config becomes a Keras model with its loss, metrics and optimizer, ready to train."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from dlcli import metrics
from dlcli.config.binding.outputs import loss_of, squashed
from dlcli.config.sections.experiment import Call
from dlcli.engine.adapting import adapt_preprocessing
from dlcli.engine.graph import copy_direction, set_direction, with_logits_of
from dlcli.engine.model import (
    build_model,
    check_trainable,
    construct,
    is_target_scale,
)
from dlcli.metrics import streaming
from dlcli.metrics.predictions import PADDING

if TYPE_CHECKING:
    from dlcli.config.sections.experiment import Call, Config
    from dlcli.data.description import DataDescription, Dataset


def prepare(config: Config, dataset: Dataset) -> keras.Model:
    """Seed, build, adapt and compile the model of a bound config, ready to train."""
    model = initial_model(config, dataset.description, config.seed)
    check_trainable(model, config)
    adapt_preprocessing(model, dataset.train)
    compile_model(model, config, dataset.description)
    return model


def initial_model(config: Config, description: DataDescription, seed: int) -> keras.Model:
    """Build the model of a bound config with the initial weights and dropout streams of a seed."""
    keras.utils.set_random_seed(seed)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_policy(config))
    try:
        return build_model(config, description)
    finally:
        keras.config.set_dtype_policy(policy)


def _policy(config: Config) -> str:
    if not config.fit.mixed_precision:
        return "float32"
    # A CPU computes in bfloat16 what a GPU computes in float16; bfloat16 needs no loss scaling.
    return "mixed_float16" if tf.config.list_physical_devices("GPU") else "mixed_bfloat16"


def scales_loss(config: Config) -> bool:
    """Whether losses are scaled, so that gradients do not vanish in float16."""
    return _policy(config) == "mixed_float16"


def compile_model(model: keras.Model, config: Config, description: DataDescription) -> None:
    """Attach optimizer, loss and metrics.

    All outputs learn the same target; metrics are the first output's.
    """
    first = _metrics(config, description)
    for metric in first:
        if isinstance(metric, streaming.SumMetric):
            metric.expect(int(model.outputs[0].shape[-1]))
    model.compile(
        optimizer=construct(config.compile.optimizer),
        **_loss_settings(model, config, description),
        metrics=[first, *([] for _ in model.outputs[1:])] if len(model.outputs) > 1 else first,
        jit_compile=_jit(config),
    )
    model.optimizer.build(model.trainable_variables)


def attach_loss(
    model: keras.Model,
    config: Config,
    description: DataDescription,
    optimizer: keras.optimizers.Optimizer | None = None,
) -> None:
    """Attach the loss, and an optimizer if there is one; trials do without Keras's metrics."""
    jit = False if optimizer is None else _jit(config)
    model.compile(
        optimizer=optimizer, **_loss_settings(model, config, description), jit_compile=jit
    )


def _loss_settings(
    model: keras.Model, config: Config, description: DataDescription
) -> dict[str, Any]:
    """Return Keras's `loss` and `loss_weights`."""
    settings = config.compile
    outputs = zip(config.model.outputs, model.outputs, strict=True)
    scales = [layer for layer in model.layers if is_target_scale(layer)]
    losses = [_loss(loss_of(settings.loss, ref), out, description) for ref, out in outputs]
    if scales:
        losses = [ScaledLoss(loss, scale) for loss, scale in zip(losses, scales, strict=True)]
    names = [str(ref) for ref in config.model.outputs]
    weights = settings.loss_weights
    several = len(model.outputs) > 1
    return {
        "loss": losses if several else losses[0],
        "loss_weights": [weights.get(name, 1.0) for name in names] if weights and several else None,
    }


def log_names(config: Config, model: keras.Model, *, validated: bool) -> list[str]:
    """Return the names that an epoch of a compiled model is logged with.

    With several outputs, Keras puts an output's name before its metrics and losses.
    """
    description = [name for name, _ in named_metrics(config)]
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


def named_metrics(config: Config) -> list[tuple[str, str | Call]]:
    """Return a config's metrics with the name that each has everywhere.

    dlcli's own are called as they are typed, Keras's by Keras's usual name (`auc` for `AUC`), which
    Keras itself would number by how often the process has made one. Where two would be called
    alike, Keras's has the name of its class, or a number.
    """
    items = config.compile.metrics or ()
    taken = {str(item) for item in items if isinstance(item, str)}
    named: list[tuple[str, str | Call]] = []
    for item in items:
        name = str(item) if isinstance(item, str) else _metric_name(item, taken)
        taken.add(name)
        named.append((name, item))
    return named


def _metric_name(call: Call, taken: set[str]) -> str:
    given = call.arguments.get("name")
    if isinstance(given, str):
        return given
    usual = to_snake_case(call.name)
    numbered = (f"{usual}_{number}" for number in itertools.count(2))
    return next(
        name for name in (usual, call.name, *itertools.islice(numbered, 99)) if name not in taken
    )


def to_snake_case(name: str) -> str:
    """Return a class's name as Keras writes it: `f1_score` for `F1Score`."""
    parted = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parted).lower()


def keras_metric(name: str, call: Call) -> keras.metrics.Metric:
    """Make one of Keras's own metrics under a name."""
    return construct(replace(call, arguments={**call.arguments, "name": name}))


def _metrics(config: Config, description: DataDescription) -> list[Any]:
    return [_metric(*named, config, description) for named in named_metrics(config)]


def _metric(name: str, item: str | Call, config: Config, description: DataDescription) -> Any:
    """Make a metric, which tells callbacks whether more of it is better."""
    task, classes = description.task, len(description.classes)
    logits = squashed(config, task)
    if isinstance(item, str):
        asked = metrics.parse(item)
        made = streaming.build(asked, task=task, classes=classes, from_logits=logits)
        set_direction(made, greater_is_better=bool(asked.metric.greater_is_better))
        return made
    inner = keras_metric(name, item)
    adapted = streaming.AdaptedMetric(inner, task, classes, from_logits=logits)
    copy_direction(inner, adapted)
    return adapted


class OneHotLoss(keras.losses.Loss):
    """A loss that wants one-hot targets, given integer labels, (batch,) or one for each place."""

    def __init__(self, inner: keras.losses.Loss, classes: int) -> None:
        super().__init__(name=inner.name, reduction=inner.reduction)
        self.inner = inner
        self.classes = classes

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the inner loss of each example."""
        labels = keras.ops.cast(y_true, "int32")
        if len(y_pred.shape) == 2:
            labels = keras.ops.reshape(labels, (-1,))
        return self.inner.call(keras.ops.one_hot(labels, self.classes, dtype=y_pred.dtype), y_pred)


class PlacesLoss(keras.losses.Loss):
    """The mean loss over those steps or pixels of each example that count, which count alike.

    Those that are padding, or do not count, have the class -1, or NaN among values.

    Args:
        inner: The loss of a step or pixel.
    """

    def __init__(self, inner: keras.losses.Loss) -> None:
        super().__init__(name=inner.name, reduction=inner.reduction)
        self.inner = inner

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss of a batch; the targets say what is padding, not the outputs' mask."""
        unmasked = with_logits_of(y_pred, tf.identity(y_pred))
        return super().__call__(y_true, unmasked, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example, shape (batch,).

        Args:
            y_true: Labels or values, (batch, places) or (batch, places, d), for any axes of places.
            y_pred: Shape (batch, places, units).
        """
        ops = keras.ops
        flat = y_true if len(y_true.shape) == len(y_pred.shape) else ops.expand_dims(y_true, -1)
        if "float" in str(flat.dtype):
            real = ops.logical_not(ops.any(ops.isnan(flat), axis=-1))
        else:
            real = ops.all(ops.not_equal(flat, PADDING), axis=-1)
        shown = ops.where(ops.expand_dims(real, -1), flat, ops.zeros_like(flat))
        labels = isinstance(self.inner, OneHotLoss) or y_pred.shape[-1] != flat.shape[-1]
        losses = self.inner.call(shown[..., 0] if labels else shown, y_pred)
        places = list(range(1, len(y_pred.shape) - 1))
        total = ops.sum(ops.where(real, losses, ops.zeros_like(losses)), axis=places)
        return total / ops.maximum(ops.sum(ops.cast(real, losses.dtype), axis=places), 1)


class ScaledLoss(keras.losses.Loss):
    """A loss of targets and predictions that are brought to mean 0 and variance 1.

    Args:
        inner: The loss.
        scale: The layer that knows mean and variance of the training targets.
    """

    def __init__(self, inner: keras.losses.Loss, scale: keras.layers.Normalization) -> None:
        super().__init__(name=inner.name, reduction=inner.reduction)
        self.inner = inner
        self.scale = scale

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the inner loss of each example."""
        return self.inner.call(self._scaled(y_true, y_pred), self._scaled(y_pred, y_pred))

    def _scaled(self, values: Any, like: Any) -> Any:
        values = keras.ops.reshape(keras.ops.cast(values, like.dtype), keras.ops.shape(like))
        deviation = keras.ops.sqrt(keras.ops.cast(self.scale.variance, like.dtype))
        return (values - keras.ops.cast(self.scale.mean, like.dtype)) / deviation


OF_LABELS = (
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.CategoricalGeneralizedCrossEntropy,
    keras.losses.Circle,
    keras.losses.CTC,
)
"""Losses that take whole numbers for targets."""


def _loss(call: Call, output: Any, description: DataDescription) -> keras.losses.Loss:
    made = construct(call)
    units = output.shape[-1]
    labels = description.task in ("multiclass", "binary") and units is not None and units > 1
    if labels and not isinstance(made, OF_LABELS):
        made = OneHotLoss(made, int(units))
    places = description.target_shape
    masked = labels or description.task == "binary"
    return PlacesLoss(made) if None in places or (masked and len(places) > 1) else made
