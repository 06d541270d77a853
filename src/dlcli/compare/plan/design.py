"""Which settings are tried where more than the learning rate is searched.

The points are quasi-random (a scrambled Halton sequence; Bergstra and Bengio 2012 show why no grid,
AlgoPerf tunes so too): they cover every setting evenly, whichever of them matters. The sequence is
always the same, so that a search of more tries begins with those of one with fewer.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from dlcli.compare.plan.rates import tidy
from dlcli.config.sections.space import RATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.config.sections.space import Space

TRIES = 16
"""Tries of each candidate where more than the learning rate is searched."""

NEAR_END = 0.05
"""Share of a range's length within which a value is on its edge."""


class Setting(float):
    """A learning rate with the other values that are tried with it; in all else it is the rate.

    Two settings are the same if their rates and their values are.
    """

    __slots__ = ("values",)

    values: tuple[tuple[str, Any], ...]

    def __new__(cls, rate: float, values: tuple[tuple[str, Any], ...] = ()) -> Setting:
        """Make a setting from a rate, and values by path."""
        made = super().__new__(cls, rate)
        made.values = values
        return made

    def __getnewargs__(self) -> tuple[float, tuple[tuple[str, Any], ...]]:  # type: ignore[override]
        """Travel between processes."""
        return float(self), self.values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, int | float):
            return NotImplemented
        return float(self) == float(other) and self.values == values_of(other)

    def __ne__(self, other: object) -> bool:
        equal = self == other
        return not equal

    def __hash__(self) -> int:
        return hash((float(self), repr(self.values)))


def values_of(rate: object) -> tuple[tuple[str, Any], ...]:
    """Return the values that are tried with a rate, by path; none with a plain one."""
    return rate.values if isinstance(rate, Setting) else ()


def shown_values(rate: object) -> str:
    """Write the values that are tried with a rate: `weight_decay=0.01, batch_size=16`."""
    return ", ".join(f"{short(path)}={_shown(value)}" for path, value in values_of(rate))


def short(path: str) -> str:
    """Return the last name of a path; of a layer's argument with its class and place.

    >>> [short(p) for p in ("compile.optimizer.Adam.epsilon", "model.layers[2].Dropout.rate")]
    ['epsilon', 'Dropout[2].rate']
    """
    name = path.rpartition(".")[2]
    layer = _LAYER.match(path)
    return f"{layer[2]}[{layer[1]}].{name}" if layer else name


_LAYER = re.compile(r"model\.layers\[(\d+)\]\.(\w+)\.")


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def design(spaces: Mapping[str, Space], tries: int) -> tuple[Setting, ...]:
    """Return the points that are tried, by ascending learning rate.

    Args:
        spaces: By path; that of the learning rate is among them.
        tries: How many; fewer where there are not so many combinations.
    """
    from scipy.stats import qmc

    paths = list(spaces)
    sequence = qmc.Halton(len(paths), scramble=True, seed=0)
    found: dict[Setting, None] = {}
    while len(found) < min(tries, _combinations(spaces)):
        (position,) = sequence.random(1).tolist()
        values = {p: at(spaces[p], share) for p, share in zip(paths, position, strict=True)}
        rate = values.pop(RATE)
        found[Setting(rate, tuple(values.items()))] = None
    return tuple(sorted(found))


def _combinations(spaces: Mapping[str, Space]) -> float:
    """Return how many points there are; infinitely many of a range."""
    return math.prod(_size(space) for space in spaces.values())


def _size(space: Space) -> float:
    if space.choices is not None:
        return len(space.choices)
    assert space.low is not None and space.high is not None  # noqa: S101, PT018 (a range has ends)
    return space.high - space.low + 1 if _is_whole(space) else math.inf


def _is_whole(space: Space) -> bool:
    return isinstance(space.low, int) and isinstance(space.high, int)


def at(space: Space, share: float) -> Any:
    """Return the value at a share of a space, 0 <= share < 1."""
    if space.choices is not None:
        return space.choices[int(share * len(space.choices))]
    assert space.low is not None and space.high is not None  # noqa: S101, PT018 (a range has ends)
    if space.scale == "log":
        value = math.exp(math.log(space.low) + share * math.log(space.high / space.low))
    else:
        value = space.low + share * (space.high - space.low)
    if _is_whole(space):
        return min(int(space.high), max(int(space.low), round(value)))
    return min(space.high, max(space.low, tidy(value)))


def edge_of(space: Space, value: Any) -> str:
    """Return `lower` or `upper` if a value is on the edge of a range, else nothing."""
    if space.choices is not None or space.low is None or space.high is None:
        return ""
    shares = [space.low, value, space.high]
    low, here, high = map(math.log, shares) if space.scale == "log" else shares
    place = (here - low) / (high - low)
    return "lower" if place <= NEAR_END else "upper" if place >= 1 - NEAR_END else ""


def varied_names(rates: Sequence[float]) -> list[str]:
    """Return the paths that are tried beside the rate."""
    return [path for path, _ in values_of(rates[0])] if rates else []
