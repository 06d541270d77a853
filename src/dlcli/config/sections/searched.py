"""What a comparison searches beside the learning rate: whether there are such paths and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dlcli.config.grammar.calls import Call, Variable
from dlcli.config.grammar.reading import INVALID, Reader
from dlcli.config.sections.experiment import SEARCHED_DATA, CompileConfig
from dlcli.config.sections.space import is_optimizers
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import YamlMapping, as_node
from dlcli.config.yaml.overrides import misled, put, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dlcli.config.sections.experiment import Config
    from dlcli.config.sections.space import Space
    from dlcli.config.yaml.nodes import Mark, Node

    ReadRest = Callable[[YamlMapping, Reader], Config | None]


def read_search(
    search: Mapping[str, Space] | None,
    node: Node | None,
    document: YamlMapping,
    config: Config,
    reader: Reader,
    read: ReadRest,
) -> Any:
    """Return what is searched by paths in the resolved config, or `INVALID` after its mistakes.

    Args:
        search: As it was read.
        node: Where it was read.
        document: Whose paths they are.
        config: The same, read.
        reader: Takes the mistakes.
        read: Reads a whole document.
    """
    if search is None or not isinstance(node, YamlMapping):
        return search
    found = {}
    for path, space in search.items():
        mark = node.pairs[path].key_mark
        if message := _unsearchable(path, config, document):
            reader.report("unknown-path", mark, path, message, _SEARCHED)
            continue
        if not is_optimizers(path):
            _probe(path, space, mark, document, reader, read)
        found[_resolved(path, config)] = space
    return found if not reader.diagnostics else INVALID


_SEARCHED: Final = 'e.g. search: {weight_decay: [0, 0.1], "model.layers[0].Dense.units": [32, 64]}'


_NEVER: Final = {
    "fit.epochs": "the epochs are not searched: the best validation epoch is scored anyway",
    "data.fraction": "more examples are mostly better, so their share is not searched",
}
"""Paths that candidates may change, but no search."""


def _unsearchable(path: str, config: Config, document: YamlMapping) -> str:
    """Say why a path cannot be searched; empty if it can."""
    if is_optimizers(path):
        return ""
    if path in _NEVER:
        return _NEVER[path]
    free = tuple(f"data.{field.name}" for field in SEARCHED_DATA)
    if not path.startswith(("model.", "fit.", "compile.", *free)) or path == "compile.metrics":
        return (
            f"only what candidates may change is searched: model, fit, compile, {', '.join(free)}"
        )
    steps = [v.text for v in _variables(config.compile) if "steps" in v.text]
    if path.startswith("data.") and steps:
        return f"it cannot be searched beside {steps[0]}, whose value follows from it"
    if path.startswith("model.layers") and len(_layers_at(path, config)) > 1:
        return "it stands for several layers, of a block or of repeat; write them out"
    return misled(document, path)


def _variables(value: Any) -> Iterator[Variable]:
    """Yield the variables in a part of a config."""
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, Call):
        yield from _variables(value.arguments)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _variables(inner)
    elif isinstance(value, CompileConfig):
        yield from _variables(vars(value))


def _layers_at(path: str, config: Config) -> list[int]:
    """Return which layers of the resolved model a path of the document leads to."""
    steps = steps_of(path)
    place = f"model.layers[{steps[2]}]" if len(steps) > 2 else ""
    return [
        number
        for number, layer in enumerate(config.model.layers)
        if layer.path == place or layer.path.startswith(f"{place}.")
    ]


def _resolved(path: str, config: Config) -> str:
    """Return the path in the resolved config, whose layers may have other places."""
    if not path.startswith("model.layers"):
        return path
    steps = steps_of(path)
    places = _layers_at(path, config)
    if not places:
        return path
    return ".".join([f"model.layers[{places[0]}]", *map(str, steps[3:])])


def _probe(
    path: str, space: Space, mark: Mark, document: YamlMapping, reader: Reader, read: ReadRest
) -> None:
    """Report what is wrong with a document that has one of the searched values."""
    for value in space.probes:
        inner = Reader(reader.catalogue)
        try:
            made = put(document, path, as_node(value, mark), mark, _SEARCHED)
            assert isinstance(made, YamlMapping)  # noqa: S101 (it was one)
            read(made, inner)
        except ConfigError as error:
            inner.diagnostics += error.diagnostics
        if inner.diagnostics:
            reader.diagnostics += [replace(each, mark=mark) for each in inner.diagnostics]
            return
