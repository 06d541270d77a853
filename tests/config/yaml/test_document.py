"""Every part of a config is found by its path, also where it is written in short."""

from __future__ import annotations

import pytest

from dlcli.config.conversion.loading import parse_document
from dlcli.config.yaml.nodes import Text

YAML = """\
data: {dataset: digits, batch_size: 8}
blocks:
  pair:
    layers:
      - {Dense: {units: 4}}
      - ReLU
model:
  layers:
    - Flatten
    - {use: pair}
    - {Dense: {units: 10, activation: {LeakyReLU: {negative_slope: 0.1}}}, id: last}
compile:
  optimizer: adam
fit:
  callbacks: {EarlyStopping: {patience: 3}}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("data.batch_size", (1, 37)),
        ("model.layers[0].Flatten", (9, 7)),
        ("blocks.pair.layers[0].Dense", (5, 10)),
        ("blocks.pair.layers[0].Dense.units", (5, 25)),
        ("blocks.pair.layers[1].ReLU", (6, 9)),
        ("model.layers[2].Dense.activation.LeakyReLU", (11, 40)),
        ("compile.optimizer.adam", (13, 14)),
        ("fit.callbacks[0].EarlyStopping.patience", (15, 41)),
    ],
)
def test_a_path_leads_to_its_place(path, place):
    mark = parse_document(Text("cfg.yaml", YAML)).place(path)
    assert (mark.line, mark.column) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("model.layers[2].Dense.use_bias", (11, 8)),
        ("compile.loss", (12, 1)),
        ("fit.epochs", (14, 1)),
        ("compare.seeds", (1, 1)),
        ("", (1, 1)),
    ],
)
def test_what_is_not_written_is_shown_at_what_is_around_it(path, place):
    mark = parse_document(Text("cfg.yaml", YAML)).place(path)
    assert (mark.line, mark.column) == place


def test_a_change_is_found_where_it_was_typed():
    document = parse_document(Text("cfg.yaml", YAML), ("data.batch_size=1",))
    mark = document.place("data.batch_size")
    assert mark.text.name == "--set data.batch_size=1"
