"""YAML as plain data, without positions."""

from __future__ import annotations

from dlcli.config.yaml.nodes import Scalar, Sequence, Text
from dlcli.config.yaml.text import parse_yaml


def plain(node):
    """Return a node's value without positions."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {key: plain(pair.node) for key, pair in node.pairs.items()}


def read(text: str):
    return plain(parse_yaml(Text("t.yaml", text)))
