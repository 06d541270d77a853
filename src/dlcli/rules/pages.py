"""The rules' pages as one document: what docs/rules.md holds."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from dlcli.rules import FAMILIES, MOMENTS, every

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.rules import Rule

INTRODUCTION = """\
# Rules

What trains and is probably not meant. `dlcli config validate` and `dlcli config show --summary` look
at the config and what is known of its data. `dlcli train` and `dlcli compare-optimizers` look at the
examples, too, before they start: at most 20,000 of a part, evenly spread over it. `dlcli train` looks
at the history when it ends; `dlcli predict` and `dlcli eval --data` look at new examples.

A warning changes no result and no exit code; with `--strict` it is an error. Some rules are errors in
any case: they find what has no sensible reading. `ignore: RULE` at the top of a config silences a
rule, beside a layer for this layer alone. `dlcli explain RULE` shows a page of this document.

This file is made from the rules themselves (`make rules`). Tests check that each rule finds what its
page calls wrong, and nothing in what it calls right. An example leaves out what does not matter: where
no data are named they are `digits`, where no layers are named, a softmax behind a Flatten.
"""  # noqa: E501 (as wide as the other documents)


def markdown() -> str:
    """Return the document: a list of all rules by family, then a page for each."""
    rules = every()
    parts = [INTRODUCTION, _contents(rules)]
    for family in FAMILIES:
        name = family.__name__.rpartition(".")[2]
        title, _, purpose = (inspect.getdoc(family) or "").partition(": ")
        parts.append(f"## {title}\n\n{purpose[:1].upper()}{purpose[1:]}\n")
        parts += [_page(rule) for rule in rules if rule.family == name]
    return "\n".join(parts)


def _contents(rules: Sequence[Rule]) -> str:
    rows = [f"| {rule.family} | [{rule.name}](#{rule.name}) | {rule.why} |" for rule in rules]
    return "\n".join(["| family | rule | why |", "| --- | --- | --- |", *rows, ""])


def _page(rule: Rule) -> str:
    details = [rule.details, ""] if rule.details else []
    lines = [
        f"### {rule.name}",
        "",
        rule.why,
        "",
        *details,
        f"Checked {MOMENTS[rule.moment]}; {_article(rule.severity)}.",
        "",
        "Wrong:",
        "",
        *_indented(rule.wrong),
        "",
        "Right:",
        "",
        *_indented(rule.right),
        "",
        f"Source: {rule.source}.",
        "",
    ]
    return "\n".join(lines)


def _article(severity: str) -> str:
    return f"{'an' if severity[0] in 'aeiou' else 'a'} {severity}"


def _indented(yaml: str) -> list[str]:
    return [f"    {line}".rstrip() for line in yaml.splitlines()]
