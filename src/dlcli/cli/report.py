"""`dlcli report`: a page to look at, of a run or a comparison."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlcli.errors import UserError

if TYPE_CHECKING:
    from dlcli.store.comparisons import ComparisonFolder


@click.command()
@click.argument("name", metavar="RUN|COMPARISON")
@click.option("--root", default="runs", show_default=True, help="Folder that holds the runs.")
@click.option(
    "--comparisons", default="comparisons", show_default=True, help="Folder of comparisons."
)
@click.option("--open", "show", is_flag=True, help="Open it in a browser.")
def report(name: str, root: str, comparisons: str, show: bool) -> None:
    """Write report.html of a run or a comparison, and print where it is.

    One file that needs no network: it can be mailed, archived and printed.
    """
    from dlcli.store.comparisons import ComparisonFolder

    place = next((p for p in (Path(name), Path(comparisons) / name) if _is_comparison(p)), None)
    if place is not None:
        path = write_comparison_report(ComparisonFolder(place))
    else:
        path = write_run_report(Path(root), name)
    click.echo(str(path))
    if show:
        click.launch(str(path))


def _is_comparison(path: Path) -> bool:
    from dlcli.store.comparisons import SUMMARY, ComparisonFolder

    if not path.is_dir() or ComparisonFolder(path).problems() is None:
        return False
    if not (path / SUMMARY).exists():
        remedy = "the same `dlcli compare-optimizers` again finishes it"
        raise UserError(f"{path} has no tables yet: it was cut off", remedy=remedy)
    return True


def write_comparison_report(folder: ComparisonFolder) -> Path:
    """Write the page of a comparison into its folder, and return where it is."""
    from dlcli.report.page import REPORT, comparison_page

    folder.write_text(REPORT, comparison_page(folder))
    return folder.path / REPORT


def write_run_report(root: Path, name: str) -> Path:
    """Write the page of a run into its folder, and return where it is."""
    from dlcli.report.page import REPORT, run_page
    from dlcli.scoring import data_form, open_run, read_predictions

    run, config = open_run(root, name)
    description = None
    with contextlib.suppress(UserError):  # the user's own data may not be there any more
        description = data_form(run, config).description
    run.write_text(REPORT, run_page(run, description, read_predictions(run)))
    return run.path / REPORT
