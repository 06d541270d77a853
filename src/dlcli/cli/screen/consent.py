"""The question before a comparison that takes very long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dlcli.cli.screen.output import note, shown_time
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

YES = click.option(
    "-y", "--yes", is_flag=True, help="Start without asking, however long the plan takes."
)

SMALLER = "Limit it, e.g. with --budget 2h, --seeds, --preset quick or fewer candidates"


def asker(*, yes: bool) -> Callable[[int, float], None]:
    """Return what asks whether so many trials, of so many seconds, are to be started.

    It raises `UserError` if they are not, or if nobody can be asked.
    """

    def ask(trials: int, seconds: float) -> None:
        told = told_size(trials, seconds)
        if yes:
            note(told)
        elif not sys.stdin.isatty():
            remedy = f"Give --yes to start it. {SMALLER}; --dry-run shows the plan."
            raise UserError(f"a plan this large is not started unasked: {told}", remedy=remedy)
        elif not click.confirm(f"{told}; start?", err=True):
            raise UserError("nothing was trained", remedy=f"{SMALLER}.")

    return ask


def told_size(trials: int, seconds: float) -> str:
    """Say how large a plan is."""
    return f"{trials:,} trials remain (about {shown_time(seconds)})"
