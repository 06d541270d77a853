"""Figures of the score against each setting that was searched, and against two at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from dlcli.report.drawing.panels import Cast, describe, limits, panels
from dlcli.report.drawing.style import GREY
from dlcli.report.text.rows import part, ranked

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from dlcli.compare.results import Results

Side = Literal["x", "y"]

SIDES: tuple[Side, Side] = ("x", "y")

MOST_MAPS = 4
"""Candidates of a problem that `score_map` draws."""

_CHOSEN: dict[str, Any] = {
    "marker": "o", "markersize": 10, "markerfacecolor": "none", "markeredgecolor": GREY,
    "markeredgewidth": 1.0, "linestyle": "none", "zorder": 4,
}  # fmt: skip


def score_by_setting(results: Results, cast: Cast) -> Figure:
    """Draw what each value of each searched setting scored, with a ring around the chosen one.

    Args:
        results: Of `searched` all columns.
        cast: The candidates.
    """
    found = results.searched
    pairs = found[["problem", "setting"]].drop_duplicates().itertuples(index=False, name=None)
    drawn = list(pairs)
    figure, axes = panels(
        len(drawn), [*cast.entries(), Line2D([], [], label="chosen", **_CHOSEN)], height=2.6
    )
    for panel, (problem, setting) in zip(axes, drawn, strict=True):
        rows = part(found, problem=problem, setting=setting)
        order = ranked(results, problem)
        _draw(panel, rows, [name for name in order if name in set(rows["candidate"])], cast)
        title = [problem] if len(results.problems) > 1 else []
        describe(panel, title, setting, results.validation_text)
    return figure


def _draw(panel: Axes, rows: DataFrame, candidates: list[str], cast: Cast) -> None:
    """Draw a dot for each value of a setting; words are places on the axis."""
    places, words = _numbered(list(rows["value"]))
    rows = rows.assign(place=places)
    for name in candidates:
        own = part(rows, candidate=name)
        panel.plot(own["place"].to_list(), own["score"], **cast.candidates[name].marks(), zorder=3)
        chosen = own[own["chosen"].astype(bool)]
        panel.plot(chosen["place"].to_list(), chosen["score"], **_CHOSEN)
    panel.set_ylim(*limits([part(rows, candidate=n)["score"].to_numpy(float) for n in candidates]))
    _divide(panel, "x", rows, words)


def score_map(results: Results) -> Figure:
    """Draw the score of every try over the two settings that matter most to each candidate.

    Args:
        results: Of `importance` and `searched` all columns. The best `MOST_MAPS` candidates of each
            problem are drawn.
    """
    drawn = [
        (problem, name)
        for problem in results.problems
        for name in _mapped(results, problem)[:MOST_MAPS]
    ]
    figure, axes = panels(len(drawn), [Line2D([], [], label="chosen", **_CHOSEN)], height=2.9)
    tries = [_tries(results, problem, name) for problem, name in drawn]
    scores = np.concatenate([rows["score"].to_numpy(float) for rows, _ in tries])
    shades = Normalize(float(scores.min()), float(scores.max()))
    for panel, (problem, name), (rows, settings) in zip(axes, drawn, tries, strict=True):
        x, y = (
            np.array(_places(panel, side, rows, setting))
            for side, setting in zip(SIDES, settings, strict=True)
        )
        dots = panel.scatter(x, y, c=rows["score"].to_numpy(float), norm=shades, s=28, zorder=3)
        chosen = rows["chosen"].to_numpy(bool)
        panel.plot(x[chosen], y[chosen], **_CHOSEN)
        title = [problem] if len(results.problems) > 1 else []
        describe(panel, [*title, name], *(_named(results, problem, name, s) for s in settings))
        figure.colorbar(dots, ax=panel, pad=0.02, label=results.validation_text)
    return figure


def _mapped(results: Results, problem: str) -> list[str]:
    known = set(part(results.importance, problem=problem)["candidate"])
    return [name for name in ranked(results, problem) if name in known]


def _named(results: Results, problem: str, candidate: str, setting: str) -> str:
    rows = part(results.importance, problem=problem, candidate=candidate, setting=setting)
    return f"{setting} ({100 * rows['share'].iloc[0]:.0f} %)"


def _tries(results: Results, problem: str, candidate: str) -> tuple[DataFrame, list[str]]:
    """Return a row a try, with a column for each of the two settings, and their names."""
    settings = list(part(results.importance, problem=problem, candidate=candidate)["setting"][:2])
    rows = part(results.searched, problem=problem, candidate=candidate)
    first, second = (part(rows, setting=setting).reset_index(drop=True) for setting in settings)
    wide = first[["score", "chosen"]].copy()
    for setting, own in zip(settings, (first, second), strict=True):
        wide[setting] = own["value"]
        wide[f"{setting} scale"] = own["scale"]
    return wide, settings


def _places(panel: Axes, side: Side, rows: DataFrame, setting: str) -> list[float]:
    """Return where the values of a setting are on an axis, which is divided as they are."""
    own = rows[[setting, f"{setting} scale"]].set_axis(["value", "scale"], axis=1)
    places, words = _numbered(list(own["value"]))
    _divide(panel, side, own, words, most=2)
    return places


def _numbered(values: list[Any]) -> tuple[list[float], list[str]]:
    """Return values as numbers, and the words that the numbers stand for, if they are words."""
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return values, []
    words = sorted({str(value) for value in values})
    return [float(words.index(str(value))) for value in values], words


def _divide(panel: Axes, side: Side, rows: DataFrame, words: list[str], *, most: int = 5) -> None:
    """Divide an axis as the values of a setting are, with so many numbers or all of the words."""
    axis = panel.xaxis if side == "x" else panel.yaxis
    if words:
        axis.set_ticks(range(len(words)), words)
    elif (rows["scale"] == "choices").all():
        axis.set_ticks(sorted(set(rows["value"])))
        panel.margins(x=0.15 if side == "x" else None, y=0.15 if side == "y" else None)
    elif (rows["scale"] == "log").all():
        (panel.set_xscale if side == "x" else panel.set_yscale)("log")
        axis.set_major_locator(LogLocator(numticks=most + 1))
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter("{x:g}")
    else:
        axis.set_major_locator(MaxNLocator(most))
