"""From a document's nodes to a config: all sections at once, with every mistake of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.grammar.calls import plugins_in
from dlcli.config.grammar.catalogue_pieces import Deferred
from dlcli.config.grammar.pieces import Field, Record, keys_of, record_of
from dlcli.config.grammar.reading import INVALID, Reader, wrong_type
from dlcli.config.sections import blocks, network, variants
from dlcli.config.sections.experiment import Config
from dlcli.config.sections.searched import read_search
from dlcli.config.yaml.nodes import Node, YamlMapping

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCKS: Final = Field("blocks", Deferred(blocks.blocks_schema), None, "pieces of a model by name")
"""A key of the document, but not of the config, whose model has its blocks expanded."""

CONFIG: Final = record_of(Config)
ROOT: Final = Record(dict, (*keys_of(Config), BLOCKS))


def read_config(root: Node, default_name: str, reader: Reader | None = None) -> Config | None:
    """Read a whole document; None if `reader.diagnostics` holds mistakes.

    Args:
        root: The document's root node.
        default_name: The config's name where it gives none.
        reader: Takes the mistakes.
    """
    reader = reader or Reader(load_catalogue())
    if not isinstance(root, YamlMapping):
        hint = "a config is a mapping: data: ..., model: ..., compile: ..., fit: ..."
        wrong_type(root, "", "a mapping at the top", reader, hint)
        return None
    if not _has_its_plugins(root, reader):
        return None
    sections: Mapping[str, Any] | Any = ROOT.read(root, "", reader)
    model = network.read_model(root.get("model"), root.get("blocks"), root, reader)
    if sections is INVALID or model is INVALID or reader.diagnostics:
        return None
    rest = {k: v for k, v in sections.items() if k != BLOCKS.name}
    read = Config(**rest | {"name": sections["name"] or default_name, "model": model})
    config = _with_variants(read, root, reader)
    if config is None:
        return None
    used = {plugin.name for plugin in plugins_in(config)}
    return replace(config, plugins=tuple(sorted({*config.plugins, *used})))


def _with_variants(config: Config, root: YamlMapping, reader: Reader) -> Config | None:
    """Return the config with its candidates and searches, which are read last: they change it."""
    compare = config.compare
    if compare is None or (compare.candidates, compare.search) == (None, None):
        return config
    base = replace(config, compare=None)

    def read(document: YamlMapping, inner: Reader) -> Config | None:
        return read_config(document, base.name, inner)

    found: Any = None
    if compare.candidates is not None:
        node = cast("Node", compare.candidates)  # until here, as a `Deferred` leaves it
        found = variants.read_variants(node, root, base, reader, read)
    section = root.get("compare")
    written = section.get("search") if isinstance(section, YamlMapping) else None
    bare = YamlMapping({k: p for k, p in root.pairs.items() if k != "compare"}, root.mark)
    search = read_search(compare.search, written, bare, base, reader, read)
    if INVALID in (found, search):
        return None
    return replace(config, compare=replace(compare, candidates=found, search=search))


def _has_its_plugins(root: YamlMapping, reader: Reader) -> bool:
    """Whether the plugins that a document needs are there; if not, its other mistakes are noise."""
    stated = root.get("plugins")
    if stated is not None:
        spec = next(f.spec for f in ROOT.fields if f.name == "plugins")
        spec.read(stated, "plugins", reader)
    return not reader.diagnostics
