"""`dlcli predict`: what a saved run says of new examples."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import click

from dlcli.cli.output import emit_json


@click.command()
@click.argument("run", metavar="RUN")
@click.argument("source", type=click.Path(), metavar="INPUT")
@click.option("--root", default="runs", show_default=True, help="Folder that holds the runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of CSV.")
def predict(run: str, source: str, root: str, as_json: bool) -> None:
    """Print predictions of RUN for the examples in INPUT.

    INPUT is a CSV file, an example a row (a header is optional; images row by row), or an .npz
    file with an array `x`. The result is CSV: the likeliest class, then every probability.
    """
    from dlcli.scoring import predict_file

    rows = predict_file(Path(root), run, Path(source)).rows()
    if as_json:
        emit_json({"predictions": rows})
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
