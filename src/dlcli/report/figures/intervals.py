"""The figure of scores: a row a candidate, a dot a replication, the mean with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from dlcli.report.drawing.panels import Cast, describe, limits, panels
from dlcli.report.drawing.style import FONT_SIZE, GREY, number, wrapped
from dlcli.report.text.documents import VERDICTS
from dlcli.report.text.rows import part, ranked

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from pandas import DataFrame

    from dlcli.compare.results import Results

_NAME = 34
_LINE = 1.25 * FONT_SIZE / 72
_AROUND = 0.95
"""Inches that the title and the horizontal axis take."""

_RUN: dict[str, Any] = {
    "marker": "o",
    "markersize": 3,
    "linestyle": "none",
    "alpha": 0.6,
    "markeredgewidth": 0,
}
_MEAN: dict[str, Any] = {"markersize": 5, "zorder": 4}
_INTERVAL: dict[str, Any] = {"linewidth": 1.6, "marker": "|", "markersize": 8}
_MARGIN: dict[str, Any] = {"color": GREY, "alpha": 0.15, "linewidth": 0, "zorder": 0}
_EDGE: dict[str, Any] = {"linestyle": "none", "clip_on": False, "zorder": 5}
_FAILED: dict[str, dict[str, Any]] = {
    "diverged": {"marker": "x", "color": "black", "markersize": 5, **_EDGE},
    "stuck": {"marker": "+", "color": "black", "markersize": 6.5, **_EDGE},
}
_COUNTED = {"diverged": "diverged", "stuck": "stuck", "failed": "could not run"}


def score_intervals(results: Results, cast: Cast) -> Figure:
    """Draw each candidate's scores, one row a candidate in the order of their ranks.

    Args:
        results: `margins`; of `summary` the columns problem, rank, verdict, candidate,
            learning_rate, diverged, stuck, failed, mean, low and high; of `scores` the columns
            problem, candidate, replication, score and status.
        cast: The candidates.
    """
    problems = [_Problem.of(results, problem) for problem in results.problems]
    height = max(sum(problem.row_heights()) for problem in problems) + _AROUND
    entries = _entries(results, outside=any(problem.has_outside() for problem in problems))
    figure, axes = panels(len(problems), entries, height=height, columns=1)
    for problem, panel in zip(problems, axes, strict=True):
        _draw_margin(panel, problem)
        _draw_problem(panel, problem, cast)
        describe(panel, [problem.name], results.score_text, "", width=48)
    return figure


@dataclass(frozen=True)
class _Problem:
    """What a panel shows, by candidate, the best first, and the limits of its scores."""

    name: str
    summary: dict[str, pd.Series[Any]]
    runs: dict[str, DataFrame]
    bounds: tuple[float, float]
    band: tuple[float, float] | None
    """Of means that lack less than the margin to the best one."""

    @staticmethod
    def of(results: Results, problem: str) -> _Problem:
        names = ranked(results, problem)
        rows = part(results.summary, problem=problem)
        summary = {str(row["candidate"]): row for _, row in rows.iterrows()}
        runs = part(results.scores, problem=problem).sort_values("replication")
        scores = {name: part(runs, candidate=name) for name in names}
        bounds = limits([_telling(summary[name], scores[name]) for name in names])
        band = margin_band(results, problem)
        if band is not None:  # it is always seen whole: its edge is what one looks for
            room = 0.05 * (bounds[1] - bounds[0])
            bounds = (min(bounds[0], min(band) - room), max(bounds[1], max(band) + room))
        return _Problem(problem, {name: summary[name] for name in names}, scores, bounds, band)

    def row_heights(self) -> list[float]:
        """Return the inches that each row's texts take."""
        texts = [(_row_name(row), self.note(name)) for name, row in self.summary.items()]
        return [max(text.count("\n") + 1 for text in row) * _LINE + 0.1 for row in texts]

    def note(self, candidate: str) -> str:
        """Return what is written at the right of a row: the mean, and what the axis cuts off."""
        row, (low, high) = self.summary[candidate], self.bounds
        failed = ", ".join(f"{int(row[n])} {said}" for n, said in _COUNTED.items() if row[n])
        scores = _ok_scores(self.runs[candidate])
        beyond = int(((scores < low) | (scores > high)).sum())
        outside = f"{beyond} off the scale" if beyond else ""
        mean = float(row["mean"])
        lines = ["no mean" if np.isnan(mean) else f"mean {number(mean)}", failed, outside]
        return "\n".join(line for line in lines if line)

    def has_outside(self) -> bool:
        low, high = self.bounds
        told = [_telling(self.summary[name], self.runs[name]) for name in self.summary]
        scores = np.concatenate(told)
        return bool(((scores < low) | (scores > high)).any())


def margin_band(results: Results, problem: str) -> tuple[float, float] | None:
    """Return the means between the best one and those that lack the margin to it.

    Args:
        results: `margins` and `greater_is_better`; of `summary` the columns problem, verdict and
            mean.
        problem: One of them.
    """
    margin = results.margins[problem]
    rows = part(results.summary, problem=problem, verdict="best")
    if margin is None or not len(rows):
        return None
    best = float(rows["mean"].iloc[0])
    end = best - margin if results.greater_is_better else best + margin
    return (min(best, end), max(best, end))


