"""A graph of layers has an end, however blocks repeat."""

from __future__ import annotations

from tests.config.broken import diagnose, with_layer


def test_nested_repeats_cannot_explode():
    yaml = (
        with_layer("{use: a, repeat: 100}") + "blocks: {a: {layers: [{ReLU: {}, repeat: 100}]}}\n"
    )
    assert "too-many-layers" in {d.rule for d in diagnose(yaml).diagnostics}
