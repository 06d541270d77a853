"""Rules look at the config, and at what each candidate makes of it."""

from __future__ import annotations

import pytest

from dlcli.config.binding.findings import judge_of
from dlcli.config.conversion.loading import parse_document, read_document
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe

CONFIG = """\
data: {{dataset: digits, validation: 0.2}}
model:
  layers:
    - Flatten
    - {{Dense: {{units: 32{activation}}}}}
    - {{Dense: {{units: $classes, activation: softmax}}}}
compare:
  candidates:
    - {{label: plain}}
    - {{label: big, set: {{data.batch_size: 5000}}}}
    - label: linear
      model:
        layers:
          - Flatten
          - {{Dense: {{units: 64}}}}
          - {{Dense: {{units: $classes, activation: softmax}}}}
"""
NONLINEAR = ", activation: relu"


def warned(text, **options):
    document = parse_document(Text("cfg.yaml", text))
    config = read_document(document)
    return judge_of(document, config, describe(config.data.source), **options).looks("config")


def test_a_warning_about_a_candidate_names_it_at_its_line():
    found = warned(CONFIG.format(activation=NONLINEAR), with_candidates=True)
    assert [(each.rule, each.mark.line, each.path.partition(":")[0]) for each in found] == [
        ("batch-larger-than-train", 10, "the candidate 'big'"),
        ("linear-stack", 11, "the candidate 'linear'"),
    ]


def test_what_the_config_is_warned_of_is_not_said_again_of_a_candidate():
    found = warned(CONFIG.format(activation=""), with_candidates=True)
    assert [(each.rule, each.path.partition(":")[0]) for each in found] == [
        ("linear-stack", "model.layers[1].Dense"),
        ("batch-larger-than-train", "the candidate 'big'"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        CONFIG.format(activation=NONLINEAR) + "ignore: [linear-stack, batch-larger-than-train]\n",
        CONFIG.format(activation=NONLINEAR).partition("    - {label: big")[0],
    ],
)
def test_an_ignored_rule_is_silent_for_candidates_too(text):
    assert warned(text, with_candidates=True) == ()


def test_candidates_are_not_judged_where_the_config_alone_is_trained():
    assert warned(CONFIG.format(activation=NONLINEAR)) == ()
