"""The `model` section: inputs, layers and outputs become a graph in which everything is used."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from dlcli.catalogue.signature import Type
from dlcli.config.grammar.catalogue_pieces import IGNORED
from dlcli.config.grammar.formulas import PATTERN
from dlcli.config.grammar.pieces import ListOf, MapOf, Record, Typed, keys_of
from dlcli.config.grammar.reading import INVALID, Reader, report_unknown_keys, wrong_type
from dlcli.config.sections.blocks import (
    IDENTIFIER,
    PARAMETERS,
    layers_schema,
    read_blocks,
    substitute_items,
)
from dlcli.config.sections.graph import InputConfig, LayerConfig, ModelConfig, Reference
from dlcli.config.sections.wiring import ID, REPEAT, Scope, Wiring
from dlcli.config.yaml.nodes import Node, Sequence, YamlMapping

if TYPE_CHECKING:
    from dlcli.config.grammar.writing import Writer

INPUT = Record(dict, keys_of(InputConfig, beside=("id",)))
DEFAULT_INPUTS: Final = (InputConfig("input"),)
"""What a model that names no inputs has."""

REFERENCES = ListOf(Typed((Type("string"),)), minimum=1, lone=True)


def read_model(node: Node | None, blocks: Node | None, root: YamlMapping, reader: Reader) -> Any:
    """Read the `blocks` and `model` sections into a `ModelConfig`, or `INVALID`."""
    before = len(reader.diagnostics)
    known = read_blocks(blocks, reader)
    if node is None:
        return INVALID  # the document's grammar reports the missing key
    if not isinstance(node, YamlMapping):
        return wrong_type(node, "model", "a mapping with 'layers'", reader)
    report_unknown_keys(node, dict.fromkeys(("inputs", "layers", "outputs")), "model", reader)
    layers = node.get("layers")
    if not isinstance(layers, Sequence) or not layers.items:
        mark = layers.mark if layers else root.pairs["model"].key_mark
        return reader.report("missing-key", mark, "model", "the model needs a list of 'layers'")
    inputs = _read_inputs(node.get("inputs"), reader)
    wiring = Wiring(reader, known, taken={i.id for i in inputs})
    refs = tuple(Reference(i.id) for i in inputs)
    scope = Scope({r.id: r for r in refs}, refs)
    wiring.sequence(layers, scope, "model.layers")
    outputs = _read_outputs(node.get("outputs"), wiring, scope)
    _check_unused_blocks(wiring, blocks)
    model = ModelConfig(inputs, tuple(wiring.layers), outputs)
    if len(reader.diagnostics) == before:
        _check_every_layer_is_used(model, reader)
    return model if len(reader.diagnostics) == before else INVALID


def _read_inputs(node: Node | None, reader: Reader) -> tuple[InputConfig, ...]:
    """Read `model.inputs`: absent, a list of names, or a mapping of names to shape and dtype."""
    default = DEFAULT_INPUTS
    if node is None:
        return default
    if isinstance(node, YamlMapping):
        read = MapOf(INPUT, IDENTIFIER, "an id").read(node, "model.inputs", reader)
        if read is INVALID:
            return default
        # An id names a Keras layer, and Keras saves no name that is a `Word`.
        return tuple(InputConfig(str(name), **given) for name, given in read.items())
    names = ListOf(ID, minimum=1, lone=True).read(node, "model.inputs", reader)
    if names is INVALID:
        return default
    for name in names:
        if not re.search(IDENTIFIER, name) or names.count(name) > 1:
            reader.report(
                "bad-id",
                node.mark,
                "model.inputs",
                f"'{name}' is not a valid id, or is given twice",
            )
    return tuple(InputConfig(name) for name in names)


def _read_outputs(node: Node | None, wiring: Wiring, scope: Scope) -> tuple[Reference, ...]:
    if node is None:
        return scope.previous[:1]
    nodes = node.items if isinstance(node, Sequence) else (node,)
    found: list[Reference] = []
    for item in nodes:
        found += wiring.reference(item, scope, "model.outputs")
    if not nodes:
        wiring.reader.report("bad-wiring", node.mark, "model.outputs", "the list is empty")
    return tuple(found)


def _check_unused_blocks(wiring: Wiring, blocks: Node | None) -> None:
    """Find mistakes in blocks that nothing uses, as far as their defaults allow."""
    if not isinstance(blocks, YamlMapping):
        return
    for block in wiring.blocks.values():
        if block.path not in {layer.path.partition(".layers")[0] for layer in wiring.layers}:
            values = {name: value for name, value in block.params.items() if value is not None}
            if len(values) == len(block.params):
                start = (Reference("input"),)
                scratch = Wiring(wiring.reader, wiring.blocks)
                scope = Scope({}, start, block.name, start, (block.name,))
                scratch.sequence(
                    substitute_items(block.layers, values), scope, f"{block.path}.layers"
                )


def _check_every_layer_is_used(model: ModelConfig, reader: Reader) -> None:
    """Report layers and inputs on no way to an output: they would silently learn nothing."""
    by_id = {layer.id: layer for layer in model.layers}
    reached: set[str] = set()
    waiting = [ref.id for ref in model.outputs]
    while waiting:
        current = waiting.pop()
        if current in reached:
            continue
        reached.add(current)
        if current in by_id:
            waiting += [ref.id for ref in by_id[current].inputs]
    for layer in model.layers:
        if layer.id not in reached and layer.mark is not None:
            message = (
                f"the output of '{layer.id}' is not used by another layer and is not an output of "
                "the model"
            )
            hint = "Name it in a later `from` or in model.outputs, or delete the layer."
            reader.report("unused-layer", layer.mark, layer.path, message, hint)


def sibling_schemas() -> dict[str, Any]:
    """Return the JSON Schemas of the lower-case keys that may stand beside a layer's class."""
    return {
        "id": {"type": "string", "pattern": IDENTIFIER},
        "from": REFERENCES.schema(),
        "ignore": IGNORED.schema(),
        "repeat": {"anyOf": [REPEAT.schema(), {"type": "string", "pattern": PATTERN}]},
    }


