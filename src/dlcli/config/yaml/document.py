"""A config's text as a tree in which a dotted path leads to its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlcli.config.yaml.nodes import Mark, Node, Pair, Sequence, Text, YamlMapping

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass(frozen=True)
class Document:
    """A parsed text, with all changes that `--set` makes.

    Attributes:
        text: As it was written.
        root: Its nodes.
    """

    text: Text
    root: Node

    def place(self, path: str) -> Mark:
        """Return where the value of a path is written, or as much of the path as is written.

        Args:
            path: As diagnostics have it, such as `model.layers[2].Conv2D`.
        """
        return [Mark(self.text, 1, 1), *_marks(self.root, path)][-1]


def _marks(node: Node, path: str) -> Iterator[Mark]:
    """Yield the place of each step of a path: a key, an item, and of the last value itself."""
    for name, index in _STEP.findall(path):
        if index and isinstance(node, Sequence) and int(index) < len(node.items):
            node = node.items[int(index)]
            yield node.mark
        elif name and isinstance(node, YamlMapping) and name in node.pairs:
            pair = node.pairs[name]
            node = pair.node
            yield _key_or_value(pair)
        elif not _may_be_skipped(name, node):
            return


def _key_or_value(pair: Pair) -> Mark:
    """Return where a number or word stands, or the key above what is larger."""
    node = pair.node
    return pair.key_mark if isinstance(node, YamlMapping | Sequence) else node.mark


def _may_be_skipped(name: str, node: Node) -> bool:
    """Whether a step leads to where it is: `[0]` to a lone item, a class to its bare name."""
    return not name or (not isinstance(node, YamlMapping | Sequence) and node.value == name)
