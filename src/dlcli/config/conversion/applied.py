"""A resolved config with values at some of its paths: what a tried setting is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlcli.config.conversion.loading import read_document
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.yaml.document import Document
from dlcli.config.yaml.nodes import Text, as_node, nowhere
from dlcli.config.yaml.overrides import put
from dlcli.config.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlcli.config.sections.experiment import Config


def with_values(config: Config, values: Iterable[tuple[str, Any]]) -> Config:
    """Return the config with values at its paths, read and checked anew.

    Args:
        config: Resolved; its comparison is left out of what is returned.
        values: Paths in the resolved config, and what is there.

    Raises:
        ConfigError: If a path is not there, or a value does not suit it.
    """
    text = Text(config.name, to_yaml(replace(config, compare=None)))
    root = parse_yaml(text)
    for path, value in values:
        mark = nowhere(path)
        root = put(root, path, as_node(value, mark), mark, "")
    return read_document(Document(text, root))
