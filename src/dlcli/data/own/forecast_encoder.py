"""Rows in the order of time become windows of features, and what is to be forecast after them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dlcli.data.description import INPUT, DataDescription, NewRaw, TensorSpec
from dlcli.data.own.cells import CellTable, read_table
from dlcli.data.own.encoding import room
from dlcli.data.own.mistakes import such, such_places
from dlcli.data.own.numbers import PLAIN, number
from dlcli.data.own.table import TableEncoder
from dlcli.data.own.times import time_keys
from dlcli.data.own.windows import (
    Gaps,
    Shape,
    Steps,
    Windows,
    baselines,
    in_order,
    pieces_at_gaps,
    season_of,
    starts_of,
    usual_step,
)
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from dlcli.data.description import Encoder

PAST, KNOWN = "past", "known"
"""The two inputs of a forecast that knows something in advance."""

AFTER = "after"
"""The column that tells after which step a forecast begins."""


class ForecastExamples(NamedTuple):
    """The examples of a file.

    Attributes:
        windows: What the encoder takes.
        y: Their targets.
        times: From when to when each target is, shape (n, 2).
        season: Steps of a season, if one is known.
        told: What should be said of the way they were read.
    """

    windows: Windows
    y: np.ndarray
    times: np.ndarray
    season: int | None
    told: list[str]


@dataclass(frozen=True)
class ForecastEncoder:
    """Turns rows in the order of time into windows of features.

    Attributes:
        steps: Turns a row into the features of a step.
        later: Turns a row into what is known of it in advance; None if nothing is.
        time: The column of the time.
        identity: The column that tells several series apart, if there is one.
        shape: Of an example.
        gaps: Whether windows may reach over longer steps, where the user has said it.
        dayfirst: Whether days come before months, where the user has said it.
        drop: Whether examples with missing targets are left out.
    """

    steps: TableEncoder
    later: TableEncoder | None
    time: str
    identity: str | None
    shape: Shape
    gaps: Gaps | None = None
    dayfirst: bool | None = None
    drop: bool = False
    kind: ClassVar[str] = "forecast"

    def with_season(self, season: int | None) -> ForecastEncoder:
        """Return the encoder with the steps of a season."""
        return replace(self, shape=self.shape._replace(season=season))

    def windows(self, table: CellTable) -> ForecastExamples:
        """Return the examples of a table.

        Raises:
            DataError: If rows are too few, or a cell does not fit; it names the line.
        """
        import numpy as np

        steps, told = self._steps(table)
        shape = self.shape
        if shape.season is None:
            shape, more = self._seasonal(table, steps)
            told += more
        starts = starts_of(steps.ends, shape.length)
        if not len(starts):
            raise self._too_few(table, steps)
        ahead = starts[:, None] + np.arange(shape.window, shape.length)
        y = steps.y[ahead]
        missing = np.isnan(y).any(axis=(1, 2))
        if missing.any():
            told.append(self._told_of_missing(table, steps, ahead[missing], len(starts)))
            starts, ahead, y = starts[~missing], ahead[~missing], y[~missing]
        simple = baselines(steps, starts, shape)
        windows = Windows(
            self.steps.select(table._replace(rows=list(steps.rows))),
            self._later(table, steps),
            starts,
            {name: _shaped(values) for name, values in simple.items()},
        )
        times = np.stack([steps.keys[ahead[:, 0]], steps.keys[ahead[:, -1]]], axis=1)
        return ForecastExamples(windows, _shaped(y), times, shape.season, told)

    def _seasonal(self, table: CellTable, steps: Steps) -> tuple[Shape, list[str]]:
        """Return the shape with the season that the time between steps tells."""
        index = table.column(self.time)
        if all(number(row.cells[index]) is not None for row in table.rows[:100]):
            return self.shape, []
        found = season_of(usual_step(steps.keys, steps.ends))
        if found is None or 2 * found[0] > len(steps.rows):
            return self.shape, []
        season, what = found
        told = f"{table.path}: a season is taken to be {what}, {season} steps"
        return self.shape._replace(season=season), [told]

    def _later(self, table: CellTable, steps: Steps) -> list[Any]:
        if self.later is None:
            return []
        return self.later.select(table._replace(rows=list(steps.rows)))

    def _told_of_missing(self, table: CellTable, steps: Steps, rows: np.ndarray, count: int) -> str:
        """Say how many examples have missing targets.

        Raises:
            DataError: If they are not to be left out, or all are.
        """
        import numpy as np

        first = steps.rows[int(rows.ravel()[np.isnan(steps.y[rows.ravel()]).any(axis=1)][0])]
        if self.drop and len(rows) < count:
            return f"{table.path}: {len(rows):,} forecasts of missing values are left out"
        names = " or ".join(f"'{name}'" for name in self.steps.target.columns)
        message = f"{first.place}: {names} is missing, so it cannot be forecast"
        remedy = "Fill it in; unlabeled: drop leaves out the forecasts that need it."
        raise DataError(message, remedy=remedy)

    def _too_few(self, table: CellTable, steps: Steps) -> DataError:
        longest = max(b - a for a, b in zip((0, *steps.ends), steps.ends, strict=False))
        needed = self.shape.length
        message = (
            f"{table.path}: the longest series without a gap has {longest:,} steps, but a window "
            f"of {self.shape.window} and a horizon of {self.shape.horizon} need {needed}"
        )
        return DataError(message, remedy="Shorten the window or the horizon, or add gaps: ignore.")

    def _steps(self, table: CellTable) -> tuple[Steps, list[str]]:
        """Return a table's rows in the order of time, and what should be said of it."""
        import numpy as np

        index = table.column(self.time)
        places = [row.place for row in table.rows]
        cells = [row.cells[index] for row in table.rows]
        keys, told = time_keys(cells, places, self.time, self.dayfirst)
        names = self._names(table)
        order = in_order(keys, names, places, self.time)
        rows = [table.rows[i] for i in order]
        sorted_keys = np.array([keys[i] for i in order], np.float64)
        series = [names[i] for i in order]
        changes = [i for i in range(1, len(rows)) if series[i] != series[i - 1]]
        ends, long, counts = pieces_at_gaps(sorted_keys, [*changes, len(rows)], self.gaps)
        said = list(told)
        if long and counts:
            gaps = "a gap" if long == 1 else f"{long:,} gaps"
            said.append(f"{table.path}: no window reaches over {gaps} in time")
        elif long and self.gaps is None:
            said.append(
                f"{table.path}: {long:,} steps in time are longer than most, so windows reach over "
                "them; gaps: split keeps windows apart"
            )
        y = self._values(table, order)
        firsts = [0, *ends[:-1]]
        return Steps(rows, sorted_keys, y, tuple(ends), tuple(series[i] for i in firsts)), said

    def _names(self, table: CellTable) -> list[str]:
        """Return the series of each row.

        Raises:
            DataError: If a row has none.
        """
        if self.identity is None:
            return [""] * len(table.rows)
        index = table.column(self.identity)
        empty = [row for row in table.rows if not row.cells[index].strip()]
        if empty:
            remedy = "Fill in which series the row belongs to."
            others = such([row.line for row in empty], what="rows")
            message = f"{empty[0].place}: '{self.identity}' is empty{others}"
            raise DataError(message, remedy=remedy)
        return [row.cells[index].strip() for row in table.rows]

    def _values(self, table: CellTable, order: Sequence[int]) -> np.ndarray:
        """Return the targets of rows in an order, NaN where they are missing, (n, targets).

        Raises:
            DataError: If a cell is no number; it names the line.
        """
        import numpy as np

        labelled = self.steps.target.labelled(table)
        y = np.full((len(order), len(labelled.columns)), np.nan)
        for at, (column, places) in enumerate(zip(*labelled, strict=True)):
            values = [PLAIN.value(cell) if cell else np.nan for cell in column]
            wrong = [i for i, value in enumerate(values) if value is None]
            if wrong:
                cells = [column[i] for i in wrong]
                others = such_places([places[i].text for i in wrong], cells, what="cells")
                message = f"{places[wrong[0]]} is '{cells[0]}', which is no number{others}"
                remedy = "Correct it or empty it; words that mean nothing belong in missing."
                raise DataError(message, remedy=remedy)
            y[:, at] = [values[i] for i in order]
        return y

    def fit(self, raw: Sequence[Any], positions: np.ndarray) -> ForecastEncoder:
        """Take the categories, gaps and means of the steps that training windows hold."""
        raw = _windows(raw)
        used = _rows_of(raw.starts[positions], 0, self.shape.window)
        later = self.later
        if later is not None:
            ahead = _rows_of(raw.starts[positions], self.shape.window, self.shape.length)
            later = later.fit(raw.later, ahead)
        return replace(self, steps=self.steps.fit(raw.rows, used), later=later)

    def specs(self, known: Mapping[str, TensorSpec]) -> dict[str, TensorSpec]:  # noqa: ARG002
        """Return the forms of the inputs: the past and, if something is, what is known."""
        past = TensorSpec((self.shape.window, self.steps.width), "float32")
        if self.later is None:
            return {INPUT: past}
        return {PAST: past, KNOWN: TensorSpec((self.shape.horizon, self.later.width), "float32")}

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's rows have the same columns."""
        return isinstance(other, ForecastEncoder) and self.steps.accepts(other.steps)

    def encode(self, raw: Sequence[Any], positions: np.ndarray) -> dict[str, np.ndarray]:
        """Return the inputs at some positions, (m, window, features) and (m, horizon, known)."""
        raw = _windows(raw)
        starts = raw.starts[positions]
        past = _features(self.steps, raw.rows, starts, (0, self.shape.window))
        if self.later is None:
            return {INPUT: past}
        ahead = (self.shape.window, self.shape.length)
        return {PAST: past, KNOWN: _features(self.later, raw.later, starts, ahead)}

    def baselines(self, raw: Sequence[Any], positions: np.ndarray) -> dict[str, np.ndarray]:
        """Return simple forecasts at some positions, by name, shaped as the targets."""
        return {name: values[positions] for name, values in _windows(raw).baselines.items()}

    def told(self, raw: Sequence[Any], positions: np.ndarray) -> tuple[str, ...]:
        """Return which cells are unknown or filled in."""
        raw = _windows(raw)
        return self.steps.told(raw.rows, _rows_of(raw.starts[positions], 0, self.shape.window))

    def read(self, path: Path, description: DataDescription, *, targets: bool) -> NewRaw:  # noqa: ARG002
        """Read a file with the same columns: all its examples, or the latest of each series.

        Raises:
            DataError: If it cannot be read, lacks a column, or is too short.
        """
        import numpy as np

        table = read_table(path, self.steps.reading)
        if targets:
            found = self.windows(table)
            return NewRaw(found.windows, found.y, told=(*table.told, *found.told))
        steps, told = self._steps(table)
        starts = np.array([self._latest(table, steps, i) for i in self._last_pieces(steps)])
        windows = Windows(
            self.steps.select(table._replace(rows=list(steps.rows))),
            self._later(table, steps), starts, {},
        )  # fmt: skip
        index = table.column(self.time)
        seen = [steps.rows[start + self.shape.window - 1] for start in starts]
        columns = {AFTER: [row.cells[index].strip() for row in seen]}
        if self.identity is not None:
            at = table.column(self.identity)
            columns = {self.identity: [row.cells[at].strip() for row in seen], **columns}
        y = np.zeros(len(starts), int)
        return NewRaw(windows, y, columns, tuple(columns), (*table.told, *told))

    def _last_pieces(self, steps: Steps) -> list[int]:
        """Return the last piece of each series that has a value."""
        import numpy as np

        last: dict[str, int] = {}
        begins = (0, *steps.ends[:-1])
        for i, (begin, end) in enumerate(zip(begins, steps.ends, strict=True)):
            if not np.isnan(steps.y[begin:end]).all():
                last[steps.series[i]] = i
        return list(last.values())

    def _latest(self, table: CellTable, steps: Steps, piece: int) -> int:
        """Return where the latest window of a piece begins, which ends at its last target.

        Raises:
            DataError: If there are too few steps before it, or after it of what is known.
        """
        import numpy as np

        begin, end = (0, *steps.ends)[piece], steps.ends[piece]
        filled = np.flatnonzero(~np.isnan(steps.y[begin:end]).any(axis=1))
        last = begin + int(filled[-1]) if len(filled) else begin - 1
        start = last - self.shape.window + 1
        of = f" of '{steps.series[piece]}'" if self.identity is not None else ""
        if start < begin:
            message = (
                f"{table.path}: a forecast needs the {self.shape.window} steps before it, but "
                f"there are {last - begin + 1}{of} up to the last target"
            )
            raise DataError(message, remedy="Give the file more of the past, without gaps.")
        if self.later is not None and last + self.shape.horizon >= end:
            names = ", ".join(self.later.column_names)
            message = (
                f"{table.path}: {names} must be known for the {self.shape.horizon} steps{of} after "
                f"the last target, but there are {end - 1 - last} rows"
            )
            raise DataError(message, remedy="Add these rows, with an empty target.")
        return start

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "steps": self.steps.to_dict(),
            "known": None if self.later is None else self.later.to_dict(),
            "time": self.time,
            "identity": self.identity,
            "shape": list(self.shape),
            "gaps": self.gaps,
            "dayfirst": self.dayfirst,
            "drop": self.drop,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ForecastEncoder:
        """Return the encoder of a JSON form."""
        window, horizon, season = values["shape"]
        return cls(
            TableEncoder.from_dict(values["steps"]),
            None if values["known"] is None else TableEncoder.from_dict(values["known"]),
            values["time"],
            values["identity"],
            Shape(int(window), int(horizon), None if season is None else int(season)),
            values["gaps"],
            values["dayfirst"],
            bool(values["drop"]),
        )


