"""What the figures share: a panel a problem, the legend under them, the limits of their axes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from dlcli.report.drawing.style import (
    FONT_SIZE,
    GREY,
    Style,
    candidate_styles,
    initializer_dashes,
    label_styles,
    wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray
    from pandas import DataFrame

    from dlcli.compare.results import Results

WIDTH = 6.5
"""Of a figure, in inches: the text of a page."""

_ROW = 1.6 * FONT_SIZE / 72
_HANDLE = 0.64
_ENTRY_LENGTHS = (84, 34)


@dataclass(frozen=True)
class Cast:
    """The candidates and how they are drawn, the same in every figure.

    Attributes:
        candidates: Their styles, the best of the first problem first.
        labels: Styles of optimizer labels, in the same order.
        initializers: Grey lines in their styles; empty if they are not crossed with optimizers.
    """

    candidates: Mapping[str, Style]
    labels: Mapping[str, Style]
    initializers: Mapping[str, Style]

    def entries(self, notes: Mapping[str, str] | None = None) -> list[Line2D]:
        """Return what a legend of lines says.

        Args:
            notes: Label to what is written after it.
        """
        found = notes or {}
        handles = []
        for label, style in self.labels.items():
            line = style.line() | ({"linestyle": "solid"} if self.initializers else {})
            handles.append(Line2D([], [], label=label + found.get(label, ""), **line))
        for name, style in self.initializers.items():
            line = style.line() | {"marker": "none"}
            handles.append(Line2D([], [], label=name, **line))
        return handles


def cast_of(results: Results) -> Cast:
    """Give each candidate its style.

    Args:
        results: Its `summary` needs columns candidate, label and initializer.
    """
    rows = results.summary.drop_duplicates("candidate")
    found = zip(rows["candidate"], rows["label"], rows["initializer"], strict=True)
    styles = label_styles(sorted(set(rows["label"])))
    labels = {label: styles[label] for label in dict.fromkeys(rows["label"])}
    names = sorted(set(rows["initializer"]))
    dashes = initializer_dashes(names) if len(names) > 1 else {}
    grey = {name: Style(GREY, "none", filled=True, dash=dash) for name, dash in dashes.items()}
    return Cast(candidate_styles(found), labels, grey)


def panels(
    count: int, entries: Sequence[Artist], *, height: float, columns: int = 2
) -> tuple[Figure, list[Axes]]:
    """Return a figure of panels in a grid above a legend.

    Args:
        count: How many panels.
        entries: Of the legend.
        height: Of a panel with its title and labels, in inches.
        columns: At most so many panels side by side.
    """
    wide = min(columns, count)
    rows = math.ceil(count / wide)
    beside, legend = _arrange(entries)
    figure = Figure(figsize=(WIDTH, rows * height + legend), layout="constrained")
    grid = list(figure.subplots(rows, wide, squeeze=False).flat)
    for spare in grid[count:]:
        spare.remove()
    if entries:
        figure.legend(handles=list(entries), loc="outside lower center", ncols=beside)
    return figure, grid[:count]


def problem_panels(results: Results, entries: Sequence[Artist]) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a panel a problem above a legend, and the panels by problem."""
    names = results.problems
    figure, axes = panels(len(names), entries, height=3.3 if len(names) == 1 else 2.6)
    return figure, dict(zip(names, axes, strict=True))


def describe(axes: Axes, title: Sequence[str], x: str, y: str, *, width: int = 68) -> None:
    """Write a panel's title, of several lines, and name its axes.

    Args:
        axes: The panel.
        title: Its lines.
        x: Of the horizontal axis.
        y: Of the vertical axis.
        width: Texts wider than so many characters are wrapped; panels side by side share it.
    """
    all_axes = axes.figure.axes
    fitting = width // axes.get_subplotspec().get_gridspec().ncols  # type: ignore[union-attr]
    axes.set_title("\n".join(wrapped(line, fitting) for line in title if line))
    axes.set_xlabel(wrapped(x, fitting))
    axes.set_ylabel(wrapped(y, 42 if len(all_axes) == 1 else 26))


def whole_numbers(axes: Axes) -> None:
    """Tick the horizontal axis at whole numbers only."""
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))


