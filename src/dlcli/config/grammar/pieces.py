"""The pieces a config's grammar is written in: each reads, writes and describes one kind of value.

A piece (`Spec`) reports every mistake below it to the `Reader` and returns `INVALID` where it
found one, so that all mistakes of a file are found in one pass. `write` turns what `read` returned
into plain data again, and `schema` is the piece's JSON Schema, so the three cannot drift apart.

A key is a field of a frozen dataclass whose default is made by `key`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from dlcli.catalogue.catalogue import type_in_words
from dlcli.catalogue.signature import Argument, Entry, Type
from dlcli.config.grammar.calls import Call
from dlcli.config.grammar.reading import (
    INVALID,
    Invalid,
    Reader,
    join,
    report_unknown_keys,
    wrong_type,
)
from dlcli.config.grammar.type_schemas import described, types_schema
from dlcli.config.grammar.unknown import unknown_argument, unknown_name
from dlcli.config.grammar.variables import is_variable, read_variable
from dlcli.config.yaml.diagnostics import listing
from dlcli.config.yaml.nodes import Mark, Node, Scalar, Sequence, Word, YamlMapping
from dlcli.config.yaml.written_calls import BY_OTHER_NAMES, is_call, read_call, with_names
from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlcli.config.grammar.writing import Writer


class Spec(Protocol):
    """A piece of the grammar."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the node's value, or `INVALID` after reporting what is wrong with it."""

    def write(self, value: Any, writer: Writer) -> Any:
        """Return the plain data that reads back as the value."""

    def schema(self) -> dict[str, Any]:
        """Return the piece's JSON Schema (draft-07)."""


REQUIRED: Final = object()


@dataclass(frozen=True)
class Field:
    """A key of a `Record`.

    Attributes:
        name: The key.
        spec: Reads, writes and describes its value.
        default: The value where the key is absent.
        help: What an editor shows.
        quiet: Whether the key is left out of what is written while it has its default. A key that
            joins the grammar later must be quiet, so that the trials of configs without it keep
            their keys and are not trained again.
    """

    name: str
    spec: Spec
    default: Any = REQUIRED
    help: str = ""
    quiet: bool = False

    def is_written(self, value: Any, writer: Writer) -> bool:
        """Whether the key is written; None stands for "not given" and is no news."""
        shown = writer.whole and self.default is not None
        return not self.quiet or shown or value != self.default


def key(spec: Spec, default: Any = REQUIRED, meaning: str = "", *, quiet: bool = False) -> Any:
    """Make a dataclass's field a key of the config; the arguments are those of a `Field`.

    Returns:
        The field, as `dataclasses.field` does.
    """
    metadata = {"key": (spec, default, meaning, quiet)}
    if default is REQUIRED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def keys_of(section: type[Any], beside: tuple[str, ...] = ()) -> tuple[Field, ...]:
    """Return the keys of a dataclass.

    Args:
        section: The dataclass.
        beside: Names of the fields that are no keys: the caller reads and writes them.

    Raises:
        TypeError: If another field is no key, and so would be read or written by nothing.
    """
    fields = [f for f in dataclasses.fields(section) if f.name not in beside]
    forgotten = [f.name for f in fields if "key" not in f.metadata]
    if forgotten:
        raise TypeError(f"{section.__name__}: {listing(forgotten)} must be made by key(...)")
    return tuple(Field(f.name, *f.metadata["key"]) for f in fields)


def record_of(section: type[Any]) -> Record:
    """Return the mapping that reads and writes a dataclass all of whose fields are keys."""
    return Record(section, keys_of(section))


