"""A model without a layer: what came after it reads what it read."""

from __future__ import annotations

import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.ablation import without
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe
from dlcli.errors import UserError

GRAPH = """\
data: {dataset: digits}
model:
  layers:
    - {Flatten: {}, id: flat}
    - {Dense: {units: 8}, from: flat, id: first}
    - {Dropout: {rate: 0.5}, from: first, id: drop}
    - {Add: {}, from: [drop, first], id: sum}
    - {use: first, from: flat, id: again}
    - {Add: {}, from: [sum, again], id: total}
    - {Dense: {units: 10}, from: total, id: out}
  outputs: [out]
"""


def model_of(text):
    return parse_config(Text("cfg.yaml", text)).model


def test_a_graph_without_a_layer_is_the_graph_written_without_it():
    lines = [line for line in GRAPH.splitlines() if "id: drop" not in line]
    written = "\n".join(lines).replace("[drop, first]", "[first, first]")
    assert without(model_of(GRAPH), "drop") == model_of(written)


def test_a_chain_stays_a_chain():
    layers = "[Flatten, {Dense: {units: 8}, id: a}, {Dense: {units: 10}, id: b}]"
    chain = f"data: {{dataset: digits}}\nmodel: {{layers: {layers}}}"
    made = without(model_of(chain), "a")
    assert made.is_chain
    assert [layer.id for layer in made.layers] == ["flatten", "b"]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("dorp", "the model has no layer 'dorp'; did you mean 'drop'?"),
        ("sum", "'sum' joins several inputs (drop, first)"),
        ("first", "another layer uses the weights of 'first'"),
        ("out", "'out' is an output of the model"),
    ],
)
def test_a_layer_that_nothing_can_stand_for_is_refused(layer, message):
    with pytest.raises(UserError) as caught:
        without(model_of(GRAPH), layer)
    assert caught.value.message == message
    assert caught.value.remedy


def test_a_layer_that_is_not_there_is_reported_at_its_place():
    text = GRAPH + "compare: {ablate: [drop, dorp]}\n"
    config = parse_config(Text("cfg.yaml", text))
    with pytest.raises(ConfigError) as caught:
        bind(config, describe(config.data.source))
    (found,) = caught.value.diagnostics
    assert (found.mark.line, found.mark.column, found.path) == (12, 26, "compare.ablate[1]")
