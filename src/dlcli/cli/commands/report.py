"""`dlcli report`: a page to look at, of a run or a comparison."""

from __future__ import annotations

from pathlib import Path

import click

from dlcli.cli.options.places import COMPARISONS, ROOT, complete_either
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.screen.output import echo, note
from dlcli.errors import UserError
from dlcli.store.comparisons import ComparisonFolder, list_comparisons
from dlcli.store.folder import recency
from dlcli.store.runs import RunFolder, list_runs


@click.command()
@click.argument("name", required=False, metavar="[RUN|COMPARISON]",
                shell_complete=complete_either)  # fmt: skip
@ROOT
@COMPARISONS
@PLUGIN
@click.option("--open", "show", is_flag=True, help="Open the report in a browser.")
def report(name: str | None, root: str, comparisons: str, show: bool) -> None:
    """Write the HTML report of a run or a comparison, and print its path.

    Without a name, that of the newest one.

    The report is one file that needs no network: you can mail, archive and print it. Beside that of
    a run, dlcli writes its learning curves (SVG, PNG) and its scores as a LaTeX table.
    """
    from dlcli.report.writing import write_report
    from dlcli.store.folder import Folder

    if name is None:
        name = _newest(Path(root), Path(comparisons))
    path = write_report(name, Path(root), Path(comparisons))
    if Folder(path.parent).is_locked():
        note(f"{path.parent} is in use right now: the page shows an earlier state")
    echo(str(path))
    if show:
        click.launch(str(path))


def _newest(root: Path, comparisons: Path) -> str:
    """Return the newest run or comparison.

    Raises:
        UserError: If there is none.
    """
    found: list[RunFolder | ComparisonFolder] = [
        *list_runs(root)[:1],
        *list_comparisons(comparisons)[:1],
    ]
    if not found:
        remedy = "Make one: dlcli train CONFIG, or dlcli compare-optimizers."
        raise UserError(f"there is no run in {root} and no comparison in {comparisons}",
                        remedy=remedy)  # fmt: skip
    return str(max(found, key=lambda folder: recency(folder.started())).path)