@dataclass(frozen=True)
class Record:
    """A mapping with fixed keys, read into the result of `factory(**values)`."""

    factory: Callable[..., Any]
    fields: tuple[Field, ...]
    help: str = ""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Read every key; unknown and missing ones are reported."""
        if isinstance(node, Scalar) and node.value is None:
            node = YamlMapping({}, node.mark)  # `fit:` with nothing below it means the defaults
        if not isinstance(node, YamlMapping):
            return wrong_type(node, path, "a mapping", reader)
        known = {f.name: f for f in self.fields}
        ok = not report_unknown_keys(node, known, path, reader)
        values: dict[str, Any] = {}
        for name, spec in known.items():
            child = node.get(name)
            if child is not None:
                values[name] = spec.spec.read(child, join(path, name), reader)
            elif spec.default is REQUIRED:
                values[name] = reader.report(
                    "missing-key", node.mark, path, f"the key '{name}' is missing", spec.help
                )
            else:
                values[name] = spec.default
        ok = ok and INVALID not in values.values()
        return self.factory(**values) if ok else INVALID

    def write(self, value: Any, writer: Writer) -> dict[str, Any]:
        """Write every key of an object that has them as attributes."""
        held = [(f, getattr(value, f.name)) for f in self.fields]
        return {
            f.name: f.spec.write(inner, writer) for f, inner in held if f.is_written(inner, writer)
        }

    def schema(self) -> dict[str, Any]:
        """Describe the keys; no others are allowed."""
        properties = {f.name: described(f.spec.schema(), f.help) for f in self.fields}
        required = [f.name for f in self.fields if f.default is REQUIRED]
        schema: dict[str, Any] = {
            "type": ["object", "null"] if not required else "object",
            "properties": properties,
            "additionalProperties": False,
        }
        if required:
            schema["required"] = required
        return schema


@dataclass(frozen=True)
class ListOf:
    """A sequence of one kind of item; a lone item counts as a list of one where `lone` is set."""

    item: Spec
    minimum: int = 0
    lone: bool = False

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a tuple of the items' values."""
        if not isinstance(node, Sequence):
            if not self.lone:
                return wrong_type(node, path, "a list", reader)
            node = Sequence((node,), node.mark)
        if len(node.items) < self.minimum:
            return reader.report("too-few", node.mark, path, "the list is empty")
        values = tuple(
            self.item.read(item, f"{path}[{i}]", reader) for i, item in enumerate(node.items)
        )
        return INVALID if INVALID in values else values

    def write(self, value: Any, writer: Writer) -> list[Any]:
        """Write the items."""
        return [self.item.write(item, writer) for item in value]

    def schema(self) -> dict[str, Any]:
        """Describe the list, or a lone item."""
        item = self.item.schema()
        array: dict[str, Any] = {"type": "array", "items": item, "minItems": self.minimum}
        return {"anyOf": [array, item]} if self.lone else array


@dataclass(frozen=True)
class MapOf:
    """A mapping from free keys that match a pattern to values of one kind."""

    value: Spec
    keys: str = r"^[A-Za-z_][A-Za-z0-9_]*$"
    what: str = "a name"

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a dict of the values."""
        if not isinstance(node, YamlMapping):
            return wrong_type(node, path, "a mapping", reader)
        values: dict[str, Any] = {}
        for key, pair in node.pairs.items():
            if not re.search(self.keys, key):
                message = f"the key '{key}' is not {self.what}"
                values[key] = reader.report("bad-key", pair.key_mark, path, message)
            else:
                word = Word(key, pair.key_mark, join(path, key))
                values[word] = self.value.read(pair.node, word.path, reader)
        return INVALID if INVALID in values.values() else values

    def write(self, value: Any, writer: Writer) -> dict[str, Any]:
        """Write the values by their keys."""
        return {writer.value(k): self.value.write(v, writer) for k, v in value.items()}

    def schema(self) -> dict[str, Any]:
        """Describe the keys by their pattern; no others are allowed."""
        return {
            "type": "object",
            "patternProperties": {self.keys: self.value.schema()},
            "additionalProperties": False,
        }


@dataclass(frozen=True)
class Typed:
    """A value of one of the given types, plain or a nested Keras class."""

    types: tuple[Type, ...]
    variables: bool = False  # whether `$name` may stand for the value

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return plain data, a tuple, a `Call`, or a `Variable`."""
        if self.variables and is_variable(node):
            return read_variable(node, self.types, path, reader)
        fitting = [t for t in self.types if _has_form_of(node, t)]
        for alternative in fitting:
            trial = Reader(reader.catalogue)
            value = read_typed(node, alternative, path, trial)
            if not trial.diagnostics:
                return value
        if fitting and self._is_meant(node, fitting, reader):
            return read_typed(node, fitting[0], path, reader)  # reports what is wrong
        expected = type_in_words(self.types)
        return wrong_type(node, path, expected, reader, self._hint(node))

    def _is_meant(self, node: Node, fitting: list[Type], reader: Reader) -> bool:
        """Whether the mistake of the first fitting alternative tells more than all of them."""
        if len({t.name for t in fitting}) > 1:
            return False
        first = fitting[0]
        if first.choices and len(self.types) > 1:  # a word beside numbers: all of them are offered
            return False
        if first.name != "entry" or not isinstance(node, Scalar):
            return True
        only = all(t.name in ("entry", "null") for t in self.types)
        return only or bool(reader.catalogue.suggest(first.kind, str(node.value)))

    def _hint(self, node: Node) -> str:
        choices = [c for t in self.types for c in t.choices]
        if isinstance(node, Scalar) and isinstance(node.value, str) and choices:
            return did_you_mean(node.value, choices).removeprefix("; ")
        return "a data variable is not allowed here" if is_variable(node) else ""

    def write(self, value: Any, writer: Writer) -> Any:
        """Write plain data, a class or a variable."""
        return writer.value(value)

    def schema(self) -> dict[str, Any]:
        """Describe the alternatives."""
        return types_schema(self.types, variables=self.variables)


