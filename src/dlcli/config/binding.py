"""A config meets its data: variables get their values, and the loss and metrics are inferred."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlcli import metrics
from dlcli.config.diagnostics import ConfigError, Diagnostic
from dlcli.config.experiment import (
    Call,
    CandidateEntry,
    CompareConfig,
    CompileConfig,
    Config,
    FitConfig,
    LayerConfig,
    Reference,
    Variable,
)
from dlcli.config.nodes import Word, nowhere
from dlcli.data.splitting import train_size_left
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.data.description import DataDescription


def bind(config: Config, description: DataDescription, *, train_size: int | None = None) -> Config:
    """Return the config with no variable left, and with a loss and metrics.

    Args:
        config: As read.
        description: What is known of its data.
        train_size: Training examples once validation is taken off; without it, worked out from
            the description.

    Raises:
        ConfigError: If a variable has no value for this data (`$classes` of a regression), the
            loss is ambiguous, or a metric does not suit the task.
    """
    binder = _Binder(_values(config, description, train_size), description)
    model = replace(
        config.model,
        inputs=tuple(replace(i, shape=binder.value(i.shape)) for i in config.model.inputs),
        layers=tuple(binder.layer(layer) for layer in config.model.layers),
    )
    bound = replace(
        config,
        model=model,
        compile=binder.value(config.compile),
        fit=binder.value(config.fit),
        compare=binder.value(config.compare),
    )
    binder.check_metrics(bound)
    binder.check_loss(bound)
    binder.check_class_weight(bound)
    binder.check_bucketing(bound)
    if binder.diagnostics:
        raise ConfigError(binder.diagnostics)
    loss = bound.compile.loss or infer_loss(bound, description)
    names = bound.compile.metrics
    if names is None:
        names = metrics.default_names(description.task)
    return replace(bound, compile=replace(bound.compile, loss=loss, metrics=names))


def _values(config: Config, description: DataDescription, train_size: int | None) -> dict[str, Any]:
    """Return the variables' values; one that this data does not define is absent."""
    values: dict[str, Any] = {}
    inputs = list(description.inputs.values())
    if len(inputs) == 1:
        values["input_shape"] = tuple(inputs[0].shape)
    if description.classes:
        values["classes"] = len(description.classes)
    if description.vocabulary_size is not None:
        values["vocabulary_size"] = description.vocabulary_size
    if train_size is None:
        train_size = train_size_left(description, config.data.validation)
    if train_size is not None:
        values["train_size"] = train_size
        values["steps_per_epoch"] = math.ceil(train_size / config.data.batch_size)
    return values


@dataclass
class _Binder:
    values: Mapping[str, Any]
    description: DataDescription

    def __post_init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def value(self, value: Any) -> Any:
        if isinstance(value, Variable):
            return self._variable(value)
        if isinstance(value, Call):
            arguments = {k: self.value(v) for k, v in value.arguments.items()}
            return replace(value, arguments=arguments)
        if isinstance(value, tuple):
            return tuple(self.value(item) for item in value)
        if isinstance(value, dict):
            return {k: self.value(v) for k, v in value.items()}
        if isinstance(value, CompileConfig | FitConfig | CompareConfig | CandidateEntry):
            return replace(value, **{k: self.value(v) for k, v in vars(value).items()})
        return value

    def _variable(self, variable: Variable) -> Any:
        if variable.name in self.values:
            return self.values[variable.name]
        defined = ", ".join(f"${name}" for name in self.values)
        message = f"the data set '{self.description.name}' has no ${variable.name}"
        self._report("undefined-variable", variable, message, f"it defines {defined}")
        return None

    def layer(self, layer: LayerConfig) -> LayerConfig:
        return replace(layer, call=self.value(layer.call))

    def check_metrics(self, config: Config) -> None:
        for name in config.compile.metrics or ():
            if isinstance(name, str):
                try:
                    metrics.check_task(metrics.parse(name), self.description.task)
                except UserError as error:
                    self._refuse("unsuitable-metric", name, error.message, error.remedy)

    def check_loss(self, config: Config) -> None:
        """Refuse a binary cross-entropy on a softmax.

        Keras would train on the softmax's logits as if they were a sigmoid's, and score on its
        probabilities: two numbers under one name.
        """
        given = config.compile.loss
        for output in config.model.outputs:
            loss = given.get(output.id) if isinstance(given, dict) else given
            if not isinstance(loss, Call) or not loss.name.startswith("Binary"):
                continue
            if last_activation(config, output) == "softmax":
                mark = loss.mark or nowhere()
                message = (
                    f"{loss.name} scores each output independently, but softmax outputs depend on "
                    "each other"
                )
                hint = (
                    "Use SparseCategoricalCrossentropy, or activation: sigmoid in the last layer."
                )
                self.diagnostics.append(
                    Diagnostic("loss-mismatch", mark, "compile.loss", message, hint)
                )

    def check_class_weight(self, config: Config) -> None:
        weights, classes = config.fit.class_weight, self.description.classes
        if weights is None:
            return
        steps = self.description.target_shape
        if not classes or self.description.task == "multilabel" or steps:
            kind = "task with a class for each step" if steps and classes else "task"
            message = f"class weights have no meaning for a {self.description.task} {kind}"
            first = weights if isinstance(weights, str) else next(iter(weights), "")
            self._refuse("unsuitable-weights", first, message, "leave fit.class_weight out")
            return
        for label in () if isinstance(weights, str) else weights:
            if int(label) >= len(classes):
                named = ", ".join(f"{i} {name}" for i, name in enumerate(classes[:20]))
                message, hint = f"there is no label {label}", f"Choose among the labels: {named}."
                self._refuse("unknown-label", label, message, hint)

    def check_bucketing(self, config: Config) -> None:
        """Refuse to sort by length what has a single one."""
        fixed = [
            name for name, spec in self.description.inputs.items() if spec.shape[:1] != (None,)
        ]
        if config.data.bucketing and fixed:
            message = f"the input '{fixed[0]}' has no sequences of different lengths"
            mark = nowhere()
            hint = "Remove data.bucketing: it is for sequences of different lengths."
            self.diagnostics.append(
                Diagnostic("unsuitable-bucketing", mark, "data.bucketing", message, hint)
            )

    def _refuse(self, rule: str, word: str, message: str, hint: str) -> None:
        """Report a mistake in a word of the config."""
        mark, path = nowhere(), ""
        if isinstance(word, Word):
            mark, path = word.mark, word.path
        self.diagnostics.append(Diagnostic(rule, mark, path, message, hint))

    def _report(self, rule: str, at: Variable, message: str, hint: str) -> None:
        mark = at.mark or nowhere()
        self.diagnostics.append(Diagnostic(rule, mark, at.path, message, hint))


