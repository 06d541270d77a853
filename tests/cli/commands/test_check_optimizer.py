"""`dlcli check-optimizer`: its table, and its exit codes."""

from __future__ import annotations

import json

import pytest

from dlcli.catalogue import plugins
from dlcli.cli import run
from tests.catalogue.test_plugins import read_here
from tests.plugged import PLUGIN, write_plugin


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("Adm", "did you mean 'Adam'?"),
        ("Sophia", "needs an estimate of the Hessian"),
        ("missing.py:Mine", "missing.py cannot be read"),
        ("my_optimizer.py", "names no class"),
        ("my_optimizer.py:Mind", "did you mean 'Mine'?"),
        ("my_optimizer.py:Mine(momentun=1)", "did you mean 'momentum'?"),
        ("Adam, SGD", "is no optimizer"),
        ("Dense", "it is one of the layers"),
    ],
)
def test_a_wrong_argument_ends_with_2(tmp_path, monkeypatch, capsys, word, told):
    monkeypatch.setattr(plugins, "run_introspection", read_here)
    write_plugin(tmp_path)
    assert run(["check-optimizer", word]) == 2
    assert told in capsys.readouterr().err
    plugins.deactivate()


def test_a_check_that_fails_ends_with_1_and_one_that_passes_with_0(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(plugins, "run_introspection", read_here)
    write_plugin(tmp_path, text=PLUGIN.replace("* step - rate", "* step + rate"))
    assert run(["check-optimizer", "my_optimizer.py:Mine", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [c["check"] for c in found["checks"] if c["result"] == "failed"] == ["converges"]
    plugins.deactivate()
    assert run(["check-optimizer", "SGD(momentum=0.9)"]) == 0
    table = capsys.readouterr().out
    assert "converges              ok      to " in table
    assert "FAILED" not in table
