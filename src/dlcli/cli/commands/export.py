"""`dlcli export`: a trained model for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from dlcli.cli.options.places import ROOT, complete_run
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.screen.output import echo, emit_json, note
from dlcli.train.formats import SUFFIXES


@click.command()
@click.argument("run", required=False, shell_complete=complete_run)
@click.option("--format", "kind", type=click.Choice(list(SUFFIXES)), default="savedmodel",
              show_default=True, help="savedmodel: TensorFlow, a folder; litert: phones and "
              "microcontrollers, .tflite; onnx: most other runtimes, .onnx.")  # fmt: skip
@click.option("--out", type=click.Path(), help="File or folder to write.  [default: RUN's name]")
@ROOT
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(run: str | None, kind: str, out: str | None, root: str, as_json: bool) -> None:
    """Write the trained model of RUN in a format that runs without Keras.

    Without RUN, the newest one. Layers that prepare inputs, such as Normalization, are part of the
    model; layers that act while training alone, such as Dropout or RandomFlip, do nothing in it.
    The file is run in the format's own runtime, and its outputs are compared with the run's. A
    .json file beside it says what the model takes and gives.
    """
    from dlcli.train.exporting import export_run

    found = export_run(Path(root), run, kind, None if out is None else Path(out))
    for remark in found.told:
        note(remark)
    if as_json:
        emit_json(
            {"model": str(found.model), "description": str(found.description),
             "examples": found.examples, "largest_difference": found.difference}
        )  # fmt: skip
        return
    note(f"same outputs as the run's on {found.examples} examples (within {found.difference:.1g})")
    echo(str(found.model))
    echo(str(found.description))
