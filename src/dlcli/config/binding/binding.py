"""A config meets its data: variables get their values, and the loss and metrics are inferred."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dlcli import metrics
from dlcli.config.binding.class_weights import unknown_labels
from dlcli.config.binding.outputs import given_loss, last_activation, loss_of, output_kind, units_of
from dlcli.config.grammar import formulas
from dlcli.config.sections.ablation import without
from dlcli.config.sections.experiment import (
    Call,
    CandidateEntry,
    CompareConfig,
    CompileConfig,
    Config,
    FitConfig,
    LayerConfig,
    Reference,
    Variable,
    VariantEntry,
)
from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic
from dlcli.config.yaml.nodes import Word, nowhere
from dlcli.data.splitting import train_size_left
from dlcli.errors import UserError, did_you_mean
from dlcli.metrics.predictions import LABEL_TASKS

if TYPE_CHECKING:
    from dlcli.data.description import DataDescription


def bind(
    config: Config,
    description: DataDescription,
    *,
    train_size: int | None = None,
    sizes: Mapping[float, int] | None = None,
) -> Config:
    """Return the config with no variable left, and with a loss and metrics.

    Args:
        config: As read.
        description: What is known of its data.
        train_size: Training examples that are used, validation taken off; without it, worked out
            from the description.
        sizes: The same by `data.fraction`, for candidates that have one of their own.

    Raises:
        ConfigError: If a variable has no value for this data (`$classes` of a regression), the
            loss is ambiguous, or a metric does not suit the task.
    """
    bound = _bound(config, description, train_size)
    compare = bound.compare
    if compare is None or config.compare is None:
        return bound
    if compare.candidates is not None and config.compare.candidates is not None:
        variants = tuple(
            _bound_variant(
                variant,
                config,
                bound,
                description,
                {**(sizes or {}), config.data.fraction: train_size},
            )
            for variant in config.compare.candidates
        )
        compare = replace(compare, candidates=variants)
    for layer in compare.ablate or ():
        _check_ablated(bound, layer)
    return replace(bound, compare=compare)


def _bound_variant(
    variant: VariantEntry,
    config: Config,
    bound: Config,
    description: DataDescription,
    sizes: Mapping[float, int | None],
) -> VariantEntry:
    """Return a candidate by what it changes of the bound config, once it is bound itself."""
    try:
        varied = config.varied(variant)
        own = _bound(varied, description, sizes.get(varied.data.fraction))
    except ConfigError as error:
        where = f"the candidate '{variant.label}'"
        raise ConfigError(
            replace(each, path=f"{where}: {each.path}" if each.path else where)
            for each in error.diagnostics
        ) from None
    return replace(variant, **bound.changes(own))


def _check_ablated(config: Config, layer: str) -> None:
    """Refuse to leave out a layer that cannot be.

    Raises:
        ConfigError: If there is no such layer, or nothing can stand for it.
    """
    try:
        without(config.model, layer)
    except UserError as error:
        mark, path = (
            (layer.mark, layer.path)
            if isinstance(layer, Word)
            else (nowhere(config.name), "compare.ablate")
        )
        found = Diagnostic("unknown-layer", mark, path, error.message, error.remedy)
        raise ConfigError([found]) from None


def _bound(config: Config, description: DataDescription, train_size: int | None) -> Config:
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
    binder.check_outputs(bound)
    binder.check_metrics(bound)
    binder.check_loss(bound)
    binder.check_class_weight(bound)
    binder.check_bucketing(bound)
    if binder.diagnostics:
        raise ConfigError(binder.diagnostics)
    loss = _once_squashed(bound) or infer_loss(bound, description)
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
        train_size = train_size_left(description, config.data.validation, config.data.fraction)
    if train_size is not None:
        values["train_size"] = train_size
        steps = math.ceil(train_size / config.data.batch_size)
        values["steps_per_epoch"] = steps
        values["total_steps"] = steps * config.fit.epochs
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
        used = formulas.names(variable.text)
        missing = [name for name in used if name not in self.values]
        if missing:
            defined = ", ".join(f"${name}" for name in self.values)
            message = f"the data set '{self.description.name}' has no ${missing[0]}"
            self._report("undefined-variable", variable, message, f"it defines {defined}")
            return None
        if variable.text.strip("$ ") == used[0]:
            return self.values[used[0]]
        made = formulas.value(variable.text, self.values)
        return round(made) if variable.whole else made

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
        return Word(call.name, call.mark or nowhere(), call.path)

    def check_outputs(self, config: Config) -> None:
        """Refuse losses and weights of what is no output, and an output without a loss."""
        outputs = config.model.outputs
        known = {name for ref in outputs for name in (str(ref), ref.id)}
        shown = ", ".join(map(str, outputs))
        for given in (config.compile.loss, config.compile.loss_weights):
            for name in given if isinstance(given, Mapping) else ():
                if name not in known:
                    message = f"'{name}' is no output{did_you_mean(name, known)}"
                    self._refuse("unknown-output", name, message, f"the outputs are: {shown}")
        losses = config.compile.loss
        if isinstance(losses, Mapping):
            missing = [ref for ref in outputs if not {str(ref), ref.id} & set(losses)]
            if missing:
                first = next(iter(losses), "")
                message, hint = f"the output '{missing[0]}' has no loss", "name one for each output"
                self._refuse("missing-loss", first, message, hint)

    def check_loss(self, config: Config) -> None:
        """Refuse a binary cross-entropy on a softmax.

        Keras would train on the softmax's logits as if they were a sigmoid's, and score on its
        probabilities: two numbers under one name.
        """
        if self.description.task not in LABEL_TASKS:
            return
        for output in config.model.outputs:
            loss = given_loss(config.compile.loss, output)
            if loss is None or not loss.name.startswith("Binary"):
                continue
            if last_activation(config, output) == "softmax" and units_of(config, output) != 1:
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
        named = ", ".join(f"{i} {name}" for i, name in enumerate(classes[:20]))
        hint = f"Choose among the labels, by name or number: {named}."
        for label, message in () if isinstance(weights, str) else unknown_labels(weights, classes):
            self._refuse("unknown-label", label, message, hint)

    def check_bucketing(self, config: Config) -> None:
        """Refuse to sort by length what has a single one."""
        fixed = [
            name for name, spec in self.description.inputs.items() if spec.shape[:1] != (None,)
        ]
        if config.data.bucketing and None in self.description.target_shape:
            fixed = list(self.description.inputs)
        if config.data.bucketing and fixed:
            several = None in self.description.target_shape
            what = "a target for each step" if several else "no sequences of different lengths"
            message = f"the input '{fixed[0]}' has {what}"
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


LOGITS_TAKEN: Final = (
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy",
)
"""Losses that look behind a softmax or sigmoid for the logits, whatever `from_logits` says."""


def _once_squashed(config: Config) -> Call | dict[str, Call] | None:
    """Return the loss as given, but without `from_logits: true` where the outputs are no logits.

    Keras computes the same loss either way, but scores would squash the outputs a second time.
    """
    given = config.compile.loss
    if given is None:
        return None
    before = {str(ref): loss_of(given, ref) for ref in config.model.outputs}
    after = {
        str(ref): _for_outputs_of(config, ref, before[str(ref)]) for ref in config.model.outputs
    }
    if after == before:
        return given if isinstance(given, Call) else dict(given)
    return next(iter(after.values())) if len(after) == 1 else after


def _for_outputs_of(config: Config, output: Reference, loss: Call) -> Call:
    squashed = last_activation(config, output) in ("softmax", "sigmoid")
    if not squashed or loss.name not in LOGITS_TAKEN or not loss.arguments.get("from_logits"):
        return loss
    kept = {name: value for name, value in loss.arguments.items() if name != "from_logits"}
    return replace(loss, arguments=kept)


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
