"""Figures of invariance: accuracy and consistency against how far images are moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from dlcli.report.drawing.panels import describe, panels
from dlcli.report.drawing.style import GREY, label_styles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlcli.inspection import Invariance
    from dlcli.report.drawing.style import Style

CHANCE: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 1}

MEASURES = {
    "accuracy": "accuracy",
    "consistency": "unchanged predictions",
}


def draw_invariance(
    found: Mapping[str, Sequence[Invariance]], chance: float | None = None
) -> Figure:
    """Draw a line a network, with its 95 % interval, a panel for each kind of move and measure.

    Args:
        found: Name of a network to what was measured, in any order of kinds.
        chance: Accuracy of always naming the most frequent class, for a line.
    """
    from dlcli.inspection import KINDS  # imports Keras

    styles = label_styles(list(found))
    kinds = list(dict.fromkeys(point.kind for points in found.values() for point in points))
    entries = [Line2D([], [], label=name, **style.line()) for name, style in styles.items()]
    if chance is not None:
        entries.append(Line2D([], [], label=f"most frequent class, {chance:.0%}", **CHANCE))
    figure, axes = panels(2 * len(kinds), entries, height=2.5)
    places = [(kind, measure) for kind in kinds for measure in MEASURES]
    for panel, (kind, measure) in zip(axes, places, strict=True):
        for name, points in found.items():
            _draw(panel, styles[name], [p for p in points if p.kind == kind], measure)
        if measure == "accuracy" and chance is not None:
            panel.axhline(chance, zorder=1, **CHANCE)
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        panel.set_ylim(top=1.03)
        describe(panel, [], KINDS[kind].axis, MEASURES[measure])
    return figure


def _draw(panel: Axes, style: Style, points: Sequence[Invariance], measure: str) -> None:
    amounts = [point.amount for point in points]
    low, high = ([getattr(p, f"{measure}_{end}") for p in points] for end in ("low", "high"))
    panel.plot(amounts, [getattr(p, measure) for p in points], **style.line())
    panel.fill_between(amounts, low, high, color=style.colour, alpha=0.12, linewidth=0)
