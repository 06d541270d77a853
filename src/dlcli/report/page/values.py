"""What a regression predicts, against what is true: the figures of a run's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli.report.drawing.style import GREY
from dlcli.report.page.html import Figure, bare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_POINTS = 2000
"""Examples that are drawn; of more, so many at equal distances."""

MOST_TARGETS = 6
"""Targets that have figures of their own."""

COLOUR = "#0072B2"


def value_figures(
    true: NDArray[Any], predicted: NDArray[Any], targets: Sequence[str]
) -> list[str | Figure]:
    """Return figures of predictions and of their errors, for each of the first targets.

    Args:
        true: Shape (n,) or (n, d).
        predicted: Shape (n, d).
        targets: Names of the d values; empty for one without a name.
    """
    true = np.asarray(true, dtype=float).reshape(len(predicted), -1)
    chosen = np.unique(np.linspace(0, len(true) - 1, min(len(true), MOST_POINTS)).astype(int))
    names = targets if len(targets) > 1 else [""] * predicted.shape[1]
    figures: list[str | Figure] = []
    for place, name in enumerate(names[:MOST_TARGETS]):
        pairs = true[chosen, place], np.asarray(predicted, dtype=float)[chosen, place]
        figures += [_against(*pairs, name), _errors(*pairs, name)]
    return figures


def _against(true: NDArray[np.float64], predicted: NDArray[np.float64], name: str) -> Figure:
    """Draw predictions over true values, with the line on which they are equal."""
    ends = [float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))]
    line = {
        "type": "scatter", "mode": "lines", "name": "equal", "x": ends, "y": ends,
        "line": {"color": GREY, "dash": "dash", "width": 1}, "hoverinfo": "skip",
    }  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": _titled("true", name)}},
        "yaxis": {"title": {"text": _titled("predicted", name)}},
    }
    reading = "A point is an example. On the dashed line, the prediction is right."
    hover = "true %{x:.4g}, predicted %{y:.4g}<extra></extra>"
    numbers = _numbers(("true", "predicted"), true, predicted)
    title = _titled("predicted against true", name)
    return Figure(title, reading, [line, _points(true, predicted, hover)], layout, numbers)


def _errors(true: NDArray[np.float64], predicted: NDArray[np.float64], name: str) -> Figure:
    """Draw how far predictions miss, over the predictions."""
    missed = predicted - true
    layout = {
        "xaxis": {"title": {"text": _titled("predicted", name)}},
        "yaxis": {"title": {"text": "predicted - true"}, "zeroline": True, "zerolinecolor": GREY},
    }
    reading = (
        "Errors should lie around 0 without a pattern: a slope or a curve is what the network has "
        "not learned, a funnel means that large values are predicted less exactly."
    )
    hover = "predicted %{x:.4g}, error %{y:.4g}<extra></extra>"
    numbers = _numbers(("predicted", "predicted - true"), predicted, missed)
    title = _titled("errors", name)
    return Figure(title, reading, [_points(predicted, missed, hover)], layout, numbers)


def _titled(what: str, name: str) -> str:
    return f"{what}, {bare(name)}" if name else what


def _points(x: NDArray[np.float64], y: NDArray[np.float64], hover: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "name": "examples", "x": x.tolist(), "y": y.tolist(),
        "marker": {"color": COLOUR, "size": 6, "opacity": 0.5}, "hovertemplate": hover,
    }  # fmt: skip


def _numbers(
    header: Sequence[str], first: NDArray[np.float64], second: NDArray[np.float64]
) -> list[list[str]]:
    rows = [[f"{a:.6g}", f"{b:.6g}"] for a, b in zip(first, second, strict=True)]
    return [list(header), *rows]
