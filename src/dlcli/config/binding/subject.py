"""A bound config as its rules see it: in plain terms, with Keras's defaults filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.binding.outputs import loss_of
from dlcli.config.grammar.calls import Call
from dlcli.config.sections.data import find_dataset
from dlcli.data.description import INPUT
from dlcli.data.splitting import train_size_left
from dlcli.rules.network import Layer, Network, Part
from dlcli.rules.shapes import shapes_of
from dlcli.rules.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.catalogue.signature import Argument
    from dlcli.config.sections.experiment import Config
    from dlcli.config.sections.graph import InputConfig, LayerConfig
    from dlcli.data.description import DataDescription


def subject_of(
    written: Config,
    bound: Config,
    description: DataDescription,
    *,
    train_size: int | None = None,
    is_comparison: bool = False,
) -> Subject:
    """Return what rules judge.

    Args:
        written: The config as read: binding mends what Keras would.
        bound: The same config, bound to its data.
        description: What is known of the data.
        train_size: Training examples once validation is taken off; without it, worked out.
        is_comparison: Whether the config's optimizer is one of many that are compared.
    """
    if train_size is None:
        train_size = train_size_left(description, bound.data.validation, bound.data.fraction)
    given, fit = bound.compile, bound.fit
    losses = bound.compile.loss if written.compile.loss is None else written.compile.loss
    return Subject(
        network=network_of(bound, description),
        data=description,
        source=bound.data.source.name,
        options=_defaults(bound.data.source.name) | dict(bound.data.source.options),
        train_size=train_size,
        validation=bound.data.validation,
        batch_size=bound.data.batch_size,
        epochs=fit.epochs,
        shuffle=fit.shuffle,
        weighted=fit.class_weight is not None,
        optimizer=part_of(given.optimizer),
        losses=tuple(part_of(loss_of(losses, ref)) for ref in bound.model.outputs),
        infers_loss=written.compile.loss is None,
        loss_weights=dict(given.loss_weights or {}),
        metrics=tuple(m.name if isinstance(m, Call) else str(m) for m in given.metrics or ()),
        callbacks=tuple(part_of(call) for call in fit.callbacks),
        is_comparison=is_comparison,
    )


def _defaults(dataset: str) -> dict[str, Any]:
    """Return the options that a data set has where nothing is given."""
    entry = find_dataset(dataset)
    return {a.name: a.default for a in entry.arguments if not a.required} if entry else {}


def network_of(bound: Config, description: DataDescription) -> Network:
    """Return the network of a bound config."""
    inputs = {spec.id: _input_shape(spec, description) for spec in bound.model.inputs}
    layers: dict[str, Layer] = {}
    for layer in bound.model.layers:
        layers[layer.id] = _layer(layer, layers)
    outputs = tuple(ref.id for ref in bound.model.outputs)
    ordered = tuple(layers.values())
    return Network(inputs, ordered, outputs, shapes_of(inputs, ordered))


def _input_shape(spec: InputConfig, description: DataDescription) -> tuple[int | None, ...] | None:
    if spec.shape is not None:
        return tuple(spec.shape)
    known = description.inputs.get(INPUT if len(description.inputs) == 1 else spec.id)
    return None if known is None else tuple(known.shape)


def _layer(layer: LayerConfig, earlier: Mapping[str, Layer]) -> Layer:
    source = earlier.get(str(layer.shared))
    made = part_of(layer.call) if layer.call is not None else source or Part("Identity")
    # What picks one output of several is of a shape that is not worked out.
    inputs = tuple(str(ref) for ref in layer.inputs)
    return Layer(
        made.name,
        made.arguments,
        made.given,
        made.path if layer.call is not None else layer.path,
        id=layer.id,
        inputs=inputs,
        ignore=layer.ignore,
        shared=layer.call is None,
    )


def part_of(call: Call) -> Part:
    """Return a class with all its arguments; nested ones likewise."""
    entry = load_catalogue().find(call.kind, call.name)
    known = entry.by_name if entry else {}
    defaults = {n: _default(a) for n, a in known.items() if not a.required}
    given = {name: _value(value, known.get(name)) for name, value in call.arguments.items()}
    return Part(call.name, defaults | given, frozenset(call.arguments), call.path)


def _value(value: Any, argument: Argument | None) -> Any:
    if isinstance(value, Call):
        return part_of(value)
    if isinstance(value, tuple):
        return tuple(_value(item, argument) for item in value)
    return value


def _default(argument: Argument) -> Any:
    """Return a default; one that names a class (`glorot_uniform`) as that class."""
    if isinstance(argument.default, str):
        for accepted in argument.types:
            if accepted.name == "entry":
                entry = load_catalogue().find(accepted.kind, argument.default)
                if entry is not None:
                    return part_of(Call(accepted.kind, entry.name))
    return argument.default
