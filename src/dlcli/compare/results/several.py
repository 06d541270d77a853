"""Several problems: scores on one scale, aggregated, profiled, ranked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dlcli.compare.results.ranking import level_of
from dlcli.statistics import problems as statistics
from dlcli.statistics.description import interquartile_mean
from dlcli.statistics.power import ALPHA
from dlcli.statistics.ranking import (
    FEWEST_PROBLEMS,
    CriticalDifference,
    average_ranks,
    critical_difference_diagram,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlcli.compare.results.ranking import Ranking
    from dlcli.compare.results.scores import Scores

THRESHOLDS = np.linspace(0.0, 1.05, 106)


def candidates_of_all(scores: Scores, rankings: Sequence[Ranking]) -> tuple[str, ...]:
    """Return the names of the candidates that could be ranked on all problems."""
    plan = scores.plan.candidates
    named = [[plan[index].name for index in ranking.everyone] for ranking in rankings]
    shared = set.intersection(*(set(names) for names in named))
    return tuple(name for name in named[0] if name in shared)


class Aggregate:
    """What several problems say together of the candidates that could be ranked on all of them.

    There is at least one.

    With few problems the replications are the sample, so each problem has as many of them: those
    that all candidates share on the problem that has the fewest.

    Args:
        scores: All trials.
        rankings: One a problem.

    Attributes:
        candidates: Names of the candidates.
        generalizes: Whether the problems are the sample, as in `judge_jointly`.
        shared: Replications of the problem that has the fewest.
        level: Of the test over all problems. Where the replications are the sample, and how many
            there are was decided by looking at them, that of a look at so many.
        normalised: Shape (candidates, replications) for each problem.
    """

    def __init__(self, scores: Scores, rankings: Sequence[Ranking]) -> None:
        candidates = scores.plan.candidates
        self.generalizes = len(rankings) >= statistics.FEWEST_TO_GENERALIZE
        self.shared = min(int(ranking.shared_scores.shape[1]) for ranking in rankings)
        by_looks = scores.plan.looks and self.shared and not self.generalizes
        self.level = level_of(self.shared, scores.plan.looks) if by_looks else ALPHA
        named = [[candidates[i].name for i in r.everyone] for r in rankings]
        self.candidates = candidates_of_all(scores, rankings)
        by_name = {c.name: c for c in candidates}
        self.labels = tuple(by_name[name].label for name in self.candidates)
        self.failures = [
            sum(scores.failures(i) for i, c in enumerate(candidates) if c.name == name)
            for name in self.candidates
        ]
        self.normalised: list[NDArray[np.float64]] = []
        for problem, (ranking, names) in enumerate(zip(rankings, named, strict=True)):
            rows = ranking.shared_scores[[names.index(name) for name in self.candidates]]
            rows = rows if self.generalizes else rows[:, : self.shared]
            floor = scores.worst(problem, scores.part(problem))
            self.normalised.append(statistics.normalise(rows, min(floor, float(rows.max()))))

    def frame(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return a row a candidate: aggregated normalised score with interval, average rank."""
        means = np.array([values.mean(axis=1) for values in self.normalised])
        ranks = average_ranks(means)
        rows = []
        for place, name in enumerate(self.candidates):
            own = [values[place] for values in self.normalised]
            enough = len(own) >= statistics.FEWEST_PROBLEMS
            interval = statistics.aggregate_interval(own, rng) if enough else None
            rows.append(
                {
                    "candidate": name,
                    "label": self.labels[place],
                    "normalised_mean": float(means[:, place].mean()),
                    "normalised_iqm": interquartile_mean(np.concatenate(own)),
                    "low": interval.low if interval else math.nan,
                    "high": interval.high if interval else math.nan,
                    "average_rank": float(ranks[place]),
                    "problems": len(own),
                    "failed": self.failures[place],
                }
            )
        frame = pd.DataFrame(rows)
        return frame.sort_values("normalised_mean", ascending=False, ignore_index=True)

    def judged(self, rng: np.random.Generator) -> statistics.Joint:
        """Return the answer over all problems."""
        return statistics.judge_jointly(self.normalised, None, rng, alpha=self.level)

    def profiles(self) -> pd.DataFrame:
        """Return the share of runs above each normalised score, by candidate."""
        shares = statistics.score_profile(self.normalised, THRESHOLDS)
        return pd.DataFrame(
            [
                {"candidate": name, "label": label, "threshold": float(t), "share": float(s)}
                for name, label, row in zip(self.candidates, self.labels, shares, strict=True)
                for t, s in zip(THRESHOLDS, row, strict=True)
            ]
        )

    def critical_difference(self) -> CriticalDifference | None:
        """Return Demšar's diagram, None with too few problems for it."""
        if len(self.normalised) < FEWEST_PROBLEMS or len(self.candidates) < 2:
            return None
        return critical_difference_diagram([v.mean(axis=1) for v in self.normalised])
