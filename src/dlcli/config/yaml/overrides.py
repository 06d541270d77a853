"""`a.b[0].c = value`: changes to a config's nodes, before they are read and checked."""

from __future__ import annotations

import re
from typing import Final

from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic
from dlcli.config.yaml.nodes import Mark, Node, Pair, Scalar, Sequence, Text, YamlMapping
from dlcli.config.yaml.text import parse_yaml
from dlcli.config.yaml.written_calls import is_call, read_call
from dlcli.errors import did_you_mean

_STEP: Final = re.compile(r"([^.\[\]=\s]+)|\[(\d+)\]")

Step = str | int


def apply_overrides(root: Node, overrides: tuple[str, ...]) -> Node:
    """Return the document with every override applied, in order.

    Raises:
        ConfigError: If one is not of the form `path=value`, or its path leads nowhere.
    """
    for override in overrides:
        root = _apply(root, override)
    return root


def _apply(root: Node, override: str) -> Node:
    text = Text(f"--set {override}", override)
    path, equals, value = override.partition("=")
    if not equals or not steps_of(path):
        raise _error(Mark(text, 1, 1, len(override)), "write --set path.to.key=value", _EXAMPLE)
    node = _parsed(value, override, text, len(path) + 1)
    return put(root, path, node, Mark(text, 1, 1, len(path)), _EXAMPLE)


_EXAMPLE: Final = "e.g. --set compile.optimizer.Adam.learning_rate=3e-4"


def steps_of(path: str) -> tuple[Step, ...]:
    """Split `model.layers[0].Conv2D` into its steps; empty if it is malformed."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if not found:
            return ()
        steps.append(found.group(1) if found.group(2) is None else int(found.group(2)))
        position = found.end()
        if path[position : position + 1] == ".":
            position += 1
            if position == len(path):
                return ()
    return tuple(steps)


def _parsed(value: str, override: str, text: Text, offset: int) -> Node:
    """Parse the value as YAML that stands in the override's place (for columns)."""
    if not value.strip():
        return Scalar(None, Mark(text, 1, offset))
    # The path becomes blanks, so that columns in the value count from the override's start.
    padded = Text(text.name, " " * offset + override[offset:])
    return parse_yaml(padded)


def put(root: Node, path: str, value: Node, mark: Mark, example: str) -> Node:
    """Return a document with a value at a path; mappings on the way are made if they are missing.

    Args:
        root: The document's root node.
        path: Such as `model.layers[0].Conv2D.filters`; well-formed.
        value: The new node.
        mark: Where the path is written.
        example: Shows how to write one.

    Raises:
        ConfigError: If the path leads nowhere.
    """
    return _put(root, steps_of(path), value, mark, example)


def _put(node: Node, steps: tuple[Step, ...], value: Node, mark: Mark, example: str) -> Node:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(node, Sequence) and isinstance(step, str) and step.isdecimal():
        step = int(step)
    if isinstance(step, int):
        return _put_item(node, step, rest, value, mark, example)
    if isinstance(node, Scalar) and isinstance(node.value, str) and is_call(node.value):
        node = read_call(node.value, node.mark) or node
    if isinstance(node, Scalar) and (node.value is None or node.value == step):
        # A bare `Adam` becomes `Adam: {}` when the path goes on below it.
        node = YamlMapping(
            {str(node.value): Pair(node.mark, YamlMapping({}, mark))} if node.value else {}, mark
        )
    if not isinstance(node, YamlMapping):
        raise _error(mark, f"'{step}' has no parent in the config", example)
    old = node.pairs.get(step)
    below = old.node if old else YamlMapping({}, mark)
    key_mark = old.key_mark if old else mark
    new = Pair(key_mark, _put(below, rest, value, mark, example))
    return YamlMapping({**node.pairs, step: new}, node.mark)


def _put_item(
    node: Node, index: int, rest: tuple[Step, ...], value: Node, mark: Mark, example: str
) -> Node:
    if not isinstance(node, Sequence):
        raise _error(mark, f"[{index}] is not applied to a list", example)
    if index >= len(node.items):
        message = f"[{index}] is past the end; the list has {len(node.items)} items"
        raise _error(mark, message, example)
    items = list(node.items)
    items[index] = _put(items[index], rest, value, mark, example)
    return Sequence(tuple(items), node.mark)


def _error(mark: Mark, message: str, example: str) -> ConfigError:
    return ConfigError([Diagnostic("bad-override", mark, "", message, example)])


def misled(node: Node, path: str) -> str:
    """Say where a path names a class that is not there; empty if it does not.

    Args:
        node: The document's root node.
        path: Such as `model.layers[0].Dense.units`.
    """
    way: list[str] = []
    for step in steps_of(path):
        shown = ".".join(way).replace(".[", "[")
        found, following = _followed(node, step)
        if following is None:
            if isinstance(step, str) and step[:1].isupper() and found:
                return f"{shown} is {found[0]}, not '{step}'{did_you_mean(step, found)}"
            return ""
        node = following
        way.append(f"[{step}]" if isinstance(step, int) or step.isdecimal() else step)
    return "" if way else f"'{path}' is not a path"


def _followed(node: Node, step: str | int) -> tuple[list[str], Node | None]:
    """Return the classes that a node names, and the node one step below it, None without any."""
    if isinstance(node, Sequence):
        place = int(step) if isinstance(step, int) or step.isdecimal() else len(node.items)
        return [], node.items[place] if place < len(node.items) else None
    if isinstance(node, YamlMapping):
        return [key for key in node.pairs if key[:1].isupper()], node.get(str(step))
    named = node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
    name = named.partition("(")[0].strip()
    return [name] if name else [], node if name == step else None
