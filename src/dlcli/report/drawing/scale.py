"""What a figure of curves shows at first of its vertical axis, so that their ends can be read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FEW = 4
"""Of fewer epochs all are shown."""

SQUASHED = 3.0
"""The later epochs are shown first only if everything takes more than so many times their room."""

NEAR = 2.0
"""How many times the range of the better half's later epochs is shown around it."""

DECADES = 2.0
"""Positive values that span more, in their later epochs, are shown on a logarithmic axis."""

FAR, FAR_DECADES = 20.0, 4.0
"""What lies so many times the best's size, or of positive values so many decades, from it has
diverged, and decides nothing about an axis."""

CLOSE_TICKS = 2.5
"""Decades of a logarithmic axis on which not only powers of ten have a tick."""

ROOM = 0.06
"""Of an axis, on either side of what it shows."""


@dataclass(frozen=True)
class Curve:
    """A line of values by epoch.

    Attributes:
        name: Of what is drawn.
        values: In the order of the epochs; None where there is no finite one.
        edges: Ends of intervals, in the same order, as many for each epoch as there are.
    """

    name: str
    values: Sequence[float | None]
    edges: Sequence[float | None] = ()

    def known(self) -> list[float]:
        """Return all values that are numbers."""
        return [value for value in self.values if value is not None]

    def late(self) -> list[float]:
        """Return the later half of them."""
        known = self.known()
        return known[len(known) // 2 :]

    def late_edges(self) -> list[float]:
        """Return the ends of the later half of the intervals."""
        return [value for value in self.edges[len(self.edges) // 2 :] if value is not None]


@dataclass(frozen=True)
class AxisScale:
    """How a figure's vertical axis begins.

    Attributes:
        log: Whether it is logarithmic.
        bounds: What it shows at first, on a logarithmic axis as exponents of 10; None is all.
        whole: The least and the largest of all values.
        outside: Names of the curves that end outside of the bounds.
    """

    log: bool = False
    bounds: tuple[float, float] | None = None
    whole: tuple[float, float] = (0.0, 1.0)
    outside: tuple[str, ...] = ()

    def axis(self) -> dict[str, Any]:
        """Return what plotly is told."""
        told: dict[str, Any] = {}
        if self.log:
            low, high = self.bounds or _scaled(self.whole, log=True)
            told = {"type": "log", "exponentformat": "power"}
            told |= {"dtick": "D2"} if high - low < CLOSE_TICKS else {}
        if self.bounds is not None:
            told["range"] = list(self.bounds)
        return told

    def ends(self) -> tuple[float, float] | None:
        """Return what it shows at first, in the units of the values; None is all."""
        if self.bounds is None or not self.log:
            return self.bounds
        return 10 ** self.bounds[0], 10 ** self.bounds[1]

    def named(self, title: str) -> str:
        """Return the axis's title."""
        return f"{title} (log scale)" if self.log else title

    def text(self) -> str:
        """Return what a reader must know of it; "" if there is nothing unusual."""
        said = ["The vertical axis is logarithmic."] if self.log else []
        if self.bounds is not None:
            low, high = self.whole
            said.append(
                "The vertical axis shows where the curves lie in the later epochs; the button, or "
                f"a double click, shows all values, from {low:.4g} to {high:.4g}."
            )
        if self.outside:
            said.append(f"Off the scale at the end: {', '.join(self.outside)}.")
        return " ".join(said)


def scale_of(curves: Sequence[Curve], *, squashed: float = SQUASHED) -> AxisScale:
    """Choose the scale that shows how the better half of the curves differ where they end.

    Args:
        curves: The best first.
        squashed: All values are shown unless they take more than so many times the room.
    """
    curves = [curve for curve in curves if curve.known()]
    if max((len(curve.known()) for curve in curves), default=0) < FEW:
        return AxisScale()
    everything = [value for curve in curves for value in curve.known()]
    whole = (min(everything), max(everything))
    positive = whole[0] > 0
    core = [value for curve in _leading(curves, positive=positive) for value in curve.late()]
    log = positive and math.log10(max(core)) - math.log10(min(core)) > DECADES
    low, high = _bounds(core, curves, log=log)
    drawn = [end for curve in curves for end in curve.edges if end is not None]
    places = _scaled([*everything, *drawn], log=log)
    if max(places) - min(places) <= squashed * (high - low):
        return AxisScale(log, None, whole)
    ends = {curve.name: _scaled(curve.known(), log=log)[-1] for curve in curves}
    outside = tuple(name for name, end in ends.items() if not low <= end <= high)
    return AxisScale(log, (low, high), whole, outside)


def _leading(curves: Sequence[Curve], *, positive: bool) -> Sequence[Curve]:
    """Return the better half, two at least, without those that are beyond comparison."""
    best = max(abs(value) for value in curves[0].late())
    reach = best * (10**FAR_DECADES if positive else FAR)
    better = curves[: max(2, math.ceil(len(curves) / 2))]
    rest = [curve for curve in better[1:] if max(map(abs, curve.late())) <= reach]
    return [curves[0], *rest]


def _bounds(core: Sequence[float], curves: Sequence[Curve], *, log: bool) -> tuple[float, float]:
    """Return the ends of an axis that shows the core, and whatever of the later epochs is near."""
    values = _scaled(core, log=log)
    low, high = min(values), max(values)
    near = NEAR * ((high - low) or 0.05 * abs(high) or 0.05)
    late = [value for curve in curves for value in (*curve.late(), *curve.late_edges())]
    shown = [v for v in _scaled(late, log=log) if low - near <= v <= high + near]
    low, high = min(shown), max(shown)
    room = ROOM * (high - low) or 0.05 * abs(high) or 0.05
    return low - room, high + room


def _scaled(values: Iterable[float], *, log: bool) -> list[float]:
    return [math.log10(value) for value in values if value > 0] if log else list(values)
