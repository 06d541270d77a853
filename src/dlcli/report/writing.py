"""A run or a comparison becomes the page that shows it: what `dlcli report` does."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.errors import InUseError, UserError
from dlcli.report.page import REPORT, comparison_page, run_page
from dlcli.runtime.interrupts import finishing
from dlcli.store.comparisons import FIGURES, SUMMARY, ComparisonFolder, is_comparison
from dlcli.store.folder import explained_os_errors
from dlcli.train.saved import data_form, open_run, read_predictions

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlcli.compare.results import Results
    from dlcli.compare.session import ComparisonSession


def write_report(name: str, runs: Path, comparisons: Path) -> Path:
    """Write the page of a run or a comparison, and return where it is.

    Args:
        name: A path, or a name in one of the folders; a comparison goes before a run.
        runs: Folder of the runs.
        comparisons: Folder of the comparisons.

    Raises:
        UserError: If there is neither, or it has nothing to show.
    """
    for place in (Path(name), comparisons / name):
        folder = ComparisonFolder(place)
        if is_comparison(place.resolve()):
            return _write_comparison_report(folder)
    return write_run_report(runs, name)


def _write_comparison_report(folder: ComparisonFolder) -> Path:
    """Write the page of a comparison that may be going on.

    Raises:
        InUseError: If its tables cannot be shown yet.
        UserError: If its tables cannot be shown.
    """
    is_running = folder.is_locked()
    try:
        return write_comparison_report(folder)
    except InUseError:
        raise
    except UserError as error:
        if not is_running:
            raise
        message = f"{folder.path} is being compared right now: {error.message}"
        remedy = "wait for it to end: it writes its tables then"
        raise InUseError(message, remedy=remedy) from error


def write_comparison(
    session: ComparisonSession, tell: Callable[[str], None], *, figures: bool
) -> Results:
    """Write the tables of a comparison into its folder, and its figures and page if asked to.

    Tables that hold more trials than these are kept beside them.

    Args:
        session: Of the comparison; its folder is held.
        tell: Is told what the user should know.
        figures: Write figures and page too.
    """
    from dlcli.compare.recommended import write_best
    from dlcli.report.text.documents import write_tables

    folder = session.folder
    assert folder is not None  # noqa: S101 (there is one when something is written)
    results = session.results()
    if earlier := folder.set_aside(set(results.trials["key"])):
        tell(f"these tables hold fewer trials than those before, which are kept in {earlier}")
    write_tables(results, folder)
    write_best(session, results)
    if figures:
        from dlcli.report.figures.comparison import write_figures

        place = folder.own(FIGURES)
        with explained_os_errors(place):
            place.mkdir(exist_ok=True)
        write_figures(results, place)
        write_comparison_report(folder)
    return results


def write_interrupted(
    session: ComparisonSession, tell: Callable[[str], None], *, figures: bool
) -> None:
    """Write the tables of what is done after Ctrl-C, unless those that are there hold more."""
    assert session.folder is not None  # noqa: S101 (there is one when something is trained)
    keys = {record.key for record in session.records}
    if not keys or session.folder.would_lose(keys):
        return
    tell(f"\nwriting the tables of {len(keys)} finished trials; press Ctrl-C again to quit at once")
    with finishing(pressed=True):
        write_comparison(session, tell, figures=figures)
    tell(f"tables: {session.folder.path / 'summary.md'}")


def write_comparison_report(folder: ComparisonFolder) -> Path:
    """Write the page of a comparison into its folder, and return where it is.

    Raises:
        UserError: If it has no tables yet.
    """
    if not (folder.path / SUMMARY).exists():
        raise folder.without("tables")
    folder.write_text(REPORT, comparison_page(folder))
    return folder.path / REPORT


def write_run_report(root: Path, name: str) -> Path:
    """Write the page of a run into its folder, with figures and a table; return where it is.

    Raises:
        UserError: If there is no such run, or one of its files is damaged.
    """
    run, config = open_run(root, name)
    description = None
    with contextlib.suppress(UserError):  # the user's own data may not be there any more
        description = data_form(run, config).description
    run.write_text(REPORT, run_page(run, description, read_predictions(run)))
    from dlcli.report.run_files import write_run_files  # Matplotlib, which no page needs

    write_run_files(run)
    return run.path / REPORT
