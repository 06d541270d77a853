"""Rows in the order of time become examples: a window of steps, and the steps after it.

A window lies in one series, between gaps in time. Simple forecasts are made along with the
examples: the last value, and the value of a season before, which a model should beat.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from dlcli.data.own.cells import Row

Gaps = Literal["split", "ignore"]

LARGE = 1.5
"""A step is a gap in time if it is this many times as long as most."""

FEW = 0.05
"""Larger shares of long steps, such as weekends, are no gaps."""

SEASONS = {
    60.0: (60, "an hour"), 600.0: (144, "a day"), 900.0: (96, "a day"), 1800.0: (48, "a day"),
    3600.0: (24, "a day"), 86400.0: (7, "a week"), 604800.0: (52, "a year"),
}  # fmt: skip
"""How many steps a season has, by the seconds of a step, and what it is."""

MONTH, QUARTER = (28 * 86400, 31 * 86400), (90 * 86400, 92 * 86400)


@dataclass(frozen=True)
class Steps:
    """Rows of one or several series, each in the order of time, without gaps inside a piece.

    Attributes:
        rows: All rows, piece after piece.
        keys: When each is, shape (n,).
        y: What is to be forecast, NaN where it is missing, float64 (n, targets).
        ends: Where each piece ends.
        series: The name of each piece's series.
    """

    rows: Sequence[Row]
    keys: np.ndarray
    y: np.ndarray
    ends: tuple[int, ...]
    series: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Windows(Sequence[int]):
    """Examples: where each begins among the rows.

    Attributes:
        rows: Of all examples, with the cells of the features.
        later: The same rows with the cells of what is known in advance; empty if nothing is.
        starts: The first row of each example's window, shape (n,).
        baselines: Simple forecasts of each example, shaped as the targets, by name.
    """

    rows: Sequence[Row]
    later: Sequence[Row]
    starts: np.ndarray
    baselines: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.starts)

    def __getitem__(self, index: int) -> int:  # type: ignore[override]
        """Return the first row of an example."""
        return int(self.starts[index])


class Shape(NamedTuple):
    """What an example consists of.

    Attributes:
        window: Steps that are seen.
        horizon: Steps that are forecast.
        season: Steps of a season; None if there is none.
    """

    window: int
    horizon: int
    season: int | None

    @property
    def length(self) -> int:
        """The steps of an example."""
        return self.window + self.horizon


def joined(parts: Sequence[Windows]) -> Windows:
    """Return the examples of several files as one."""
    import numpy as np

    offsets = np.cumsum([0, *(len(part.rows) for part in parts[:-1])])
    names = [name for name in parts[0].baselines if all(name in p.baselines for p in parts)]
    return Windows(
        [row for part in parts for row in part.rows],
        [row for part in parts for row in part.later],
        np.concatenate([part.starts + at for part, at in zip(parts, offsets, strict=True)]),
        {name: np.concatenate([part.baselines[name] for part in parts]) for name in names},
    )


def starts_of(ends: Sequence[int], length: int) -> np.ndarray:
    """Return where windows of some length begin that lie within one piece."""
    import numpy as np

    begins = (0, *ends[:-1])
    found = [np.arange(begin, end - length + 1) for begin, end in zip(begins, ends, strict=True)]
    return np.concatenate(found) if found else np.arange(0)


def usual_step(keys: np.ndarray, ends: Sequence[int]) -> float:
    """Return the time that passes between most rows of a series; 0 if there is a single row."""
    import numpy as np

    steps = np.delete(np.diff(keys), [end - 1 for end in ends[:-1]])
    return float(np.median(steps)) if len(steps) else 0.0


def season_of(step: float) -> tuple[int, str] | None:
    """Return how many steps make a season, and what it is; None if nothing tells.

    Args:
        step: Seconds from one row to the next.
    """
    if MONTH[0] <= step <= MONTH[1]:
        return 12, "a year"
    if QUARTER[0] <= step <= QUARTER[1]:
        return 4, "a year"
    return SEASONS.get(step)


def pieces_at_gaps(
    keys: np.ndarray, ends: Sequence[int], gaps: Gaps | None
) -> tuple[list[int], int, bool]:
    """Return where pieces end if windows may not reach over gaps in time.

    Args:
        keys: When each row is, series after series.
        ends: Where each series ends.
        gaps: What the user has said of them; None decides by how many there are.

    Returns:
        The ends, how many steps are long, and whether they count as gaps.
    """
    import numpy as np

    usual = usual_step(keys, ends)
    steps = np.diff(keys)
    inner = np.ones(len(steps), bool)
    inner[[end - 1 for end in ends[:-1]]] = False
    long = np.flatnonzero(inner & (steps > LARGE * usual))
    counts = gaps == "split" or (gaps is None and len(long) <= FEW * max(1, inner.sum()))
    found = sorted({*ends, *(int(i) + 1 for i in long)}) if counts else list(ends)
    return found, len(long), counts


def baselines(steps: Steps, starts: np.ndarray, shape: Shape) -> dict[str, np.ndarray]:
    """Return simple forecasts of some examples, shape (n, horizon, targets) each.

    `naive` repeats the last value seen; `seasonal naive (m)` the last season's. Where a value is
    missing, the one before it stands for it; where a season is not there, the last value.
    """
    import numpy as np

    begins = np.repeat((0, *steps.ends[:-1]), np.diff((0, *steps.ends)))
    known = _filled_forward(steps.y, begins)
    last = starts + shape.window - 1
    naive = np.repeat(known[last][:, None], shape.horizon, axis=1)
    made = {"naive": naive}
    if shape.season is not None:
        ahead = np.arange(1, shape.horizon + 1)
        before = ahead - shape.season * -(-ahead // shape.season)
        at = last[:, None] + before
        there = at >= begins[last][:, None]
        values = known[np.maximum(at, 0)]
        made[f"seasonal naive ({shape.season})"] = np.where(there[..., None], values, naive)
    return made


def _filled_forward(y: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Return values with the one before for each that is missing, the mean if there is none."""
    import numpy as np

    filled = y.copy()
    for column in filled.T:
        at = np.where(np.isnan(column), -1, np.arange(len(column)))
        at = np.maximum.accumulate(at)
        mean = np.nanmean(column) if not np.isnan(column).all() else 0.0
        column[:] = np.where(at >= begins, column[np.maximum(at, 0)], mean)
    return filled


def in_order(
    keys: Sequence[float], names: Sequence[str], places: Sequence[str], time: str
) -> list[int]:
    """Return the positions of rows by series, in the order in which those appear, then by time.

    Raises:
        DataError: If two rows of a series have one time; it names the second.
    """
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    found = sorted(range(len(keys)), key=lambda i: (order[names[i]], keys[i]))
    for before, i in itertools.pairwise(found):
        if names[before] == names[i] and keys[before] == keys[i]:
            message = f"{places[i]}: '{time}' is the same as in {places[before]}"
            remedy = "If the file holds several series, name the column that tells them apart: id."
            raise DataError(message, remedy=remedy)
    return found
