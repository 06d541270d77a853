"""Candidates by what they change: each becomes a whole config, read and checked like any other.

A candidate replaces whole sections, and after that sets single values by their paths. What comes of
it is kept as sections, so that a resolved config has no paths into a file that is not there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dlcli.config.grammar.catalogue_pieces import Deferred
from dlcli.config.grammar.pieces import ListOf, Record
from dlcli.config.grammar.reading import INVALID, Reader
from dlcli.config.sections.experiment import FREE_DATA, SET, VARIANT, Config, VariantEntry
from dlcli.config.sections.searched import read_search
from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic
from dlcli.config.yaml.nodes import Node, Pair, Sequence, YamlMapping
from dlcli.config.yaml.overrides import misled, put
from dlcli.data.description import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ReadRest = Callable[[YamlMapping, Reader], Config | None]

SECTIONS: Final = ("model", "compile", "fit")
"""Those that a candidate may replace as a whole."""

_ITEM: Final = Record(
    dict,
    tuple(replace(f, spec=Deferred(dict)) if f.name in SECTIONS else f for f in VARIANT.fields),
)
"""A candidate whose sections are read later, in their places."""

_EXAMPLE: Final = 'e.g. set: {"model.layers[0].Dense.units": 64}'


def read_variants(
    node: Node, root: YamlMapping, base: Config, reader: Reader, read: ReadRest
) -> Any:
    """Return the candidates of a document, or `INVALID` after reporting their mistakes.

    Args:
        node: The list of candidates.
        root: The document.
        base: The document's config, without candidates.
        reader: Takes the mistakes.
        read: Reads a whole document; None if it has mistakes, which it reports.
    """
    path = "compare.candidates"
    items = ListOf(_ITEM, minimum=1).read(node, path, reader)
    if items is INVALID:
        return INVALID
    assert isinstance(node, Sequence)  # noqa: S101 (a list was read)
    found: list[VariantEntry] = []
    for number, (given, item) in enumerate(zip(items, node.items, strict=True)):
        assert isinstance(item, YamlMapping)  # noqa: S101 (a mapping was read)
        inner = Reader(reader.catalogue)
        entry = _variant(given, item, root, base, inner, read)
        where = f"{path}[{number}]"
        reader.diagnostics += [_within(each, where) for each in inner.diagnostics]
        if entry is not None:
            _report_twin(entry, found, item, where, reader)
            found.append(entry)
    return tuple(found) if len(found) == len(items) and not reader.diagnostics else INVALID


def _within(found: Diagnostic, where: str) -> Diagnostic:
    return replace(found, path=f"{where}: {found.path}" if found.path else where)


def _variant(
    given: dict[str, Any],
    item: YamlMapping,
    root: YamlMapping,
    base: Config,
    reader: Reader,
    read: ReadRest,
) -> VariantEntry | None:
    """Return a candidate; None if it has mistakes."""
    document = _document(item, root, reader)
    if document is None:
        return None
    config = read(document, reader)
    if config is None or not _is_comparable(config, base, item, reader):
        return None
    search = read_search(given["search"], item.get("search"), document, config, reader, read)
    if search is INVALID:
        return None
    rates = given["learning_rates"]
    return VariantEntry(given["label"], learning_rates=rates, search=search, **base.changes(config))


def _document(item: YamlMapping, root: YamlMapping, reader: Reader) -> YamlMapping | None:
    """Return the document that a candidate makes of the config's; None if it has mistakes."""
    pairs = {name: pair for name, pair in root.pairs.items() if name != "compare"}
    pairs |= {name: item.pairs[name] for name in SECTIONS if name in item.pairs}
    if "compile" in item.pairs:
        _report_metrics(item.pairs["compile"].node, reader)
        pairs["compile"] = _with_metrics(item.pairs["compile"], root.get("compile"))
    if "data" in item.pairs:
        pairs["data"] = _merged(pairs["data"], item.pairs["data"])
    made: Node = YamlMapping(pairs, root.mark)
    values = item.get(SET.name)
    for path, pair in values.pairs.items() if isinstance(values, YamlMapping) else ():
        if message := misled(made, path):
            reader.report("unknown-path", pair.key_mark, path, message, _EXAMPLE)
            continue
        try:
            made = put(made, path, pair.node, pair.key_mark, _EXAMPLE)
        except ConfigError as error:
            reader.diagnostics += [replace(each, path=path) for each in error.diagnostics]
    return made if isinstance(made, YamlMapping) and not reader.diagnostics else None


