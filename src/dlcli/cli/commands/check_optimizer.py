"""`dlcli check-optimizer`: whether an optimizer does what Keras and comparisons expect of one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.screen.output import emit_json, print_table
from dlcli.errors import UserError

if TYPE_CHECKING:
    from dlcli.config.sections.experiment import Call

MARKS = {"passed": "ok", "failed": "FAILED", "unasked": "-"}


@click.command("check-optimizer")
@click.argument("optimizer", metavar="OPTIMIZER")
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check_optimizer(optimizer: str, as_json: bool) -> None:
    """Check an optimizer on a small problem: one table, and exit code 1 if a check fails.

    OPTIMIZER is FILE.py:CLASS, or a name as in a config, with arguments in brackets:
    "SGD(momentum=0.9)".
    """
    from dlcli.runtime.quiet import load_tensorflow

    call = read_optimizer(optimizer)
    load_tensorflow()
    from dlcli.compare.plan.candidates import rate_range
    from dlcli.compare.plan.rates import grid
    from dlcli.engine.checks import Subject, check_optimizer

    found = rate_range(call)
    rates = (found.low,) if found.is_point else grid(found, 0.5)
    outcomes = check_optimizer(Subject(call, rates))
    failed = any(outcome.result == "failed" for outcome in outcomes)
    if as_json:
        emit_json({"optimizer": optimizer, "checks": [asdict(o) for o in outcomes]})
    else:
        rows = [[o.check, MARKS[o.result], o.detail] for o in outcomes]
        print_table(["check", "result", "detail"], rows)
    if failed:
        click.get_current_context().exit(1)


def read_optimizer(text: str) -> Call:
    """Return the optimizer that a word of the command line means; a file's code is loaded.

    Raises:
        UserError: If there is no such file or class.
        ConfigError: If its arguments are wrong.
    """
    from dlcli.catalogue import plugins
    from dlcli.catalogue.catalogue import load_catalogue
    from dlcli.compare.plan.settings import as_list
    from dlcli.config.grammar.pieces import read_entry
    from dlcli.config.grammar.reading import Reader
    from dlcli.config.yaml.diagnostics import ConfigError
    from dlcli.config.yaml.nodes import Sequence, Text
    from dlcli.config.yaml.text import parse_yaml

    file, colon, name = text.rpartition(":")
    if colon and file.endswith(".py"):
        plugins.activate([file])
    elif text.endswith(".py"):
        raise UserError(f"{text} names no class", remedy=f"name one: {text}:MyOptimizer")
    else:
        name = text
    reader = Reader(load_catalogue())
    node = parse_yaml(Text("<optimizer>", as_list(name)))
    items = node.items if isinstance(node, Sequence) else ()
    if len(items) != 1:
        raise UserError(f"'{text}' is no optimizer", remedy="name one, such as Adam")
    call = read_entry(items[0], "optimizers", "optimizer", reader)
    if reader.diagnostics:
        raise ConfigError(reader.diagnostics)
    made: Call = call
    return made
