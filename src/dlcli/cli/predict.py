"""`dlcli predict`: what a saved run says of new examples."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click

from dlcli.cli.output import echo, emit_json
from dlcli.cli.plugins import PLUGIN


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("source", type=click.Path(), metavar="INPUT")
@click.option("--root", default="runs", show_default=True, help="Folder of the runs.")
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def predict(run: str, source: str, root: str, as_json: bool) -> None:
    """Predict the examples in INPUT with RUN, and print the predictions as CSV.

    INPUT is a file of the kind that RUN was trained on: a table with the same columns, texts (or
    .txt, one per line), an image or a folder of images. Every run also takes an .npz file with an
    array `x`; a run of a built-in data set takes a CSV file of numbers, one example per row. Each
    row of the result holds the predicted class and the probability of every class.
    """
    from dlcli.train.saved import predict_file

    rows = predict_file(Path(root), run, Path(source)).rows()
    if as_json:
        emit_json({"predictions": rows})
        return
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    echo(stream.getvalue(), nl=False)
