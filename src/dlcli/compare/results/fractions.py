"""How the score depends on the number of training examples: whether more data would help."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from dlcli.compare.results.wording import shown_score
from dlcli.statistics.description import Interval, describe, mean_interval
from dlcli.statistics.examples import two_way

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlcli.compare.results.scores import Scores

COLUMNS = ["problem", "candidate", "fraction", "examples", "runs", "mean", "low", "high", "gain",
           "gain_low", "gain_high"]  # fmt: skip


def fraction_frame(scores: Scores) -> pd.DataFrame:
    """Return a row for each candidate and share of the training part, by ascending share.

    Only the replications count in which a candidate has a score at every share, so that all of a
    curve is paired. `gain` is what the score improves by on the next smaller share, with its 95 %
    interval over the paired differences; positive is better, whatever the metric.
    """
    rows = [row for index in _curved(scores) for row in _curve(scores, index)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _curved(scores: Scores) -> range:
    return range(len(scores.plan.candidates) if scores.plan.shares else 0)


def _curve(scores: Scores, index: int) -> list[dict[str, Any]]:
    """Return the rows of one candidate; none where no replication has a score at every share."""
    candidate = scores.plan.candidates[index]
    problem = scores.plan.problems[candidate.problem]
    fractions = sorted({*scores.plan.shares, 1.0})
    values = np.array([scores.share_values(index, fraction) for fraction in fractions])
    complete = np.flatnonzero(~np.isnan(values).any(axis=0))
    if not len(complete):
        return []
    gains = {fractions[0]: (math.nan, None)} | {
        large: _gain(scores, index, small, large, complete) for small, large in pairwise(fractions)
    }
    rows = []
    for fraction, row in zip(fractions, values[:, complete], strict=True):
        found = describe(row)
        low, high = _ends(found.interval)
        ends = np.clip(sorted((low * scores.sign, high * scores.sign)), *scores.plan.score.bounds)
        gain, interval = gains[fraction]
        gain_low, gain_high = _ends(interval)
        told = (problem.name, candidate.name, fraction, problem.sizes[fraction], found.runs,
                found.mean * scores.sign, *map(float, ends), gain, gain_low, gain_high)  # fmt: skip
        rows.append(dict(zip(COLUMNS, told, strict=True)))
    return rows


def _ends(interval: Interval | None) -> tuple[float, float]:
    return (interval.low, interval.high) if interval else (math.nan, math.nan)


def _gain(
    scores: Scores, index: int, small: float, large: float, complete: NDArray[np.intp]
) -> tuple[float, Interval | None]:
    """Return the mean of the paired differences of two shares, and its 95 % interval."""
    pair = np.array([scores.share_values(index, f)[complete] for f in (large, small)])
    differences = pair[0] - pair[1]
    plain, mean = mean_interval(differences), float(differences.mean())
    if plain is None or scores.plan.split != "official":
        return mean, plain
    blocks = np.array([scores.share_blocks(index, f)[complete] for f in (large, small)])
    if np.isnan(blocks).any():
        return mean, plain
    # The replications have the same test examples, which decide too.
    errors = two_way(pair, blocks)
    half = float(special.stdtrit(errors.freedom[0, 1], 0.975) * errors.standard_errors[0, 1])
    half = max(half, (plain.high - plain.low) / 2)
    return mean, Interval(mean - half, mean + half)


def more_data_sentence(frame: pd.DataFrame, candidate: str, score: str) -> str:
    """Say whether the score of a candidate still improves between the two largest shares.

    Args:
        frame: Of one problem.
        candidate: Its name.
        score: What the score is called.

    Returns:
        Empty if the candidate has no curve.
    """
    rows = frame[frame["candidate"] == candidate]
    if len(rows) < 2:
        return ""
    small, large = (row for _, row in rows.tail(2).iterrows())
    told = (
        f"from {small['examples']:,} to {large['examples']:,} training examples, the {score} of "
        f"{candidate} improves by {shown_score(large['gain'])}"
    )
    if math.isnan(large["gain_low"]):
        return f"One replication cannot show whether more data would help: {told}."
    ends = f"{shown_score(large['gain_low'])} to {shown_score(large['gain_high'])}"
    told = f"{told} (95 % interval {ends}, paired)."
    if large["gain_low"] > 0:
        return f"More data would probably help: {told}"
    if large["gain_high"] < 0:
        return f"More data made the score worse: {told}"
    return f"It is not shown that more data would help: {told}"