def _report_metrics(node: Node, reader: Reader) -> None:
    if isinstance(node, YamlMapping) and "metrics" in node.pairs:
        message = "a candidate has no metrics of its own: all are scored alike"
        hint = "Name them in the config's compile.metrics."
        mark = node.pairs["metrics"].key_mark
        reader.report("other-problem", mark, "compile.metrics", message, hint)


def _with_metrics(pair: Pair, shared: Node | None) -> Pair:
    """Return a candidate's `compile` with the config's metrics."""
    metrics = shared.pairs.get("metrics") if isinstance(shared, YamlMapping) else None
    if metrics is None or not isinstance(pair.node, YamlMapping):
        return pair
    return replace(pair, node=replace(pair.node, pairs={**pair.node.pairs, "metrics": metrics}))


def _merged(pair: Pair, own: Pair) -> Pair:
    if not isinstance(pair.node, YamlMapping) or not isinstance(own.node, YamlMapping):
        return pair
    return replace(pair, node=replace(pair.node, pairs={**pair.node.pairs, **own.node.pairs}))


def _is_comparable(config: Config, base: Config, item: YamlMapping, reader: Reader) -> bool:
    """Report what differs from the config and must not: it would not be the same problem."""
    differing = [name for name, _, _ in unshared(config, base)]
    if config.seed != base.seed:
        differing.append("seed")
    if config.compile.metrics != base.compile.metrics:
        differing.append("compile.metrics")
    for name in differing:
        message = f"a candidate cannot change {name}: all candidates have the same data and score"
        free = ", ".join(f"data.{f.name}" for f in FREE_DATA)
        hint = f"Change model, compile, fit, {free}; compare another data set by a second config."
        reader.report("other-problem", _place(item, name), name, message, hint)
    return not differing


def unshared(config: Config, other: Config) -> Iterator[tuple[str, str, str]]:
    """Yield the keys of `data` that make two configs different problems, with both values."""
    free = {f.name for f in FREE_DATA}
    for name, value in vars(config.data).items():
        differing = getattr(other.data, name)
        if name in free or value == differing:
            continue
        if isinstance(value, Source):
            yield "data.dataset", _shown(value), _shown(differing)
        else:
            yield f"data.{name}", str(value), str(differing)


def _shown(source: Source) -> str:
    """Write a data set with its options."""
    options = ", ".join(f"{name}={value}" for name, value in source.options.items())
    return f"{source.name}({options})" if options else source.name


def _place(item: YamlMapping, name: str) -> Any:
    """Return where a candidate says something about a path."""
    values = item.get(SET.name)
    section = name.partition(".")[0]
    for path, pair in values.pairs.items() if isinstance(values, YamlMapping) else ():
        if path.startswith(section):
            return pair.key_mark
    return item.pairs[section].key_mark if section in item.pairs else item.mark


def _report_twin(
    entry: VariantEntry, others: list[VariantEntry], item: YamlMapping, path: str, reader: Reader
) -> None:
    """Report a candidate that is called like another one, or is the same."""
    for other in others:
        if entry.label == other.label:
            message = f"two candidates are called '{entry.label}'"
            reader.report("same-candidate", item.mark, path, message, "Give each its own label.")
        elif replace(entry, label=other.label) == other:
            message = f"'{entry.label}' and '{other.label}' are the same candidate"
            hint = "Change something in one of them, or delete it."
            reader.report("same-candidate", item.mark, path, message, hint)
