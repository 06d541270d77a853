"""What a plugin defines, read off its classes' signatures and docstrings.

Its classes are not tried out, as Keras's own are: importing it is all of its code that runs here.
"""

from __future__ import annotations

import importlib
import inspect
import typing
from typing import TYPE_CHECKING, Any

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import MODULES
from dlcli.catalogue.introspection.arguments import parameters, plain
from dlcli.catalogue.introspection.conventions import (
    ANY,
    NULL,
    limited_by_name,
    types_by_name,
)
from dlcli.catalogue.introspection.inventory import BASES, Item, inventory
from dlcli.catalogue.introspection.reading import borrowed, documented_in, stated_rates
from dlcli.catalogue.introspection.wording import own_documentation, proposed_types, shortened
from dlcli.catalogue.signature import Argument, Entry, types_from_annotation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from dlcli.catalogue.introspection.reading import Documented
    from dlcli.catalogue.plugins import Plugin
    from dlcli.catalogue.signature import Type


def plugin_entries(plugin: Plugin) -> list[Entry]:
    """Import a plugin and return an entry for each class that a config may name.

    Raises:
        PluginError: If the import fails.
    """
    module = plugins.load(plugin)
    found = []
    for kind, name, member in _public_classes(module):
        item = Item(kind, name, member, (), plugin.module)
        found.append(_entry(item, plugin))
    return found


def _public_classes(module: ModuleType) -> Iterator[tuple[str, str, Any]]:
    """Yield the kind, name and class of what a module defines and exports."""
    bases = {kind: getattr(importlib.import_module(MODULES[kind]), b) for kind, b in BASES.items()}
    exported = getattr(module, "__all__", None)
    for name, member in sorted(vars(module).items()):
        own = _package(getattr(member, "__module__", "")) == _package(module.__name__)
        public = name in exported if exported is not None else own and not name.startswith("_")
        if public and inspect.isclass(member):
            for kind, base in bases.items():
                if issubclass(member, base) and member is not base:
                    yield kind, name, member
                    break


def _package(module: str) -> str:
    return module.partition(".")[0]


def _entry(item: Item, plugin: Plugin) -> Entry:
    summary, helps = own_documentation(item.object)
    known = documented_in(inventory(item.kind))
    arguments = tuple(_argument(p, item, helps, known) for p in parameters(item))
    return Entry(
        item.kind, item.name, summary or f"Of the plugin {plugin.name}.", arguments,
        module=plugin.module, rates=stated_rates(item.object),
    )  # fmt: skip


def _argument(
    parameter: inspect.Parameter, item: Item, helps: dict[str, str], known: Documented
) -> Argument:
    name, required = parameter.name, parameter.default is parameter.empty
    text = helps.get(name, "")
    if not text and known[name]:
        text = borrowed(item.name, parameter, known[name])
    default = None if required else _default(parameter.default)
    types = _annotated(parameter, item) if types_by_name(item.name, name) is None else ()
    if types and default is None and not required:
        types = (*(t for t in types if t != NULL), NULL)
    types = types or proposed_types(item.name, name, text, default, required=required)
    return Argument(name, types, default, required, shortened(text))


def _default(value: Any) -> Any:
    """Write a default as YAML data; None for what a config cannot hold."""
    try:
        return plain(value)
    except (AttributeError, TypeError, NotImplementedError):
        return None


def _annotated(parameter: inspect.Parameter, item: Item) -> tuple[Type, ...]:
    """Return the types of an annotation, nothing where it has none that a config knows."""
    if parameter.annotation is parameter.empty:
        return ()
    try:
        hints = typing.get_type_hints(item.object.__init__, include_extras=True)
        types = types_from_annotation(hints.get(parameter.name, Any))
    except (TypeError, NameError, StopIteration, IndexError):
        return ()
    return () if ANY in types else limited_by_name(types, item.name, parameter.name)
