"""Rows of a comparison's tables: those of a problem or a candidate, and the candidates' order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pandas import DataFrame

    from dlcli.compare.results import Results


BANDED = 3
"""Runs that a band needs: the interval of two is hardly ever narrower than the whole axis."""


def part(frame: DataFrame, **equal: str) -> DataFrame:
    """Return the rows in which each named column has the given value."""
    chosen = np.ones(len(frame), dtype=bool)
    for column, value in equal.items():
        chosen &= (frame[column] == value).to_numpy()
    return frame.loc[chosen]


def ranked(results: Results, problem: str) -> list[str]:
    """Return the candidates of a problem, the best first.

    Args:
        results: Of `summary` the columns problem, candidate and rank.
        problem: One of them.
    """
    rows = part(results.summary, problem=problem).sort_values("rank", kind="stable")
    return [str(name) for name in rows["candidate"]]
