"""Figures that compare candidates by a number each: the heat map and the ranks over problems."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from dlcli.report.drawing.panels import WIDTH, Cast, describe, limits, text_width
from dlcli.report.drawing.style import GREY, Style, number, wrapped
from dlcli.report.text.rows import part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray
    from pandas import DataFrame

    from dlcli.compare.results import Results
    from dlcli.statistics.ranking import CriticalDifference

_CELL = (0.72, 0.36)
_LEAST = 1.6
_NAME = 26
_RANK = 0.34
_BAR = 0.35


def initializers(results: Results, cast: Cast) -> Figure:
    """Draw the mean score of each optimizer with each initializer, and the rate it was given.

    Args:
        results: Of `summary` the columns problem, rank, candidate, label, initializer, mean and
            learning_rate.
        cast: The candidates.
    """
    labels, names = list(cast.labels), list(cast.initializers)
    count = len(results.problems)
    width = max(WIDTH, 3.2 + _CELL[0] * len(names))
    height = max(len(labels) * _CELL[1], _LEAST) + _around(names)
    figure = Figure(figsize=(width, count * height), layout="constrained")
    panels = figure.subplots(count, 1, squeeze=False).flat
    for problem, panel in zip(results.problems, panels, strict=True):
        bar = _heat_map(panel, results, problem, labels, names)
        bar.set_label(wrapped(results.score_text, 24))
        panel.set_yticks(range(len(labels)), [wrapped(label, _NAME) for label in labels])
        _name_columns(panel, names)
        said = "mean score and recommended learning rate (lr)"
        describe(panel, [problem, said], "initializer", "optimizer")
    return figure


def _heat_map(
    panel: Axes, results: Results, problem: str, labels: list[str], names: list[str]
) -> Colorbar:
    """Draw the cells, their colours told apart by the better half, and return the colour bar."""
    rows = part(results.summary, problem=problem)
    best_first = rows.sort_values("rank", kind="stable")["mean"].to_numpy(float)
    low, high = limits([[value] for value in best_first])
    means = _grid(rows, labels, names, "mean")
    colours = "cividis" if results.greater_is_better else "cividis_r"
    image = panel.imshow(means, cmap=colours, norm=Normalize(low, high), aspect="auto")
    panel.grid(visible=False)
    _write_cells(panel, image, means, _grid(rows, labels, names, "learning_rate"))
    extend = _extension(means, low, high)
    return panel.figure.colorbar(image, ax=panel, extend=extend)


def _name_columns(panel: Axes, names: list[str]) -> None:
    texts = [wrapped(name, _NAME) for name in names]
    panel.set_xticks(range(len(names)), texts, rotation=0 if _lie_flat(names) else 90)


def _lie_flat(names: list[str]) -> bool:
    """Return whether names fit side by side under their columns."""
    return len(names) * (max(map(text_width, names)) + 0.1) < 3.2


def _around(names: list[str]) -> float:
    """Return the height of a panel's title and the names below it, in inches."""
    if _lie_flat(names):
        return 1.2
    return 1.1 + max(text_width(wrapped(name, _NAME)) for name in names)


def critical_difference(results: Results, found: CriticalDifference, cast: Cast) -> Figure:
    """Draw average ranks over problems; a bar joins those that cannot be told apart (Demšar 2006).

    Args:
        results: `candidates`, in the order of `found.ranks`, and `problems`.
        found: What to draw.
        cast: The candidates.
    """
    ranks = np.asarray(found.ranks, dtype=float)
    order = np.argsort(ranks, kind="stable")
    half = math.ceil(len(order) / 2)
    first = 0.7 + _BAR * len(found.cliques)
    figure = Figure(figsize=(WIDTH, _RANK * (first + half) + 1.4), layout="constrained")
    panel = figure.subplots()
    _rank_axis(panel, len(ranks), found.difference, f"{len(results.problems)} problems")
    for place, index in enumerate(order):
        left = place < half
        depth = first + (place if left else len(order) - 1 - place)
        name = results.candidates[index]
        _draw_rank(panel, name, float(ranks[index]), depth, cast.candidates[name], left=left)
    for place, clique in enumerate(found.cliques):
        ends = [ranks[list(clique)].min() - 0.03, ranks[list(clique)].max() + 0.03]
        panel.plot(ends, [0.5 + _BAR * place] * 2, color="black", linewidth=3.5, zorder=3)
    _difference_bar(panel, found, first + half)
    return figure


def _rank_axis(panel: Axes, candidates: int, difference: float, over: str) -> None:
    room = 0.02 * candidates
    panel.set_xlim(1 - room, max(candidates, 1 + difference) + room)
    panel.spines[["left", "bottom"]].set_visible(False)
    panel.spines["top"].set_visible(True)
    panel.grid(visible=False)
    panel.set_yticks([])
    panel.xaxis.tick_top()
    panel.xaxis.set_label_position("top")
    panel.set_xticks(range(1, candidates + 1, math.ceil(candidates / 20)))
    panel.set_xlabel(f"average rank over {over} (1 is best)")


def _draw_rank(
    panel: Axes, name: str, rank: float, depth: float, style: Style, *, left: bool
) -> None:
    """Lead a line from a rank on the axis to the candidate's name at the side."""
    side = panel.get_xlim()[0 if left else 1]
    panel.plot([rank, rank, side], [0, depth, depth], color=style.colour, linewidth=1)
    panel.plot([rank], [0], clip_on=False, zorder=4, **style.marks())
    panel.text(
        -0.01 if left else 1.01,
        depth,
        wrapped(f"{name} ({rank:.2f})", _NAME),
        transform=panel.get_yaxis_transform(),
        ha="right" if left else "left",
        va="center",
    )


def _difference_bar(panel: Axes, found: CriticalDifference, depth: float) -> None:
    """Draw how far apart two ranks must be, under all names, where nothing else is."""
    panel.plot([1, 1 + found.difference], [depth + 0.2] * 2, color=GREY, marker="|", linewidth=1.5)
    test = f"Friedman test: p = {found.friedman.p_value:.2g}"
    text = f"critical difference {found.difference:.2f}; {test}"
    panel.text(1, depth + 0.5, text, va="top")
    panel.set_ylim(depth + 1.1, 0)


def _grid(rows: DataFrame, labels: list[str], names: list[str], column: str) -> NDArray[np.float64]:
    """Return a column as a table of labels by initializers; NaN where there is no candidate."""
    table = rows.pivot(index="label", columns="initializer", values=column)  # noqa: PD010
    return table.reindex(index=labels, columns=names).to_numpy(float)


def _write_cells(
    panel: Axes, image: AxesImage, means: NDArray[np.float64], rates: NDArray[np.float64]
) -> None:
    """Write each mean and learning rate, in white on dark cells and in black on light ones."""
    for row, column in np.ndindex(means.shape):
        mean = float(means[row, column])
        if np.isnan(mean):
            continue
        text = f"{number(mean)}\nlr {rates[row, column]:.2g}"
        red, green, blue, _ = image.to_rgba(np.asarray(mean))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        panel.text(column, row, text, ha="center", va="center", color="white" if dark else "black")


def _extension(means: NDArray[np.float64], low: float, high: float) -> str:
    """Return which ends of the colour bar stand for more than their number."""
    below, above = bool((means < low).any()), bool((means > high).any())
    return {(True, True): "both", (True, False): "min", (False, True): "max"}.get(
        (below, above), "neither"
    )
