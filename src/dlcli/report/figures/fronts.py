"""The figure of score against cost, with the Pareto front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from dlcli.report.drawing.panels import Cast, describe, panels
from dlcli.report.drawing.style import GREY
from dlcli.report.text.costs import AXES, shown_count
from dlcli.report.text.rows import part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame, Series

    from dlcli.compare.results import Results

_FRONT: dict[str, Any] = {
    "color": GREY, "linewidth": 1.0, "linestyle": "--", "zorder": 1, "drawstyle": "steps-post",
}  # fmt: skip
_RING: dict[str, Any] = {
    "marker": "o", "markersize": 10, "markerfacecolor": "none", "markeredgecolor": GREY,
    "markeredgewidth": 1.0,
}  # fmt: skip


def score_against_cost(results: Results, cast: Cast) -> Figure:
    """Draw the score of each candidate against each of its costs; rings and steps mark the front.

    Args:
        results: Of `costs` all columns.
        cast: The candidates.
    """
    drawn = [
        (problem, name)
        for problem in dict.fromkeys(results.costs["problem"])
        for name in AXES
        if _differs(part(results.costs, problem=problem), name)
    ]
    entries = [*cast.entries(), Line2D([], [], label="Pareto front", **_FRONT | _RING)]
    figure, axes = panels(len(drawn), entries, height=2.6)
    for panel, (problem, name) in zip(axes, drawn, strict=True):
        _draw(panel, part(results.costs, problem=problem), name, cast)
        title = [problem] if len(results.problems) > 1 else []
        describe(panel, title, AXES[name], results.score_text)
    return figure


def has_costs(results: Results) -> bool:
    """Whether any cost differs between candidates, so that there is something to draw."""
    return any(
        _differs(rows, name) for _, rows in results.costs.groupby("problem") for name in AXES
    )


def _differs(rows: DataFrame, name: str) -> bool:
    return len(rows[name].dropna().unique()) > 1


def _draw(panel: Axes, rows: DataFrame, name: str, cast: Cast) -> None:
    front = rows[rows[f"{name}_front"].astype(bool)].sort_values([name, "mean"])
    panel.plot(front[name], front["mean"], **_FRONT | _RING)
    for _, row in rows.dropna(subset=[name, "mean"]).iterrows():
        style, cost = cast.candidates[row["candidate"]], row[name]
        ends = [row["low"], row["high"]]
        panel.plot([cost] * 2, ends, color=style.colour, linewidth=1.1, zorder=3)
        panel.plot([cost], [row["mean"]], **style.marks(), zorder=4)
    _scale(panel, rows[name].dropna())


def _scale(panel: Axes, costs: Series[float]) -> None:
    """Choose a logarithmic axis where costs span a decade, and write its numbers as tables do."""
    least, most = float(costs.min()), float(costs.max())
    if least > 0 and most >= DECADE * least:
        panel.set_xscale("log")
        panel.set_xlim(least / 1.5, most * 1.5)
        panel.xaxis.set_major_locator(LogLocator(numticks=6))
        panel.xaxis.set_minor_formatter(NullFormatter())
    else:
        panel.margins(x=0.15)
        panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: shown_tick(value)))


DECADE = 10


def shown_tick(value: float) -> str:
    """Write a number of an axis: counts as tables do, small ones as they are."""
    return shown_count(value) if value >= 1000 else f"{value:g}"
