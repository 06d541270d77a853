"""YAML text to nodes: YAML 1.2 scalars as a person means them, positions kept, nothing executed.

PyYAML's parser does the syntax; its resolver (YAML 1.1: `no` is false, `012` is octal, `1:30` is
sexagesimal, `1e-3` is a string) is replaced by the core schema of YAML 1.2.2, section 10.3.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic
from dlcli.config.yaml.nodes import Mark, Node, Pair, Plain, Scalar, Sequence, Text, YamlMapping

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NODES = 50_000
"""Bound on the values of a document after its aliases are expanded ("billion laughs")."""

MAX_DEPTH = 60
"""Bound on nesting, well under Python's recursion limit."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o([0-7]+)")
_HEXADECIMAL = re.compile(r"0x([0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_CONSTANTS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_STANDARD_TAGS = frozenset(f"tag:yaml.org,2002:{n}" for n in ("str", "map", "seq"))
_MAX_DIGITS = 400  # beyond it Python refuses, or takes long, to turn digits into a number


def plain_value(text: str) -> Plain:
    """Resolve an unquoted scalar by YAML 1.2's core schema.

    >>> [plain_value(t) for t in ("1e-3", "no", "012", "1:30", "0x10", "~")]
    [0.001, 'no', 12, '1:30', 16, None]
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) > _MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    for pattern, base in ((_OCTAL, 8), (_HEXADECIMAL, 16)):
        digits = pattern.fullmatch(text)
        if digits:
            return int(digits.group(1), base)
    if _FLOAT.fullmatch(text):
        return float(text)
    infinity = _INFINITY.fullmatch(text)
    return float(f"{infinity.group(1)}inf") if infinity else text


def parse_yaml(text: Text) -> Node:
    """Parse one YAML document.

    Raises:
        ConfigError: For bad syntax, tags, duplicate keys, keys that are not plain words, several
            documents, an empty document, or aliases that expand without bound.
    """
    composer = _Composer(text)
    try:
        node = composer.document()
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_diagnostic(text, error)]) from None
    except yaml.reader.ReaderError as error:
        raise ConfigError([_character_diagnostic(text, error)]) from None
    if composer.diagnostics:
        raise ConfigError(composer.diagnostics)
    return node


def _syntax_diagnostic(text: Text, error: yaml.MarkedYAMLError) -> Diagnostic:
    place = error.problem_mark or error.context_mark
    mark = Mark(text, place.line + 1, place.column + 1) if place else Mark(text, 1, 1)
    problem = error.problem or error.context or "not valid YAML"
    context = f" ({error.context})" if error.context and error.problem else ""
    if "'\\t'" in problem:
        hint = "Replace the tab with spaces."
        return Diagnostic("yaml-tab", mark, "", "a tab cannot indent YAML", hint)
    return Diagnostic("yaml-syntax", mark, "", f"{problem}{context}", _syntax_hint(problem))


def _syntax_hint(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "Quote a value that contains ': ', and check the indentation."
    if "found undefined alias" in problem:
        return "Define the anchor (&name) before its use (*name)."
    if "',' or '}', but got '['" in problem:
        return 'Quote a path in braces: {"model.layers[0].Dense.units": 64}.'
    return "Check the brackets, quotes and indentation just before this place."


def _character_diagnostic(text: Text, error: yaml.reader.ReaderError) -> Diagnostic:
    before = text.content[: error.position]
    line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
    message = f"the character U+{int(error.character):04X} is not allowed in YAML"
    return Diagnostic("yaml-syntax", Mark(text, line, column), "", message, "delete it")


class _Composer:
    """Builds nodes from PyYAML's events, and collects what YAML allows but dlcli does not."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.diagnostics: list[Diagnostic] = []
        self._anchors: dict[str, Node | None] = {}
        self._sizes: dict[int, int] = {}  # id(node) -> values below it, aliases expanded
        self._alive: list[Node] = []  # ids are unique among living objects only
        self._written = 0  # values read so far, before aliases are expanded
        self._events: Iterator[yaml.Event] = yaml.parse(text.content, Loader=yaml.SafeLoader)

    def document(self) -> Node:
        """Build the only document's root node."""
        next(self._events)  # StreamStart
        if isinstance(next(self._events), yaml.StreamEndEvent):
            hint = "`dlcli init` writes a starter config"
            raise ConfigError(
                [Diagnostic("empty-config", Mark(self.text, 1, 1), "", "the config is empty", hint)]
            )
        node = self._node(next(self._events), depth=0)
        next(self._events)  # DocumentEnd
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._report(
                "several-documents", self._mark(after), "the file contains a second document"
            )
        return node

    def _mark(self, event: yaml.Event) -> Mark:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return Mark(self.text, 1, 1)
        length = end.column - start.column if end.line == start.line else 1
        return Mark(self.text, start.line + 1, start.column + 1, max(1, length))

    def _report(self, rule: str, mark: Mark, message: str, hint: str = "") -> None:
        self.diagnostics.append(Diagnostic(rule, mark, "", message, hint))

    def _node(self, event: yaml.Event, depth: int) -> Node:
        mark = self._mark(event)
        self._written += 1
        if self._written > 2 * MAX_NODES:  # keys count too
            message = f"the config has more than {MAX_NODES} values"
            hint = "Remove values that the network does not need, or repeated aliases."
            raise ConfigError([Diagnostic("too-many-values", mark, "", message, hint)])
        if depth > MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            hint = "Check for an open bracket or a damaged file."
            raise ConfigError([Diagnostic("too-deep", mark, "", message, hint)])
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, mark)
        self._check_tag(event, mark)
        anchor: str | None = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = None  # under construction: an alias inside would be a cycle
        if isinstance(event, yaml.ScalarEvent):
            self._check_characters(event, mark)
            node: Node = Scalar(_scalar_value(event), mark)
            size = 1
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(mark, depth)
            size = 1 + sum(self._sizes[id(item)] for item in node.items)
        else:
            node = self._table(mark, depth)
            size = 1 + sum(self._sizes[id(pair.node)] for pair in node.pairs.values())
        self._keep(node, size, mark)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _keep(self, node: Node, size: int, mark: Mark) -> None:
        if size > MAX_NODES:
            message = f"aliases expand to more than {MAX_NODES} values"
            raise ConfigError([Diagnostic("alias-expansion", mark, "", message)])
        self._sizes[id(node)] = size
        self._alive.append(node)

    def _alias(self, event: yaml.AliasEvent, mark: Mark) -> Node:
        node = self._anchors.get(str(event.anchor))
        if node is None:
            known = event.anchor in self._anchors
            message = (
                f"the alias *{event.anchor} contains itself"
                if known
                else f"no anchor &{event.anchor} comes before this alias"
            )
            raise ConfigError([Diagnostic("bad-alias", mark, "", message)])
        return node

    def _check_tag(self, event: yaml.Event, mark: Mark) -> None:
        tag = getattr(event, "tag", None)
        if tag is None or tag in _STANDARD_TAGS or tag == "!":
            return
        short = tag.replace("tag:yaml.org,2002:", "!!")
        hint = "Remove the tag; a config is plain data and never runs code."
        self._report("yaml-tag", mark, f"the tag {short} is not allowed", hint)

    def _check_characters(self, event: yaml.ScalarEvent, mark: Mark) -> None:
        """Refuse what an escape can write but no file name, and no UTF-8, can hold."""
        for letter in event.value:
            if letter == "\0" or "\ud800" <= letter <= "\udfff":
                message = f"the character U+{ord(letter):04X} is not part of a text"
                self._report("bad-character", mark, message, "delete it")
                return

    def _sequence(self, mark: Mark, depth: int) -> Sequence:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Sequence(tuple(items), mark)

    def _table(self, mark: Mark, depth: int) -> YamlMapping:
        pairs: dict[str, Pair] = {}
        merged: list[YamlMapping] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key_mark = self._mark(event)
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                self._report("bad-key", key_mark, "a key must be a single word")
            elif event.value == "<<" and event.implicit[0]:
                merged += self._merge_sources(value)
            elif event.value in pairs:
                first = pairs[event.value].key_mark.line
                message = f"the key '{event.value}' is given twice (first on line {first})"
                self._report("duplicate-key", key_mark, message, "Keep one of the two.")
            else:
                assert isinstance(key, Scalar)  # noqa: S101  (by the event's type)
                pairs[event.value] = Pair(key_mark, value)
        for table in merged:  # a key written here wins over a merged one
            pairs = {**table.pairs, **pairs}
        return YamlMapping(pairs, mark)

    def _merge_sources(self, value: Node) -> list[YamlMapping]:
        tables = value.items if isinstance(value, Sequence) else (value,)
        for node in tables:
            if not isinstance(node, YamlMapping):
                self._report("bad-merge", node.mark, "'<<' merges mappings only")
        return [node for node in tables if isinstance(node, YamlMapping)]


def _scalar_value(event: yaml.ScalarEvent) -> Plain:
    plain = event.implicit[0] and event.style is None and event.tag is None
    return plain_value(event.value) if plain else str(event.value)


def read_plain(content: str, name: str = "<yaml>") -> object:
    """Return a YAML document as plain data, without positions.

    Args:
        content: The document.
        name: What messages call it.

    Raises:
        ConfigError: As `parse_yaml`.
    """
    return _plain(parse_yaml(Text(name, content)))


def _plain(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return {key: _plain(pair.node) for key, pair in node.pairs.items()}
