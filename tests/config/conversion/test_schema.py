"""The JSON Schema accepts what the validator accepts, and is closed at every level."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from dlcli.config.conversion.schema import json_schema
from tests.config.broken import GOOD
from tests.config.yaml.plain import read

CONFIGS = sorted(Path(__file__).parents[3].joinpath("configs").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def objects(schema, path="$"):
    """Yield every subschema that describes an object."""
    if isinstance(schema, dict):
        kind = schema.get("type")
        if kind == "object" or (isinstance(kind, list) and "object" in kind):
            yield path, schema
        for key, value in schema.items():
            yield from objects(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for i, value in enumerate(schema):
            yield from objects(value, f"{path}[{i}]")


def test_every_object_is_closed(validator):
    found = list(objects(validator.schema))
    assert len(found) > 300
    assert [path for path, schema in found if schema.get("additionalProperties") is not False] == []


@pytest.mark.parametrize("path", CONFIGS, ids=[p.stem for p in CONFIGS])
def test_every_example_config_is_accepted(validator, path):
    assert list(validator.iter_errors(read(path.read_text("utf-8")))) == []


@pytest.mark.parametrize(
    "change",
    [
        ("digits", "digit"),
        ("Flatten", "Flaten"),
        ("units:", "unit:"),
        ("units: $classes", "units: ten"),
        ("units: $classes", "units: -1"),
        ("softmax", "softmx"),
        ("layers:", "layer:"),
        ("data:", "dta:"),
    ],
)
def test_a_broken_config_is_refused(validator, change):
    assert list(validator.iter_errors(yaml.safe_load(GOOD))) == []
    assert list(validator.iter_errors(yaml.safe_load(GOOD.replace(*change))))
