"""What reading any part of a config needs: a place for mistakes, and words for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dlcli.config.grammar.renamed import ELSEWHERE, PRETRAINED
from dlcli.config.yaml.diagnostics import Diagnostic, listing
from dlcli.config.yaml.nodes import Mark, Node, Sequence, YamlMapping
from dlcli.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.catalogue.catalogue import Catalogue


class Invalid:
    """The type of `INVALID`."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = Invalid()
"""Stands for a value whose mistake has been reported."""


@dataclass
class Reader:
    """What reading a config needs everywhere: the catalogue, and a place for mistakes."""

    catalogue: Catalogue
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def report(self, rule: str, mark: Mark, path: str, message: str, hint: str = "") -> Invalid:
        """Note a mistake and return `INVALID`."""
        self.diagnostics.append(Diagnostic(rule, mark, path, message, hint))
        return INVALID


def report_unknown_keys(
    node: YamlMapping, known: Mapping[str, object], path: str, reader: Reader
) -> bool:
    """Report every key of a table that is not known; return whether there were any."""
    unknown = [key for key in node.pairs if key not in known]
    for key in unknown:
        meant = "" if key in ELSEWHERE else did_you_mean(key, list(known))
        hint = "" if meant else ELSEWHERE.get(key) or f"known here: {listing(known)}"
        message = f"'{key}' is not a known key{meant}"
        reader.report("unknown-key", node.pairs[key].key_mark, path, message, hint)
    return bool(unknown)


def wrong_type(node: Node, path: str, expected: str, reader: Reader, hint: str = "") -> Invalid:
    """Report that a node is not what was expected."""
    message = f"expected {expected}, not {node_in_words(node)}"
    if path.startswith("model") and path.endswith(".weights"):
        hint = PRETRAINED
    return reader.report("wrong-type", node.mark, path, message, hint)


def node_in_words(node: Node) -> str:
    """Describe a node's value for a message."""
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}"
    if isinstance(node, YamlMapping):
        return "a mapping"
    if node.value is None:
        return "nothing (null)"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    if isinstance(node.value, str):
        shown = node.value if len(node.value) <= 40 else f"{node.value[:37]}..."
        return f"the text '{shown}'"
    return f"the number {node.value}"


def article(word: str) -> str:
    """Put 'a' or 'an' before a word."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def join(path: str, name: str) -> str:
    """Append a key to a dotted path."""
    return f"{path}.{name}" if path else name