def _draw_margin(panel: Axes, problem: _Problem) -> None:
    if problem.band is not None:
        panel.axvspan(*problem.band, **_MARGIN)


def _draw_problem(panel: Axes, problem: _Problem, cast: Cast) -> None:
    low, high = problem.bounds
    # Between the limits and the edges is where to point at what lies beyond.
    lane = 0.02 * (high - low)
    panel.set_xlim(low - 2 * lane, high + 2 * lane)
    heights = problem.row_heights()
    places = [sum(heights[:row]) + height / 2 for row, height in enumerate(heights)]
    panel.set_ylim(sum(heights), 0)
    for place, (name, row) in zip(places, problem.summary.items(), strict=True):
        look = cast.candidates[name].marks()
        _draw_runs(panel, place, problem.runs[name], look["color"], (low - lane, high + lane))
        _draw_mean(panel, place, row, look, (low - lane, high + lane))
        beside = panel.get_yaxis_transform()
        panel.text(1.02, place, problem.note(name), transform=beside, va="center")
    panel.set_yticks(places, [_row_name(row) for row in problem.summary.values()])
    panel.tick_params(axis="y", length=0)


def _telling(row: pd.Series[Any], runs: DataFrame) -> NDArray[np.float64]:
    """Return what the limits are chosen by: what failed lies at the worst score by definition."""
    return np.append(_ok_scores(runs), float(row["mean"]))


def _ok_scores(runs: DataFrame) -> NDArray[np.float64]:
    return runs.loc[runs["status"] == "ok", "score"].to_numpy(float)


def _draw_runs(
    panel: Axes, place: float, runs: DataFrame, colour: str, bounds: tuple[float, float]
) -> None:
    scores, status = runs["score"].to_numpy(float), runs["status"].to_numpy(str)
    # Above and below the mean in turn; the golden ratio spreads them, alike on each occasion.
    turns = np.arange(len(scores))
    heights = place + (-1.0) ** turns * (0.07 + 0.07 * (turns * 0.618 % 1))
    ok = status == "ok"
    panel.plot(scores[ok], heights[ok], color=colour, **_RUN)
    for score, height in zip(scores[ok], heights[ok], strict=True):
        _point_outside(panel, score, height, bounds, color=colour, markersize=4)
    worst = np.clip(scores, *bounds)
    for name, look in _FAILED.items():
        for at in np.flatnonzero((status == name) & ~np.isnan(scores)):
            panel.plot([worst[at]], [heights[at]], **look)


def _draw_mean(
    panel: Axes,
    place: float,
    row: pd.Series[Any],
    look: dict[str, Any],
    bounds: tuple[float, float],
) -> None:
    mean, low, high = (float(row[name]) for name in ("mean", "low", "high"))
    if np.isfinite([low, high]).all():
        panel.plot([low, high], [place, place], color=look["color"], zorder=3, **_INTERVAL)
    if bounds[0] <= mean <= bounds[1]:
        panel.plot([mean], [place], **look, **_MEAN)
    _point_outside(panel, mean, place, bounds, color=look["color"], markersize=6.5)


def _point_outside(
    panel: Axes, x: float, y: float, bounds: tuple[float, float], **look: Any
) -> None:
    """Point from the edge of the panel at what lies beyond it."""
    for edge, marker, beyond in (
        (bounds[0], "<", x < bounds[0]),
        (bounds[1], ">", x > bounds[1]),
    ):
        if beyond:
            panel.plot([edge], [y], marker=marker, **look, **_EDGE)


def _row_name(row: pd.Series[Any]) -> str:
    """Return what is written at the left of a row."""
    verdict = f"{VERDICTS[row['verdict']]}, " if row["verdict"] else ""
    value = float(row["learning_rate"])
    rate = "no learning rate" if np.isnan(value) else f"learning rate {value:.3g}"
    return f"{wrapped(str(row['candidate']), _NAME)}\n{verdict}{rate}"


def _entries(results: Results, *, outside: bool) -> list[Artist]:
    """Return what the legend says, without what the figure does not show."""
    scores, summary = results.scores, results.summary
    entries: list[Artist] = [
        Line2D([], [], color=GREY, label="a replication", **_RUN),
        Line2D([], [], color=GREY, label="mean", marker="D", linestyle="none", markersize=6),
    ]
    if np.isfinite(summary["low"].to_numpy(float)).any():
        entries.append(Line2D([], [], color=GREY, label="95% interval of the mean", **_INTERVAL))
    for problem, margin in results.margins.items():
        if margin_band(results, problem) is not None:
            told = f"less than the margin ({margin:.3g}) from the best mean"
            told = told if len(results.problems) == 1 else "less than the margin from the best mean"
            entries.append(Patch(label=told, **_MARGIN))
            break
    for name, look in _FAILED.items():
        if (scores["status"] == name).any():
            entries.append(Line2D([], [], label=f"{name}, counts as chance", **look))
    if outside:
        pointer = Line2D([], [], color=GREY, marker="<", linestyle="none", label="off the scale")
        entries.append(pointer)
    return entries