def _has_form_of(node: Node, alternative: Type) -> bool:
    """Whether a node has the outer form of a type, so that its mistakes are worth telling."""
    if alternative.name == "any":
        return True
    if alternative.name == "entry":
        return isinstance(node, YamlMapping) or (
            isinstance(node, Scalar) and isinstance(node.value, str)
        )
    if alternative.name == "array":
        return isinstance(node, Sequence)
    if alternative.name == "object":
        return isinstance(node, YamlMapping)
    return isinstance(node, Scalar) and _is_scalar_of(node.value, alternative)


def _is_scalar_of(value: object, alternative: Type) -> bool:
    if alternative.name == "null":
        return value is None
    if alternative.name == "boolean":
        return isinstance(value, bool)
    if alternative.name in ("string", "path"):
        return isinstance(value, str)
    if isinstance(value, bool):
        return False
    if alternative.name == "integer":
        return isinstance(value, int)
    return isinstance(value, int | float)


def read_typed(node: Node, alternative: Type, path: str, reader: Reader) -> Any:
    """Read a node that has the form of one type."""
    if alternative.name == "entry":
        return read_entry(node, alternative.kind, path, reader)
    if isinstance(node, Sequence):
        return _read_array(node, alternative, path, reader)
    if isinstance(node, YamlMapping):
        return _read_object(node, alternative, path, reader)
    value = node.value
    message = _out_of_range(value, alternative)
    if message:
        return reader.report("out-of-range", node.mark, path, message)
    if alternative.choices and value not in alternative.choices:
        hint = did_you_mean(str(value), alternative.choices)
        words = type_in_words((alternative,))
        return reader.report(
            "unknown-choice", node.mark, path, f"expected {words}, not '{value}'{hint}"
        )
    return value


def _out_of_range(value: object, alternative: Type) -> str:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    if isinstance(value, float) and math.isnan(value):
        return "not a number (nan)" if alternative.name == "number" else ""
    low, high = alternative.minimum, alternative.maximum
    below = low is not None and (value <= low if alternative.exclusive else value < low)
    above = high is not None and value > high
    return f"{value} is not {type_in_words((alternative,))}" if below or above else ""


def _read_array(node: Sequence, alternative: Type, path: str, reader: Reader) -> Any:
    size, low, high = len(node.items), alternative.minimum, alternative.maximum
    if alternative.name == "array" and (
        (low is not None and size < low) or (high is not None and size > high)
    ):
        words = type_in_words((alternative,))
        message = f"expected {words}, not a list of {size}"
        return reader.report("wrong-length", node.mark, path, message)
    items = alternative.items or (Type("any"),)
    spec = Typed(items, variables=not takes_text(items))
    values = tuple(spec.read(n, f"{path}[{i}]", reader) for i, n in enumerate(node.items))
    return INVALID if INVALID in values else values


def takes_text(types: tuple[Type, ...]) -> bool:
    """Whether a value may be any text, such as a column's name, of which `$cost` is one."""
    return any(t.name in ("string", "path") and not t.choices for t in types)


def _read_object(node: YamlMapping, alternative: Type, path: str, reader: Reader) -> Any:
    spec = Typed(alternative.items or (Type("any"),), variables=True)
    values = {
        key: spec.read(pair.node, join(path, key), reader) for key, pair in node.pairs.items()
    }
    return INVALID if INVALID in values.values() else values