def last_activation(config: Config, output: Reference) -> str | None:
    """Return the activation that ends an output, `linear` for none, None if it is unknown."""
    by_id = {layer.id: layer for layer in config.model.layers}
    layer = by_id.get(output.id)
    if layer is not None and layer.shared in by_id:
        layer = by_id[layer.shared]
    call = layer.call if layer is not None else None
    if call is None:
        return None
    if call.name in ("Softmax", "ReLU"):
        return call.name.lower()
    activation = call.arguments.get("activation")
    if activation is None:
        return "linear"
    return activation.name if isinstance(activation, Call) else str(activation)


def infer_loss(config: Config, description: DataDescription) -> Call | dict[str, Call]:
    """Return the loss that the task and the last activation leave no choice about.

    Raises:
        ConfigError: If they leave one.
    """
    losses = {str(out): _infer(config, out, description) for out in config.model.outputs}
    distinct = list(losses.values())
    return distinct[0] if all(loss == distinct[0] for loss in distinct) else losses


def _infer(config: Config, output: Reference, description: DataDescription) -> Call:
    task, activation = description.task, last_activation(config, output)
    if task in ("regression", "forecasting"):
        return Call("losses", "MeanSquaredError")
    units = _units(config, output)
    if task == "multiclass" and activation in ("softmax", "linear") and units != 1:
        return _cross_entropy(activation)
    if task == "binary" and activation == "softmax" and units != 1:
        return _cross_entropy(activation)
    if task == "binary" and units in (1, None) and activation in ("sigmoid", "linear"):
        return Call("losses", "BinaryCrossentropy", _from_logits(activation))
    if task == "multilabel" and activation in ("sigmoid", "linear"):
        return Call("losses", "BinaryCrossentropy", _from_logits(activation))
    raise _ambiguous(config, output, description, activation)


def _units(config: Config, output: Reference) -> int | None:
    layer = next((lay for lay in config.model.layers if lay.id == output.id), None)
    units = layer.call.arguments.get("units") if layer and layer.call else None
    return units if isinstance(units, int) else None


def _from_logits(activation: str) -> dict[str, bool]:
    return {"from_logits": True} if activation == "linear" else {}


def _cross_entropy(activation: str) -> Call:
    return Call("losses", "SparseCategoricalCrossentropy", _from_logits(activation))


def _ambiguous(
    config: Config, output: Reference, description: DataDescription, activation: str | None
) -> ConfigError:
    layer = next((lay for lay in config.model.layers if lay.id == output.id), None)
    mark = (layer and layer.mark) or nowhere(config.name)
    path = layer.path if layer else "model"
    shown = activation or "an unknown activation"
    message = (
        f"no loss is given, and none can be inferred for a {description.task} task whose last "
        f"activation is '{shown}'"
    )
    usual = {
        "multiclass": "End with {Dense: {units: $classes, activation: softmax}}",
        "binary": "End with {Dense: {units: 1, activation: sigmoid}}",
        "multilabel": "End with {Dense: {units: $classes, activation: sigmoid}}",
    }
    hint = f"{usual[description.task]}, or name compile.loss"
    return ConfigError([Diagnostic("ambiguous-loss", mark, path, message, hint)])
