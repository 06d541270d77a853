"""What older scripts write is answered with what to write now."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text

DENSE = "{Dense: {units: 3, activation: softmax}}"


def told(*, layer=DENSE, rest=""):
    yaml = f"data: {{dataset: iris}}\nmodel: {{layers: [{layer}]}}\n{rest}"
    with pytest.raises(ConfigError) as error:
        parse_config(Text("c.yaml", yaml))
    (found,) = error.value.diagnostics
    return found


@pytest.mark.parametrize(
    ("rest", "hint"),
    [
        ("compile: {optimizer: {Adam: {lr: 0.1}}}", "it is called learning_rate now"),
        ("compile: {optimizer: {SGD: {decay: 1e-6}}}", "InverseTimeDecay"),
        ("fit: {nb_epoch: 3}", "epochs"),
        ("fit: {batch_size: 32}", "data: {batch_size: 32}"),
        ("fit: {validation_split: 0.2}", "data: {validation: 0.2}"),
        ("compile: {class_weight: balanced}", "fit: {class_weight: balanced}"),
        ("fit: {verbose: 1}", "leave it out"),
    ],
)
def test_an_argument_of_fit_compile_or_an_optimizer_has_a_place(rest, hint):
    found = told(rest=rest)
    assert hint in f"{found.message} {found.hint}"
    assert found.mark.line == 3


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        ("{Dense: {output_dim: 3}}", "it is called units now"),
        ("{Dense: {units: 3, input_shape: [4]}}", "the shape of the input comes from the data"),
        ("{Dense: {units: 3, init: uniform}}", "it is called kernel_initializer now"),
        ("{Conv2D: {nb_filter: 3, kernel_size: 3}}", "it is called filters now"),
        ("{LeakyReLU: {alpha: 0.1}}", "it is called negative_slope now"),
        ("{Dropout: {p: 0.5}}", "it is called rate now"),
    ],
)
def test_an_argument_of_a_layer_has_a_new_name(layer, hint):
    yaml = f"data: {{dataset: iris}}\nmodel: {{layers: [{layer}]}}\n"
    with pytest.raises(ConfigError) as error:
        parse_config(Text("c.yaml", yaml))
    assert any(hint in found.hint for found in error.value.diagnostics)


@pytest.mark.parametrize(
    "layer",
    [
        "{MobileNetV2: {weights: imagenet}}",
        "ResNet50",
        "{Embedding: {input_dim: 9, output_dim: 2, weights: glove.npy}}",
    ],
)
def test_pretrained_weights_are_said_to_be_impossible(layer):
    assert "trains every network from random weights" in told(layer=layer).hint


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("sep: ';'", "it is called delimiter here"),
        ("sample_weight: w", "it is called weights here"),
        ("drop: [a]", "it is called ignore here"),
        ("names: [a]", "it is called columns here"),
        ("group: patient", "it stands beside the data set"),
        ("window: 24", "forecast: {path: ..."),
    ],
)
def test_options_of_other_programs_are_met_with_the_one_here(option, hint):
    yaml = f"data: {{csv: {{path: t.csv, target: y, {option}}}}}\nmodel: {{layers: [{DENSE}]}}\n"
    with pytest.raises(ConfigError) as error:
        parse_config(Text("c.yaml", yaml))
    (found,) = error.value.diagnostics
    assert hint in found.hint
