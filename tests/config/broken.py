"""A good config, and the error of one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe

if TYPE_CHECKING:
    from dlcli.config.sections.experiment import Config

GOOD = """\
data: {dataset: digits}
model:
  layers:
    - Flatten
    - {Dense: {units: $classes, activation: softmax}}
"""


def diagnose(yaml: str) -> ConfigError:
    """Return the error of a broken config."""
    with pytest.raises(ConfigError) as caught:
        read_and_bind(yaml)
    return caught.value


def read_and_bind(yaml: str) -> Config:
    config = parse_config(Text("cfg.yaml", yaml))
    return bind(config, describe(config.data.source))


def with_layer(layer: str) -> str:
    return GOOD.replace("    - Flatten\n", f"    - Flatten\n    - {layer}\n")
