"""Mistakes in blocks are told once, where they stand, and no repeats explode."""

from __future__ import annotations

from tests.config.broken import diagnose, with_layer


def test_a_mistake_in_a_block_is_told_once_however_often_the_block_is_used():
    yaml = with_layer("{use: a, repeat: 3}") + "blocks: {a: {layers: [{Dense: {units: 0}}]}}\n"
    assert [d.mark.line for d in diagnose(yaml).diagnostics] == [7]


def test_a_mistake_in_a_parameter_points_to_the_with_that_gave_it():
    yaml = with_layer("{use: a, with: {n: -1}}") + (
        "blocks: {a: {params: {n: 1}, layers: [{Dense: {units: $n}}]}}\n"
    )
    assert [(d.mark.line, d.rule) for d in diagnose(yaml).diagnostics] == [(5, "out-of-range")]
