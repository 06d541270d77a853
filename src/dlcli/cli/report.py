"""`dlcli report`: a page to look at, of a run or a comparison."""

from __future__ import annotations

from pathlib import Path

import click

from dlcli.cli.output import echo, note
from dlcli.cli.plugins import PLUGIN


@click.command()
@click.argument("name", metavar="RUN|COMPARISON")
@click.option("--root", default="runs", show_default=True, help="Folder that holds the runs.")
@click.option(
    "--comparisons", default="comparisons", show_default=True, help="Folder of comparisons."
)
@PLUGIN
@click.option("--open", "show", is_flag=True, help="Open it in a browser.")
def report(name: str, root: str, comparisons: str, show: bool) -> None:
    """Write report.html of a run or a comparison, and print where it is.

    One file that needs no network: it can be mailed, archived and printed.
    """
    from dlcli.report.writing import write_report
    from dlcli.store.folder import Folder

    path = write_report(name, Path(root), Path(comparisons))
    if Folder(path.parent).is_locked():
        note(f"{path.parent} is in use right now: the page shows what was written before")
    echo(str(path))
    if show:
        click.launch(str(path))
