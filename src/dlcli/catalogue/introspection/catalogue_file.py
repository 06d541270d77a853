"""The text of a catalogue file; `config.catalogue` reads it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import FORMAT, MODULES
from dlcli.catalogue.signature import plain_type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlcli.catalogue.signature import Argument, Entry


def catalogue_text(keras_version: str, entries: Iterable[Entry]) -> str:
    """Render the file: one line an argument, kinds in the order of `MODULES`, names sorted."""
    kinds: dict[str, list[Entry]] = {kind: [] for kind in MODULES}
    for entry in entries:
        kinds[entry.kind].append(entry)
    blocks = (
        f"  {json.dumps(kind)}: {{\n{_joined(_entry_lines(e) for e in ordered)}\n  }}"
        for kind, members in kinds.items()
        for ordered in [sorted(members, key=lambda e: e.name)]
    )
    return (
        f'{{\n "format": {FORMAT},\n "keras_version": {json.dumps(keras_version)},\n'
        f' "kinds": {{\n{_joined(blocks)}\n }}\n}}\n'
    )


def _entry_lines(entry: Entry) -> str:
    raw = _entry_to_json(entry)
    arguments = raw.pop("arguments", None)
    fields = [f"    {json.dumps(key)}: {_dumps(value)}" for key, value in raw.items()]
    if arguments:
        lines = _joined(f"     {json.dumps(n)}: {_dumps(v)}" for n, v in arguments.items())
        fields.append(f'    "arguments": {{\n{lines}\n    }}')
    return f"   {json.dumps(entry.name)}: {{\n{_joined(fields)}\n   }}"


def _joined(blocks: Iterable[str]) -> str:
    return ",\n".join(blocks)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    """Encode one entry for the file, leaving out what is empty."""
    raw: dict[str, Any] = {"help": entry.help}
    if entry.aliases:
        raw["aliases"] = list(entry.aliases)
    if entry.refused:
        raw["refused"] = entry.refused
    if entry.module:
        raw["module"] = entry.module
    if entry.rates:
        raw["rates"] = list(entry.rates)
    if entry.arguments:
        raw["arguments"] = {a.name: _argument_to_json(a) for a in entry.arguments}
    return raw


def _argument_to_json(argument: Argument) -> dict[str, Any]:
    raw: dict[str, Any] = {"types": [plain_type(t) for t in argument.types]}
    if not argument.required:
        raw["default"] = argument.default
    if argument.help:
        raw["help"] = argument.help
    return raw
