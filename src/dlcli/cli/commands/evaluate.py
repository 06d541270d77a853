"""`dlcli eval`: metrics of a saved run, each with an interval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dlcli.cli.options.places import ROOT, complete_run
from dlcli.cli.options.plugins import PLUGIN
from dlcli.cli.options.strictness import warning_teller
from dlcli.cli.screen.output import echo, emit_json, note, print_table

if TYPE_CHECKING:
    from dlcli.metrics.evaluation import Evaluation

MATRIX_COLUMNS = 20
"""Classes up to which a confusion matrix is readable on a screen."""


@click.command("eval")
@click.argument("run", required=False, metavar="[RUN]", shell_complete=complete_run)
@click.option(
    "--metrics",
    "names",
    help="Metrics, e.g. f1,top_k:3,auc.  [default: the run's own]",
)
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    help="Part of the data to score.  [default: test]",
)
@click.option(
    "--data",
    "path",
    type=click.Path(),
    help="Other examples: files as in training, or an .npz file with x and y.",
)
@ROOT
@PLUGIN
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    run: str | None,
    names: str | None,
    split: str | None,
    path: str | None,
    root: str,
    as_json: bool,
) -> None:
    """Score a saved run. Without RUN, score the newest one.

    Each score has a 95 % interval. `dlcli ls metrics` lists the metrics.
    """
    from dlcli.train.saved import evaluate_run

    wanted = None if names is None else [name.strip() for name in names.split(",")]
    found, evaluated = evaluate_run(
        Path(root),
        run,
        wanted,
        split=split,
        path=Path(path) if path else None,
        warn=warning_teller(),
    )
    if as_json:
        emit_json({"run": str(found.path), **evaluated.to_dict()})
    else:
        note(f"run: {found.path}")
        _print(evaluated)


def _print(evaluated: Evaluation) -> None:
    percent = f"{100 * evaluated.confidence:g} % interval"
    rows = []
    for name, score in evaluated.scores.items():
        if isinstance(score.value, list) and score.value and isinstance(score.value[0], list):
            continue  # the confusion matrix is printed below
        rows += _rows(name, score.value, score.interval, evaluated.classes)
        for simple, found in evaluated.baselines.items():
            if name in found:
                named = f"{name}, {simple}"
                rows += _rows(named, found[name].value, found[name].interval, evaluated.classes)
    print_table(["metric", "value", percent], rows, numeric=("value",))
    if evaluated.per_class:
        echo()
        columns = list(evaluated.per_class[0].to_dict())
        table = [[_shown(v) for v in row.to_dict().values()] for row in evaluated.per_class]
        print_table(columns, table, numeric=columns[1:])
    if evaluated.confusion is not None:
        echo()
        _print_confusion(evaluated)
    places = evaluated.places
    of = "" if places is None else f", of which {places:,} steps or pixels are scored"
    note(f"{evaluated.examples} examples{of}")
    for remark in evaluated.notes:
        note(remark)


def _rows(name: str, value: Any, interval: Any, classes: tuple[str, ...]) -> list[list[str]]:
    if isinstance(value, list):
        pairs = zip(classes, value, interval or [None] * len(value), strict=True)
        return [[f"{name} {label}", _shown(v), _interval(i)] for label, v, i in pairs]
    return [[name, _shown(value), _interval(interval)]]


def _interval(interval: Any) -> str:
    return "-" if interval is None else f"[{interval[0]:.4f}, {interval[1]:.4f}]"


def _shown(value: Any) -> str:
    if value is None:
        return "undefined"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _print_confusion(evaluated: Evaluation) -> None:
    matrix = evaluated.confusion
    assert matrix is not None  # noqa: S101  (see the caller)
    if len(matrix) > MATRIX_COLUMNS:
        note(f"the confusion matrix of {len(matrix)} classes is only in --json")
        return
    columns = ["true \\ predicted", *evaluated.classes]
    rows = [
        [name, *(str(count) for count in row)]
        for name, row in zip(evaluated.classes, matrix, strict=True)
    ]
    print_table(columns, rows, numeric=evaluated.classes)
