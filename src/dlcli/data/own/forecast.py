"""Forecasts of the user's own series from a CSV file: windows, and the steps after them."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Unpack

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import DataDescription, Dataset
from dlcli.data.entry import DataEntry
from dlcli.data.own.cells import read_table
from dlcli.data.own.columns import find_columns, told_of_columns
from dlcli.data.own.forecast_encoder import ForecastEncoder, ForecastExamples
from dlcli.data.own.goal import TargetScale  # noqa: TC001 - the loader's annotations are its schema
from dlcli.data.own.number_columns import NumberColumns
from dlcli.data.own.numbers import PLAIN
from dlcli.data.own.reading import FileOptions, Reading
from dlcli.data.own.table import TableEncoder
from dlcli.data.own.tabular import TargetCells, stamps
from dlcli.data.own.windows import (
    Gaps,
    Shape,
    joined,
)
from dlcli.data.splitting import RawParts, with_own_test
from dlcli.errors import DataError

if TYPE_CHECKING:
    from dlcli.data.own.cells import CellTable

Length = Annotated[int, Bounds(minimum=1)]


def forecast(
    *,
    path: Path,
    time: str,
    target: str | list[str],
    window: Length,
    horizon: Length = 1,
    features: list[str] | None = None,
    known: list[str] | None = None,
    id: str | None = None,  # noqa: A002 - the option's name in a config
    ignore: list[str] | None = None,
    categories: list[str] | None = None,
    season: Length | None = None,
    gaps: Gaps | None = None,
    unlabeled: Literal["drop"] | None = None,
    target_scale: TargetScale | None = None,
    dayfirst: bool | None = None,
    validation: Path | None = None,
    test: Path | None = None,
    **options: Unpack[FileOptions],
) -> Dataset:
    """Your own time series from a CSV file with a row for each step: forecasts of the next steps.

    An example is a window of steps, of which the model sees all features and the target's own
    past, and the steps after it, of which it forecasts the target. The latest examples are the
    test part, and the latest of the others validate; no training target reaches into either. A
    comparison with `split: resample` moves the origin of the forecasts.

    Rows are sorted by time. A window does not reach over a gap in time, unless longer steps are
    usual, as weekends are; both are said. Several series, such as those of shops, may stand in one
    file, with an `id`; one model learns from all of them.

    What is known in advance, such as holidays or prices, becomes a second input: the inputs are
    then `past` (window, features) and `known` (horizon, columns).

    Two simple forecasts stand beside the model's scores: the last value, and the value a season
    before. `predict` forecasts the steps after the last row with a target, for each series.

    Args:
        path: The file.
        time: The column of the time: dates, or numbers.
        target: The column to forecast, or a list of them.
        window: How many steps a forecast is made from.
        horizon: How many steps are forecast, all by one model at once.
        features: The columns to forecast from, beside the target's own past; all others by default.
        known: Those columns that are known in advance for the steps that are forecast.
        id: The column that tells several series apart.
        ignore: Columns to leave out.
        categories: Columns of numbers that are codes, not amounts.
        season: How many steps a season has, for the simple forecast; found out from hours, days,
            weeks, months and quarters.
        gaps: `split` lets no window reach over a longer step, `ignore` takes rows as they come.
        unlabeled: `drop` leaves out forecasts of missing values, and says how many.
        target_scale: `standard` trains on targets of mean 0 and variance 1; predictions and
            scores are in the target's own units.
        dayfirst: Whether 1/2/2024 is in February, where the dates of the file do not tell.
        validation: A file with the validation steps; else `data.validation` takes a share.
        test: A file with the test steps; without one, the latest fifth is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    targets = (target,) if isinstance(target, str) else tuple(target)
    columns = _Columns(
        targets, time, id,
        None if features is None else tuple(features),
        tuple(known or ()), tuple(ignore or ()), tuple(categories or ()),
    )  # fmt: skip
    form = _Form(Shape(window, horizon, season), gaps, dayfirst, drop=unlabeled == "drop")
    return _load(
        stamps(path, validation, test), columns, form, Reading.of(options), target_scale or ""
    )


def _describe(**options: Any) -> DataDescription:
    return forecast(**options).description


class _Columns(NamedTuple):
    """What the columns are; see `forecast`."""

    target: tuple[str, ...]
    time: str
    identity: str | None
    features: tuple[str, ...] | None
    known: tuple[str, ...]
    ignore: tuple[str, ...]
    categories: tuple[str, ...]


class _Form(NamedTuple):
    """What an example is; see `forecast`."""

    shape: Shape
    gaps: Gaps | None
    dayfirst: bool | None
    drop: bool


