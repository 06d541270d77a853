"""A model layer by layer: its parameters and arithmetic, as published or counted by hand."""

from __future__ import annotations

import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import load_config
from dlcli.data import describe
from dlcli.engine.model import build_model
from dlcli.engine.summary import summarize
from tests.engine.made import CONFIGS, build

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("cifar10_resnet20", 274_442),
        ("mnist_5k_lenet5", 61_706),
        ("imdb_bilstm", 2_757_761),
        ("fashion_mnist_cnn", 34_826),
    ],
)
def test_known_networks_have_their_published_parameter_counts(name, parameters):
    path = next(p for p in CONFIGS if p.stem == name)
    config = load_config(str(path))
    description = describe(config.data.source)
    assert summarize(build_model(bind(config, description), description)).parameters == parameters


def test_an_irnn_has_its_published_parameter_count():
    yaml = """
        data: {dataset: mnist}
        model:
          layers:
            - {Reshape: {target_shape: [-1, 1]}}
            - SimpleRNN:
                units: 100
                kernel_initializer: {RandomNormal: {stddev: 0.001}}
                recurrent_initializer: {Identity: {gain: 1.0}}
                activation: relu
            - {Dense: {units: $classes, activation: softmax}}
    """
    assert summarize(build(yaml)).parameters == 11_210


def test_resnet20_has_the_published_41_million_multiply_accumulates():
    config = load_config(str(next(p for p in CONFIGS if p.stem == "cifar10_resnet20")))
    description = describe(config.data.source)
    flops = summarize(build_model(bind(config, description), description)).flops
    assert flops / 2 == pytest.approx(41e6, rel=0.01)


def test_flops_agree_with_a_count_by_hand():
    yaml = """
        data: {dataset: digits}
        model:
          layers:
            - {Conv2D: {filters: 4, kernel_size: 3}}
            - {Reshape: {target_shape: [6, 24]}}
            - {Bidirectional: {layer: {LSTM: {units: 5}}}}
            - {Dense: {units: 10, activation: softmax}}
    """
    by_layer = {layer.name: layer.flops for layer in summarize(build(yaml)).layers}
    assert by_layer["conv2d"] == 2 * (3 * 3 * 1 * 4) * (6 * 6)
    assert by_layer["bidirectional"] == 2 * 2 * (24 * 20 + 5 * 20) * 6
    assert by_layer["dense"] == 2 * 10 * 10
