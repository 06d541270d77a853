"""The rate sensitivity as text: a row a candidate, within 80 columns, without colour."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dlcli.compare.results.wording import shown_score
from dlcli.report.text.cells import cell_width, cut, cut_middle, padded
from dlcli.report.text.rows import part, ranked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pandas import DataFrame

    from dlcli.compare.results import Results

HEIGHTS, DIGITS = "▁▂▃▄▅▆▇█", "12345678"
FAILED, CHOSEN = "x", "*"
NAME, COLUMNS, SHOWN = 22, 34, 16
"""Characters of a name and of all rates, and candidates that are shown."""

FINEST = 0.125
"""In decades: rates closer than this share a column."""


def sensitivity_lines(results: Results, problem: str, *, plain: bool = False) -> Iterator[str]:
    """Yield lines that show how the validation score depends on the learning rate.

    The lowest height is the score of knowing nothing, or, without such, of what is far below the
    median; the highest is the best of all. A rate at which half of the trials or more diverged or
    stayed at chance has no height.

    Args:
        results: Of `sensitivity` the columns problem, candidate, learning_rate, score, runs,
            failed and chosen; of `summary` problem, candidate, rank and width_decades.
        problem: One of them.
        plain: Heights as digits, for a terminal that knows nothing but ASCII.
    """
    rows = part(results.sensitivity, problem=problem)
    rows = rows[rows["learning_rate"] > 0]
    names = ranked(results, problem)
    if rows["learning_rate"].nunique() < 2:
        return
    heights = DIGITS if plain else HEIGHTS
    grid = _Grid(rows["learning_rate"].to_numpy(float))
    low, high = _range(results, problem, rows)
    yield (
        f"{results.validation_text} by rate: {heights[0]} {shown_score(low)} to {heights[-1]} "
        f"{shown_score(high)}, {FAILED} at chance, {CHOSEN} recommended"
    )
    told = _short(names[:SHOWN])
    width = max(map(cell_width, told))
    yield f"{'':{width}}  {grid.ruler()}  decades within 2 %"
    widths = part(results.summary, problem=problem).set_index("candidate")["width_decades"]
    for name, short in zip(names, told, strict=False):
        cells = grid.row(part(rows, candidate=name), low, high, heights)
        wide = widths.get(name, math.nan)
        decades = "-" if wide is None or math.isnan(wide) else f"{wide:.1f}"
        yield f"{padded(short, width)}  {cells}  {decades}".rstrip()
    if len(names) > SHOWN:
        yield f"and {len(names) - SHOWN} more"


def _short(names: Sequence[str]) -> list[str]:
    """Return names that find room, without their ends; without their middles if those are alike."""
    ends = [cut(name, NAME) for name in names]
    return [
        short if ends.count(short) == 1 else cut_middle(name, NAME)
        for name, short in zip(names, ends, strict=True)
    ]


def _range(results: Results, problem: str, rows: DataFrame) -> tuple[float, float]:
    """Return the scores of the lowest and of the highest mark."""
    scores = rows["score"].to_numpy(float)
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        return math.nan, math.nan
    high = float(scores.max() if results.greater_is_better else scores.min())
    chance = results.chance[problem]
    if math.isfinite(chance):
        return chance, high
    far = 3 * (float(np.median(scores)) - high)
    worst = float(scores.min() if results.greater_is_better else scores.max())
    return (max(worst, high + far) if results.greater_is_better else min(worst, high + far)), high


class _Grid:
    """Places of learning rates on a line of characters, even in their logarithm."""

    def __init__(self, rates: np.ndarray) -> None:
        logs = np.unique(np.log10(rates))
        self.first, self.last = float(logs[0]), float(logs[-1])
        gaps = np.diff(logs)
        step = max(float(gaps[gaps > FINEST / 2].min(initial=1.0)), FINEST)
        cells = round((self.last - self.first) / step) + 1
        self.cell = 2 if 2 * cells <= COLUMNS else 1
        self.step = max(step, (self.last - self.first) * self.cell / COLUMNS)
        self.width = self.cell * (round((self.last - self.first) / self.step) + 1)

    def place(self, log: float) -> int:
        """Return the first character of a rate's cell."""
        return self.cell * round((log - self.first) / self.step)

    def ruler(self) -> str:
        """Return the decades that find room, each above its own cell."""
        line = ""
        for power in range(math.ceil(self.first - 1e-9), math.floor(self.last + 1e-9) + 1):
            place = self.place(power)
            text = "1" if power == 0 else "10" if power == 1 else f"1e{power}"
            if place >= len(line) + bool(line) and place + len(text) <= self.width:
                line = line.ljust(place) + text
        return line.ljust(self.width)

    def row(self, rows: DataFrame, low: float, high: float, heights: str) -> str:
        """Return a candidate's line."""
        line = [" "] * self.width
        columns = ["learning_rate", "score", "runs", "failed", "chosen"]
        for rate, score, runs, failed, chosen in rows[columns].itertuples(index=False):
            place = self.place(math.log10(rate))
            fails = failed and 2 * failed >= runs
            line[place] = FAILED if fails else _height(score, low, high, heights)
            if chosen and self.cell > 1:
                line[place + 1] = CHOSEN
        return "".join(line)


def _height(score: float, low: float, high: float, heights: str) -> str:
    if not math.isfinite(score):
        return FAILED
    share = (score - low) / (high - low) if high != low else 1.0
    return heights[min(max(int(share * len(heights)), 0), len(heights) - 1)]
