"""A chain is told from every other graph."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.graph import Reference
from dlcli.config.yaml.nodes import Text

LAYERS = {
    "one after another": ("[Flatten, {Dense: {units: 3}}]", True),
    "named again": ("[{Flatten: {}, id: f}, {Dense: {units: 3}, from: f}]", True),
    "a branch": ("[Flatten, {Dense: {units: 3}, id: a}, {Add: {}, from: [a, a]}]", False),
    "a shared layer": ("[Flatten, {Dense: {units: 64}, id: a}, {use: a}]", False),
    "an earlier end": (
        "[Flatten, {Dense: {units: 3}, id: a}, {ReLU: {}, id: r}], outputs: [a, r]", False
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_a_chain_has_one_way_from_one_input_to_one_output(name):
    layers, expected = LAYERS[name]
    config = parse_config(
        Text("c.yaml", f"data: {{dataset: digits}}\nmodel: {{layers: {layers}}}\n")
    )
    assert config.model.is_chain == expected


@pytest.mark.parametrize(
    ("reference", "text"), [(Reference("a"), "a"), (Reference("a", 1), "a[1]")]
)
def test_a_reference_is_written_as_it_is_read(reference, text):
    assert str(reference) == text
