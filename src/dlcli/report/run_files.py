"""What stands beside a run's page: its learning curves as figures, its scores as a LaTeX table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from dlcli.report.drawing.panels import describe, panels, whole_numbers
from dlcli.report.drawing.saving import save_figure
from dlcli.report.drawing.style import applied
from dlcli.report.page.run import PARTS, curve_names, curve_scale, damage_told, shown_score
from dlcli.report.page.sources import number, read_rows
from dlcli.report.text.latex import latex_table
from dlcli.store.runs import CURVES, HISTORY, METRICS, SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcli.report.page.sources import Row
    from dlcli.store.runs import RunFolder

DASHES = {"solid": "solid", "dash": "dashed"}
"""Plotly's line styles, as matplotlib calls them."""

LARGEST = 1e300
"""Matplotlib computes with differences of values, which must be finite too."""


def write_run_files(run: RunFolder) -> None:
    """Write the learning curves as SVG and PNG, and the scores as a LaTeX table.

    A run without a whole epoch has no curves, and one that is not finished no scores: what it lacks
    is not written.

    Raises:
        FullDiskError: If the disk is full.
        UserError: If a file of the run is damaged, or its folder cannot be written to.
    """
    with damage_told(run):
        rows = read_rows(run, HISTORY)
        if rows and (names := curve_names(rows)):
            with applied():
                save_figure(learning_curves(rows, names), run.path, CURVES)
        scores = run.read_json(METRICS) if (run.path / METRICS).exists() else {}
        if scores:
            caption = f"Scores of the run {run.name} after {run.epochs_done()} epochs."
            run.write_text(SCORES, scores_table(scores, caption))


def learning_curves(rows: Sequence[Row], names: Sequence[str]) -> Figure:
    """Draw a panel for each score, with a line for training and one for validation.

    Args:
        rows: Of the history, text by column; at least one.
        names: Columns that are drawn, without the `val_` of validation; at least one.
    """
    shown = [part for part in PARTS if any(f"{part}{name}" in rows[0] for name in names)]
    entries = [Line2D([], [], label=PARTS[part][0], **_line(part)) for part in shown]
    figure, axes = panels(len(names), entries, height=3.3 if len(names) == 1 else 2.4)
    for name, panel in zip(names, axes, strict=True):
        _draw(panel, rows, name)
    return figure


def _draw(panel: Axes, rows: Sequence[Row], name: str) -> None:
    epochs = [_drawable(row["epoch"]) for row in rows]
    for part in PARTS:
        if f"{part}{name}" in rows[0]:
            values = [_drawable(row[f"{part}{name}"]) for row in rows]
            marker = "o" if len(rows) == 1 else "none"  # a line of one epoch is not seen
            panel.plot(epochs, values, marker=marker, **_line(part))
    whole_numbers(panel)
    scale = curve_scale(rows, name)
    if scale.log:
        panel.set_yscale("log")
    if ends := scale.ends():
        panel.set_ylim(*ends)
    describe(panel, [], "epoch", scale.named(name.replace("_", " ")))


def _line(part: str) -> dict[str, Any]:
    _, colour, dash = PARTS[part]
    return {"color": colour, "linestyle": DASHES[dash]}


def _drawable(text: str) -> float:
    """Return a cell's number, NaN where there is none that can be drawn: a gap."""
    value = number(text)
    return math.nan if value is None or abs(value) > LARGEST else value


def scores_table(scores: Mapping[str, Mapping[str, Any]], caption: str) -> str:
    """Return the scores as a LaTeX table: a row for each metric, a column for each part.

    Args:
        scores: By part and metric; at least one part.
        caption: Of the table.
    """
    names = next(iter(scores.values()))
    rows = [[name, *(shown_score(scores[part].get(name)) for part in scores)] for name in names]
    return latex_table(caption, ["metric", *scores], rows, list(scores))
