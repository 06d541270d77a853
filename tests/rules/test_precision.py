"""Rules are silent where all is well: on the examples, the documentation, and Keras's networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.config.binding.findings import judge_of
from dlcli.config.conversion.loading import parse_document, read_document
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe, own_files
from tests.rules.architectures import ARCHITECTURES, FILES
from tests.rules.judged import judged
from tests.test_docs import CONFIGS as DOCUMENTED_CONFIGS

CONFIGS = sorted(Path(__file__).parents[2].joinpath("configs").glob("*.yaml"))
DOCUMENTED = list(DOCUMENTED_CONFIGS.values())


def architecture(name):
    """Return who judges a network of Keras's examples."""
    yaml = ARCHITECTURES[name]
    path = str(read_document(parse_document(Text("a.yaml", yaml))).data.source.options.get("path"))
    return judged(yaml, description=FILES.get(path.rpartition("/")[2]))


def told(diagnostics):
    return [d.render() for d in diagnostics]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_no_example_config_is_warned_of(path):
    assert told(judged(path.read_text("utf-8")).looks("config")) == []


@pytest.mark.parametrize("yaml", DOCUMENTED)
def test_no_config_of_the_documentation_is_warned_of(yaml):
    document = parse_document(Text("docs.yaml", yaml))
    config = read_document(document)
    if config.data.source.name not in own_files():
        assert told(judge_of(document, config, describe(config.data.source)).looks("config")) == []


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_no_network_of_kerass_examples_is_warned_of(name):
    assert told(architecture(name).looks("config")) == []


def test_there_are_thirty_networks_and_more():
    assert len(ARCHITECTURES) >= 30
    assert len(set(ARCHITECTURES.values())) == len(ARCHITECTURES)


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_keras_builds_them(name):
    from dlcli.engine.model import build_model

    judge = architecture(name)
    model = build_model(judge.bound, judge.subject.data)
    for layer in model.layers:
        known = judge.subject.network.shapes.get(layer.name)
        if known is not None and hasattr(layer.output, "shape"):
            assert tuple(layer.output.shape[1:]) == known, layer.name
