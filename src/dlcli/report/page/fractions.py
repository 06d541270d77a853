"""Score against training size on a comparison's page: a table and a figure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dlcli.report.figures.fractions import AXIS
from dlcli.report.page.html import Figure, paragraphs, table
from dlcli.report.page.plots import area_around, groups_of
from dlcli.report.page.sources import Row, number
from dlcli.report.text.documents import FRACTION_READING, fraction_table, without_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.report.page.plots import Tables


def fraction_tables(rows: Sequence[Row]) -> list[str]:
    """Return the table of scores by training size and how to read it; nothing without any.

    Args:
        rows: Of `fractions.csv`, of one problem.
    """
    if not rows:
        return []
    header, cells, numeric = fraction_table([_typed(row) for row in rows])
    shown = table(header, cells, numeric=numeric, name="Scores by training size")
    return [shown, paragraphs(without_ticks(FRACTION_READING))]


def fraction_figures(tables: Tables, rows: Sequence[Row], score: str) -> list[Figure]:
    """Return the figure of score against training size; none without such rows.

    Args:
        tables: Of the comparison.
        rows: Of `fractions.csv`, of one problem.
        score: What the score is called.
    """
    if not rows:
        return []
    lines = tables.lines(
        rows, "examples", "mean", ", %{x} examples: %{y:.4f}", mode="lines+markers"
    )
    for line in lines:
        line["legendgroup"] = line["name"]  # a click hides the band with its line
    bands = [
        area_around(*pair, -math.inf) for pair in zip(lines, groups_of(rows).values(), strict=True)
    ]
    header, cells, _ = fraction_table([_typed(row) for row in rows])
    sizes = sorted({int(row["examples"]) for row in rows})
    return [
        Figure(
            "Score by training size",
            "The mean score over the replications with a part of the training examples, with its "
            "95 % band.",
            [*(each for each in bands if each is not None), *lines],
            {
                "xaxis": {"title": {"text": AXIS}, "type": "log", "tickvals": sizes},
                "yaxis": {"title": {"text": score}},
            },
            [header, *cells],
        )
    ]


def _typed(row: Row) -> dict[str, Any]:
    """Return a row with its numbers as numbers, missing ones as NaN."""
    names = ("fraction", "mean", "low", "high", "gain", "gain_low", "gain_high")
    numbers = {name: number(row[name]) for name in names}
    known = {name: math.nan if value is None else value for name, value in numbers.items()}
    return {"candidate": row["candidate"], "examples": int(row["examples"]), **known}
