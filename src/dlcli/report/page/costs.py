"""Score against cost on a comparison's page: a table, and a figure with the Pareto front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dlcli.report.drawing.style import GREY
from dlcli.report.page.html import Figure, bare, paragraphs, table
from dlcli.report.page.sources import Row, number, shown
from dlcli.report.text.costs import AXES, READING, TITLES, cost_table
from dlcli.report.text.documents import without_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.report.page.plots import Tables


def cost_tables(rows: Sequence[Row]) -> list[str]:
    """Return the table of a problem's costs and how to read it; nothing where there are none.

    Args:
        rows: Of `costs.csv`, of one problem.
    """
    if not rows:
        return []
    header, cells, numeric = cost_table([_typed(row) for row in rows])
    shown_costs = table(header, cells, numeric=numeric, name="Costs")
    return [shown_costs, paragraphs(without_ticks(READING))]


def cost_figures(tables: Tables, rows: Sequence[Row], score: str) -> list[Figure]:
    """Return a figure for each cost in which candidates differ.

    Args:
        tables: Of the comparison.
        rows: Of `costs.csv`, of one problem.
        score: What the score is called.
    """
    drawn = [name for name in TITLES if len({row[name] for row in rows}) > 1]
    return [_figure(tables, rows, name, score) for name in drawn]


def _typed(row: Row) -> dict[str, Any]:
    """Return a row with its numbers as numbers, missing ones as NaN."""
    typed: dict[str, Any] = {"candidate": row["candidate"]}
    for name in ("mean", *TITLES):
        found = number(row[name])
        typed[name] = math.nan if found is None else found
    return typed | {f"{name}_front": is_front(row, name) for name in TITLES}


def is_front(row: Row, name: str) -> bool:
    """Whether a row of `costs.csv` is on the front of a cost."""
    return row[f"{name}_front"] == "True"


def _figure(tables: Tables, rows: Sequence[Row], name: str, score: str) -> Figure:
    front = sorted(
        (row for row in rows if is_front(row, name)), key=lambda row: number(row[name]) or 0.0
    )
    line = {
        "type": "scatter", "mode": "lines", "name": "Pareto front", "hoverinfo": "skip",
        "line": {"color": GREY, "dash": "dash", "width": 1, "shape": "hv"},
        "x": [number(row[name]) for row in front], "y": [number(row["mean"]) for row in front],
    }  # fmt: skip
    points = [
        {
            "type": "scatter", "mode": "markers", "name": bare(row["candidate"]),
            **tables.look(row["candidate"]), "x": [number(row[name])], "y": [number(row["mean"])],
            "error_y": _interval(row),
            "hovertemplate": f"%{{fullData.name}}: %{{y:.4f}}, {TITLES[name]} %{{x:.3s}}"
            "<extra></extra>",
        }
        for row in rows
    ]  # fmt: skip
    return Figure(
        f"Score against {TITLES[name]}",
        "Above the dashed line no candidate is as cheap and as good. Bars: 95 % intervals.",
        [line, *points],
        {
            "xaxis": {"title": {"text": AXES[name]}, "type": "log"},
            "yaxis": {"title": {"text": score}},
        },
        [["candidate", TITLES[name], "score"]]
        + [[row["candidate"], shown(row[name]), shown(row["mean"])] for row in rows],
    )


def _interval(row: Row) -> dict[str, Any]:
    """Return the ends of a score's interval, as plotly takes them."""
    mean, low, high = (number(row[name]) for name in ("mean", "low", "high"))
    if mean is None or low is None or high is None:
        return {}
    return {"type": "data", "symmetric": False, "array": [high - mean], "arrayminus": [mean - low]}
