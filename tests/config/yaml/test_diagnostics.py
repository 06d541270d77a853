"""What is wrong is shown with its place, in the order of lines."""

from __future__ import annotations

import textwrap

from tests.config.broken import GOOD, diagnose


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines():
    yaml = textwrap.dedent("""\
        nmae: x
        data: {dataset: digits, batch_size: 0}
        model:
          layers:
            - {Conv2D: {filter: 32, kernel_size: 3}}
            - Flaten
            - {Dense: {units: $classes, activation: softmax}}
        compile: {optimizer: Adamm}
        fit: {epochs: -1}
    """)
    rules = [(d.mark.line, d.rule) for d in diagnose(yaml).diagnostics]
    assert rules == [
        (1, "unknown-key"),
        (2, "out-of-range"),
        (5, "missing-argument"),
        (5, "unknown-argument"),
        (6, "unknown-name"),
        (8, "unknown-name"),
        (9, "out-of-range"),
    ]


def test_a_diagnostic_shows_file_line_column_rule_path_line_and_caret():
    yaml = GOOD.replace("    - Flatten", "    - {Conv2D: {filter: 32, filters: 8, kernel_size: 3}}")
    assert diagnose(yaml).render() == textwrap.dedent("""\
        cfg.yaml:4:17: error[unknown-argument]: model.layers[0].Conv2D: \
'filter' is not an argument of Conv2D; did you mean 'filters'?
           |
         4 |     - {Conv2D: {filter: 32, filters: 8, kernel_size: 3}}
           |                 ^^^^^^

        1 error""")
