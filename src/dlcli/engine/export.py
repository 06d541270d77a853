"""The model as it is saved: plain Keras opens, evaluates and goes on training it.

dlcli's own losses and metrics take integer labels where Keras's want one-hot ones, mask what is
padding and undo scales; who opens a saved model has none of them. So the copy that is saved is
compiled with Keras's own counterparts, and left uncompiled where there are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import keras

from dlcli import metrics
from dlcli.config.binding.outputs import loss_of, squashed
from dlcli.engine.compilation import OF_LABELS
from dlcli.engine.model import construct, is_target_scale

if TYPE_CHECKING:
    from dlcli.config.sections.experiment import Call, Config
    from dlcli.data.description import DataDescription

SPARSE: Final = {
    "CategoricalCrossentropy": keras.losses.SparseCategoricalCrossentropy,
}
"""Losses of one-hot targets -> the same of labels, where no argument but `from_logits` is given."""

OF_VALUES: Final = {
    "mae": keras.metrics.MeanAbsoluteError,
    "mse": keras.metrics.MeanSquaredError,
    "rmse": keras.metrics.RootMeanSquaredError,
}
OF_CLASSES: Final = {
    "accuracy": keras.metrics.SparseCategoricalAccuracy,
    "top_k": keras.metrics.SparseTopKCategoricalAccuracy,
}
"""dlcli's metrics -> Keras's, which have the same options."""


def for_keras(model: keras.Model, config: Config, description: DataDescription) -> keras.Model:
    """Return a model of the same layers and weights that Keras alone can evaluate.

    It is compiled where Keras has the loss for the targets as dlcli has them (labels, 0 and 1, or
    values), with those of the config's metrics that Keras has.

    Args:
        model: Trained; the optimizer's state is saved too, so that Keras can go on.
        config: Of the model, bound.
        description: Of its data.
    """
    copy = keras.Model(model.input, model.output, name=model.name)
    losses = _losses(model, config, description)
    if losses is None:
        return copy
    several = len(losses) > 1
    found = _metrics(model, config, description)
    copy.compile(
        optimizer=_optimizer(model),
        loss=losses if several else losses[0],
        metrics=[found, *([] for _ in losses[1:])] if several else found,
    )
    return copy


def _optimizer(model: keras.Model) -> keras.optimizers.Optimizer | None:
    """Return the optimizer as it was left, None if it is not one of Keras's own."""
    found: keras.optimizers.Optimizer = model.optimizer
    return found if type(found).__module__.startswith("keras.") else None


def _losses(
    model: keras.Model, config: Config, description: DataDescription
) -> list[keras.losses.Loss] | None:
    """Return the loss of each output, None where Keras has none for these targets."""
    is_scaled = any(is_target_scale(layer) for layer in model.layers)
    shape = description.target_shape
    has_places = None in shape or len(shape) > (description.task in ("multilabel", "regression"))
    if is_scaled or has_places:
        return None
    found = [
        _loss(loss_of(config.compile.loss, ref), output, description)
        for ref, output in zip(config.model.outputs, model.outputs, strict=True)
    ]
    known = [loss for loss in found if loss is not None]
    return known if len(known) == len(found) else None


def _loss(call: Call, output: Any, description: DataDescription) -> keras.losses.Loss | None:
    made: keras.losses.Loss = construct(call)
    if not type(made).__module__.startswith("keras."):
        return None
    labels = description.task in ("multiclass", "binary") and output.shape[-1] > 1
    if not labels or isinstance(made, OF_LABELS):
        return made
    if call.name in SPARSE and set(call.arguments) <= {"from_logits"}:
        return SPARSE[call.name](**call.arguments)
    return None


def _metrics(
    model: keras.Model, config: Config, description: DataDescription
) -> list[keras.metrics.Metric]:
    """Return Keras's counterparts of the config's metrics, under the same names."""
    threshold = 0.0 if squashed(config, description.task) else 0.5
    units = model.outputs[0].shape[-1]
    found = [
        _metric(metrics.parse(item), description.task, units, threshold)
        for item in config.compile.metrics or ()
        if isinstance(item, str)
    ]
    return [metric for metric in found if metric is not None]


def _metric(
    asked: metrics.Request, task: str, units: int, threshold: float
) -> keras.metrics.Metric | None:
    name = asked.metric.name
    if name in OF_VALUES:
        return OF_VALUES[name](name=asked.text)
    if task not in ("multiclass", "binary"):
        return None
    if name == "accuracy" and units == 1:
        return keras.metrics.BinaryAccuracy(name=asked.text, threshold=threshold)
    made = OF_CLASSES.get(name)
    return None if made is None else made(name=asked.text, **asked.options)
