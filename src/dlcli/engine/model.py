"""A bound config and its data's description become a Keras model."""

from __future__ import annotations

import inspect
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import MODULES, load_catalogue
from dlcli.config.sections.experiment import Call
from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic
from dlcli.config.yaml.nodes import Mark, nowhere
from dlcli.data.description import INPUT, TensorSpec
from dlcli.data.lengths import base_of, lengths_name, sequence_lengths
from dlcli.engine.axes import hint_of_axes
from dlcli.engine.graph import takers
from dlcli.engine.masking import (
    apply_masked,
    apply_merging,
    attach_mask,
    hidden_masks,
    named_masks,
    takes_list,
)
from dlcli.engine.output_shapes import check_output, check_unmoved
from dlcli.runtime.files import is_special
from dlcli.runtime.memory import check_room, is_short
from dlcli.runtime.messages import keras_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.catalogue.signature import Argument
    from dlcli.config.sections.experiment import Config, InputConfig, LayerConfig, Reference
    from dlcli.data.description import DataDescription, Split

MEMORY = "memory"
"""The rule of a mistake that is a lack of memory."""


def construct(call: Call) -> Any:
    """Make the Keras object a call describes, nested ones first.

    Raises:
        ConfigError: If Keras refuses the arguments; it points to the call's line.
    """
    entry = load_catalogue().find(call.kind, call.name)
    known = entry.by_name if entry else {}
    for name, value in call.arguments.items():
        _check_path(call, value, known.get(name))
    arguments = {
        name: _constructed(value, known.get(name)) for name, value in call.arguments.items()
    }
    if call.kind == "activations":
        return call.name  # Keras saves activations by name
    module = (entry.module if entry else "") or MODULES[call.kind]
    factory = plugins.member(module, call.name)
    try:
        return factory(**arguments)
    except Exception as error:  # noqa: BLE001 (Keras raises every kind for a bad argument)
        raise _refused(call.mark, call.path, error) from None


def _check_path(call: Call, value: Any, argument: Argument | None) -> None:
    """Make sure that a file that Keras would read, such as a vocabulary, is one.

    Raises:
        ConfigError: If it is a pipe or a device: Keras would wait for who writes into it.
    """
    if argument is None or not isinstance(value, str):
        return
    if any(accepted.name == "path" for accepted in argument.types) and is_special(Path(value)):
        mark = call.mark or nowhere()
        message = f"{value} is a pipe or a device, not a file"
        path = f"{call.path}.{argument.name}"
        raise ConfigError([Diagnostic("bad-path", mark, path, message, "name a file")])


def _constructed(value: Any, argument: Argument | None) -> Any:
    """Turn a config's value into the form that Keras takes."""
    if isinstance(value, Call):
        return construct(value)
    if isinstance(value, int) and not isinstance(value, bool) and argument is not None:
        # Keras takes 0.0 for a rate, but not 0.
        kinds = {accepted.name for accepted in argument.types}
        return float(value) if "number" in kinds and "integer" not in kinds else value
    if isinstance(value, tuple):
        # Keras takes tuples for sizes, but lists of layers and of thresholds.
        items = [_constructed(item, None) for item in value]
        as_list = any(isinstance(item, Call) for item in value)
        as_list = as_list or (argument is not None and argument.name == "thresholds")
        return items if as_list else tuple(items)
    if isinstance(value, dict):
        return {key: _constructed(item, None) for key, item in value.items()}
    return value


def _refused(mark: Mark | None, path: str, error: Exception, hint: str = "") -> ConfigError:
    mark = mark or nowhere()
    if is_short(error):
        message = f"not enough memory: {keras_message(error)}"
        return ConfigError([Diagnostic(MEMORY, mark, path, message, "make it smaller")])
    if place := plugins.told(error):
        return ConfigError([Diagnostic("plugin", mark, path, place, plugins.MEND)])
    return ConfigError([Diagnostic("keras", mark, path, keras_message(error), hint)])


def build_model(config: Config, description: DataDescription) -> keras.Model:
    """Build the functional model of a bound config.

    Weights come from Keras's global random state, so set a seed first. Layer names are the
    config's ids.

    Raises:
        ConfigError: If a layer cannot be made or does not fit its input; it names the layer's line.
    """
    check_unmoved(config, description)
    graph = _Graph(config, description)
    for layer in config.model.layers:
        graph.add(layer)
    outputs = [graph.tensor(ref, None) for ref in config.model.outputs]
    for ref, tensor in zip(config.model.outputs, outputs, strict=True):
        check_output(config, description, ref, tuple(tensor.shape[1:]))
    if description.target_scale:
        outputs = [_in_target_units(tensor, i) for i, tensor in enumerate(outputs)]
    return graph.model(outputs, _model_name(config.name))


