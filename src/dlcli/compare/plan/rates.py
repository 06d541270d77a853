"""Which learning rates are searched: a range for every optimizer, with the source of each.

Optimizers live at different rates: plain SGD two decades above Adam, Lion one decade below. One
grid for all would compare how well the grid suits them (Choi et al. 2019; Sivaprasad et al. 2020),
so each has a range around its own natural rate, and the protocol extends it where the best rate
turns out to lie on its edge. Keras's are here; those of dlcli.optimizers state theirs beside their
formula.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.catalogue.rate_ranges import RateRange
from dlcli.config.sections.experiment import Call
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping


HALF_DECADE = 0.5


def stated_range(optimizer: Call) -> RateRange | None:
    """Return the range that an optimizer's class states, as those of dlcli.optimizers do."""
    entry = load_catalogue().find("optimizers", optimizer.name)
    return RateRange(*entry.rates) if entry and entry.rates else None


def grid(found: RateRange, step: float) -> tuple[float, ...]:
    """Return the rates of a range, ascending.

    Args:
        found: The range.
        step: Distance of neighbours in decades; the last one may lie below the upper end.
    """
    decades = math.log10(found.high / found.low)
    count = math.floor(decades / step + 1e-9) + 1
    return tuple(tidy(found.low * 10 ** (step * i)) for i in range(count))


def spread_grid(found: RateRange, count: int) -> tuple[float, ...]:
    """Return `count` rates (at least two) that span a range at equal distances in the logarithm."""
    return grid(found, math.log10(found.high / found.low) / (count - 1))


def tidy(rate: float) -> float:
    """Round a rate to three digits, as people write it: 0.00316."""
    return float(f"{rate:.3g}")


def thinned(rates: tuple[float, ...], count: int) -> tuple[float, ...]:
    """Return `count` of the rates, evenly spread, both ends among them where there is room."""
    if count >= len(rates):
        return rates
    if count == 1:
        return (rates[len(rates) // 2],)
    return tuple(rates[round(i * (len(rates) - 1) / (count - 1))] for i in range(count))


PEAKS: Mapping[str, tuple[str, ...]] = {
    "CosineDecay": ("initial_learning_rate", "warmup_target"),
    "CosineDecayRestarts": ("initial_learning_rate",),
    "ExponentialDecay": ("initial_learning_rate",),
    "InverseTimeDecay": ("initial_learning_rate",),
    "PiecewiseConstantDecay": ("values",),
    "PolynomialDecay": ("initial_learning_rate", "end_learning_rate"),
}
"""The arguments of each schedule that are rates."""

_DEFAULT_END = {"PolynomialDecay": {"end_learning_rate": 1e-4}}
"""Rates that a schedule has although nobody wrote them."""


def with_rate(optimizer: Call, rate: float) -> Call:
    """Return the optimizer at a learning rate; a schedule keeps its shape, its peak is the rate."""
    written = optimizer.arguments.get("learning_rate")
    if isinstance(written, Call):
        return _replaced(optimizer, _scaled(written, rate / peak(written)))
    return _replaced(optimizer, rate)


def _replaced(optimizer: Call, rate: Any) -> Call:
    return replace(optimizer, arguments={**optimizer.arguments, "learning_rate": rate})


def peak(schedule: Call) -> float:
    """Return the greatest rate of a schedule as it is written."""
    written = _rates_of(schedule)
    numbers = [n for v in written.values() for n in (v if isinstance(v, tuple) else (v,))]
    return float(max(numbers, default=0.0)) or 1.0


def _scaled(schedule: Call, factor: float) -> Call:
    scaled = {
        name: tuple(v * factor for v in value) if isinstance(value, tuple) else value * factor
        for name, value in _rates_of(schedule).items()
    }
    return replace(schedule, arguments={**schedule.arguments, **scaled})


def _rates_of(schedule: Call) -> dict[str, Any]:
    given = {**_DEFAULT_END.get(schedule.name, {}), **schedule.arguments}
    names = PEAKS.get(schedule.name) or _rates_by_name(schedule)
    return {n: given[n] for n in names if given.get(n) is not None}


def _rates_by_name(schedule: Call) -> tuple[str, ...]:
    """Return the arguments of a plugin's schedule that are rates by their names.

    Raises:
        UserError: If there is none: then no rate can be searched.
    """
    entry = load_catalogue().find("schedules", schedule.name)
    found = tuple(n for n in (entry.by_name if entry else ()) if n.endswith("learning_rate"))
    if not found or not any(n in schedule.arguments for n in found):
        remedy = f"give {schedule.name} an argument whose name ends with learning_rate"
        raise UserError(f"no learning rate can be searched under {schedule.name}", remedy=remedy)
    return found


def without_rate(optimizer: Call) -> Call:
    """Return the optimizer without a number for its rate; a schedule stays."""
    if fixed_rate(optimizer) is None:
        return optimizer
    kept = {name: v for name, v in optimizer.arguments.items() if name != "learning_rate"}
    return replace(optimizer, arguments=kept)


def fixed_rate(optimizer: Call) -> float | None:
    """Return the rate that a config gives an optimizer as a number, None if it gives none."""
    written = optimizer.arguments.get("learning_rate")
    return float(written) if isinstance(written, int | float) else None
