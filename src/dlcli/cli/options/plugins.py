"""The option that names the user's own code, which runs only because it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def _activate(
    context: click.Context, _parameter: click.Parameter, given: Sequence[str]
) -> Sequence[str]:
    """Let configs name what the plugins define; those of `DLCLI_PLUGINS` come first."""
    from dlcli.catalogue import plugins

    names = (*plugins.named_by_environment(), *given)
    if names and not context.resilient_parsing:
        plugins.activate(names)
    return given


PLUGIN = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE.py",
    expose_value=False,
    callback=_activate,
    help="Your own code, whose classes configs may name. May be repeated.",
)
