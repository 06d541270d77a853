"""`dlcli explain`: what a rule means, wrong and right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dlcli.cli.screen.output import echo, emit_json, print_sentence, print_table

if TYPE_CHECKING:
    from dlcli.rules import Rule


@click.command()
@click.argument("rule", required=False, metavar="[RULE]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(rule: str | None, as_json: bool) -> None:
    """Explain a rule: what it warns of, why, and what to write instead.

    Without RULE, all rules are listed.
    """
    from dlcli import rules

    if rule is None:
        listed = rules.every()
        if as_json:
            emit_json({"rules": [each.to_dict() for each in listed]})
        else:
            print_table(["family", "rule", "why"], [[r.family, r.name, r.why] for r in listed])
        return
    found = rules.find(rule)
    if as_json:
        emit_json({"rule": found.to_dict()})
    else:
        _print(found)


def _print(rule: Rule) -> None:
    from dlcli.rules import MOMENTS

    echo(f"{rule.severity}[{rule.name}] ({rule.family}, checked {MOMENTS[rule.moment]})\n")
    print_sentence(rule.why)
    if rule.details:
        echo()
        print_sentence(rule.details)
    for title, yaml in (("Wrong", rule.wrong), ("Right", rule.right)):
        echo(f"\n{title}:\n")
        for line in yaml.splitlines():
            echo(f"    {line}".rstrip())
    echo()
    print_sentence(f"Source: {rule.source}")
    echo(f"To silence it: ignore: {rule.name}, beside a layer or at the top of the config")
