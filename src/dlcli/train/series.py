"""Several runs of one config that differ in their seed, and what their scores say together."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from dlcli.config.conversion.loading import parse_document, read_document
from dlcli.errors import UserError
from dlcli.metrics import parse
from dlcli.statistics.description import mean_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dlcli.config.yaml.nodes import Text
    from dlcli.train.fit import TrainingResult

LARGEST = 2**31 - 1
"""The largest seed of a config."""


@dataclass(frozen=True)
class SeededRun:
    """One finished run of a series.

    Attributes:
        seed: Its seed.
        path: Its folder.
        result: What its training came to.
    """

    seed: int
    path: Path
    result: TrainingResult


@dataclass(frozen=True)
class Spread:
    """One score over the runs of a series.

    Attributes:
        values: One a run, in their order; NaN where a run has no finite score.
        mean: Of the finite values; NaN without any, as are `least` and `greatest`.
        interval: Student's 95 % interval of the mean, cut at the metric's bounds; None with fewer
            than two finite values.
        least: The smallest finite value.
        greatest: The largest one.
    """

    values: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None
    least: float
    greatest: float


def seeds_of(text: Text, overrides: tuple[str, ...], number: int) -> range:
    """Return the seeds of a series: the config's, and those after it.

    Args:
        text: The config.
        overrides: `path=value` changes of it.
        number: How many runs there are.

    Raises:
        ConfigError: If the config cannot be read.
        UserError: If the last seed is too large.
    """
    first = read_document(parse_document(text, overrides)).seed
    if first + number - 1 > LARGEST:
        remedy = f"Give a --seed of at most {LARGEST - number + 1}."
        raise UserError(f"{number} seeds from {first} on exceed {LARGEST}", remedy=remedy)
    return range(first, first + number)


def spreads(runs: Sequence[SeededRun]) -> dict[str, dict[str, Spread]]:
    """Return the spread of every score over the runs, by part and by metric.

    The parts are validation and test, or train where a config has neither. A score with a value
    for each class is one metric for each of them: `f1:none[0]`.

    Args:
        runs: At least one, all of the same config.
    """
    every = [run.result.scores for run in runs]
    judged: list[str] = [part for part in ("validation", "test") if part in every[0]] or ["train"]
    return {part: _of_part([scores[part] for scores in every]) for part in judged}


def _of_part(scores: Sequence[Mapping[str, Any]]) -> dict[str, Spread]:
    flat = [dict(_flat(each)) for each in scores]
    return {name: spread(name, [each.get(name, math.nan) for each in flat]) for name in flat[0]}


def _flat(scores: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    """Yield each number of the scores; an undefined one is NaN."""
    for name, value in scores.items():
        if isinstance(value, list):
            yield from _flat({f"[{i}]": item for i, item in enumerate(value)}, before + name)
        else:
            yield before + name, math.nan if value is None else float(value)


def spread(name: str, values: Sequence[float]) -> Spread:
    """Describe one metric's values over seeds.

    Args:
        name: Of the metric, as in the scores of a run.
        values: One a run; NaN or infinite where training diverged.
    """
    finite = [value for value in values if math.isfinite(value)]
    ends = mean_interval(finite)
    return Spread(
        values=tuple(values),
        mean=fmean(finite) if finite else math.nan,
        interval=None if ends is None else _cut(name, ends.low, ends.high),
        least=min(finite, default=math.nan),
        greatest=max(finite, default=math.nan),
    )


def _cut(name: str, low: float, high: float) -> tuple[float, float]:
    """Cut an interval where its metric ends: Student's interval knows no bounds."""
    least, most = -math.inf, math.inf
    with contextlib.suppress(UserError):  # the loss and Keras's own metrics state none
        least, most = parse(name.partition("[")[0]).metric.bounds
    return max(low, least), min(high, most)
