"""`dlcli predict`: what a saved run says of new examples."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import BinaryIO

import click

from dlcli.cli.options.places import ROOT, complete_input
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.options.strictness import warning_teller
from dlcli.cli.screen.output import echo, emit_json, note
from dlcli.errors import UserError
from dlcli.store.runs import is_run, list_runs, newest_run


def _run_and_input(
    _context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]
) -> tuple[str | None, str]:
    """Return the run, None for the newest, and what to predict.

    Raises:
        click.BadArgumentUsage: If there are more than the two.
    """
    if len(words) > 2:
        raise click.BadArgumentUsage(
            f"give a run and one INPUT, not {len(words) - 1}; a folder of images is one"
        )
    return (None, words[0]) if len(words) == 1 else (words[0], words[1])


def _check_no_run(source: str, root: str) -> None:
    """Make sure that a lone word is an input.

    Raises:
        UserError: If it is a run.
    """
    named = not Path(source).exists() and any(run.name == source for run in list_runs(Path(root)))
    if named or is_run(Path(source)):
        remedy = f"Name it after the run: dlcli predict {source} new.csv"
        raise UserError(f"{source} is a run; there is no INPUT to predict", remedy=remedy)


def _stdin(source: str) -> BinaryIO | None:
    """Return standard input if it is what to predict; say so to who would have to type it."""
    if source != "-":
        return None
    if sys.stdin.isatty():
        note("reading examples from standard input; Ctrl-D ends them")
    return sys.stdin.buffer


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[RUN] INPUT", callback=_run_and_input,
                shell_complete=complete_input)  # fmt: skip
@ROOT
@click.option("--keep", help="Columns of INPUT to print beside the predictions, e.g. id,date.")
@click.option(
    "--out", type=click.Path(), help="Save an .npz file, or a folder of predicted images."
)
@click.option("--digits", type=click.IntRange(1, 17), help="Digits of the numbers printed.  "
              "[default: 4 after the point of a probability, 6 of a value]")  # fmt: skip
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def predict(
    words: tuple[str | None, str],
    root: str,
    keep: str | None,
    out: str | None,
    digits: int | None,
    as_json: bool,
) -> None:
    """Predict the examples in INPUT with RUN, and print the predictions as CSV.

    Without RUN, the newest one. INPUT is a file of the kind that RUN was trained on: a table
    with the same columns, texts (or .txt, one per line), an image or a folder of images. `-` reads
    a table or texts from standard input. Every run also takes an .npz file with an array `x`; a
    run of a built-in data set takes a CSV file of numbers, one example per row, or images if it
    was trained on images. Each row of the result holds the file of an image or the id
    of a sequence, the predicted class and the probability of every class; a model that predicts
    each step has a row for each. Save predicted pixels with --out: PNG images in a folder, with
    the classes of the training masks.
    """
    from dlcli.train.predicting import predict_file, save_predictions

    columns = [name.strip() for name in (keep or "").split(",") if name.strip()]
    run, source = words
    if run is None:
        _check_no_run(source, root)
        run = str(newest_run(Path(root)).path)
        note(f"run: {run}")
    found = predict_file(
        Path(root), run, Path(source), columns, warn=warning_teller(), stdin=_stdin(source)
    )
    for remark in found.told:
        note(remark)
    if out is not None:
        note(save_predictions(found, Path(out)))
        return
    rows = found.rows()
    if as_json:
        emit_json({"predictions": rows})
        return
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    shown = f".{digits or 4}f" if found.classes else f".{digits or 6}g"
    writer.writerows(
        {name: f"{cell:{shown}}" if isinstance(cell, float) else cell for name, cell in row.items()}
        for row in rows
    )
    echo(stream.getvalue(), nl=False)
