"""What a setting is searched over: values to choose from, or a range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from dlcli.config.grammar.catalogue_pieces import ANY, NUMBER, PATH, words
from dlcli.config.grammar.pieces import ListOf, MapOf, key, record_of
from dlcli.config.grammar.reading import INVALID, Reader, wrong_type
from dlcli.config.yaml.nodes import Node, Pair, Sequence, YamlMapping

if TYPE_CHECKING:
    from dlcli.config.grammar.writing import Writer

Scale = Literal["linear", "log"]

RATE: Final = "learning_rate"
"""The setting that is always searched."""


@dataclass(frozen=True)
class Space:
    """Choices, or a range with both ends; a whole number if both ends are."""

    choices: tuple[Any, ...] | None = key(
        ListOf(ANY, minimum=1), None, "values to choose from", quiet=True
    )
    low: float | None = key(NUMBER, None, "lower end of a range", quiet=True)
    high: float | None = key(NUMBER, None, "upper end of a range", quiet=True)
    scale: Scale = key(words(Scale), "linear", "how the range is divided", quiet=True)

    @property
    def probes(self) -> tuple[Any, ...]:
        """Values that show whether all of them fit: the choices, or both ends."""
        return self.choices if self.choices is not None else (self.low, self.high)


@dataclass(frozen=True)
class SpacePiece:
    """A `Space`; a list stands for its choices."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return a `Space` whose range is the right way up."""
        if isinstance(node, Sequence):
            node = YamlMapping({"choices": Pair(node.mark, node)}, node.mark)
        if not isinstance(node, YamlMapping):
            hint = "e.g. [0.1, 0.2], or {low: 1e-4, high: 1e-1, scale: log}"
            return wrong_type(node, path, "a list of values or a range", reader, hint)
        space = record_of(Space).read(node, path, reader)
        message = "" if space is INVALID else _mistake(space)
        hint = "Write a list, or {low: ..., high: ..., scale: linear or log}."
        return reader.report("bad-range", node.mark, path, message, hint) if message else space

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the choices or the range."""
        return record_of(Space).write(value, writer)

    def schema(self) -> dict[str, Any]:
        """Describe both forms."""
        return {"anyOf": [ListOf(ANY, minimum=1).schema(), record_of(Space).schema()]}


def _mistake(space: Space) -> str:
    """Say what is wrong with a space; empty if nothing is."""
    if space.choices is not None:
        twice = next((c for i, c in enumerate(space.choices) if c in space.choices[:i]), None)
        if space.low is not None or space.high is not None:
            return "choices and a range exclude each other"
        return "" if twice is None else f"{twice} is listed twice"
    if space.low is None or space.high is None:
        return "a range needs low and high"
    if space.low >= space.high:
        return f"the range is upside down: low is {space.low:g}, high is {space.high:g}"
    if space.scale == "log" and space.low <= 0:
        return f"a logarithmic range begins above 0, not at {space.low:g}"
    return ""


@dataclass(frozen=True)
class SearchPiece:
    """What is searched beside the learning rate, by path, or by name for the optimizer's."""

    def read(self, node: Node, path: str, reader: Reader) -> Any:
        """Return the spaces by their paths; whether there are such paths is found out later."""
        return _BY_PATH.read(node, path, reader)

    def write(self, value: Any, writer: Writer) -> Any:
        """Write the spaces."""
        return _BY_PATH.write(value, writer)

    def schema(self) -> dict[str, Any]:
        """Describe the mapping."""
        return _BY_PATH.schema()


_BY_PATH: Final = MapOf(SpacePiece(), PATH, "a path such as model.layers[0].Dense.units")


def is_optimizers(path: str) -> bool:
    """Whether a path is the bare name of an argument of the candidate's optimizer."""
    return "." not in path and "[" not in path