def _windows(raw: Sequence[Any]) -> Windows:
    assert isinstance(raw, Windows)  # noqa: S101 (what the encoder itself has read)
    return raw


def _shaped(values: np.ndarray) -> np.ndarray:
    """Return (n, horizon, targets) as float32 without the axes that count to 1."""
    n, horizon, targets = values.shape
    shape = (n, *((horizon,) if horizon > 1 else ()), *((targets,) if targets > 1 else ()))
    return values.reshape(shape).astype("float32")


def _rows_of(starts: np.ndarray, first: int, end: int) -> np.ndarray:
    """Return which rows are the steps from `first` to `end` of some windows, sorted."""
    import numpy as np

    return np.unique(starts[:, None] + np.arange(first, end))


def _features(
    encoder: TableEncoder, rows: Sequence[Any], starts: np.ndarray, span: tuple[int, int]
) -> np.ndarray:
    """Return the features of a span of steps of some windows, (m, steps, features)."""
    import numpy as np

    used = _rows_of(starts, *span)
    features = encoder.encode(rows, used)
    assert isinstance(features, np.ndarray)  # noqa: S101 (no column of a step is embedded)
    x = room((len(starts), span[1] - span[0], encoder.width), "float32")
    for step in range(*span):
        x[:, step - span[0]] = features[np.searchsorted(used, starts + step)]
    return x
