"""`dlcli predict`: what a saved run says of new examples."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click

from dlcli.cli.output import echo, emit_json
from dlcli.cli.strictness import warning_teller


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("source", type=click.Path(), metavar="INPUT")
@click.option("--root", default="runs", show_default=True, help="Folder that holds the runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def predict(run: str, source: str, root: str, as_json: bool) -> None:
    """Print predictions of RUN for the examples in INPUT.

    INPUT is of the kind that RUN was trained on: a CSV file with the same columns, a file of texts
    (or .txt, one a line), an image or a folder of images. Any RUN takes an .npz file with an array
    `x`, and one of a built-in data set a CSV file of numbers, an example a row (images row by row).
    The result is CSV: the likeliest class, then every probability.
    """
    from dlcli.train.saved import predict_file

    rows = predict_file(Path(root), run, Path(source), warning_teller()).rows()
    if as_json:
        emit_json({"predictions": rows})
        return
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    echo(stream.getvalue(), nl=False)
