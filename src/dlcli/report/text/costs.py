"""The table of score beside cost, for the terminal, the summary and the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from dlcli.compare.results.wording import shown_score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

CostRows: TypeAlias = "Sequence[pd.Series | Mapping[str, Any]]"

TITLES = {
    "parameters": "parameters",
    "flops": "FLOPs",
    "training_seconds": "training",
    "prediction_seconds": "prediction",
}
"""What the costs of `costs.csv` are called in tables."""

AXES = {
    "parameters": "parameters",
    "flops": "FLOPs for one example",
    "training_seconds": "seconds of training",
    "prediction_seconds": "seconds to predict 1000 examples",
}
"""What they are called on axes."""

FRONT = "*"
"""Marks a cost at which no other candidate is as cheap and as good."""

READING = (
    f"`{FRONT}`: on the Pareto front, so that no candidate is both as cheap and as good. FLOPs are "
    "those of one example; training is the median time of a trial, prediction that of 1000 "
    "examples."
)


def cost_table(rows: CostRows) -> tuple[list[str], list[list[str]], list[str]]:
    """Return the table of score and costs: its header, its cells and the columns of numbers.

    Args:
        rows: Of `costs.csv`, of one problem.
    """
    known = [name for name in TITLES if not all(math.isnan(row[name]) for row in rows)]
    header = ["candidate", "score", *(TITLES[name] for name in known)]
    cells = [
        [str(row["candidate"]), shown_score(row["mean"]), *(_shown(row, name) for name in known)]
        for row in rows
    ]
    return header, cells, header[1:]


def _shown(row: pd.Series | Mapping[str, Any], name: str) -> str:
    """Write a cost, marked where it is on the front."""
    value = float(row[name])
    if math.isnan(value):
        return "-"
    mark = FRONT if row[f"{name}_front"] else " "
    written = shown_count(value) if name in ("parameters", "flops") else shown_seconds(value)
    return f"{written}{mark}"


def shown_count(value: float) -> str:
    """Write a large number with three digits: `1,234` below 10,000, else `12.3 k`, `4.56 M`."""
    if value < 10_000:
        return f"{value:,.0f}"
    for unit, size in (("k", 1e3), ("M", 1e6), ("G", 1e9)):
        if value < 999.5 * size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e12:.3g} T"


def shown_seconds(value: float) -> str:
    """Write a time with two digits: `35 ms`, `1.2 s`."""
    return f"{1000 * value:.2g} ms" if value < 0.0995 else f"{float(f'{value:.2g}'):g} s"
