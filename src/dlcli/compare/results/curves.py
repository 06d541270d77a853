"""What figures show besides the summary: curves, in tidy tables, ready to draw."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlcli.compare.plan.candidates import describe_call
from dlcli.compare.results.frames import epochs_to_target
from dlcli.statistics.budget import budget_curve
from dlcli.statistics.description import Interval, mean_interval
from dlcli.statistics.sensitivity import TOLERANCE, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from dlcli.compare.results.scores import Scores


def _named(scores: Scores, index: int) -> dict[str, Any]:
    candidate = scores.plan.candidates[index]
    return {
        "problem": scores.plan.problems[candidate.problem].name,
        "candidate": candidate.name,
        "label": candidate.label,
        "initializer": describe_call(candidate.initializer) if candidate.initializer else "",
    }


_NAMED = ("problem", "candidate", "label", "initializer")


def _frame(rows: Iterable[dict[str, Any]], *columns: str) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=[*_NAMED, *columns])


def _indices(scores: Scores) -> range:
    return range(len(scores.plan.candidates))


def score_frame(scores: Scores) -> pd.DataFrame:
    """Return a row for each chosen trial with a score: replication, rate, score, status."""
    rows = []
    for index in _indices(scores):
        trials = zip(scores.values(index), scores.ranked(index), strict=True)
        for replication, (value, result) in enumerate(trials):
            choice = scores.chosen(index, replication)
            if result is None or choice is None or math.isnan(value):
                continue
            rows.append(
                {
                    **_named(scores, index),
                    "replication": replication + 1,
                    "learning_rate": float(choice.rate),
                    "score": value * scores.sign,
                    "status": result.status,
                }
            )
    return _frame(rows, "replication", "learning_rate", "score", "status")


def sensitivity_frame(scores: Scores) -> pd.DataFrame:
    """Return a row for each rate that was tried.

    Columns: the mean validation score with its 95 % interval over the replications that tried it
    (low, high), leveled for which those were, runs, failed, chosen (whether it is the recommended
    one), times_chosen.
    """
    rows = []
    for index in _indices(scores):
        curve = scores.sensitivity(index)
        if curve is None:
            continue
        named = _named(scores, index)
        recommended = scores.recommended(index)
        chosen = [scores.chosen(index, replication) for replication in scores.replications]
        times = Counter(choice.rate for choice in chosen if choice is not None)
        low, high = _ends(scores, curve.low, curve.high)
        failed = scores.searched(index)[1].sum(axis=1)
        for place, rate in enumerate(scores.rates(index)):
            rows.append(
                {
                    **named,
                    "learning_rate": float(rate),
                    "score": float(curve.scores[place]) * scores.sign,
                    "low": float(low[place]),
                    "high": float(high[place]),
                    "runs": int(curve.tried[place]),
                    "failed": int(failed[place]),
                    "chosen": recommended is not None and bool(rate == recommended.rate),
                    "times_chosen": times[rate],
                }
            )
    columns = ("learning_rate", "score", "low", "high", "runs", "failed", "chosen", "times_chosen")
    return _frame(rows, *columns)


def _ends(scores: Scores, low: ArrayLike, high: ArrayLike) -> NDArray[np.float64]:
    """Return intervals' ends in the metric's units, from ends of which greater is better.

    Student's interval knows no bounds, but an accuracy is never above 1.

    Returns:
        The lower ends and the upper ones.
    """
    ends = np.sort(np.array([low, high], dtype=float) * scores.sign, axis=0)
    return np.asarray(np.clip(ends, *scores.plan.score.bounds))


def curve_frame(scores: Scores) -> pd.DataFrame:
    """Return the validation score after each epoch: its mean with a 95 % interval."""
    rows = []
    for index in _indices(scores):
        for epoch, values in enumerate(scores.validation_curves(index).T, start=1):
            if not len(values):
                continue
            interval = mean_interval(values) or Interval(math.nan, math.nan)
            low, high = _ends(scores, interval.low, interval.high)
            rows.append(
                {
                    **_named(scores, index),
                    "epoch": epoch,
                    "mean": float(values.mean()) * scores.sign,
                    "low": float(low),
                    "high": float(high),
                    "runs": len(values),
                }
            )
    return _frame(rows, "epoch", "mean", "low", "high", "runs")


def arrival_frame(scores: Scores, targets: Mapping[int, float | None]) -> pd.DataFrame:
    """Return the share of the ranked trials that had reached the target by each epoch."""
    rows = []
    for index in _indices(scores):
        candidate = scores.plan.candidates[index]
        results = [r for r in scores.ranked(index) if r is not None and r.history]
        if not results:
            continue
        target = targets[candidate.problem]
        arrived = [epochs_to_target(scores.plan, result, target) for result in results]
        for epoch in range(candidate.config.fit.epochs + 1):
            there = sum(1 for first in arrived if first is not None and first <= epoch)
            rows.append({**_named(scores, index), "epoch": epoch, "share": there / len(results)})
    return _frame(rows, "epoch", "share")


def budget_frame(scores: Scores) -> pd.DataFrame:
    """Return the expected best validation score of so many random tries of the searched rates.

    With its 95 % interval over the replications (low, high).
    """
    rows = []
    for index in _indices(scores):
        values, failed = scores.searched(index)
        if np.isnan(values).all():
            continue
        curve = budget_curve(values, failed)
        low, high = _ends(scores, curve.low, curve.high)
        for place, value in enumerate(curve.expected):
            rows.append(
                {
                    **_named(scores, index),
                    "tries": place + 1,
                    "expected_best": float(value) * scores.sign,
                    "low": float(low[place]),
                    "high": float(high[place]),
                }
            )
    return _frame(rows, "tries", "expected_best", "low", "high")


def spread_frame(scores: Scores) -> pd.DataFrame:
    """Return how far each optimizer's scores scatter over its rates and initializers.

    Columns: problem, label, rates, decades (that they span), initializers, sd,
    interquartile_range, range, rate_share, initializer_share, good_share (of the settings, within
    2 % of the best), tuned_range (over the initializers, each at its own best rate),
    failed_share (of the trainings).
    """
    rows = []
    for problem, found in enumerate(scores.plan.problems):
        candidates = [i for i in _indices(scores) if scores.plan.candidates[i].problem == problem]
        labels = dict.fromkeys(scores.plan.candidates[i].label for i in candidates)
        for label in labels:
            members = [i for i in candidates if scores.plan.candidates[i].label == label]
            row = _spread_row(scores, members)
            if row:
                rows.append({"problem": found.name, "label": label, **row})
    return pd.DataFrame(rows, columns=["problem", "label", *_SPREAD])


_SPREAD = ["rates", "decades", "initializers", "sd", "interquartile_range", "range",
           "rate_share", "initializer_share", "good_share", "tuned_range",
           "failed_share"]  # fmt: skip


def _spread_row(scores: Scores, members: list[int]) -> dict[str, Any] | None:
    """Describe the scatter over the rates that all initializers of an optimizer were tried at."""
    places = {i: {rate: row for row, rate in enumerate(scores.rates(i))} for i in members}
    common = sorted(set.intersection(*(set(place) for place in places.values())))
    means = np.full((len(common), len(members)), math.nan)
    failed = np.zeros(means.shape)
    for column, i in enumerate(members):
        rows = [places[i][rate] for rate in common]
        values, marks = (table[rows] for table in scores.searched(i))
        tried = (~np.isnan(values)).sum(axis=1)
        known = tried > 0
        means[known, column] = np.nanmean(values[known], axis=1)
        failed[:, column] = marks.sum(axis=1) / np.maximum(1, tried)
    if means.size < 2 or np.isnan(means).any():
        return None
    found = spread(means)
    best = means.max(axis=0)
    return {
        "rates": len(common),
        "decades": math.log10(common[-1] / common[0]),
        "initializers": len(members),
        **vars(found),
        "good_share": float((means >= means.max() - TOLERANCE * abs(means.max())).mean()),
        "tuned_range": float(np.ptp(best)),
        "failed_share": float(failed.mean()),
    }
