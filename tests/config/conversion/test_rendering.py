"""What is written reads back as the same config: every key of the grammar, in every form."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import default_differences, dump_yaml, to_plain, to_yaml
from dlcli.config.conversion.schema import json_schema
from dlcli.config.grammar.catalogue_pieces import BOOLEAN
from dlcli.config.grammar.pieces import key, keys_of
from dlcli.config.sections.experiment import Config
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe
from dlcli.data import entries as dataset_entries
from tests.config.written import NAMED, Written

CONFIGS = sorted(Path(__file__).parents[3].joinpath("configs").glob("*.yaml"))
CATALOGUE = load_catalogue()
LARGE = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
CHAIN = "{layers: [Flatten, {Dense: {units: $classes, activation: softmax}}]}"
SHOWN = {
    "a lone input's dtype": f"data: {{dataset: digits}}\nmodel: {CHAIN}\n".replace(
        "{layers", "{inputs: {input: {dtype: float16}}, layers"
    ),
    "bucketing": f"data: {{dataset: imdb, bucketing: true}}\nmodel: {CHAIN}\n".replace(
        "Flatten", "{Embedding: {input_dim: 9, output_dim: 2}}, GlobalMaxPooling1D"
    ).replace("units: $classes, activation: softmax", "units: 1, activation: sigmoid"),
    "losses of several outputs": """\
data: {dataset: digits}
model:
  layers:
    - {Flatten: {}, id: flat}
    - {Dense: {units: $classes, activation: softmax}, from: flat, id: Head}
    - {Dense: {units: $classes}, from: flat, id: mse}
  outputs: [Head, mse]
""",
    "inputs by name": f"data: {{dataset: digits}}\nmodel: {CHAIN}\n".replace(
        "{layers", "{inputs: {pixels: {shape: $input_shape}}, layers"
    ),
    "a comparison": f"data: {{dataset: digits}}\nmodel: {CHAIN}\n"
    "compare: {optimizers: [SGD, {Adam: {}, label: mine}], initializers: HeNormal}\n",
}


def parsed(text):
    return parse_config(Text("cfg.yaml", text))


@pytest.fixture(autouse=True, scope="module")
def _named():
    plugins.activate_found([NAMED])
    yield
    plugins.deactivate()


@LARGE
@given(Written().config)
def test_what_is_written_reads_back_the_same(plain):
    config = parsed(dump_yaml(plain))
    text = to_yaml(config)
    assert parsed(text) == config
    assert to_yaml(parsed(text)) == text


@LARGE
@given(Written().config)
def test_what_is_written_with_all_defaults_is_written_the_same_again(plain):
    text = to_yaml(parsed(dump_yaml(plain)), CATALOGUE)
    assert to_yaml(parsed(text), CATALOGUE) == text


@settings(LARGE, max_examples=15)
@given(Written().config)
def test_the_schema_accepts_what_is_written(plain):
    written = to_plain(parsed(dump_yaml(plain)))
    assert [e.message for e in VALIDATOR.iter_errors(written)] == []


def resolved(text):
    """Return what `config show` prints."""
    config = parsed(text)
    return to_yaml(bind(config, describe(config.data.source)), CATALOGUE)


@pytest.mark.parametrize(
    "text",
    [*(path.read_text("utf-8") for path in CONFIGS), *SHOWN.values()],
    ids=[*(path.stem for path in CONFIGS), *SHOWN],
)
def test_a_resolved_config_is_resolved_to_itself(text):
    once = resolved(text)
    assert resolved(once) == once


def test_every_default_is_shown_and_only_then():
    config = parsed(f"data: {{dataset: digits}}\nmodel: {CHAIN}\n")
    assert "bucketing" not in to_plain(config)["data"]
    assert to_plain(config, CATALOGUE)["data"]["bucketing"] is False
    assert "data.bucketing" not in default_differences(config)
    changed = replace(config, data=replace(config.data, bucketing=True))
    assert default_differences(changed)["data.bucketing"] == (True, False)


def test_a_field_that_nothing_would_write_is_refused():
    @dataclass(frozen=True)
    class Section:
        kept: bool = key(BOOLEAN, False)
        forgotten: bool = False

    with pytest.raises(TypeError, match="Section: forgotten"):
        keys_of(Section)
    assert [k.name for k in keys_of(Section, beside=("forgotten",))] == ["kept"]
    assert {k.name for k in keys_of(Config)} >= {"data", "model", "compile", "fit", "compare"}


def paths(schema, value=None, path="", *, all_of_them=False):
    """Yield the dotted paths of the keys that a schema describes and a value has.

    Keras's classes and their arguments are left out: they are the catalogue's.
    """
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        if "." in name or name in CATALOGUE.kinds():
            return
        schema = SCHEMA["definitions"][name]
    for form in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from paths(form, value, path, all_of_them=all_of_them)
    if "items" in schema:
        items = [None] if all_of_them else value if isinstance(value, list) else []
        for item in items:
            yield from paths(schema["items"], item, f"{path}[]", all_of_them=all_of_them)
    known = schema.get("properties", {})
    given = known if all_of_them else value if isinstance(value, dict) else {}
    for name in [name for name in known if name in given and not is_class(known[name])]:
        yield f"{path}.{name}"
        inner = None if all_of_them else value[name]
        yield from paths(known[name], inner, f"{path}.{name}", all_of_them=all_of_them)
    for pattern, form in schema.get("patternProperties", {}).items():
        free = [v for k, v in given.items() if k not in known and re.search(pattern, k)]
        for inner in [None] if all_of_them else free:
            yield from paths(form, inner, f"{path}.*", all_of_them=all_of_them)


def is_class(schema):
    return "." in schema.get("$ref", "").removeprefix("#/definitions/")


class AllFoundError(Exception):
    """Nothing is left to look for."""


def never_drawn(strategy, known, *, examples):
    """Return the keys of `known` that so many draws lack."""
    left = set(known)

    once = settings(LARGE, database=None, derandomize=True, phases=[Phase.generate])

    @settings(once, max_examples=examples)
    @given(strategy)
    def draw(plain):
        left.difference_update(paths(SCHEMA, plain))
        if not left:
            raise AllFoundError

    with contextlib.suppress(AllFoundError):
        draw()
    return left


def test_every_key_of_the_grammar_is_drawn():
    known = set(paths(SCHEMA, all_of_them=True))
    assert {".data.bucketing", ".model.inputs.*.dtype", ".compare.optimizers[].label"} <= known
    for entry in dataset_entries():
        known = never_drawn(Written(whole=True, dataset=entry.name).data, known, examples=20)
    assert never_drawn(Written(whole=True).config, known, examples=500) == set()


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Momentum", {"momentum": 0.9}), ("Nesterov", {"momentum": 0.9, "nesterov": True})],
)
def test_names_of_the_tables_are_optimizers_everywhere(name, meant):
    config = parsed(
        f"{PLAIN_CONFIG}compile: {{optimizer: {name}}}\ncompare: {{optimizers: [{name}]}}\n"
    )
    (candidate,) = config.compare.optimizers
    assert config.compile.optimizer.name == candidate.optimizer.name == "SGD"
    assert candidate.label == name
    for call in (config.compile.optimizer, candidate.optimizer):
        assert {key: call.arguments[key] for key in meant} == meant


PLAIN_CONFIG = "data: {dataset: digits}\nmodel: {layers: [Flatten, {Dense: {units: 10}}]}\n"
