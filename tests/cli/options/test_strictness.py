"""Warnings of rules on the screen: beside a result that they do not change, or as errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dlcli.cli import run

TWICE = """\
data: {dataset: digits, validation: 0.2}
model:
  layers:
    - Flatten
    - {Dense: {units: $classes, activation: softmax}}
    - Softmax
compile: {loss: SparseCategoricalCrossentropy}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("twice.yaml").write_text(TWICE)
    return "twice.yaml"


def test_validate_warns_at_the_line_and_still_succeeds(config, capsys):
    assert run(["config", "validate", config]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "twice.yaml: ok, 1 warning\n" in shown.err
    assert "twice.yaml:6:7: warning[softmax-twice]: model.layers[2].Softmax: " in shown.err
    assert " 6 |     - Softmax\n   |       ^^^^^^^\n  = hint: leave one out" in shown.err


def test_strict_makes_an_error_of_a_warning(config, capsys):
    assert run(["config", "validate", config, "--strict"]) == 2
    told = capsys.readouterr().err
    assert "twice.yaml:6:7: error[softmax-twice]" in told
    assert "1 error" in told
    assert ": ok" not in told


def test_json_has_the_warnings_with_their_severity(config, capsys):
    assert run(["config", "validate", config, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["severity"], found["rule"], found["line"]) == ("warning", "softmax-twice", 6)
    assert found["hint"]


def test_errors_are_not_hidden_by_ignoring_their_warnings(config, capsys):
    Path(config).write_text(TWICE.replace("Flatten", "Flaten") + "ignore: softmax-twice\n")
    assert run(["config", "validate", config]) == 2
    assert "unknown-name" in capsys.readouterr().err


@pytest.mark.parametrize(
    "silent",
    [
        TWICE + "ignore: [softmax-twice]\n",
        TWICE + "ignore: softmax-twice\n",
        TWICE.replace("- Softmax", "- {Softmax: {}, ignore: softmax-twice}"),
        TWICE.replace("softmax}}", "softmax}, ignore: [softmax-twice]}"),
    ],
    ids=["at the top", "a lone one", "beside the layer", "beside the other layer"],
)
def test_a_rule_is_silenced_at_the_top_or_beside_a_layer(silent, config, capsys):
    Path(config).write_text(silent)
    assert run(["config", "validate", config, "--strict"]) == 0
    assert "warning" not in capsys.readouterr().err


def test_a_layer_silences_only_what_is_about_it(config, capsys):
    Path(config).write_text(TWICE.replace("- Flatten", "- {Flatten: {}, ignore: softmax-twice}"))
    assert run(["config", "validate", config, "--strict"]) == 2
    assert "softmax-twice" in capsys.readouterr().err


def test_a_block_silences_its_layers(config, capsys):
    block = "blocks: {end: {layers: [{Dense: {units: $classes, activation: softmax}}, Softmax]}}\n"
    begun, _ = TWICE.split("    - {Dense")
    compiled = "compile: {loss: SparseCategoricalCrossentropy}\n"
    Path(config).write_text(f"{block}{begun}    - {{use: end}}\n{compiled}")
    assert run(["config", "validate", config, "--strict"]) == 2
    assert "twice.yaml:1:" in capsys.readouterr().err
    Path(config).write_text(f"{block}{begun}    - {{use: end, ignore: softmax-twice}}\n{compiled}")
    assert run(["config", "validate", config, "--strict"]) == 0


def test_an_unknown_rule_is_an_error_with_a_suggestion(config, capsys):
    Path(config).write_text(TWICE + "ignore: [softmax-twise]\n")
    assert run(["config", "validate", config]) == 2
    told = capsys.readouterr().err
    assert "twice.yaml:8:10: error[unknown-rule]" in told
    assert "did you mean 'softmax-twice'?" in told


def test_what_has_no_sensible_reading_is_an_error_without_strict(config, capsys):
    Path(config).write_text(TWICE.replace("units: $classes, activation: softmax", "units: 1"))
    assert run(["config", "validate", config]) == 2
    assert "error[one-unit-softmax]" in capsys.readouterr().err


def test_only_the_summary_of_show_warns(config, capsys):
    assert run(["config", "show", config]) == 0
    assert "warning" not in capsys.readouterr().err
    assert run(["config", "show", config, "--summary"]) == 0
    assert "warning[softmax-twice]" in capsys.readouterr().err
    assert run(["config", "show", config, "--summary", "--strict"]) == 2


def test_training_and_comparing_are_refused_before_anything_is_made(config, tmp_path, capsys):
    assert run(["train", config, "--strict"]) == 2
    assert "error[softmax-twice]" in capsys.readouterr().err
    assert run(["compare-optimizers", config, "--executor", "serial", "--strict"]) == 2
    assert "error[softmax-twice]" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [config]
