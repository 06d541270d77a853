"""Rules judge whatever the grammar allows, and fail at nothing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from dlcli.catalogue import plugins
from dlcli.config.binding.findings import judge_of
from dlcli.config.conversion.loading import parse_document, read_document
from dlcli.config.conversion.rendering import dump_yaml
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe
from dlcli.data.description import Source
from tests.config.written import NAMED, Written
from tests.helpers import examples

DATA = [
    describe(Source(name)) for name in ("digits", "iris", "japanese_vowels", "sunspots", "imdb")
]


@settings(
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@pytest.fixture(autouse=True, scope="module")
def _named():
    plugins.activate_found([NAMED])
    yield
    plugins.deactivate()


@given(Written().config)
def test_rules_take_every_config_that_suits_its_data(plain):
    document = parse_document(Text("drawn.yaml", dump_yaml(plain)))
    config = read_document(document)
    for description in DATA:
        try:
            judge_of(document, config, description).looks("config")
        except ConfigError as error:
            assert error.diagnostics
