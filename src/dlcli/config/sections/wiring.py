"""From the `blocks` and `model` sections to a flat graph of layers.

Blocks are expanded while the YAML is still nodes, so a mistake inside a block points to the
block's own line, and a mistake in a parameter to the `with` that gave it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dlcli.catalogue.signature import Type, snake_case
from dlcli.config.grammar.calls import Call
from dlcli.config.grammar.catalogue_pieces import IGNORED
from dlcli.config.grammar.pieces import Typed, read_entry
from dlcli.config.grammar.reading import INVALID, Reader, join, report_unknown_keys, wrong_type
from dlcli.config.sections.blocks import IDENTIFIER, Block, substitute_items
from dlcli.config.sections.graph import LayerConfig, Reference
from dlcli.config.yaml.diagnostics import listing
from dlcli.config.yaml.nodes import Node, Scalar, Sequence, YamlMapping
from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.yaml.nodes import Mark

MAX_LAYERS: Final = 2000
"""Bound on a model's layers, so that nested repeats cannot explode."""

REFERENCE: Final = r"^(\$in|[A-Za-z][A-Za-z0-9_]*)(?:\[(\d+)\])?$"
BLOCK_INPUT: Final = "$in"
SIBLINGS: Final = ("id", "from", "repeat", "use", "with", "ignore")

GOOD_ID: Final = "Use letters, digits and _; start with a letter."

ID = Typed((Type("string"),))
REPEAT = Typed((Type("integer", minimum=1, maximum=MAX_LAYERS),))


@dataclass
class Scope:
    """The ids that a list of layers can see, and what its first layer is applied to."""

    ids: dict[str, Reference]
    previous: tuple[Reference, ...]
    prefix: str = ""
    entry: tuple[Reference, ...] = ()  # what $in stands for; empty outside blocks
    used_blocks: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()  # what all layers of a block ignore