def sparse(index: int, count: int, points: int) -> tuple[int, int]:
    """Return where the `index`-th of `count` lines bears markers: elsewhere than its neighbours."""
    step = max(1, points // 6)
    return (index * step // max(count, 1), step)


def limits(values: Sequence[ArrayLike]) -> tuple[float, float]:
    """Return limits that show how the better half of the candidates differ.

    Whatever lies within twice the range of the better half is shown with them; a failure far from
    it is not, lest it squash what there is to see.

    Args:
        values: Of each candidate, the best candidate first.
    """
    finite = [_finite(item) for item in values]
    everything = np.concatenate([np.empty(0), *finite])
    if not everything.size:
        return (0.0, 1.0)
    better = np.concatenate([np.empty(0), *finite[: max(2, math.ceil(len(finite) / 2))]])
    span = float(np.ptp(better)) if better.size else 0.0
    if span > 0:
        near = (everything >= better.min() - 2 * span) & (everything <= better.max() + 2 * span)
        everything = everything[near]
    low, high = float(everything.min()), float(everything.max())
    room = 0.05 * (high - low) or 0.05 * abs(high) or 0.05
    return (low - room, high + room)


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=float).ravel()
    return np.asarray(found[np.isfinite(found)])


def fit_scale(
    axes: Axes,
    cast: Cast,
    lines: Mapping[str, DataFrame],
    x: str,
    columns: Sequence[str],
    bounds: tuple[float, float] | None = None,
) -> str:
    """Choose a panel's vertical limits by the better half of its lines and mark what ends outside.

    Args:
        axes: The panel, its lines drawn.
        cast: The candidates.
        lines: Rows by candidate, the best candidate first.
        x: Column of the horizontal axis.
        columns: That are drawn; the first is the line itself.
        bounds: Limits chosen otherwise.

    Returns:
        How many lines end outside, for the title; "" if none does.
    """
    low, high = bounds or limits([rows[list(columns)].to_numpy(float) for rows in lines.values()])
    axes.set_ylim(low, high)
    axes.set_xlim(*axes.get_xlim())
    left, right = axes.get_xlim()
    counts: Counter[str] = Counter()
    for candidate, rows in lines.items():
        end_x, end_y = float(rows[x].iloc[-1]), float(rows[columns[0]].iloc[-1])
        side = "below" if end_y < low else "above" if end_y > high else ""
        if not side:
            continue
        look = cast.candidates[candidate].marks() | {"marker": "v" if side == "below" else "^"}
        # One beside the other, so that they can be counted.
        place = end_x - 0.03 * (right - left) * counts[side]
        axes.plot([place], [low if side == "below" else high], clip_on=False, zorder=5, **look)
        counts[side] += 1
    return off_scale(counts)


def off_scale(counts: Mapping[str, int]) -> str:
    """Return a note on what lies outside of the axes.

    Args:
        counts: How many lie "below" and "above", or whatever the sides are called.
    """
    said = [f"{count} {side}" for side, count in counts.items() if count]
    return f"off the scale: {', '.join(said)}" if said else ""


@cache
def text_width(text: str) -> float:
    """Return the width of the widest line in inches."""
    return max(
        float(TextPath((0, 0), line, size=FONT_SIZE).get_extents().width) / 72
        for line in text.split("\n")
    )


def _arrange(entries: Sequence[Artist]) -> tuple[int, float]:
    """Return how many entries of a legend fit side by side, and the height they take together.

    Long labels are wrapped if a legend of many entries would have a single column otherwise.
    """
    if not entries:
        return 1, 0.0
    labels = [str(entry.get_label()) for entry in entries]
    columns = 1
    for length in _ENTRY_LENGTHS:
        texts = [wrapped(label, length) for label in labels]
        fitting = (n for n in range(len(texts), 0, -1) if _legend_width(texts, n) <= WIDTH - 0.2)
        columns = next(fitting, 1)
        if columns > 1 or len(texts) < 6:
            break
    for entry, text in zip(entries, texts, strict=True):
        entry.set_label(text)
    lines = max(sum(text.count("\n") + 1 for text in part) for part in _columns(texts, columns))
    return columns, _ROW * lines + 0.15


def _legend_width(texts: Sequence[str], columns: int) -> float:
    return sum(max(map(text_width, part)) + _HANDLE for part in _columns(texts, columns))


def _columns(texts: Sequence[str], count: int) -> list[list[str]]:
    """Distribute a legend's entries as matplotlib does."""
    return [[str(text) for text in part] for part in np.array_split(np.array(texts), count)]
