"""Every rule's page is true: what it calls wrong is found, what it calls right is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dlcli import rules
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.config.yaml.text import parse_yaml
from tests.rules import files
from tests.rules.judged import judged, looked, rules_of

OF_CONFIGS = [rule for rule in rules.every() if rule.moment == "config"]
OF_DATA = [rule for rule in rules.every() if rule.moment == "data"]


def found_in(yaml):
    try:
        return judged(yaml).looks("config")
    except ConfigError as error:
        return error.diagnostics


def pasted(hint):
    """Return what of a hint can be pasted: flow mappings, and keys with a value."""
    braces, rest = [], ""
    depth = 0
    for letter in hint:
        if letter == "{" and depth == 0:
            braces.append("")
        depth += letter == "{"
        if depth:
            braces[-1] += letter
        else:
            rest += letter
        depth -= letter == "}"
    return [*braces, *re.findall(r"\b[a-z_0-9]+: (?:\[[^]]*\]|[\w$.]+)", rest)]


@pytest.mark.parametrize("rule", rules.every(), ids=lambda rule: rule.name)
def test_a_page_has_all_its_parts(rule):
    assert rule.why.endswith(".")
    assert rule.why.count(". ") == 0
    assert rule.wrong != rule.right
    assert re.search(r"\b(19|20)\d\d\b|Keras", rule.source)


@pytest.mark.parametrize("rule", OF_CONFIGS, ids=lambda rule: rule.name)
def test_what_a_page_calls_wrong_is_found_at_a_line_with_a_remedy(rule):
    (found,) = [d for d in found_in(rule.wrong) if d.rule == rule.name]
    assert found.severity == rule.severity
    assert found.mark.text.name == "page.yaml"
    assert (found.mark.line, found.mark.column) != (1, 1)
    assert pasted(found.hint)
    for yaml in pasted(found.hint):
        assert parse_yaml(Text("hint", yaml))


@pytest.mark.parametrize("rule", OF_CONFIGS, ids=lambda rule: rule.name)
def test_what_a_page_calls_right_is_not_warned_of(rule):
    assert rules_of(found_in(rule.right)) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("files")
    files.write(made)
    return made


@pytest.mark.parametrize("rule", OF_DATA, ids=lambda rule: rule.name)
def test_what_a_page_calls_wrong_is_found_in_the_data(rule, folder, monkeypatch):
    monkeypatch.chdir(folder)
    found = looked(rule.wrong)
    assert rules_of(found) == [rule.name]
    assert "examples" in found[0].message
    assert pasted(found[0].hint)
    for yaml in pasted(found[0].hint):
        assert parse_yaml(Text("hint", yaml))


@pytest.mark.parametrize("rule", OF_DATA, ids=lambda rule: rule.name)
def test_what_a_page_calls_right_is_not_warned_of_with_its_data(rule, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert rules_of(looked(rule.right)) == []


@pytest.mark.parametrize("rule", OF_CONFIGS, ids=lambda rule: rule.name)
def test_the_top_of_a_config_silences_a_rule(rule):
    assert rule.name not in rules_of(found_in(f"{rule.wrong}\nignore: {rule.name}"))


def test_names_are_unique_and_no_config_error_has_one():
    assert len(set(rules.names())) == len(rules.names())
    source = Path(rules.__file__).parents[1]
    text = "".join(path.read_text("utf-8") for path in source.joinpath("config").glob("*.py"))
    assert [name for name in rules.names() if f'"{name}"' in text] == []
