"""`dlcli init` writes a config that is valid, and nothing over another file."""

from __future__ import annotations

import json
from pathlib import Path

from dlcli.cli import run
from tests.cli.work import CONFIGS


def test_init_writes_a_config_that_is_valid_and_its_schema(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    text = Path("digits_cnn.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=dlcli.schema.json\n")
    assert json.loads(Path("dlcli.schema.json").read_text())["$schema"]
    assert run(["config", "validate", "digits_cnn.yaml"]) == 0
    assert run(["init"]) == 2
    assert Path("digits_cnn.yaml").read_text() == text


def test_init_offers_every_example(capsys):
    assert run(["init", "--list"]) == 0
    assert capsys.readouterr().out.split() == sorted(p.stem for p in CONFIGS.glob("*.yaml"))


def test_init_makes_no_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "typo/my.yaml"]) == 2
    assert not Path("typo").exists()