TARGET_SCALE = "target_scale"
"""Begins the names of the layers that bring outputs back to the targets' own units."""


def _in_target_units(output: Any, number: int) -> Any:
    """Return an output of mean 0 and variance 1 in the units of the targets."""
    name = TARGET_SCALE if number == 0 else f"{TARGET_SCALE}_{number}"
    return keras.layers.Normalization(axis=-1, invert=True, name=name)(output)


def is_target_scale(layer: keras.layers.Layer) -> bool:
    """Whether a layer learns from the targets, and not from what comes into it."""
    return isinstance(layer, keras.layers.Normalization) and layer.name.startswith(TARGET_SCALE)


def check_trainable(model: keras.Model, config: Config) -> None:
    """Make sure that there is memory for the gradients of a model's weights.

    Raises:
        ConfigError: If there is none; it names the line of the layer that has most of them.
    """
    try:
        check_room(sum(math.prod(w.shape) * 4 for w in model.trainable_weights))
    except MemoryError as error:
        own = [layer for layer in config.model.layers if layer.call is not None]
        largest = max(own, key=lambda layer: model.get_layer(layer.id).count_params())
        raise _refused(largest.mark, largest.path, error) from None


def _model_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


class _Graph:
    """Tensors and layers by id while a model is built."""

    def __init__(self, config: Config, description: DataDescription) -> None:
        self.inputs = {
            spec.id: _input(spec, description, config.name) for spec in config.model.inputs
        }
        self.lengths: dict[str, Any] = {}
        self.is_masked = False
        for spec in config.model.inputs:
            if input_spec(spec, description.inputs, config.name).shape[:1] == (None,):
                self._mask(spec.id, config)
        self.tensors: dict[str, Any] = dict(self.inputs)
        self.layers: dict[str, keras.layers.Layer] = {}

    def _mask(self, name: str, config: Config) -> None:
        """Mark which steps of an input are real, unless the config says it is not wanted."""
        tensor = self.inputs[name]
        if len(tensor.shape) == 2 and _is_unmasked(config, name):
            return
        self.is_masked = True
        steps = attach_mask(tensor, lengths_name(name))
        if steps is not None:
            self.lengths[lengths_name(name)] = steps

    def model(self, outputs: list[Any], name: str) -> keras.Model:
        """Return the model; inputs of lengths that no layer has used are left out."""
        made = outputs if len(outputs) > 1 else outputs[0]
        whole = keras.Model({**self.inputs, **self.lengths}, made, name=name)
        used = {id(operation) for operation in whole.operations}
        lengths = {
            name: tensor
            for name, tensor in self.lengths.items()
            if any(id(node.operation) in used for node in takers(tensor))
        }
        inputs = {**self.inputs, **lengths}
        if len(inputs) == len(whole.inputs) > 1:
            return whole
        return keras.Model(
            inputs if len(inputs) > 1 else next(iter(inputs.values())), made, name=name
        )

    def add(self, layer: LayerConfig) -> None:
        """Apply a layer to its inputs."""
        tensors = [self.tensor(ref, layer) for ref in layer.inputs]
        if layer.call is None:
            built = self.layers[str(layer.shared)]
        else:
            _check_lookup(layer.call)
            _check_step_by_step(layer.call, tensors)
            named = Call(
                layer.call.kind,
                layer.call.name,
                {**layer.call.arguments, "name": layer.id},
                layer.call.path,
                layer.call.mark,
            )
            built = construct(named)
        try:
            self.tensors[layer.id] = _apply(built, tensors, known=self.is_masked)
        except Exception as error:  # noqa: BLE001 (Keras raises every kind for a bad shape)
            hint = hint_of_axes(built, tensors)
            raise _refused(layer.mark, layer.path, error, hint) from None
        self.layers[layer.id] = built

    def tensor(self, ref: Reference, layer: LayerConfig | None) -> Any:
        """Return the tensor a reference names.

        Raises:
            ConfigError: If the layer has several outputs and none is chosen, or the chosen one
                does not exist.
        """
        value = self.tensors[ref.id]
        several = isinstance(value, list | tuple)
        if ref.index is None and not several:
            return value
        count = len(value) if several else 1
        if ref.index is None:
            message = f"'{ref.id}' has {count} outputs; name one, such as {ref.id}[0]"
        elif ref.index < count:
            return value[ref.index] if several else value
        else:
            message = f"'{ref}' does not exist; '{ref.id}' has {count} output(s)"
        mark = layer.mark if layer and layer.mark else nowhere()
        path = layer.path if layer else "model.outputs"
        raise ConfigError([Diagnostic("bad-wiring", mark, path, message)])