def read_entry(
    node: Node, kind: str, path: str, reader: Reader, siblings: tuple[str, ...] = ()
) -> Any:
    """Read a catalogue entry: a bare name, or a mapping of one name to its arguments.

    `siblings` are lower-case keys that may stand beside the name; the caller reads them.
    """
    if kind == "optimizers" and isinstance(node, Scalar) and node.value in BY_OTHER_NAMES:
        node = replace(node, value=BY_OTHER_NAMES[node.value])
    if isinstance(node, Scalar) and isinstance(node.value, str) and is_call(node.value):
        written = read_call(node.value, node.mark)
        if written is None:
            named = with_names(node.value, partial(reader.catalogue.argument_names, kind))
            hint = f"write the arguments by name: {named or 'SGD(momentum=0.9)'}"
            message = f"'{node.value}' is no class with arguments"
            return reader.report("bad-call", node.mark, path, message, hint)
        node = written
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return _read_call(node.value, None, node.mark, kind, path, reader)
    if not isinstance(node, YamlMapping):
        return wrong_type(node, path, type_in_words((Type("entry", kind=kind),)), reader)
    names = [key for key in node.pairs if key not in siblings]
    if len(names) != 1:
        return _not_one_name(node, names, kind, path, reader)
    pair = node.pairs[names[0]]
    return _read_call(names[0], pair.node, pair.key_mark, kind, path, reader)


def _not_one_name(
    node: YamlMapping, names: list[str], kind: str, path: str, reader: Reader
) -> Invalid:
    if not names:
        example = f"one of Keras's {kind}"
        return reader.report(
            "missing-name", node.mark, path, f"the class is missing; write {example}"
        )
    classes = [n for n in names if reader.catalogue.find(kind, n)]
    strangers = [n for n in names if n not in classes]
    if len(classes) == 1 and strangers:
        entry = reader.catalogue.find(kind, classes[0])
        assert entry is not None  # noqa: S101
        for name in strangers:
            hint = (
                f"indent it below {classes[0]}: {{{classes[0]}: {{{name}: ...}}}}"
                if name in entry.by_name
                else BESIDE.get(name, "")
                if kind == "layers"
                else ""
            )
            message = f"'{name}' is not allowed beside {classes[0]}"
            reader.report("unknown-key", node.pairs[name].key_mark, path, message, hint)
        return INVALID
    message = f"several names in one place: {listing(names)}; a mapping names one class"
    hint = "Give each its own entry, and indent the arguments below their class."
    return reader.report("several-names", node.mark, path, message, hint)


BESIDE = dict.fromkeys(("input", "inputs", "in"), "here it is called 'from'") | {
    "name": "here it is called 'id'"
}
"""Other words for what may stand beside a layer."""


def _read_call(
    name: str, arguments: Node | None, mark: Mark, kind: str, path: str, reader: Reader
) -> Any:
    entry = reader.catalogue.find(kind, name)
    if entry is None:
        return unknown_name(name, mark, kind, path, reader)
    if entry.refused:
        message = f"'{name}' cannot be used: {entry.refused}"
        return reader.report("refused", mark, path, message)
    here = join(path, name)
    if arguments is None or (isinstance(arguments, Scalar) and arguments.value is None):
        arguments = YamlMapping({}, mark)
    if not isinstance(arguments, YamlMapping):
        hint = ""
        if entry.arguments and isinstance(arguments, Scalar):
            hint = f"write {{{name}: {{{entry.arguments[0].name}: {arguments.value}}}}}"
        return wrong_type(arguments, here, f"the arguments of {entry.name} by name", reader, hint)
    if kind == "activations" and arguments.pairs:
        message = f"the activation {entry.name} takes no arguments here"
        hint = "name a layer: activation: {LeakyReLU: {negative_slope: 0.1}}"
        return reader.report("activation-arguments", arguments.mark, here, message, hint)
    values = read_arguments(arguments, entry, here, reader)
    return INVALID if values is INVALID else Call(kind, entry.name, values, here, mark)


def read_arguments(
    node: YamlMapping,
    entry: Entry,
    path: str,
    reader: Reader,
    hints: Mapping[str, str] | None = None,
) -> Any:
    """Read the keyword arguments of an entry; return a dict of those given.

    Args:
        node: The arguments by name.
        entry: Whose they are.
        path: Of the node.
        reader: Takes the mistakes.
        hints: What to say of arguments that are not known here.
    """
    values: dict[str, Any] = {}
    for name, pair in node.pairs.items():
        argument = entry.by_name.get(name)
        if argument is None:
            hint = (hints or {}).get(name, "")
            values[name] = unknown_argument(name, pair.key_mark, entry, path, reader, hint)
        else:
            values[name] = argument_spec(argument).read(pair.node, join(path, name), reader)
    for argument in entry.arguments:
        if argument.required and argument.name not in node.pairs:
            message = f"the argument '{argument.name}' of {entry.name} is missing"
            values[argument.name] = reader.report(
                "missing-argument", node.mark, path, message, argument.help
            )
    return INVALID if INVALID in values.values() else values


def argument_spec(argument: Argument) -> Typed:
    """Return the piece of grammar that reads an argument's value."""
    return Typed(argument.types, variables=not takes_text(argument.types))
