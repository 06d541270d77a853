"""Which of the searched settings a candidate's score depends on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlcli.compare.plan.design import short, values_of
from dlcli.config.sections.space import RATE
from dlcli.statistics.importance import importance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.compare.results.scores import Scores
    from dlcli.config.sections.space import Space

COLUMNS = ["problem", "candidate", "label", "initializer", "path", "setting", "share", "explained",
           "tries"]  # fmt: skip


def importance_frame(scores: Scores) -> pd.DataFrame:
    """Return a row for each setting of each candidate whose tries show what the score depends on.

    `share` is the part of the score's variance that the setting explains by itself; the largest is
    first.
    """
    rows: list[dict[str, Any]] = []
    for index, candidate in enumerate(scores.plan.candidates):
        if not candidate.is_wide:
            continue
        values, _ = scores.searched(index)
        known = np.flatnonzero(~np.isnan(values).all(axis=1))
        rates = [scores.rates(index)[place] for place in known]
        tried = [{RATE: float(rate), **dict(values_of(rate))} for rate in rates]
        paths = [path for path in candidate.spaces if len({repr(row[path]) for row in tried}) > 1]
        if len(paths) < 2:
            continue
        points = np.array(
            [placed([row[path] for row in tried], candidate.spaces[path]) for path in paths]
        ).T
        found = importance(points, np.nanmean(values[known], axis=1))
        if found is None:
            continue
        named = {
            "problem": scores.plan.problems[candidate.problem].name,
            "candidate": candidate.name,
            "label": candidate.label,
            "initializer": "" if candidate.initializer is None else candidate.initializer.name,
        }
        shares = sorted(zip(found.shares, paths, strict=True), key=lambda pair: -pair[0])
        rows += [
            {**named, "path": path, "setting": short(path), "share": float(share),
             "explained": found.explained, "tries": len(tried)}
            for share, path in shares
        ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def placed(values: Sequence[Any], space: Space) -> list[float]:
    """Return where values lie in their space, from 0 to 1; choices in their order."""
    if space.choices is not None:
        return [space.choices.index(value) / max(1, len(space.choices) - 1) for value in values]
    scale = math.log if space.scale == "log" else float
    low, high = scale(space.low or 0.0), scale(space.high or 0.0)
    return [(scale(value) - low) / (high - low) for value in values]
