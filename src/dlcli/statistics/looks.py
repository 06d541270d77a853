"""Looking at the scores several times: how much of alpha each look may spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from dlcli.statistics.power import ALPHA, LOOKS

if TYPE_CHECKING:
    from collections.abc import Sequence

_GRID = np.linspace(-8.0, 8.0, 1601)


def level_after(replications: int, looks: Sequence[int]) -> float:
    """Return the level of a look at so many replications, planned or not.

    What a look may spend depends on how many replications there are of how many at most, not on
    when the others take place (Lan & DeMets 1983). So a comparison that is cut off between two
    looks has a level too.

    Args:
        replications: Of this look, no more than at the last planned one.
        looks: Replications at each planned look, ascending; those before this one were made.
    """
    before = tuple(look for look in looks if look < replications)
    return spending((*before, replications), most=looks[-1])[-1]


def spending(
    looks: Sequence[int] = LOOKS, alpha: float = ALPHA, *, most: int | None = None
) -> tuple[float, ...]:
    """Return the level of the test at each look, so that all together claim wrongly in alpha.

    The share of alpha spent by a look is that of Lan & DeMets 1983 after O'Brien & Fleming 1979:
    next to nothing early, nearly all at the end (on each side, as gsDesign and WinLD have it). The
    level of a look follows from what was spent before and from how much the looks' scores overlap,
    by integrating over the paths that no earlier look has stopped (Armitage, McPherson & Rowe
    1969).

    Args:
        looks: Replications at each look, ascending.
        alpha: The error of all looks together, two-sided.
        most: Replications at the end, where all of alpha is spent; the last look's if left out.

    Returns:
        The two-sided level of each look: 0.00001, 0.003 and 0.049 for 10, 20 and 40.

    Raises:
        ValueError: If the looks do not ascend.
    """
    times = np.asarray(looks, dtype=float)
    if not len(times) or (np.diff(times, prepend=0.0) <= 0).any():
        raise ValueError("the looks must be ascending numbers of replications")
    shares = times / (times[-1] if most is None else most)
    spent = 4 * special.ndtr(special.ndtri(alpha / 4) / np.sqrt(shares))
    step = _GRID[1] - _GRID[0]
    density = np.exp(-(_GRID**2) / 2) / np.sqrt(2 * np.pi)
    levels: list[float] = []
    before = 0.0
    for look, (share, total) in enumerate(zip(shares, spent, strict=True)):
        if look:
            carried = np.sqrt(shares[look - 1] / share)
            spread = np.sqrt(1 - carried**2)
            moved = (_GRID[:, None] - carried * _GRID[None, :]) / spread
            density = np.exp(-(moved**2) / 2) @ density * step / (spread * np.sqrt(2 * np.pi))
        both = (density + density[::-1]) * step
        outside = np.cumsum(both[::-1])[::-1] - both / 2
        sizes = _GRID[_GRID >= 0]
        tail = np.minimum.accumulate(outside[_GRID >= 0])
        gain = float(total - before)

        def lack(bound: float, tail: np.ndarray = tail, gain: float = gain) -> float:
            return float(np.interp(bound, sizes, tail)) - gain  # noqa: B023 (used at once)

        # A first look at a fortieth of all replications may spend less than the grid can hold.
        end = float(sizes[-1])
        bound = float(optimize.brentq(lack, 0.0, end)) if lack(end) < 0 else end
        levels.append(float(2 * special.ndtr(-bound)))
        density = np.where(np.abs(_GRID) < bound, density, 0.0)
        before = float(total)
    return tuple(levels)
