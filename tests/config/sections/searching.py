"""A config that searches settings."""

from __future__ import annotations

from dlcli.config.conversion.loading import parse_config
from dlcli.config.yaml.nodes import Text

CONFIG = """\
data: {dataset: digits, validation: 0.2}
blocks:
  pair: {layers: [{Dense: {units: 8}}, {Dropout: {rate: 0.1}}]}
model:
  layers:
    - Flatten
    - {use: pair}
    - {Dense: {units: 8}, repeat: 2}
    - {Dropout: {rate: 0.3}}
    - {Dense: {units: $classes, activation: softmax}}
compile: {optimizer: {SGD: {learning_rate: {CosineDecay: {
  initial_learning_rate: 0.1, decay_steps: 9}}}}}
"""


def parsed(search, text=CONFIG):
    return parse_config(Text("cfg.yaml", f"{text}compare:\n  search: {search}\n"))
