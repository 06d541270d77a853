"""What a config's values may be besides plain data: Keras classes, and variables of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.config.yaml.nodes import Mark


@dataclass(frozen=True)
class Call:
    """A Keras class with its keyword arguments, as written; defaults are Keras's own.

    Attributes:
        kind: The catalogue's kind, e.g. `layers`.
        name: The exact class name, e.g. `Conv2D`.
        arguments: Values are plain data, tuples, nested `Call`s, or `Variable`s until bound.
        path: Dotted path in the config, for messages.
    """

    kind: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    path: str = field(default="", compare=False, repr=False)
    mark: Mark | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Variable:
    """A value that comes from the data: `$classes`, or a formula such as `2 * $classes`.

    Attributes:
        text: As written, dollars included.
        whole: Whether the value is rounded, because an integer is expected.
    """

    text: str
    whole: bool = False
    path: str = field(default="", compare=False)
    mark: Mark | None = field(default=None, compare=False, repr=False)


def calls_in(value: Any) -> Iterator[Call]:
    """Yield every class that a part of a config names, nested ones too."""
    if isinstance(value, Call):
        yield value
        yield from calls_in(value.arguments)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from calls_in(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from calls_in(item)
    elif is_dataclass(value):
        for each in fields(value):
            yield from calls_in(getattr(value, each.name))


def plugins_in(value: Any) -> tuple[plugins.Plugin, ...]:
    """Return the plugins whose classes a part of a config names, by name."""
    if not plugins.active():
        return ()
    found = {}
    for call in calls_in(value):
        entry = load_catalogue().find(call.kind, call.name)
        plugin = plugins.owner(entry.module) if entry and entry.module else None
        if plugin is not None:
            found[plugin.name] = plugin
    return tuple(found[name] for name in sorted(found))
