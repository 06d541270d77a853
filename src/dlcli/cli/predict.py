"""`dlcli predict`: what a saved run says of new examples."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click

from dlcli.cli.output import echo, emit_json, note


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("source", type=click.Path(), metavar="INPUT")
@click.option("--root", default="runs", show_default=True, help="Folder that holds the runs.")
@click.option("--keep", help="Columns of INPUT to print beside the predictions, e.g. id,date.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def predict(run: str, source: str, root: str, keep: str | None, as_json: bool) -> None:
    """Print predictions of RUN for the examples in INPUT.

    INPUT is of the kind that RUN was trained on: a CSV file with the same columns, a file of texts
    (or .txt, one a line), an image or a folder of images. Any RUN takes an .npz file with an array
    `x`, and one of a built-in data set a CSV file of numbers, an example a row (images row by row).
    The result is CSV: the file of an image or the id of a sequence, the likeliest class, then every
    probability.
    """
    from dlcli.train.saved import predict_file

    columns = [name.strip() for name in (keep or "").split(",") if name.strip()]
    found = predict_file(Path(root), run, Path(source), columns)
    for remark in found.told:
        note(remark)
    rows = found.rows()
    if as_json:
        emit_json({"predictions": rows})
        return
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    echo(stream.getvalue(), nl=False)
