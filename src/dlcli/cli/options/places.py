"""Where runs and comparisons lie: the options that say so, and the completion of their names."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlcli.errors import UserError
from dlcli.store.comparisons import DEFAULT_FOLDER, list_comparisons
from dlcli.store.runs import list_runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click.shell_completion import CompletionItem

RUNS = "runs"

ROOT = click.option("--root", default=RUNS, show_default=True, help="Folder of the runs.")
COMPARISONS = click.option(
    "--comparisons", default=DEFAULT_FOLDER, show_default=True, help="Folder of the comparisons."
)


def complete_run(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the runs whose names go on from what is written, the newest first."""
    return _items(_names(context, "root", RUNS), incomplete)


def complete_comparison(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the comparisons whose names go on from what is written, the newest first."""
    return _items(_names(context, "comparisons", DEFAULT_FOLDER), incomplete)


def complete_either(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the comparisons and the runs whose names go on from what is written."""
    compared = _names(context, "comparisons", DEFAULT_FOLDER)
    return _items([*compared, *_names(context, "root", RUNS)], incomplete)


def complete_input(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the runs whose names go on from what is written; the shell's files if none does."""
    return complete_run(context, parameter, incomplete) or _files(incomplete)


def complete_config(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the YAML files whose paths go on from what is written.

    Where folders do too, or nothing does, the shell completes files: only it leaves out the blank
    after a folder.
    """
    folder, slash, start = incomplete.rpartition("/")
    found: list[str] = []
    with contextlib.suppress(OSError):
        for path in sorted(Path(f"{folder}{slash}" or ".").iterdir()):
            if path.name.startswith(start) and path.is_dir():
                return _files(incomplete)
            if path.suffix in (".yaml", ".yml"):
                found.append(f"{folder}{slash}{path.name}")
    return _items(found, incomplete) or _files(incomplete)


def _files(incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _names(context: click.Context, option: str, default: str) -> list[str]:
    """Return the names in the folder that an option gives; none if it cannot be read."""
    place = Path(context.params.get(option) or default)
    with contextlib.suppress(OSError, UserError):
        folders = list_runs(place) if option == "root" else list_comparisons(place)
        return [folder.name for folder in folders]
    return []


def complete_optimizers(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the optimizers that what follows the last comma of `A,B` may become."""
    from dlcli.catalogue.catalogue import load_catalogue

    before, comma, _ = incomplete.rpartition(",")
    catalogue = load_catalogue()
    names = [
        name
        for name in catalogue.names("optimizers")
        if (entry := catalogue.find("optimizers", name)) is not None and not entry.refused
    ]
    return _items([f"{before}{comma}{name}" for name in names], incomplete)


def _items(found: Iterable[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in found if name.startswith(incomplete)]
