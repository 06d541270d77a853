"""What a config's values may be besides plain data: Keras classes, and variables of the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.nodes import Mark


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