def use_schema() -> dict[str, Any]:
    """Return the JSON Schema of the application of a block or an earlier layer."""
    properties = {**sibling_schemas(), "use": {"type": "string"}, "with": PARAMETERS.schema()}
    return {
        "type": "object",
        "properties": properties,
        "required": ["use"],
        "additionalProperties": False,
    }


def model_schema() -> dict[str, Any]:
    """Return the JSON Schema of the `model` section."""
    return {
        "type": "object",
        "properties": {
            "inputs": {
                "anyOf": [
                    MapOf(INPUT, IDENTIFIER).schema(),
                    ListOf(ID, minimum=1, lone=True).schema(),
                ]
            },
            "layers": layers_schema(),
            "outputs": REFERENCES.schema(),
        },
        "required": ["layers"],
        "additionalProperties": False,
    }


def write_model(model: ModelConfig, writer: Writer) -> dict[str, Any]:
    """Write the graph; a chain needs no `from`."""
    plain: dict[str, Any] = {}
    if model.inputs != DEFAULT_INPUTS:
        plain["inputs"] = {writer.value(i.id): INPUT.write(i, writer) for i in model.inputs}
    plain["layers"] = [_write_layer(layer, writer, model.is_chain) for layer in model.layers]
    if not model.is_chain:
        plain["outputs"] = [writer.value(str(ref)) for ref in model.outputs]
    return plain


def _write_layer(layer: LayerConfig, writer: Writer, is_chain: bool) -> dict[str, Any]:
    beside: dict[str, Any] = {"id": writer.value(layer.id)}
    if not is_chain:
        beside["from"] = _write_references(layer.inputs, writer)
    if layer.ignore:
        beside["ignore"] = IGNORED.write(layer.ignore, writer)
    if layer.call is None:
        return {"use": writer.value(layer.shared), **beside}
    written: dict[str, Any] = writer.call_beside(layer.call, beside)
    return written


def _write_references(references: tuple[Reference, ...], writer: Writer) -> str | list[str]:
    written = [writer.value(str(ref)) for ref in references]
    return written[0] if len(written) == 1 else written
