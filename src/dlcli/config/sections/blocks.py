"""The `blocks` section: named pieces of a model, kept as nodes until they are used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dlcli.catalogue.signature import Type
from dlcli.config.grammar.formulas import is_formula, substituted, value
from dlcli.config.grammar.pieces import ListOf, MapOf, Typed
from dlcli.config.grammar.reading import INVALID, Reader, join, report_unknown_keys, wrong_type
from dlcli.config.yaml.nodes import Node, Pair, Scalar, Sequence, YamlMapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.yaml.nodes import Mark

IDENTIFIER: Final = r"^[A-Za-z][A-Za-z0-9_]*$"


@dataclass(frozen=True)
class Block:
    """A named piece of a model.

    Attributes:
        params: Parameter names with the node of their default; None where a value is required.
    """

    name: str
    params: Mapping[str, Node | None]
    layers: Sequence
    mark: Mark
    path: str


def substitute_items(items: Sequence, values: Mapping[str, Node]) -> Sequence:
    """Replace the parameters in every item of a list."""
    return Sequence(tuple(substitute(item, values) for item in items.items), items.mark)


def substitute(node: Node, values: Mapping[str, Node]) -> Node:
    """Replace every `$name` of a block's parameters by its value."""
    if isinstance(node, Scalar):
        return _substituted(node, values) if isinstance(node.value, str) else node
    if isinstance(node, Sequence):
        return substitute_items(node, values)
    pairs = {k: Pair(p.key_mark, substitute(p.node, values)) for k, p in node.pairs.items()}
    return YamlMapping(pairs, node.mark)


def _substituted(node: Scalar, values: Mapping[str, Node]) -> Node:
    """Replace parameters in a text: a parameter alone by its node, those of a formula by theirs.

    A formula that has only numbers left becomes its value.
    """
    text = str(node.value)
    if text.startswith("$") and text[1:] in values:
        return values[text[1:]]
    if not is_formula(text):
        return node
    texts = {name: _as_term(replacement) for name, replacement in values.items()}
    plain = {name: term for name, term in texts.items() if term}
    made = substituted(text, plain)
    if made == text or "$" in made:
        return Scalar(made, node.mark)
    try:
        return Scalar(value(made, {}), node.mark)
    except ValueError:
        return node  # its brackets do not match, which who reads it reports


def _as_term(node: Node) -> str:
    """Return a parameter's value as it stands in a formula; empty if it is no number."""
    if not isinstance(node, Scalar) or isinstance(node.value, bool):
        return ""
    text = str(node.value)
    return text if isinstance(node.value, int | float) or is_formula(text) else ""


PARAMETERS: Final = MapOf(Typed((Type("any"),)))


NAMES = ListOf(Typed((Type("string"),)))


def read_blocks(node: Node | None, reader: Reader) -> dict[str, Block]:
    """Read the `blocks` section."""
    if node is None:
        return {}
    if not isinstance(node, YamlMapping):
        wrong_type(node, "blocks", "a mapping of block names", reader)
        return {}
    blocks = {}
    for name, pair in node.pairs.items():
        block = _read_block(name, pair, reader)
        if block:
            blocks[name] = block
    return blocks


def _read_block(name: str, pair: Pair, reader: Reader) -> Block | None:
    path = f"blocks.{name}"
    if not re.search(IDENTIFIER, name):
        reader.report("bad-id", pair.key_mark, path, f"'{name}' is not a valid name for a block")
        return None
    if not isinstance(pair.node, YamlMapping):
        wrong_type(pair.node, path, "a mapping with 'layers'", reader)
        return None
    report_unknown_keys(pair.node, dict.fromkeys(("params", "layers")), path, reader)
    layers = pair.node.get("layers")
    if not isinstance(layers, Sequence) or not layers.items:
        message = "a block needs a list of 'layers'"
        reader.report("missing-key", layers.mark if layers else pair.key_mark, path, message)
        return None
    return Block(
        name, _read_params(pair.node.get("params"), path, reader), layers, pair.key_mark, path
    )


def _read_params(node: Node | None, path: str, reader: Reader) -> dict[str, Node | None]:
    """Read parameters: a mapping to defaults, or a list of names that have none."""
    path = join(path, "params")
    if isinstance(node, YamlMapping):
        PARAMETERS.read(node, path, reader)
        return {name: pair.node for name, pair in node.pairs.items()}
    if node is None:
        return {}
    names = NAMES.read(node, path, reader)
    return {} if names is INVALID else dict.fromkeys(names)


def blocks_schema() -> dict[str, Any]:
    """Return the JSON Schema of the `blocks` section."""
    block = {
        "type": "object",
        "properties": {
            "params": {"anyOf": [PARAMETERS.schema(), NAMES.schema()]},
            "layers": layers_schema(),
        },
        "required": ["layers"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "patternProperties": {IDENTIFIER: block},
        "additionalProperties": False,
    }


def layers_schema() -> dict[str, Any]:
    """Return the JSON Schema of a list of layers."""
    return {"type": "array", "items": {"$ref": "#/definitions/layer_item"}, "minItems": 1}
