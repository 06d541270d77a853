"""`dlcli explain` shows what rules mean."""

from __future__ import annotations

import json

import pytest

from dlcli import rules
from dlcli.cli import run


def test_all_rules_are_listed_by_family(capsys):
    assert run(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split()[1] for line in lines] == list(rules.names())
    families = [line.split()[0] for line in lines]
    assert [f for i, f in enumerate(families) if f not in families[:i]] == [
        module.__name__.rpartition(".")[2] for module in rules.FAMILIES
    ]


def test_a_rule_has_a_page(capsys):
    assert run(["explain", "softmax-twice"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("warning[softmax-twice] (ends, checked before anything is loaded)")
    assert "\nWrong:\n\n    model:\n" in page
    assert "\nRight:\n" in page
    assert "\nSource: Humbatova et al. 2020" in page


def test_a_near_miss_is_suggested(capsys):
    assert run(["explain", "softmax-twise"]) == 2
    assert "did you mean 'softmax-twice'?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["explain", "--json"], ["explain", "relu-output", "--json"]])
def test_json_has_the_whole_page(arguments, capsys):
    assert run(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    one = found["rule"] if "rule" in found else found["rules"][0]
    assert {"name", "family", "severity", "moment", "why", "wrong", "right", "source"} <= set(one)
