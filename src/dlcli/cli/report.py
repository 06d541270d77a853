"""`dlcli report`: a page to look at, of a run or a comparison."""

from __future__ import annotations

from pathlib import Path

import click

from dlcli.cli.output import echo, note
from dlcli.cli.plugins import PLUGIN


@click.command()
@click.argument("name", metavar="RUN|COMPARISON")
@click.option("--root", default="runs", show_default=True, help="Folder of the runs.")
@click.option(
    "--comparisons", default="comparisons", show_default=True, help="Folder of the comparisons."
)
@PLUGIN
@click.option("--open", "show", is_flag=True, help="Open the report in a browser.")
def report(name: str, root: str, comparisons: str, show: bool) -> None:
    """Write the HTML report of a run or a comparison, and print its path.

    The report is one file that needs no network: you can mail, archive and print it.
    """
    from dlcli.report.writing import write_report
    from dlcli.store.folder import Folder

    path = write_report(name, Path(root), Path(comparisons))
    if Folder(path.parent).is_locked():
        note(f"{path.parent} is in use right now: the page shows an earlier state")
    echo(str(path))
    if show:
        click.launch(str(path))
