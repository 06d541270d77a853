"""`--set a.b[0].c=value`: changes to a config's nodes, before they are read and checked."""

from __future__ import annotations

import re
from typing import Final

from dlcli.config.diagnostics import ConfigError, Diagnostic
from dlcli.config.nodes import Mark, Node, Pair, Scalar, Sequence, Text, YamlMapping
from dlcli.config.yaml_text import parse_yaml

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
    steps = _steps(path)
    if not equals or not steps:
        raise _error(text, 1, len(override), "write --set path.to.key=value")
    offset = len(path) + 1
    node = _parsed(value, override, text, offset)
    return _put(root, steps, node, Mark(text, 1, 1, len(path)), text)


def _steps(path: str) -> tuple[Step, ...]:
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


def _put(node: Node, steps: tuple[Step, ...], value: Node, mark: Mark, text: Text) -> Node:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        return _put_item(node, step, rest, value, mark, text)
    if isinstance(node, Scalar) and (node.value is None or node.value == step):
        # A bare `Adam` becomes `Adam: {}` when the path goes on below it.
        node = YamlMapping(
            {str(node.value): Pair(node.mark, YamlMapping({}, mark))} if node.value else {}, mark
        )
    if not isinstance(node, YamlMapping):
        raise _error(text, mark.column, mark.length, f"'{step}' has no parent in the config")
    old = node.pairs.get(step)
    below = old.node if old else YamlMapping({}, mark)
    key_mark = old.key_mark if old else mark
    new = Pair(key_mark, _put(below, rest, value, mark, text))
    return YamlMapping({**node.pairs, step: new}, node.mark)


def _put_item(
    node: Node, index: int, rest: tuple[Step, ...], value: Node, mark: Mark, text: Text
) -> Node:
    if not isinstance(node, Sequence):
        raise _error(text, mark.column, mark.length, f"[{index}] is not applied to a list")
    if index >= len(node.items):
        message = f"[{index}] is past the end; the list has {len(node.items)} items"
        raise _error(text, mark.column, mark.length, message)
    items = list(node.items)
    items[index] = _put(items[index], rest, value, mark, text)
    return Sequence(tuple(items), node.mark)


def _error(text: Text, column: int, length: int, message: str) -> ConfigError:
    hint = "e.g. --set compile.optimizer.Adam.learning_rate=3e-4"
    return ConfigError(
        [Diagnostic("bad-override", Mark(text, 1, column, length), "", message, hint)]
    )
