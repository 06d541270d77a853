"""A YAML document as a tree that remembers where every value was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Text:
    """A text that positions refer to: a file, standard input, or a `--set` argument."""

    name: str
    content: str

    def line(self, number: int) -> str:
        """Return the line with the given 1-based number, without its end."""
        lines = self._lines
        return lines[number - 1] if 0 < number <= len(lines) else ""

    @cached_property
    def _lines(self) -> list[str]:
        return self.content.splitlines()


@dataclass(frozen=True)
class Mark:
    """Where a value stands: 1-based line and column, and the number of columns it takes."""

    text: Text = field(repr=False)
    line: int
    column: int
    length: int = 1


def nowhere(name: str = "config") -> Mark:
    """Return the mark of what was made, not written: the beginning of an empty text.

    Args:
        name: Of the config.
    """
    return Mark(Text(name, ""), 1, 1)


Plain = str | int | float | bool | None


class Word(str):
    """A text that remembers where it was written; in all else it is the text."""

    __slots__ = ("mark", "path")

    mark: Mark
    path: str

    def __new__(cls, text: str, mark: Mark, path: str) -> Word:
        """Make a word from its text, its place, and its dotted path."""
        word = super().__new__(cls, text)
        word.mark = mark
        word.path = path
        return word

    def __getnewargs__(self) -> tuple[str, Mark, str]:  # type: ignore[override]
        """Travel between processes."""
        return str(self), self.mark, self.path


@dataclass(frozen=True)
class Scalar:
    """A single value."""

    value: Plain
    mark: Mark


@dataclass(frozen=True)
class Sequence:
    """A YAML sequence."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True)
class Pair:
    """A key's position and its value."""

    key_mark: Mark
    node: Node


@dataclass(frozen=True)
class YamlMapping:
    """A YAML mapping; keys are kept as the text they were written with."""

    pairs: Mapping[str, Pair]
    mark: Mark

    def get(self, key: str) -> Node | None:
        """Return the node of a key, or None if the key is absent."""
        pair = self.pairs.get(key)
        return pair.node if pair else None


Node = Scalar | Sequence | YamlMapping


def as_node(value: Any, mark: Mark) -> Node:
    """Return plain data as nodes, all at one place."""
    if isinstance(value, Mapping):
        pairs = {str(key): Pair(mark, as_node(inner, mark)) for key, inner in value.items()}
        return YamlMapping(pairs, mark)
    if isinstance(value, list | tuple):
        return Sequence(tuple(as_node(inner, mark) for inner in value), mark)
    return Scalar(value, mark)
