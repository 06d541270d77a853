"""Figures of paired scores: lines that join replications, and what candidates lack to the best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.lines import Line2D

from dlcli.report.drawing.panels import Cast, describe, limits, panels
from dlcli.report.drawing.style import FONT_SIZE, GREY, number, wrapped
from dlcli.report.text.documents import VERDICTS
from dlcli.report.text.rows import part, ranked

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from pandas import DataFrame

    from dlcli.compare.results import Results

_NAME = 34
_ROW = 1.25 * FONT_SIZE / 72
_AROUND = 0.95
"""Inches that the title and the horizontal axis take."""

NEAR = 4.0
"""Bounds up to so many margins are always shown."""

_PAIR: dict[str, Any] = {"linewidth": 0.9, "zorder": 1, "alpha": 0.8}
_SHADES = "cividis"
"""Colors of the lines, from the replication with the worst mean to that with the best."""
_DOT: dict[str, Any] = {"markersize": 3.5, "zorder": 3}
_MEAN: dict[str, Any] = {
    "color": "black", "marker": "|", "linestyle": "none", "markersize": 13,
    "markeredgewidth": 2, "zorder": 4,
}  # fmt: skip
_FAILED: dict[str, Any] = {
    "marker": "x", "color": "black", "linestyle": "none", "markersize": 5.5, "clip_on": False,
    "zorder": 5,
}  # fmt: skip
_BOUND: dict[str, Any] = {"linewidth": 1.6, "marker": "|", "markersize": 8, "zorder": 2}
_MARGIN: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 1, "zorder": 1}
_BEYOND: dict[str, Any] = {"linestyle": "none", "markersize": 5, "clip_on": False, "zorder": 5}


def scores_by_replication(results: Results, cast: Cast) -> Figure:
    """Draw the scores of each replication, joined by a thin line over the candidates.

    Args:
        results: Of `summary` the columns problem, rank, candidate and mean; of `scores` the
            columns problem, candidate, replication, score and status.
        cast: The candidates.
    """
    named = {problem: ranked(results, problem) for problem in results.problems}
    heights = {problem: [_height(name) for name in names] for problem, names in named.items()}
    entries: list[Artist] = [
        Line2D([], [], color=GREY, label="one replication (dark: low scores)", **_PAIR),
        Line2D([], [], label="mean", **_MEAN),
    ]
    if (results.scores["status"] != "ok").any():
        failed = Line2D([], [], label="failed trial, counts as chance", **_FAILED)
        entries.append(failed)
    height = max(map(sum, heights.values())) + _AROUND
    figure, axes = panels(len(named), entries, height=height, columns=1)
    for panel, (problem, names) in zip(axes, named.items(), strict=True):
        places = _places(heights[problem])
        cut = _draw_replications(
            panel, results, cast, problem, dict(zip(names, places, strict=True))
        )
        panel.set_ylim(sum(heights[problem]), 0)
        panel.set_yticks(places, [wrapped(name, _NAME) for name in names])
        panel.tick_params(axis="y", length=0)
        describe(panel, [problem, cut], results.score_text, "", width=48)
    return figure


def _draw_replications(
    panel: Axes, results: Results, cast: Cast, problem: str, places: dict[str, float]
) -> str:
    """Draw lines and dots, and return how many scores lie outside of the axes."""
    rows = part(results.scores, problem=problem)
    scores = {name: part(rows, candidate=name) for name in places}
    low, high = limits([_succeeded(found) for found in scores.values()])
    panel.set_xlim(low, high)
    table = rows.pivot(index="replication", columns="candidate", values="score")  # noqa: PD010
    joined = table.reindex(columns=list(places)).to_numpy(float)
    for line, color in zip(joined, _shades(joined), strict=True):
        panel.plot(line, list(places.values()), color=color, **_PAIR)
    means = part(results.summary, problem=problem).set_index("candidate")["mean"]
    outside = 0
    for name, place in places.items():
        found = scores[name]
        look = cast.candidates[name].marks()
        values, ok = found["score"].to_numpy(float), (found["status"] == "ok").to_numpy()
        panel.plot(values[ok], np.full(ok.sum(), place), **look, **_DOT)
        failed = np.clip(values[~ok & ~np.isnan(values)], low, high)
        if len(failed):  # an empty line that is not clipped would take room in the layout
            panel.plot(failed, np.full(len(failed), place), **_FAILED)
        outside += int(((values[ok] < low) | (values[ok] > high)).sum())
        panel.plot([float(means[name])], [place], **_MEAN)
    return f"off the scale: {outside} scores" if outside else ""


def _shades(scores: NDArray[np.float64]) -> list[Any]:
    """Return a color for each replication (rows), in the order of their mean scores."""
    order = np.argsort(np.argsort([np.nanmedian(row) for row in scores]))
    return [colormaps[_SHADES](0.9 * place / max(len(scores) - 1, 1)) for place in order]


def _succeeded(rows: DataFrame) -> NDArray[np.float64]:
    return rows.loc[rows["status"] == "ok", "score"].to_numpy(float)


def distance_to_best(results: Results, cast: Cast) -> Figure:
    """Draw what each ranked candidate lacks to the best, its upper bound, and the margin.

    Args:
        results: `margins`; of `summary` the columns problem, rank, verdict, candidate, difference
            and difference_high.
        cast: The candidates.
    """
    found = {problem: _ranked_rows(results, problem) for problem in results.problems}
    found = {problem: rows for problem, rows in found.items() if rows}
    heights = {problem: [_height(str(row["candidate"])) for row in rows]
               for problem, rows in found.items()}  # fmt: skip
    bound = "bound of its look" if any(results.looks.values()) else "95% bound"
    entries: list[Artist] = [
        Line2D([], [], color=GREY, label="observed", marker="D", linestyle="none", markersize=6),
        Line2D([], [], color=GREY, label=f"at most (simultaneous {bound})", **_BOUND),
        Line2D([], [], label="margin: as good if the bound is below", **_MARGIN),
    ]
    height = max(map(sum, heights.values())) + _AROUND
    figure, axes = panels(len(found), entries, height=height, columns=1)
    for panel, (problem, rows) in zip(axes, found.items(), strict=True):
        places = _places(heights[problem])
        _draw_distances(panel, results, cast, problem, list(zip(rows, places, strict=True)))
        panel.set_ylim(sum(heights[problem]), 0)
        panel.set_yticks(places, [wrapped(str(row["candidate"]), _NAME) for row in rows])
        panel.tick_params(axis="y", length=0)
        text = f"lacks to the best ({results.score_text})"
        describe(panel, [problem], text, "", width=48)
    return figure


def is_ranked(results: Results) -> bool:
    """Whether there is a ranked problem with several candidates."""
    return any(len(_ranked_rows(results, problem)) > 1 for problem in results.problems)


def _ranked_rows(results: Results, problem: str) -> list[pd.Series[Any]]:
    """Return the ranked candidates of a problem with a bound, the best first."""
    if results.margins[problem] is None:
        return []
    rows = part(results.summary, problem=problem).sort_values("rank", kind="stable")
    return [row for _, row in rows.iterrows()
            if row["verdict"] and math.isfinite(row["difference_high"])]  # fmt: skip


def _draw_distances(
    panel: Axes,
    results: Results,
    cast: Cast,
    problem: str,
    rows: Sequence[tuple[pd.Series[Any], float]],
) -> None:
    margin = results.margins[problem] or 0.0
    ends = [[float(row["difference"]), float(row["difference_high"])] for row, _ in rows]
    near = [end for _, end in ends if end <= NEAR * margin]
    high = max(limits(ends)[1], 1.05 * max(near, default=0.0), 1.15 * margin)
    panel.set_xlim(-0.02 * high, high)
    panel.axvline(margin, **_MARGIN)
    beside = panel.get_yaxis_transform()
    for row, place in rows:
        look = cast.candidates[str(row["candidate"])].marks()
        lack, bound = float(row["difference"]), float(row["difference_high"])
        if lack < high:
            panel.plot([lack, bound], [place, place], color=look["color"], **_BOUND)
            panel.plot([lack], [place], **look | {"markersize": 5, "zorder": 4})
        else:
            panel.plot([high], [place], color=look["color"], marker=">", **_BEYOND)
        text = f"{VERDICTS[row['verdict']]}\nat most {number(bound)}"
        panel.text(1.02, place, text, transform=beside, va="center")


def _height(name: str) -> float:
    """Return the inches of a candidate's row."""
    return max(wrapped(name, _NAME).count("\n") + 1, 2) * _ROW + 0.1


def _places(heights: Sequence[float]) -> list[float]:
    return [sum(heights[:row]) + height / 2 for row, height in enumerate(heights)]
