"""Where a layer gets another number of axes than it takes, a hint says what to put before it."""

from __future__ import annotations

import pytest

from dlcli.config.yaml.diagnostics import ConfigError
from tests.engine.made import build

pytestmark = pytest.mark.slow

DENSE = "{Dense: {units: 10, activation: softmax}}"


def refused(layers, dataset="digits"):
    text = f"data: {{dataset: {dataset}}}\nmodel: {{layers: [{layers}, {DENSE}]}}\n"
    with pytest.raises(ConfigError) as caught:
        build(text)
    (diagnostic,) = caught.value.diagnostics
    return diagnostic.hint


@pytest.mark.parametrize(
    ("layers", "hint"),
    [
        ("{LSTM: {units: 3}}", "{Reshape: {target_shape: [8, 8]}}"),
        ("{Bidirectional: {layer: {GRU: {units: 3}}}}", "{Reshape: {target_shape: [8, 8]}}"),
        ("{Conv1D: {filters: 3, kernel_size: 3}}", "2D in its name"),
        ("Flatten, {Conv2D: {filters: 3, kernel_size: 3}}", "before Flatten"),
        ("{Reshape: {target_shape: [8, 8]}}, {LSTM: {units: 3}}, {LSTM: {units: 3}}",
         "return_sequences: true"),
        ("{Reshape: {target_shape: [64]}}, {LSTM: {units: 3}}",
         "{Reshape: {target_shape: [64, 1]}}"),
        ("{Reshape: {target_shape: [8, 8]}}, {Conv2D: {filters: 3, kernel_size: 3}}",
         "{Reshape: {target_shape: [8, 8, 1]}}"),
    ],
)  # fmt: skip
def test_what_to_put_before_a_layer_is_said(layers, hint):
    assert hint in refused(layers)


def test_tokens_are_turned_into_vectors_first():
    assert "Embedding" in refused("{LSTM: {units: 3}}", "languages")


def test_what_is_wrong_otherwise_has_no_such_hint():
    assert refused("{Conv2D: {filters: 3, kernel_size: 11}}") == ""


@pytest.mark.parametrize("shape", ["[8, 8]", "[64, 1]"])
def test_the_reshaped_input_is_taken(shape):
    layers = f"{{Reshape: {{target_shape: {shape}}}}}, {{LSTM: {{units: 3}}}}, {DENSE}"
    model = build(f"data: {{dataset: digits}}\nmodel: {{layers: [{layers}]}}\n")
    assert model.output_shape == (None, 10)
