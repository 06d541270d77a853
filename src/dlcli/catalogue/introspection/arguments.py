"""The arguments of one Keras class or function, with what they accept."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import keras

from dlcli.catalogue.catalogue import MODULES
from dlcli.catalogue.introspection.inventory import BASES
from dlcli.catalogue.introspection.probing import Probe
from dlcli.catalogue.introspection.trials import Construction
from dlcli.catalogue.introspection.wording import proposed_types, shortened
from dlcli.catalogue.signature import Argument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlcli.catalogue.introspection.inventory import Item

_UNDOCUMENTED = {
    "EinsumDense.gptq_unpacked_column_size": "Columns of the kernel before GPTQ packs it.",
    "Pipeline.layers": "Layers to apply, one after the other.",
    "Resizing.antialias": "Whether to smooth the image before it is made smaller.",
    "SparseCategoricalCrossentropy.ignore_class": "Class that adds nothing to the loss.",
    "StackedRNNCells.cells": "Recurrent cells, each fed with the output of the one before.",
    "name": "Name of the layer, unique in its model.",
    "activity_regularizer": "Regularizer of the layer's output.",
    "trainable": "Whether training changes the layer's weights.",
    "dtype": "Dtype of the computations and weights, or a mixed-precision policy.",
    "autocast": "Whether floating-point inputs are cast to the layer's dtype.",
}
"""Help that Keras does not give, for `Class.argument` or for an argument of every layer."""

_FOR_PYTHON = "Needs a Python object, so a config can only leave it null."


def parameters(item: Item) -> list[inspect.Parameter]:
    """Return the parameters a config may set; an activation's first one is the tensor.

    Keras's optimizers name all that their base class takes; others may pass it on as `**kwargs`.
    """
    every = list(inspect.signature(item.object).parameters.values())
    named = [p for p in every if p.kind in _NAMED]
    if item.module and any(p.kind is p.VAR_KEYWORD for p in every):
        own = {p.name for p in named}
        named += [p for p in _of_base(item.kind) if p.name not in own]
    return named[1:] if item.kind == "activations" else named


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _of_base(kind: str) -> list[inspect.Parameter]:
    """Return what Keras's base class of a kind takes; that of a backend may only pass it on."""
    base = getattr(importlib.import_module(MODULES[kind]), BASES[kind])
    for cls in inspect.getmro(base):
        every = inspect.signature(vars(cls).get("__init__", object)).parameters.values()
        if named := [p for p in every if p.kind in _NAMED and p.name != "self"]:
            return named
    return []


def read_arguments(item: Item, helps: Mapping[str, str]) -> tuple[Argument, ...]:
    """Read the arguments of a class or function.

    Args:
        item: The class or function.
        helps: The help of its arguments, by name.
    """
    own = parameters(item)
    probe = Probe(item, [p.name for p in own if p.default is p.empty])
    inherited = list(_inherited(item, {p.name for p in own}, probe))
    return tuple(_argument(p, _help(item, p.name, helps), item, probe) for p in [*own, *inherited])


def _help(item: Item, name: str, helps: Mapping[str, str]) -> str:
    fallback = _UNDOCUMENTED.get(f"{item.name}.{name}", "")
    if item.kind == "layers":
        fallback = fallback or _UNDOCUMENTED.get(name, "")
    return helps.get(name) or fallback


def _inherited(item: Item, own: set[str], probe: Probe) -> Iterator[inspect.Parameter]:
    """Yield the parameters that a layer passes on to its base class, if it really does."""
    if item.kind != "layers":
        return
    for parameter in inspect.signature(keras.layers.Layer.__init__).parameters.values():
        passed = parameter.kind is parameter.KEYWORD_ONLY and parameter.name not in own
        if passed and probe.accepts(used=False, **{parameter.name: parameter.default}):
            yield parameter


def _argument(parameter: inspect.Parameter, text: str, item: Item, probe: Probe) -> Argument:
    required = parameter.default is parameter.empty
    default = None if required else plain(parameter.default)
    types = proposed_types(item.name, parameter.name, text, default, required=required)
    if probe.works:
        types = Construction(item, probe, parameter.name, text, default, required).confirm(types)
    only_null = all(t.name == "null" for t in types)
    return Argument(
        name=parameter.name,
        types=types,
        default=default,
        required=required,
        help=_FOR_PYTHON if only_null else shortened(text),
    )


def plain(value: Any) -> Any:
    """Write a default as YAML data; a Keras object becomes its config form."""
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return {type(value).__name__: {k: plain(v) for k, v in value.get_config().items()}}
