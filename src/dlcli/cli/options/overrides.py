"""The option `--set`, which changes values of a config."""

from __future__ import annotations

import click

SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change a value, e.g. fit.epochs=20. Repeatable.",
)