@dataclass
class Wiring:
    """Expands one model; `reader` takes the mistakes."""

    reader: Reader
    blocks: Mapping[str, Block]
    layers: list[LayerConfig] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    reserved: set[str] = field(default_factory=set)

    def sequence(self, items: Sequence, scope: Scope, path: str) -> None:
        """Expand a list of layers; `scope.previous` is its output afterwards."""
        self.reserved |= _explicit_ids(items, scope.prefix)
        for i, node in enumerate(items.items):
            self._item(node, scope, f"{path}[{i}]")

    def _item(self, node: Node, scope: Scope, path: str) -> None:
        siblings = self._siblings(node, scope, path)
        if siblings is None:
            return
        repeat, name = siblings.get("repeat", 1), siblings.get("id")
        outer, scope.ignore = scope.ignore, (*scope.ignore, *siblings.get("ignore", ()))
        if "from" in siblings:
            scope.previous = self._references(siblings["from"], scope, path)
        for i in range(repeat):
            if len(self.layers) >= MAX_LAYERS:
                self._report_too_many(node.mark, path)
                return
            numbered = f"{name}_{i + 1}" if name and repeat > 1 else name
            if "use" in siblings:
                self._use(node, numbered, scope, path)
            else:
                self._layer(node, numbered, scope, path)
        scope.ignore = outer
        if name and scope.previous:
            scope.ids[name] = scope.previous[0]

    def _report_too_many(self, mark: Mark, path: str) -> None:
        rule = "too-many-layers"
        if not any(d.rule == rule for d in self.reader.diagnostics):
            self.reader.report(rule, mark, path, f"the model has more than {MAX_LAYERS} layers")

    def _siblings(self, node: Node, scope: Scope, path: str) -> dict[str, Any] | None:
        """Read `id` and `repeat`; keep `from` and `use` as nodes. None if it is no layer."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return {}
        if not isinstance(node, YamlMapping):
            wrong_type(node, path, "a layer", self.reader, "write `Dense` or {Dense: {units: 10}}")
            return None
        found: dict[str, Any] = {
            key: node.pairs[key].node for key in ("from", "use") if key in node.pairs
        }
        for key, spec in (("id", ID), ("repeat", REPEAT), ("ignore", IGNORED)):
            child = node.get(key)
            value = INVALID if child is None else spec.read(child, join(path, key), self.reader)
            if value is not INVALID:
                found[key] = value
        if "id" in found and not self._is_good_id(found["id"], node, scope, path):
            del found["id"]
        if "use" in found:
            report_unknown_keys(node, dict.fromkeys(SIBLINGS), path, self.reader)
        elif "with" in node.pairs:
            message = "'with' gives parameters to a block, but no block is used here"
            self.reader.report("unknown-key", node.pairs["with"].key_mark, path, message)
        return found

    def _is_good_id(self, name: str, node: YamlMapping, scope: Scope, path: str) -> bool:
        mark = node.pairs["id"].node.mark
        if not re.search(IDENTIFIER, name):
            self.reader.report(
                "bad-id", mark, join(path, "id"), f"'{name}' is not a valid id", GOOD_ID
            )
            return False
        if name in scope.ids:
            message = f"the id '{name}' is given twice"
            self.reader.report("duplicate-id", mark, join(path, "id"), message)
            return False
        return True

    def _layer(self, node: Node, name: str | None, scope: Scope, path: str) -> None:
        call = read_entry(node, "layers", path, self.reader, SIBLINGS)
        if call is INVALID:
            self._placeholder(name, scope, path, node.mark)
            return
        name = name or self._given_name(call, node)
        arguments = {k: v for k, v in call.arguments.items() if k != "name"}
        call = Call(call.kind, call.name, arguments, call.path, call.mark)
        new_id = self._new_id(name or snake_case(call.name), scope, explicit=bool(name))
        self._append(new_id, call, scope, path)

    def _given_name(self, call: Call, node: Node) -> str | None:
        """Return Keras's argument `name`, which is an id like any other."""
        name: str | None = call.arguments.get("name")
        if name is None or re.search(IDENTIFIER, name):
            return name
        mark = _argument_mark(node, "name") or node.mark
        self.reader.report(
            "bad-id", mark, join(call.path, "name"), f"'{name}' is not a valid id", GOOD_ID
        )
        return None

    def _placeholder(self, name: str | None, scope: Scope, path: str, mark: Mark) -> None:
        """Keep an id known after a mistake in its layer, so that one mistake is told once."""
        self._append(self._new_id(name or "invalid", scope), None, scope, path, mark)

    def _append(
        self,
        new_id: str,
        call: Call | None,
        scope: Scope,
        path: str,
        mark: Mark | None = None,
        shared: str | None = None,
    ) -> None:
        mark = mark or (call.mark if call else None)
        ignore = tuple(dict.fromkeys(scope.ignore))
        self.layers.append(LayerConfig(new_id, call, scope.previous, shared, ignore, path, mark))
        scope.previous = (Reference(new_id),)

    def _new_id(self, wanted: str, scope: Scope, *, explicit: bool = False) -> str:
        """Make an id unique; one the user gave keeps its name, and the others give way."""
        base = f"{scope.prefix}_{wanted}" if scope.prefix else wanted
        chosen, count = base, 0
        while chosen in self.taken or (chosen in self.reserved and not explicit):
            count += 1
            chosen = f"{base}_{count}"
        self.taken.add(chosen)
        return chosen

    def _references(self, node: Node, scope: Scope, path: str) -> tuple[Reference, ...]:
        nodes = node.items if isinstance(node, Sequence) else (node,)
        path = join(path, "from")
        found: list[Reference] = []
        for item in nodes:
            found += self.reference(item, scope, path)
        if not nodes:
            self.reader.report("bad-wiring", node.mark, path, "the list is empty")
        return tuple(found)

    def reference(self, node: Node, scope: Scope, path: str) -> tuple[Reference, ...]:
        """Resolve one id as written; empty after reporting that it is unknown."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            wrong_type(node, path, "the id of a layer or input", self.reader)
            return ()
        parsed = re.search(REFERENCE, node.value)
        name = parsed.group(1) if parsed else node.value
        if name == BLOCK_INPUT and scope.entry:
            return scope.entry
        if parsed is None or name not in scope.ids:
            self._report_unknown_id(node, name, scope, path)
            return ()
        index = None if parsed.group(2) is None else int(parsed.group(2))
        return (Reference(scope.ids[name].id, index),)

    def _report_unknown_id(self, node: Node, name: str, scope: Scope, path: str) -> None:
        meant = did_you_mean(name, list(scope.ids))
        if name == BLOCK_INPUT:
            message, hint = "'$in' is the input of a block, but this layer is not in a block", ""
        else:
            message = f"no layer or input before this one has the id '{name}'{meant}"
            hint = f"known here: {listing(scope.ids)}" if scope.ids and not meant else ""
        self.reader.report("unknown-id", node.mark, path, message, hint)

    def _use(self, node: Node, name: str | None, scope: Scope, path: str) -> None:
        assert isinstance(node, YamlMapping)  # noqa: S101  (it has the key `use`)
        target = node.pairs["use"].node
        word = target.value if isinstance(target, Scalar) else None
        block = self.blocks.get(str(word))
        if block is not None:
            self._use_block(block, node, name, scope, path)
        elif word in scope.ids:
            shared = scope.ids[str(word)].id
            new_id = self._new_id(name or f"{shared}_again", scope, explicit=bool(name))
            self._append(new_id, None, scope, path, target.mark, shared)
        else:
            known = [*self.blocks, *scope.ids]
            message = f"'{word}' is not a block and not the id of an earlier layer"
            self.reader.report(
                "unknown-block",
                target.mark,
                join(path, "use"),
                message + did_you_mean(str(word), known),
            )
            self._placeholder(name, scope, path, node.mark)

    def _use_block(
        self, block: Block, node: YamlMapping, name: str | None, scope: Scope, path: str
    ) -> None:
        if block.name in scope.used_blocks:
            chain = " > ".join((*scope.used_blocks, block.name))
            mark = node.pairs["use"].node.mark
            self.reader.report("endless-block", mark, path, f"the block uses itself: {chain}")
            return
        values = self._parameters(block, node, path)
        prefix = self._new_id(name or block.name, scope, explicit=bool(name))
        used = (*scope.used_blocks, block.name)
        inner = Scope({}, scope.previous, prefix, scope.previous, used, scope.ignore)
        self.sequence(substitute_items(block.layers, values), inner, f"{block.path}.layers")
        scope.previous = inner.previous

    def _parameters(self, block: Block, node: YamlMapping, path: str) -> dict[str, Node]:
        given = node.get("with")
        path = join(path, "with")
        if given is not None and not isinstance(given, YamlMapping):
            wrong_type(given, path, f"the parameters of '{block.name}' by name", self.reader)
            given = None
        pairs = given.pairs if given else {}
        if given:
            report_unknown_keys(given, block.params, path, self.reader)
        values = {}
        for name, default in block.params.items():
            value = pairs[name].node if name in pairs else default
            if value is None:
                message = f"the block '{block.name}' needs the parameter '{name}'"
                mark = given.mark if given else node.pairs["use"].node.mark
                self.reader.report("missing-parameter", mark, path, message)
                value = Scalar(1, node.mark)
            values[name] = value
        return values


def _explicit_ids(items: Sequence, prefix: str) -> set[str]:
    """Return the ids that the layers of a list are given, with their block's prefix."""
    nodes = [item.get("id") for item in items.items if isinstance(item, YamlMapping)]
    names = [str(node.value) for node in nodes if isinstance(node, Scalar)]
    return {f"{prefix}_{name}" if prefix else name for name in names}


def _argument_mark(node: Node, argument: str) -> Mark | None:
    """Return where an argument of a layer is written."""
    tables = [p.node for p in node.pairs.values()] if isinstance(node, YamlMapping) else []
    found = [t.get(argument) for t in tables if isinstance(t, YamlMapping)]
    return next((value.mark for value in found if value is not None), None)
