"""Calls of a config as Python source: what `engine.model.construct` makes, to be read and run."""

from __future__ import annotations

import builtins
import keyword
import math
import re
from typing import TYPE_CHECKING, Any, Final

from dlcli.catalogue.catalogue import MODULES, load_catalogue
from dlcli.config.grammar.calls import Call
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dlcli.catalogue.signature import Argument

WIDTH: Final = 100
"""Characters of a line, where it can be broken."""


def call_code(call: Call, *, spare: int = 0, **more: Any) -> str:
    """Return the expression that makes the Keras object a call describes.

    Args:
        call: Bound: it holds no variables.
        spare: Characters that will stand beside it in its line.
        more: Further arguments, such as a layer's name.

    Raises:
        UserError: If Keras alone does not have it.
    """
    if call.kind == "activations":
        return text_code(call.name)
    entry = load_catalogue().find(call.kind, call.name)
    if entry is not None and entry.module:
        message = f"{call.path or call.kind}: plain Keras has no {call.name}"
        raise UserError(message, remedy="Write the script with one of Keras's own instead.")
    known = entry.by_name if entry else {}
    given = {**call.arguments, **more}
    arguments = {name: value_code(value, known.get(name)) for name, value in given.items()}
    return invocation(f"{MODULES[call.kind]}.{call.name}", arguments, spare=spare)


def value_code(value: Any, argument: Argument | None = None) -> str:
    """Return a value as source, in the form that Keras takes it.

    Args:
        value: Plain data, tuples, mappings and calls.
        argument: What it is given for, if that is known.
    """
    if isinstance(value, Call):
        return call_code(value)
    if isinstance(value, str):
        return text_code(value)
    if isinstance(value, tuple | list):
        return _items_code(value, argument)
    if isinstance(value, dict):
        return _mapping_code(value)
    return _number_code(value, argument)


def _number_code(value: Any, argument: Argument | None) -> str:
    """Return a number, a truth value or None."""
    if isinstance(value, int) and not isinstance(value, bool) and _wants_float(argument):
        return repr(float(value))
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def _wants_float(argument: Argument | None) -> bool:
    kinds = {accepted.name for accepted in argument.types} if argument else set()
    return "number" in kinds and "integer" not in kinds


def _items_code(values: Sequence[Any], argument: Argument | None) -> str:
    """Return a tuple, or a list where Keras takes one: of layers, and of thresholds."""
    items = [value_code(value) for value in values]
    as_list = any(isinstance(value, Call) for value in values)
    if as_list or (argument is not None and argument.name == "thresholds"):
        return f"[{', '.join(items)}]"
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _mapping_code(values: Mapping[Any, Any]) -> str:
    return "{" + ", ".join(f"{value_code(k)}: {value_code(v)}" for k, v in values.items()) + "}"


def text_code(text: str) -> str:
    """Return a string as source, in double quotes where that is as short."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in plain else plain


def invocation(
    function: str, arguments: Mapping[str, str], *, first: Sequence[str] = (), spare: int = 0
) -> str:
    """Return a call, with a line for each argument if one line would be too long.

    Args:
        function: What is called.
        arguments: Source by keyword.
        first: Source of the arguments without a keyword.
        spare: Characters that will stand beside it in its line.
    """
    written = [*first, *(f"{name}={code}" for name, code in arguments.items())]
    line = f"{function}({', '.join(written)})"
    if len(line) + spare <= WIDTH and "\n" not in line:
        return line
    inner = ["    " + item.replace("\n", "\n    ") + ",\n" for item in written]
    return f"{function}(\n{''.join(inner)})"


class Names:
    """Python names for the ids of a config, each used once.

    Args:
        taken: What they may not be.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = {*taken, *dir(builtins)}
        self._names: dict[str, str] = {}

    def __getitem__(self, identifier: str) -> str:
        if identifier not in self._names:
            self._names[identifier] = self._new(identifier)
        return self._names[identifier]

    def _new(self, identifier: str) -> str:
        name = re.sub(r"\W", "_", identifier, flags=re.ASCII)
        if name == "input":  # a function of Python
            name = "inputs"
        if not name or name[0].isdigit():
            name = f"layer_{name}"
        while name in self._taken or keyword.iskeyword(name):
            name += "_"
        self._taken.add(name)
        return name
