"""Placeholder until the statistics land."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from dlcli.comparison.statistics.permutation import max_t_test
from dlcli.comparison.statistics.power import smallest_p_value

Status = Literal["best", "as_good", "open", "worse"]


@dataclass(frozen=True)
class Standing:
    status: Status
    lack: float
    lack_high: float
    p_value: float
    more: tuple[int, int | None] | None


@dataclass(frozen=True)
class Verdict:
    best: int
    standings: tuple[Standing, ...]
    replications: int
    margin: float | None
    can_reject: bool
    detectable: float | None


def judge(
    scores: Any,
    margin: float | None,
    rng: Any,
    *,
    alpha: float = 0.05,
    standard_error_floor: Any = None,
) -> Verdict:
    values = np.asarray(scores, float)
    k, n = values.shape
    test = max_t_test(values, rng)
    best = test.best
    out = []
    for i in range(k):
        gap = values[best] - values[i]
        se = gap.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
        high = (
            max(0.0, gap.mean() + stats.t.ppf(1 - alpha / max(1, k - 1), n - 1) * se)
            if n > 1
            else np.nan
        )
        status: Status = (
            "best"
            if i == best
            else "worse"
            if test.p_values[i] <= alpha
            else "as_good"
            if margin and high < margin
            else "open"
        )
        out.append(Standing(status, float(gap.mean()), float(high), float(test.p_values[i]), None))
    return Verdict(best, tuple(out), n, margin, n > 1 and smallest_p_value(k, n) <= alpha, None)
