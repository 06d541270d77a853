"""`dlcli inspect`: figures of what is inside a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.options.places import ROOT, complete_run
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.screen.output import echo, emit_json, note, print_table
from dlcli.errors import UserError
from dlcli.store.runs import newest_run

if TYPE_CHECKING:
    from collections.abc import Sequence


NAMED = 10
"""Dead filters of a layer that are named."""


def _words(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=complete_run)
@click.option(
    "--filters", is_flag=True, help="Draw the convolution kernels and what each responds to."
)
@click.option(
    "--feature-maps", metavar="INPUT", help="Draw the output of each filter for an example."
)
@click.option(
    "--invariance", default="", callback=_words, metavar="shift,rotate,scale",
    help="Draw the accuracy on moved images, over the distance.",
)  # fmt: skip
@click.option(
    "--hidden-states", metavar="INPUT",
    help="Draw states, gates and gradients of recurrent layers over the steps of an example.",
)  # fmt: skip
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="ID",
    help="Draw only this layer. Repeatable.  [default: all]",
)
@click.option(
    "--examples", default=1000, show_default=True, type=click.IntRange(min=1),
    help="Most examples to search or to move.",
)  # fmt: skip
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder to write to.  [default: RUN/inspect, or ./inspect for several]",
)
@ROOT
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(
    runs: Sequence[str],
    *,
    filters: bool,
    feature_maps: str | None,
    invariance: tuple[str, ...],
    hidden_states: str | None,
    layers: tuple[str, ...],
    examples: int,
    out: str | None,
    root: str,
    as_json: bool,
) -> None:
    """Draw what a trained network has learned, as PNG and SVG, and print the paths.

    Without RUN, the newest one. INPUT is an example: test:17 (or train:, validation:) of the
    run's data, or a file as for `dlcli predict`. With several RUNs, --invariance and the
    gradients of --hidden-states show them in one figure.
    """
    if not (filters or feature_maps or invariance or hidden_states):
        remedy = (
            "Add --filters, --feature-maps test:0, --invariance shift or --hidden-states test:0."
        )
        raise UserError("no figure was asked for", remedy=remedy)
    from dlcli.report.inside.runs import Wanted, inspect_runs

    wanted = Wanted(filters, feature_maps, invariance, hidden_states, layers, examples)
    if not runs:
        runs = (str(newest_run(Path(root)).path),)
        note(f"run: {runs[0]}")
    found = inspect_runs(Path(root), runs, wanted, None if out is None else Path(out))
    if as_json:
        emit_json({"files": [str(path) for path in found.files], **found.tables})
        return
    if "invariance" in found.tables:
        _print_invariance(found.tables["invariance"])
        echo()
    for row in found.tables.get("filters", ()):
        echo(_dead_filters(row, several=len(runs) > 1))
    for path in found.files:
        echo(str(path))


def _dead_filters(row: dict[str, Any], *, several: bool) -> str:
    """Say how many filters of a layer are dead, and which."""
    layer = f"{row['run']}: {row['layer']}" if several else row["layer"]
    examples = "1 example" if row["examples"] == 1 else f"{row['examples']} examples"
    dead = row["dead"]
    if not dead:
        return f"{layer}: none of {row['filters']} filters is dead on {examples}"
    named = ", ".join(map(str, dead[:NAMED])) + (", ..." if len(dead) > NAMED else "")
    number = "filter" if len(dead) == 1 else "filters"
    verb = "is" if len(dead) == 1 else "are"
    return (
        f"{layer}: {len(dead)} of {row['filters']} filters {verb} dead on {examples} "
        f"({number} {named})"
    )


def _print_invariance(rows: Sequence[dict[str, Any]]) -> None:
    columns = ("run", "move", "amount", "accuracy [95 %]", "same prediction [95 %]")
    cells = [
        (row["run"], row["kind"], f"{row['amount']:g}",
         _interval(row, "accuracy"), _interval(row, "consistency"))
        for row in rows
    ]  # fmt: skip
    print_table(columns, cells, numeric=("amount",))
    note(f"on {rows[0]['images']} images, each moved in every direction")


def _interval(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[name]:.3f} [{low:.3f}, {high:.3f}]"
