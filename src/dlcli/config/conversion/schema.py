"""The JSON Schema (draft-07) of a config, from the same grammar and catalogue as the validator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli import rules
from dlcli.catalogue.catalogue import Catalogue, load_catalogue
from dlcli.config.grammar.catalogue_pieces import CandidateItem
from dlcli.config.grammar.pieces import argument_spec
from dlcli.config.grammar.type_schemas import described
from dlcli.config.sections.experiment import CandidateEntry
from dlcli.config.sections.network import sibling_schemas, use_schema
from dlcli.config.sections.root import ROOT
from dlcli.config.yaml.written_calls import BY_OTHER_NAMES, CALL_PATTERN

if TYPE_CHECKING:
    from dlcli.catalogue.signature import Entry


def json_schema(catalogue: Catalogue | None = None) -> dict[str, Any]:
    """Return the schema of a whole config; every object in it is closed."""
    catalogue = catalogue or load_catalogue()
    definitions = {kind: _kind_schema(catalogue, kind) for kind in catalogue.kinds()}
    for kind in catalogue.kinds():
        for entry in _usable(catalogue, kind):
            definitions[f"{kind}.{entry.name}"] = _arguments_schema(entry)
    definitions["layer_item"] = _with_siblings(catalogue, "layers", sibling_schemas())
    definitions["layer_item"]["anyOf"].append(use_schema())
    definitions["rule"] = {"enum": list(rules.names())}
    beside = {f.name: f.spec.schema() for f in CandidateItem(CandidateEntry).beside.fields}
    definitions["candidate"] = _with_siblings(catalogue, "optimizers", beside)
    definitions["candidates"] = _several(catalogue, "optimizers")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "dlcli config",
        "description": f"An experiment of dlcli, for Keras {catalogue.keras_version}",
        **ROOT.schema(),
        "definitions": definitions,
    }


def _usable(catalogue: Catalogue, kind: str) -> list[Entry]:
    entries = (catalogue.find(kind, name) for name in catalogue.names(kind))
    return [entry for entry in entries if entry is not None and not entry.refused]


def _bare_names(catalogue: Catalogue, kind: str) -> dict[str, Any]:
    names = [
        name
        for entry in _usable(catalogue, kind)
        if kind == "activations" or not any(a.required for a in entry.arguments)
        for name in (entry.name, *entry.aliases)
    ]
    return {"enum": sorted(set(names))}


def _kind_schema(catalogue: Catalogue, kind: str) -> dict[str, Any]:
    return _with_siblings(catalogue, kind, {})


def _with_siblings(catalogue: Catalogue, kind: str, beside: dict[str, Any]) -> dict[str, Any]:
    """Describe a bare name, or one name with its arguments and the keys beside it."""
    if kind == "activations":  # a saved model names its activations, without arguments
        return _bare_names(catalogue, kind)
    calls = [
        _call_schema(entry, name, beside)
        for entry in _usable(catalogue, kind)
        for name in (entry.name, *entry.aliases)
    ]
    written: list[dict[str, Any]] = [{"type": "string", "pattern": CALL_PATTERN}]
    if kind == "optimizers":
        written.append({"enum": [*BY_OTHER_NAMES]})
    return {"anyOf": [_bare_names(catalogue, kind), *written, *calls]}


def _several(catalogue: Catalogue, kind: str) -> dict[str, Any]:
    """Describe a mapping of several names to their arguments."""
    named = {
        name: {"$ref": f"#/definitions/{kind}.{entry.name}"}
        for entry in _usable(catalogue, kind)
        for name in (entry.name, *entry.aliases)
    }
    return {
        "type": "object",
        "properties": named,
        "additionalProperties": False,
        "minProperties": 2,
    }


def _call_schema(entry: Entry, name: str, beside: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"$ref": f"#/definitions/{entry.kind}.{entry.name}"}, **beside},
        "required": [name],
        "additionalProperties": False,
    }


def _arguments_schema(entry: Entry) -> dict[str, Any]:
    required = [a.name for a in entry.arguments if a.required]
    schema: dict[str, Any] = {
        "type": "object" if required else ["object", "null"],
        "properties": {
            a.name: described(argument_spec(a).schema(), a.help) for a in entry.arguments
        },
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    return described(schema, entry.help)