@lru_cache(maxsize=2)
def _load(
    paths: tuple[tuple[str, tuple[str, ...]], ...],
    columns: _Columns,
    form: _Form,
    reading: Reading,
    target_scale: str,
) -> Dataset:
    """Load series; the last ones are kept, since a command describes first and loads later."""
    import numpy as np

    tables = {part: read_table(Path(place[0]), reading) for part, place in paths}
    table = tables["train"]
    _check_columns(table, columns)
    encoder, told = _encoder(table, columns, form, reading)
    told = [line for read in tables.values() for line in read.told] + told
    found: dict[str, ForecastExamples] = {}
    for part, read in tables.items():
        found[part] = encoder.windows(read)
        encoder = encoder.with_season(found["train"].season)
        told += found[part].told
    raw = joined([examples.windows for examples in found.values()])
    sizes = [len(examples.windows) for examples in found.values()]
    places = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    parts = RawParts(
        raw,
        dict(zip(found, places, strict=True)),
        {part: examples.y for part, examples in found.items()},
        times=np.concatenate([examples.times for examples in found.values()]),
    )
    description = DataDescription(
        table.path.name.partition(".")[0],
        "forecasting",
        encoder.specs({}),
        target_shape=found["train"].y.shape[1:],
        targets=_target_names(columns.target, form.shape.horizon),
        target_scale=target_scale,
    )
    return with_own_test(description, encoder, parts, tuple(dict.fromkeys(told)))


def _target_names(target: tuple[str, ...], horizon: int) -> tuple[str, ...]:
    if len(target) > 1 or horizon == 1:
        return target
    return tuple(f"{target[0]} +{step}" for step in range(1, horizon + 1))


def _check_columns(table: CellTable, columns: _Columns) -> None:
    """Make sure that columns are there, and have one purpose.

    Raises:
        DataError: If not; it names the column.
    """
    if not columns.target:
        raise DataError("target names no column", remedy="Name the column to forecast.")
    identity = [] if columns.identity is None else [columns.identity]
    for name in (*columns.target, columns.time, *identity, *columns.known, *columns.ignore):
        table.column(name)
    purposes = [*columns.target, columns.time, *identity, *columns.known]
    for name in purposes:
        if purposes.count(name) > 1:
            message = f"'{name}' is named twice among target, time, id and known"
            raise DataError(message, remedy="Name each column for one purpose.")
        if name in columns.target and name in columns.categories:
            message = f"'{name}' is the target of a forecast, which is of amounts"
            raise DataError(message, remedy="Take it out of categories.")
        if name in columns.ignore:
            message = f"'{name}' cannot be ignored: another option needs it"
            raise DataError(message, remedy="Take it out of ignore.")


def _encoder(
    table: CellTable, columns: _Columns, form: _Form, reading: Reading
) -> tuple[ForecastEncoder, list[str]]:
    """Return an encoder that has learned nothing, and what should be said of the columns."""
    identity = [] if columns.identity is None else [columns.identity]
    excluded = (columns.time, *identity, *columns.ignore)
    features = columns.features and (*columns.target, *columns.features, *columns.known)
    features = features and tuple(dict.fromkeys(features))
    used = [name for name in features or table.named if name not in excluded]
    numbers = NumberColumns(table, [n for n in used if n not in columns.categories], reading)
    forms = tuple(_form_of(table, numbers, name) for name in columns.target)
    found = find_columns(table, features, columns.categories, excluded, reading, numbers, ())
    cells = TargetCells(
        columns.target,
        forms if any(form != PLAIN for form in forms) else (),
        reading.missing_words,
    )
    steps = TableEncoder(found, cells, reading)
    known = tuple(column for column in found if column.name in columns.known)
    encoder = ForecastEncoder(
        steps,
        replace(steps, columns=known) if known else None,
        columns.time, columns.identity, form.shape, form.gaps, form.dayfirst, form.drop,
    )  # fmt: skip
    return encoder, list(told_of_columns(table.path, found, numbers))


def _form_of(table: CellTable, numbers: NumberColumns, name: str) -> Any:
    """Return how a target writes its numbers.

    Raises:
        DataError: If it holds none.
    """
    form = numbers.form(name)
    index = table.column(name)
    if form is None or not any(form.value(row.cells[index]) is not None for row in table.rows):
        message = f"{table.path}: the target '{name}' holds no numbers"
        raise DataError(message, remedy="A forecast is of amounts; name another column.")
    return form


DATASETS = (DataEntry(forecast, _describe, "file", learns_inputs=True, split_by="its own time"),)
