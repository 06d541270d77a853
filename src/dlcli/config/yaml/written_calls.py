"""Classes as Python writes them: `SGD(learning_rate=0.01, momentum=0.9)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Pair, Scalar, Sequence, Text, YamlMapping
from dlcli.config.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dlcli.config.yaml.nodes import Mark, Node

CALL_PATTERN: Final = r"^\s*[A-Za-z_][A-Za-z0-9_.]*\s*\(.*\)\s*$"
_CALL = re.compile(r"\s*(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)
_ARGUMENT = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*(.+?)\s*", re.DOTALL)
_PYTHON: Final = {"None": "null", "True": "true", "False": "false"}

BY_OTHER_NAMES: Final = {
    "Momentum": "SGD(momentum=0.9)",
    "Nesterov": "SGD(momentum=0.9, nesterov=True)",
}
"""Names that dlcli's tables give to optimizers -> what they are in Keras."""


def is_call(text: str) -> bool:
    """Whether a text is a class with arguments in parentheses."""
    return re.search(CALL_PATTERN, text, re.DOTALL) is not None


def read_call(text: str, mark: Mark) -> YamlMapping | None:
    """Return the mapping that means the same, `{SGD: {momentum: 0.9}}`; None if it is none.

    Args:
        text: As written.
        mark: Where it stands; all parts of the mapping get it.
    """
    found = _CALL.fullmatch(text)
    parts = None if found is None else split_outside_brackets(found[2])
    if found is None or parts is None:
        return None
    pairs: dict[str, Pair] = {}
    for part in parts:
        argument = _ARGUMENT.fullmatch(part)
        if argument is None:
            return None
        value = _value(argument[2], mark)
        if value is None:
            return None
        pairs[argument[1]] = Pair(mark, value)
    return YamlMapping({found[1]: Pair(mark, YamlMapping(pairs, mark))}, mark)


def with_names(text: str, names_of: Callable[[str], Iterable[str]]) -> str:
    """Return a call whose arguments are all named, `Conv2D(filters=16, kernel_size=3)`.

    Args:
        text: As written, `Conv2D(16, 3)`.
        names_of: Class -> the names of its arguments in order; none if there is no such class.

    Returns:
        "" if it cannot be told what is meant.
    """
    found = _CALL.fullmatch(text)
    parts = None if found is None else split_outside_brackets(found[2])
    if found is None or not parts:
        return ""
    names = list(names_of(found[1]))
    made = []
    for place, part in enumerate(parts):
        if _ARGUMENT.fullmatch(part):
            made.append(part.strip())
        elif place < len(names):
            made.append(f"{names[place]}={part.strip()}")
        else:
            return ""
    return f"{found[1]}({', '.join(made)})"


def _value(text: str, mark: Mark) -> Node | None:
    """Return the value of an argument: a class, or what YAML makes of it."""
    if is_call(text):
        return read_call(text, mark)
    try:
        return _marked(parse_yaml(Text(mark.text.name, _PYTHON.get(text, text))), mark)
    except ConfigError:
        return None


def split_outside_brackets(text: str) -> list[str] | None:
    """Split a text at the commas that stand in no brackets; None if brackets do not match."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if letter == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    if depth or quote:
        return None
    return [part for part in parts if part.strip()]


def _marked(node: Node, mark: Mark) -> Node:
    """Return a node all of whose parts stand at one place."""
    if isinstance(node, Scalar):
        return Scalar(node.value, mark)
    if isinstance(node, Sequence):
        return Sequence(tuple(_marked(item, mark) for item in node.items), mark)
    return YamlMapping(
        {key: Pair(mark, _marked(pair.node, mark)) for key, pair in node.pairs.items()}, mark
    )
