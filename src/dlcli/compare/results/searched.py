"""What was searched beside the learning rate, and what each setting scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlcli.compare.plan.design import short, values_of
from dlcli.config.sections.space import RATE

if TYPE_CHECKING:
    from dlcli.compare.results.scores import Scores
    from dlcli.config.sections.space import Space

COLUMNS = ["problem", "candidate", "label", "initializer", "path", "setting", "scale", "value",
           "score", "runs", "chosen"]  # fmt: skip


def searched_frame(scores: Scores) -> pd.DataFrame:
    """Return a row for each value of each setting that a candidate tried.

    The score is the mean validation score over the replications that tried the whole setting, and
    `scale` says how the value's range is divided: `log`, `linear`, or `choices` for none.
    """
    rows: list[dict[str, Any]] = []
    for index, candidate in enumerate(scores.plan.candidates):
        if not candidate.is_wide:
            continue
        named = {
            "problem": scores.plan.problems[candidate.problem].name,
            "candidate": candidate.name,
            "label": candidate.label,
            "initializer": "" if candidate.initializer is None else candidate.initializer.name,
        }
        best = scores.recommended(index)
        values, _ = scores.searched(index)
        for rate, row in zip(scores.rates(index), values, strict=True):
            known = row[~np.isnan(row)]
            if not len(known):
                continue
            told = {
                **named,
                "score": float(known.mean()) * scores.sign,
                "runs": len(known),
                "chosen": best is not None and best.rate == rate,
            }
            for path, value in ((RATE, float(rate)), *values_of(rate)):
                space = candidate.spaces[path]
                setting = {"path": path, "setting": short(path), "scale": _scale(space)}
                rows.append({**told, **setting, "value": value})
    return pd.DataFrame(rows, columns=COLUMNS)


def _scale(space: Space) -> str:
    return "choices" if space.choices is not None else space.scale
