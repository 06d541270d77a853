"""docs/rules.md is what the rules themselves say."""

from __future__ import annotations

from pathlib import Path

from dlcli import rules
from dlcli.rules.pages import markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_document_is_made_from_the_rules():
    assert DOCUMENT.read_text("utf-8") == markdown(), "make rules"


def test_the_document_has_a_page_for_every_rule_with_wrong_right_and_source():
    pages = markdown().split("\n### ")[1:]
    assert [page.splitlines()[0] for page in pages] == list(rules.names())
    for page in pages:
        assert page.index("\nWrong:\n") < page.index("\nRight:\n") < page.index("\nSource: ")


def test_there_are_forty_rules_and_more():
    assert len(rules.every()) >= 40
