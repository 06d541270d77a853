"""What candidates cost beside what they score: size, computation, time."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlcli.statistics.pareto import pareto_front

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.compare.plan.records import Result
    from dlcli.compare.results.scores import Scores

MEASURES = ("parameters", "flops", "training_seconds", "prediction_seconds")
"""Columns of costs, each with a column `<measure>_front` beside it."""

_IDENTITY = ("problem", "candidate", "label", "initializer", "mean", "low", "high")
_COLUMNS = [*_IDENTITY, *(f"{m}{end}" for m in MEASURES for end in ("", "_front"))]


def cost_frame(scores: Scores, summary: pd.DataFrame) -> pd.DataFrame:
    """Return a row a candidate of those problems whose candidates have different networks.

    Times are those of one trial, and of 1000 predictions; they compare only where all trials ran
    with the same number of jobs, and are missing otherwise.

    Args:
        scores: Of the trials.
        summary: All problems' rows.
    """
    indices = {
        (scores.plan.problems[c.problem].name, c.name): i
        for i, c in enumerate(scores.plan.candidates)
    }
    frames = []
    for name, rows in summary.groupby("problem", sort=False):
        if _have_networks(scores, str(name)):
            places = [indices[str(name), candidate] for candidate in rows["candidate"]]
            frames.append(_with_fronts(rows, places, scores))
    empty = pd.DataFrame({name: [] for name in _COLUMNS})
    return pd.concat(frames, ignore_index=True) if frames else empty


def _have_networks(scores: Scores, problem: str) -> bool:
    place = [found.name for found in scores.plan.problems].index(problem)
    return sum(network.problem == place for network in scores.plan.networks) > 1


def _with_fronts(rows: pd.DataFrame, indices: Sequence[int], scores: Scores) -> pd.DataFrame:
    costs = pd.DataFrame([_costs(scores, index) for index in indices], index=rows.index)
    frame = pd.concat([rows[list(_IDENTITY)], costs], axis=1)
    for name in MEASURES:
        frame[f"{name}_front"] = pareto_front(frame[name], frame["mean"] * scores.sign)
    return frame[_COLUMNS]


def _costs(scores: Scores, index: int) -> dict[str, Any]:
    """Return what one candidate costs; NaN where its trials do not say.

    The first trial of a process warms up for the others, so times are medians.
    """
    results = [r for r in scores.ranked(index) if r is not None]
    is_timed = bool(results) and len(scores.jobs) == 1
    return {
        "parameters": _first(results, "parameters"),
        "flops": _first(results, "flops"),
        "training_seconds": median(r.seconds for r in results) if is_timed else math.nan,
        "prediction_seconds": 1000 * _fastest(results) if is_timed else math.nan,
    }


def _first(results: Sequence[Result], name: str) -> float:
    found = (getattr(result, name) for result in results)
    return next((float(value) for value in found if value is not None), math.nan)


def _fastest(results: Sequence[Result]) -> float:
    """Return the least time that predicting an example took: what else was done only adds to it."""
    known = [r.prediction_seconds for r in results if r.prediction_seconds is not None]
    return min(known, default=math.nan)