def _check_step_by_step(call: Call, tensors: list[Any]) -> None:
    """Refuse a TimeDistributed whose number of steps varies.

    Keras 3.15 then applies its layer to as many steps as a batch has examples.

    Raises:
        ConfigError: If it is one.
    """
    if call.name != "TimeDistributed" or tensors[0].shape[1] is not None:
        return
    inner = call.arguments.get("layer")
    name = inner.name if isinstance(inner, Call) else "Dense"
    message = "Keras computes TimeDistributed wrongly for sequences of different lengths"
    hint = "Use fixed lengths, or a layer that works on each step, such as Dense."
    if name == "Dense":
        hint = "Write Dense without TimeDistributed: it works on each step by itself."
    mark = call.mark or nowhere()
    raise ConfigError([Diagnostic("varying-steps", mark, call.path, message, hint)])


def _check_lookup(call: Call) -> None:
    """Refuse a lookup whose vocabulary decides how many numbers it makes: it is not known yet.

    Raises:
        ConfigError: If it is one.
    """
    given = call.arguments
    if call.name not in ("IntegerLookup", "StringLookup", "TextVectorization"):
        return
    if given.get("output_mode", "int") == "int" or given.get("vocabulary") is not None:
        return
    if given.get("max_tokens") and given.get("pad_to_max_tokens"):
        return
    mark = call.mark or nowhere()
    message = (
        f"{call.name} makes as many numbers as its vocabulary has words, which is found only after "
        "the layers behind it are made"
    )
    hint = "add max_tokens: N and pad_to_max_tokens: true, or name the vocabulary: [...]"
    raise ConfigError([Diagnostic("open-vocabulary", mark, call.path, message, hint)])


def _input(spec: InputConfig, description: DataDescription, name: str) -> Any:
    data = input_spec(spec, description.inputs, name)
    shape = data.shape if spec.shape is None else spec.shape
    return keras.Input(shape=shape, dtype=spec.dtype or data.dtype, name=spec.id)


def input_spec(spec: InputConfig, available: Mapping[str, TensorSpec], name: str) -> TensorSpec:
    """Return what the data gives a model's input.

    Data with a single array feeds it to every input; data with named arrays feeds by name.

    Raises:
        ConfigError: If the data has no array of that name.
    """
    if len(available) == 1 and INPUT in available:
        return available[INPUT]
    if spec.id in available:
        return available[spec.id]
    message = f"the data has no input '{spec.id}'; it has {', '.join(available)}"
    mark = nowhere(name)
    hint = "Name the model's inputs as the data names them: model: {inputs: [...]}"
    raise ConfigError([Diagnostic("unknown-input", mark, "model.inputs", message, hint)])


def _is_unmasked(config: Config, name: str) -> bool:
    """Whether an Embedding of an input is told `mask_zero: false`."""
    return any(
        layer.call is not None
        and layer.call.name == "Embedding"
        and layer.call.arguments.get("mask_zero") is False
        and any(ref.id == name for ref in layer.inputs)
        for layer in config.model.layers
    )


def feed(model: keras.Model, split: Split) -> Any:
    """Return a split's arrays as the model takes them: by name if it has several inputs."""
    names = [tensor.name for tensor in model.inputs]
    held = [name for name in split.x if base_of(name, split.x) is None]
    shared = held[0] if held == [INPUT] else None
    arrays = {name: _fed(name, names, split, shared) for name in names}
    return arrays if len(names) > 1 else arrays[names[0]]


def _fed(name: str, names: Sequence[str], split: Split, shared: str | None) -> np.ndarray:
    """Return what an input of a model gets: an array of the data, or the lengths of another's."""
    base = base_of(name, names)
    if base is not None:
        return sequence_lengths(split.x, shared or base)
    return split.x[shared or name]


def _apply(layer: keras.layers.Layer, tensors: list[Any], *, known: bool) -> Any:
    """Call a layer as Keras means it: several inputs as a list, or one by one."""
    if len(tensors) == 1:
        return apply_masked(layer, tensors[0], known=known)
    parameters = inspect.signature(layer.call).parameters
    with hidden_masks(layer, tensors, known=known):
        if takes_list(layer):
            return apply_merging(layer, tensors)
        return layer(*tensors, **named_masks(list(parameters), tensors, parameters))
