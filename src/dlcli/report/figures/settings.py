"""The figure of score against each setting that was searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    values = list(rows["value"])
    is_number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    words = [] if is_number else sorted({str(value) for value in values})
    places = values if is_number else [words.index(str(value)) for value in values]
    rows = rows.assign(place=places)
    for name in candidates:
        own = part(rows, candidate=name)
        panel.plot(own["place"].to_list(), own["score"], **cast.candidates[name].marks(), zorder=3)
        chosen = own[own["chosen"].astype(bool)]
        panel.plot(chosen["place"].to_list(), chosen["score"], **_CHOSEN)
    panel.set_ylim(*limits([part(rows, candidate=n)["score"].to_numpy(float) for n in candidates]))
    if words:
        panel.set_xticks(range(len(words)), words)
    elif (rows["scale"] == "choices").all():
        panel.set_xticks(sorted(set(values)))
        panel.margins(x=0.15)
    elif (rows["scale"] == "log").all():
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(numticks=6))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.xaxis.set_major_formatter("{x:g}")
    else:
        panel.xaxis.set_major_locator(MaxNLocator(5))
