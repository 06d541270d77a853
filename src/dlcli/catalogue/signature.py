"""What a config may name, and its arguments: one shape for Keras's classes, data sets, metrics.

An `Entry` is a name a config may use; its `Argument`s have `Type`s. The validator, the JSON
Schema, `dlcli ls` and the documentation are all read off these three records.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
import typing
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TypeName = Literal[
    "any", "null", "boolean", "integer", "number", "string", "path", "array", "object", "entry"
]


@dataclass(frozen=True)
class Bounds:
    """Limits of a number, for use in `Annotated[int, Bounds(minimum=1)]`."""

    minimum: float | None = None
    maximum: float | None = None
    exclusive: bool = False  # the minimum itself is not allowed


@dataclass(frozen=True)
class Type:
    """One alternative of what an argument accepts.

    Attributes:
        name: `entry` is a nested catalogue entry of the given `kind`; the rest are JSON's types,
            and `path`, a string that names a file or folder.
        minimum: Smallest number, or shortest array.
        maximum: Largest number, or longest array.
        exclusive: The minimum itself is excluded.
        choices: The only values a string may take; empty for any.
        items: What an array's items, or an object's values, accept; empty for anything.
        kind: The catalogue kind (`layers`, `initializers`, ...) of an `entry`.
    """

    name: TypeName
    minimum: float | None = None
    maximum: float | None = None
    exclusive: bool = False
    choices: tuple[str, ...] = ()
    items: tuple[Type, ...] = ()
    kind: str = ""


def plain_type(type_: Type) -> dict[str, Any]:
    """Return a type as JSON has it: its fields without those that have their default."""
    plain = {f.name: v for f in fields(type_) if (v := getattr(type_, f.name)) != f.default}
    return plain | {"items": [plain_type(t) for t in type_.items]} if type_.items else plain


@dataclass(frozen=True)
class Argument:
    """One keyword argument.

    Attributes:
        types: Accepted alternatives; a value must match one of them.
        default: The default, as plain YAML data; meaningless when `required`.
    """

    name: str
    types: tuple[Type, ...] = (Type("any"),)
    default: Any = None
    required: bool = False
    help: str = ""


@dataclass(frozen=True)
class Entry:
    """A name that a config may use.

    Attributes:
        kind: `layers`, `optimizers`, `schedules`, `losses`, `metrics`, `initializers`,
            `regularizers`, `constraints`, `callbacks`, `activations`, `datasets`.
        help: One line.
        aliases: Other names it answers to (`adam`, `l2`, `mse`).
        refused: Why a config may not use it; empty if it may.
        module: Where Python finds it; empty for Keras's own module of its kind.
        rates: Of an optimizer that says so: the least and the greatest learning rate to search, and
            who says so; equal where there is nothing to search.
    """

    kind: str
    name: str
    help: str = ""
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[str, ...] = ()
    refused: str = ""
    module: str = ""
    rates: tuple[float, float, str] | None = None
    by_name: Mapping[str, Argument] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {a.name: a for a in self.arguments})


def entry_from_function(
    kind: str, function: Callable[..., object], *, name: str = "", aliases: Sequence[str] = ()
) -> Entry:
    """Read an entry off a function: its annotations are the types, its docstring the help.

    Options that several functions share are a `TypedDict`, which a function takes as
    `**options: Unpack[Options]`; none of them is required, and its docstring is their help.

    Args:
        kind: The entry's kind.
        function: Every parameter after `*` becomes an argument; positional ones are the
            program's own and stay hidden from the config.
        name: The entry's name, by default the function's.
        aliases: Other names it answers to.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    summary, helps = parse_docstring(inspect.getdoc(function) or "")
    arguments: list[Argument] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY:
            arguments.append(
                Argument(
                    name=parameter.name,
                    types=types_from_annotation(hints.get(parameter.name, Any)),
                    default=None if parameter.default is parameter.empty else parameter.default,
                    required=parameter.default is parameter.empty,
                    help=helps.get(parameter.name, ""),
                )
            )
        elif parameter.kind is parameter.VAR_KEYWORD:
            arguments += _shared_arguments(hints.get(parameter.name))
    return Entry(kind, name or function.__name__, summary, tuple(arguments), tuple(aliases))


def _shared_arguments(annotation: Any) -> list[Argument]:
    """Return the arguments of `Unpack[Options]`, where `Options` is a `TypedDict`."""
    if typing.get_origin(annotation) is not typing.Unpack:
        return []
    (options,) = typing.get_args(annotation)
    helps = _helps_of(options)
    hints = typing.get_type_hints(options, include_extras=True)
    own_first = sorted(hints, key=list(helps).index)
    return [
        Argument(name, types_from_annotation(hints[name]), help=helps[name]) for name in own_first
    ]


def _helps_of(options: Any) -> dict[str, str]:
    """Return the help of each option of a `TypedDict`, its own before those of what it extends."""
    _, found = parse_docstring(inspect.getdoc(options) or "")
    helps = dict(found)
    known = set(options.__annotations__)
    # Before Python 3.12 a TypedDict does not say what it extends, but its module has imported it.
    for other in vars(sys.modules[options.__module__]).values():
        if typing.is_typeddict(other) and set(other.__annotations__) < known:
            helps |= _helps_of(other)
    return helps


_SCALARS: dict[Any, TypeName] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    type(None): "null",
    Any: "any",
}


def types_from_annotation(annotation: Any) -> tuple[Type, ...]:
    """Translate a Python annotation into accepted types.

    Raises:
        TypeError: For an annotation that has no counterpart in a config.
    """
    if annotation in _SCALARS:
        return (Type(_SCALARS[annotation]),)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        bounds = next(a for a in arguments[1:] if isinstance(a, Bounds))
        return tuple(
            Type(t.name, bounds.minimum, bounds.maximum, bounds.exclusive)
            if t.name in ("integer", "number")
            else t
            for t in types_from_annotation(arguments[0])
        )
    if origin is Literal:
        return (Type("string", choices=tuple(str(a) for a in arguments)),)
    if origin in (typing.Union, types.UnionType):
        return tuple(t for a in arguments for t in types_from_annotation(a))
    if origin in (list, tuple):
        return (Type("array", items=types_from_annotation(arguments[0])),)
    if getattr(annotation, "__name__", "") == "Path":
        return (Type("path"),)
    raise TypeError(f"no config type for the annotation {annotation!r}")


_ARGS_SECTION = re.compile(r"^(Args|Arguments):\s*$", re.MULTILINE)
_ARG_LINE = re.compile(r"^ {4}\*{0,2}(\w+)(?: \([^)]*\))?: ?(.*)$")


def parse_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Split a Google-style docstring into its summary and the help of each argument.

    Args:
        text: The docstring, dedented (`inspect.getdoc`).

    Returns:
        The first sentence or paragraph on one line, and the arguments' texts on one line each.
    """
    summary = " ".join(text.split("\n\n", 1)[0].split())
    section = _ARGS_SECTION.search(text)
    helps: dict[str, str] = {}
    if section is None:
        return summary, helps
    current = ""
    for line in text[section.end() :].lstrip("\n").split("\n"):
        if line.strip() and not line.startswith(" "):
            break  # the next section
        start = _ARG_LINE.match(line)
        if start:
            current = start.group(1)
            helps[current] = start.group(2).strip()
        elif current and line.strip():
            helps[current] = f"{helps[current]} {line.strip()}".strip()
    return summary, helps


def snake_case(name: str) -> str:
    """Write a class name as Keras names layers and identifiers: Conv2D -> conv2d, LSTM -> lstm."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
