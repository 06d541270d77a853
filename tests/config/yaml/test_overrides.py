"""`--set` changes a config by the same grammar, with the same checks."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text

TEXT = Text(
    "cfg.yaml",
    """\
data: {dataset: digits}
model:
  layers:
    - {Conv2D: {filters: 8, kernel_size: 3}}
    - Flatten
    - {Dense: {units: $classes, activation: softmax}}
compile: {optimizer: Adam}
""",
)


def test_a_number_is_set_deep_down():
    config = parse_config(TEXT, ("model.layers[0].Conv2D.filters=64",))
    assert config.model.layers[0].call.arguments["filters"] == 64


def test_a_bare_class_takes_arguments():
    config = parse_config(TEXT, ("compile.optimizer.Adam.learning_rate=3e-4",))
    assert config.compile.optimizer.arguments == {"learning_rate": 3e-4}


def test_a_missing_section_is_made():
    assert parse_config(TEXT, ("fit.epochs=3",)).fit.epochs == 3


def test_a_value_may_be_a_mapping_or_list():
    value = "compile.optimizer={SGD: {momentum: 0.9}}"
    assert parse_config(TEXT, (value,)).compile.optimizer.name == "SGD"
    assert parse_config(TEXT, ("compile.metrics=[f1, accuracy]",)).compile.metrics == (
        "f1",
        "accuracy",
    )


def test_later_ones_win():
    assert parse_config(TEXT, ("seed=1", "seed=2")).seed == 2


@pytest.mark.parametrize(
    ("override", "rule", "column"),
    [
        ("seed", "bad-override", 1),
        ("=3", "bad-override", 1),
        ("a..b=3", "bad-override", 1),
        ("fit.epochs.=3", "bad-override", 1),
        ("model.layers[9].Conv2D.filters=3", "bad-override", 1),
        ("data[0]=3", "bad-override", 1),
        ("data.dataset.x.y=3", "bad-override", 1),
        ("fit.epochs=none", "wrong-type", 12),
        ("fti.epochs=3", "unknown-key", 1),
        ("fit.epochs=[1", "yaml-syntax", 14),
        ("model.layers[0].Conv2D.filter=3", "unknown-argument", 1),
    ],
)
def test_a_mistake_points_into_the_override(override, rule, column):
    with pytest.raises(ConfigError) as caught:
        parse_config(TEXT, (override,))
    first = caught.value.diagnostics[0]
    assert (first.rule, first.mark.column) == (rule, column)
    assert first.mark.text.name == f"--set {override}"
