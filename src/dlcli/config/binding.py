"""A config meets its data: variables get their values, and the loss and metrics are inferred."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlcli import metrics
from dlcli.config.class_weights import unknown_labels
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
from dlcli.config.nodes import Mark, Text, Word
from dlcli.config.outputs import (
    FOR_ALL,
    last_activation,
    loss_of,
    mismatch,
    output_kind,
    units_of,
)
from dlcli.data.splitting import train_size_left
from dlcli.errors import UserError
from dlcli.metrics.predictions import LABEL_TASKS

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
    if bound.compare is None:  # its candidates may have rates of their own
        binder.check_plateau(bound)
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
        kind = output_kind(config, self.description.task)
        for item in config.compile.metrics or ():
            try:
                if isinstance(item, str):
                    request = metrics.parse(item)
                    metrics.check_task(request, self.description.task)
                    metrics.check_outputs(request, kind)
                elif item.name in metrics.OF_PROBABILITIES and kind != "values":
                    metrics.check_probabilities(item.name, kind)
            except UserError as error:
                word = item if isinstance(item, str) else self._word(item)
                self._refuse("unsuitable-metric", word, error.message, error.remedy)

    def _word(self, call: Call) -> Word:
        return Word(call.name, call.mark or Mark(Text("config", ""), 1, 1), call.path)

    def check_loss(self, config: Config) -> None:
        """Refuse an end of the model that does not go with its loss: Keras learns nothing then."""
        if self.description.task not in LABEL_TASKS:
            return
        for output in config.model.outputs:
            activation = last_activation(config, output)
            loss = loss_of(config.compile.loss, output)
            if loss is None:
                continue  # what is inferred goes with it
            if activation in FOR_ALL and units_of(config, output) == 1:
                self._refuse_output(config, output, str(activation))
            elif found := mismatch(loss, activation, self.description.task):
                mark = loss.mark or Mark(Text("config", ""), 1, 1)
                self.diagnostics.append(Diagnostic("loss-mismatch", mark, "compile.loss", *found))

    def _refuse_output(self, config: Config, output: Reference, activation: str) -> None:
        layer = next(layer for layer in config.model.layers if layer.id == output.id)
        mark = layer.mark or Mark(Text(config.name, ""), 1, 1)
        message = f"{activation} of a single unit is always 1, so the model cannot learn"
        hint = "end in {Dense: {units: 1, activation: sigmoid}}, or give it units: $classes"
        self.diagnostics.append(Diagnostic("single-softmax", mark, layer.path, message, hint))

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
        named = ", ".join(f"{i} {name}" for i, name in enumerate(classes[:20]))
        hint = f"the labels are: {named}; give their names, or their numbers"
        for label, message in () if isinstance(weights, str) else unknown_labels(weights, classes):
            self._refuse("unknown-label", label, message, hint)

    def check_plateau(self, config: Config) -> None:
        """Refuse to reduce a rate that a schedule sets: Keras fails at the first plateau."""
        if not isinstance(config.compile.optimizer.arguments.get("learning_rate"), Call):
            return
        for call in config.fit.callbacks:
            if call.name == "ReduceLROnPlateau":
                mark = call.mark or Mark(Text("config", ""), 1, 1)
                message = "the optimizer has a schedule, whose rate cannot be reduced"
                hint = "leave the callback out, or give the optimizer a plain learning_rate"
                self.diagnostics.append(
                    Diagnostic("unsuitable-callback", mark, call.path, message, hint)
                )

    def check_bucketing(self, config: Config) -> None:
        """Refuse to sort by length what has a single one."""
        fixed = [
            name for name, spec in self.description.inputs.items() if spec.shape[:1] != (None,)
        ]
        if config.data.bucketing and None in self.description.target_shape:
            fixed = list(self.description.inputs)
        if config.data.bucketing and fixed:
            several = None in self.description.target_shape
            what = "a target for each step" if several else "sequences of one length only, or none"
            message = f"the input '{fixed[0]}' has {what}"
            mark = Mark(Text("config", ""), 1, 1)
            hint = "leave data.bucketing out: it is for sequences of different lengths"
            self.diagnostics.append(
                Diagnostic("unsuitable-bucketing", mark, "data.bucketing", message, hint)
            )

    def _refuse(self, rule: str, word: str, message: str, hint: str) -> None:
        """Report a mistake in a word of the config."""
        mark, path = Mark(Text("config", ""), 1, 1), ""
        if isinstance(word, Word):
            mark, path = word.mark, word.path
        self.diagnostics.append(Diagnostic(rule, mark, path, message, hint))

    def _report(self, rule: str, at: Variable, message: str, hint: str) -> None:
        mark = at.mark or Mark(Text("config", ""), 1, 1)
        self.diagnostics.append(Diagnostic(rule, mark, at.path, message, hint))


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
    units = units_of(config, output)
    if task == "multiclass" and activation in ("softmax", "linear") and units != 1:
        return _cross_entropy(activation)
    if task == "binary" and activation == "softmax" and units != 1:
        return _cross_entropy(activation)
    if task == "binary" and units in (1, None) and activation in ("sigmoid", "linear"):
        return Call("losses", "BinaryCrossentropy", _from_logits(activation))
    if task == "multilabel" and activation in ("sigmoid", "linear"):
        return Call("losses", "BinaryCrossentropy", _from_logits(activation))
    raise _ambiguous(config, output, description, activation)


def _from_logits(activation: str) -> dict[str, bool]:
    return {"from_logits": True} if activation == "linear" else {}


def _cross_entropy(activation: str) -> Call:
    return Call("losses", "SparseCategoricalCrossentropy", _from_logits(activation))


def _ambiguous(
    config: Config, output: Reference, description: DataDescription, activation: str | None
) -> ConfigError:
    layer = next((lay for lay in config.model.layers if lay.id == output.id), None)
    mark = (layer and layer.mark) or Mark(Text(config.name, ""), 1, 1)
    path = layer.path if layer else "model"
    shown = activation or "an unknown activation"
    message = (
        f"no loss is given, and a {description.task} task that ends in '{shown}' leaves it open"
    )
    usual = {
        "multiclass": "end in {Dense: {units: $classes, activation: softmax}}",
        "binary": "end in {Dense: {units: 1, activation: sigmoid}}",
        "multilabel": "end in {Dense: {units: $classes, activation: sigmoid}}",
    }
    hint = f"{usual[description.task]}, or name compile.loss"
    return ConfigError([Diagnostic("ambiguous-loss", mark, path, message, hint)])
