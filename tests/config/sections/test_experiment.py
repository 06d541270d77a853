"""A candidate is a config with what it changes, and what a config ignores decides nothing."""

from __future__ import annotations

from dataclasses import replace

from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.experiment import VariantEntry
from dlcli.config.yaml.nodes import Text

TEXT = """\
data: {dataset: digits, batch_size: %s}
model: {layers: [{Flatten: {}, ignore: %s}, {Dense: {units: $classes}}]}
compile: {optimizer: %s, loss: {SparseCategoricalCrossentropy: {from_logits: true}}}
ignore: %s
"""


def parsed(batch_size=8, optimizer="SGD", layer="[]", ignore="[]"):
    return parse_config(Text("c.yaml", TEXT % (batch_size, layer, optimizer, ignore)))


def test_what_one_config_changes_of_another_makes_the_other_of_it():
    first, second = parsed(), parsed(batch_size=16, optimizer="Adam")
    changes = first.changes(second)
    assert changes["data"] == {"batch_size": 16}
    assert changes["compile"] == second.compile
    assert (changes["model"], changes["fit"]) == (None, None)
    assert first.varied(VariantEntry(label="other", **changes)) == second


def test_a_config_changes_nothing_of_itself():
    assert set(parsed().changes(parsed()).values()) == {None}


def test_what_is_ignored_is_left_out_and_nothing_else():
    ignoring = parsed(layer="[linear-stack]", ignore="[logits-as-probabilities]")
    assert ignoring != parsed()
    assert ignoring.heard == parsed()
    assert replace(ignoring, seed=3).heard.seed == 3
