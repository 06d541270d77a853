"""`dlcli config` checks configs, and shows what they mean."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlcli.cli import run
from tests.cli.work import CONFIGS
from tests.config.broken import GOOD
from tests.helpers import SMALL


@pytest.mark.slow
def test_summary_builds_without_data_and_prints_json(tmp_path):
    path = str(CONFIGS / "cifar10_resnet20.yaml")
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "dlcli", "config", "show", path, "--summary", "--json"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["summary"]["parameters"] == 274_442
    assert not (tmp_path / "datasets").exists()


def test_validate_tells_all_mistakes_of_all_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD)
    Path("one.yaml").write_text(GOOD.replace("Flatten", "Flaten"))
    Path("two.yaml").write_text(GOOD + "fit: {epochs: 0}\nfti: 1\n")
    assert run(["config", "validate", "good.yaml", "one.yaml", "two.yaml"]) == 2
    told = capsys.readouterr().err
    assert "good.yaml: ok" in told
    assert "one.yaml:4:7: error[unknown-name]" in told
    assert "two.yaml:6:15: error[out-of-range]" in told
    assert "two.yaml:7:1: error[unknown-key]" in told


def test_validate_tells_a_missing_file_beside_a_mistake(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(GOOD.replace("Flatten", "Flaten"))
    assert run(["config", "validate", "one.yaml", "nothing.yaml"]) == 2
    blocks = capsys.readouterr().err.split("\n\n")
    assert blocks[0].startswith("one.yaml:4:7: error[unknown-name]")
    assert any(b.startswith("error: there is no config nothing.yaml\n  = hint:") for b in blocks)


def test_validate_prints_json_for_machines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(GOOD.replace("Flatten", "Flaten"))
    assert run(["config", "validate", "one.yaml", "nothing.yaml", "--format", "json"]) == 2
    found, missing = json.loads(capsys.readouterr().out)
    assert (found["line"], found["column"], found["rule"]) == (4, 7, "unknown-name")
    assert (missing["file"], missing["rule"]) == ("nothing.yaml", "unusable")
    assert set(found) == set(missing)


def test_show_prints_a_config_that_means_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    assert run(["config", "show", "small.yaml"]) == 0
    shown = capsys.readouterr().out
    assert "beta_1: 0.9" in shown
    assert "SparseCategoricalCrossentropy" in shown
    Path("shown.yaml").write_text(shown)
    assert run(["config", "show", "shown.yaml"]) == 0
    assert capsys.readouterr().out == shown


def test_show_diff_prints_only_what_differs_from_the_defaults(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    assert run(["config", "show", "small.yaml", "--diff", "--json"]) == 0
    diff = json.loads(capsys.readouterr().out)["diff"]
    assert diff["fit.epochs"] == {"value": 4, "default": 10}
    assert "fit.shuffle" not in diff
    assert "model.layers[0].id" not in diff
    Path("good.yaml").write_text(GOOD)
    assert run(["config", "show", "good.yaml", "--diff", "--json"]) == 0
    diff = json.loads(capsys.readouterr().out)["diff"]
    assert not [key for key in diff if key.startswith(("compile", "fit"))]
