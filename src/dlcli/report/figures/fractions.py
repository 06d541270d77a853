"""The figure of score against training size: whether more data would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import NullFormatter, NullLocator

from dlcli.report.drawing.panels import Cast, describe, limits, problem_panels
from dlcli.report.text.rows import part, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from dlcli.compare.results import Results

AXIS = "training examples (log scale)"


def score_by_training_size(results: Results, cast: Cast) -> Figure:
    """Draw each candidate's mean score by the number of training examples, with its 95 % band.

    Args:
        results: Of `fractions` the columns problem, candidate, examples, runs, mean, low and high.
        cast: The candidates.
    """
    figure, axes = problem_panels(results, cast.entries())
    for problem, panel in axes.items():
        rows = part(results.fractions, problem=problem)
        for name in ranked(results, problem):
            _draw(panel, cast, name, part(rows, candidate=name))
        panel.set_ylim(*limits([rows[["low", "mean", "high"]].to_numpy(float).ravel()]))
        _tick_sizes(panel, rows)
        runs = int(rows["runs"].min()) if len(rows) else 0
        title = [problem, f"mean of {runs} replications, 95% bands" if runs > 1 else ""]
        describe(panel, title, AXIS, results.score_text)
    return figure


def _draw(panel: Axes, cast: Cast, candidate: str, rows: DataFrame) -> None:
    style = cast.candidates[candidate]
    sizes = rows["examples"].to_numpy(float)
    panel.plot(sizes, rows["mean"].to_numpy(float), **style.line())
    low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
    panel.fill_between(sizes, low, high, color=style.colour, alpha=0.12, linewidth=0)


def _tick_sizes(panel: Axes, rows: DataFrame) -> None:
    """Tick a logarithmic axis at the sizes that were trained with."""
    sizes = sorted({int(size) for size in rows["examples"]})
    panel.set_xscale("log")
    panel.set_xticks(sizes, [f"{size:,}" for size in sizes])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_minor_formatter(NullFormatter())
