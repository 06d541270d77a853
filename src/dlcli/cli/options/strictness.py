"""Warnings of rules on the screen, and the option that makes errors of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dlcli.cli.screen.output import echo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlcli.config.yaml.diagnostics import Diagnostic

STRICT = click.option("--strict", is_flag=True, help="Treat warnings as errors (exit code 2).")

MORE = "; `dlcli explain RULE` tells more, `ignore: RULE` silences one"


def warning_teller(*, strict: bool = False) -> Callable[[Sequence[Diagnostic]], None]:
    """Return what prints warnings, or raises them as an error if that is asked for."""

    def tell(found: Sequence[Diagnostic]) -> None:
        if not found:
            return
        from dlcli.config.binding.findings import as_errors
        from dlcli.config.yaml.diagnostics import render_all

        if strict:
            raise as_errors(found)
        echo(render_all(found, "warning", MORE), err=True)

    return tell
