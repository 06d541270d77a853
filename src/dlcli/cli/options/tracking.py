"""The option `--tracking`, of every command that trains."""

from __future__ import annotations

from pathlib import Path

import click

LOGS = Path("tensorboard")
"""Where TensorBoard's logs of all runs and comparisons go."""

TRACKING = click.option(
    "--tracking",
    type=click.Choice(["tensorboard", "mlflow"]),
    help="Log the results to a tracker too.",
)


def check_tracking(kind: str | None) -> None:
    """Make sure that a tracker is installed before anything is trained.

    Raises:
        UserError: If it is not.
    """
    if kind is not None:
        from dlcli.tracking import check_installed

        check_installed(kind)
