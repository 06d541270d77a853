"""The `model` section: inputs, layers and outputs become a graph in which everything is used."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text


def parsed(model):
    return parse_config(Text("c.yaml", f"data: {{dataset: digits}}\nmodel: {model}\n"))


def test_several_inputs_and_outputs_are_wired_by_their_names():
    config = parsed(
        "{inputs: {a: {shape: [4]}, b: {shape: [2], dtype: int32}}, layers: ["
        "{Dense: {units: 3}, id: left, from: a}, {Dense: {units: 3}, id: right, from: b},"
        "{Add: {}, id: sum, from: [left, right]}], outputs: [sum, left]}"
    )
    model = config.model
    assert [(i.id, tuple(i.shape), i.dtype) for i in model.inputs] == [
        ("a", (4,), model.inputs[0].dtype),
        ("b", (2,), "int32"),
    ]
    wires = {layer.id: [str(ref) for ref in layer.inputs] for layer in model.layers}
    assert wires == {"left": ["a"], "right": ["b"], "sum": ["left", "right"]}
    assert [str(ref) for ref in model.outputs] == ["sum", "left"]
    assert parse_config(Text("c.yaml", to_yaml(config))) == config


def test_a_chain_is_written_without_references_and_another_graph_with_them():
    assert "from:" not in to_yaml(parsed("{layers: [Flatten, {Dense: {units: 3}}]}"))
    dense = "{Dense: {units: 3}, id: %s}"
    branch = f"{{layers: [Flatten, {dense % 'a'}, {dense % 'b'}, {{Add: {{}}, from: [a, b]}}]}}"
    written = to_yaml(parsed(branch))
    assert "from:" in written
    assert "outputs:" in written


@pytest.mark.parametrize(
    ("model", "rule", "said"),
    [
        ("[Flatten]", "wrong-type", "a mapping with 'layers'"),
        ("{layers: []}", "missing-key", "a list of 'layers'"),
        ("{inputs: [a, a], layers: [{Add: {}, from: [a, a]}]}", "bad-id", "given twice"),
        ("{layers: [Flatten], outputs: []}", "bad-wiring", "the list is empty"),
        ("{layers: [Flatten], outputs: nowhere}", "unknown-id", "nowhere"),
        ("{layers: [{ReLU: {}, id: a}, {ReLU: {}, from: input}]}", "unused-layer", "'a'"),
    ],
)  # fmt: skip
def test_a_graph_with_a_hole_is_refused(model, rule, said):
    with pytest.raises(ConfigError) as caught:
        parsed(model)
    found = caught.value.diagnostics[0]
    assert found.rule == rule
    assert said in found.message
