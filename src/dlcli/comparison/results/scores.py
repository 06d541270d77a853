"""The scores of trials as arrays: failed trainings at the worst outcome, missing ones NaN."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from dlcli.comparison.protocol import readings, validation_score
from dlcli.comparison.records import FAILED_TRAINING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dlcli.comparison.plan import Plan
    from dlcli.comparison.protocol import Choice
    from dlcli.comparison.records import Record, Result


class Scores:
    """The trials of a comparison by contender, with their scores, greater being better.

    Args:
        plan: What was planned.
        records: The trials that were run.
        choices: The chosen rates, by the contender's index.
    """

    def __init__(
        self, plan: Plan, records: Sequence[Record], choices: Mapping[int, Choice]
    ) -> None:
        self.plan = plan
        self.choices = choices
        self.sign = plan.score.sign
        self.jobs = {r.jobs for r in records if r.trial.stage == self.stage}
        self._search: dict[int, dict[tuple[float, int], Result]] = defaultdict(dict)
        self._confirm: dict[int, dict[int, Result]] = defaultdict(dict)
        for record in records:
            trial = record.trial
            if trial.stage == "search":
                self._search[trial.contender][trial.rate, trial.seed] = record.result
            elif trial.contender in choices and trial.rate == choices[trial.contender].rate:
                self._confirm[trial.contender][trial.seed] = record.result

    @property
    def is_confirmed(self) -> bool:
        """Whether there is a second stage; without one, the search's own scores are shown."""
        return bool(self.plan.seeds)

    @property
    def stage(self) -> str:
        """The stage whose trials are ranked."""
        return "confirm" if self.is_confirmed else "search"

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the trials that are ranked."""
        return self.plan.seeds if self.is_confirmed else self.plan.search_seeds

    def part(self, problem: int) -> str:
        """Return the part that ranks: `test`, or `val` where there is no test part or stage."""
        tested = self.is_confirmed and self.plan.problems[problem].test_chance
        return "test" if tested else "val"

    def worst(self, problem: int, part: str) -> float:
        """Return the score of knowing nothing, which a failed training counts for."""
        found = self.plan.problems[problem]
        chance = found.test_chance if part == "test" else found.validation_chance
        return chance[self.plan.score.metric] * self.sign

    def ranked(self, contender: int) -> list[Result | None]:
        """Return the trials that are ranked, one a seed; None where there is none."""
        if self.is_confirmed:
            return [self._confirm[contender].get(seed) for seed in self.seeds]
        choice = self.choices.get(contender)
        if choice is None:
            return [None] * len(self.seeds)
        return [self._search[contender].get((choice.rate, seed)) for seed in self.seeds]

    def matrix(self, problem: int) -> tuple[list[int], NDArray[np.float64]]:
        """Return a problem's contenders, and their scores (contenders, seeds), NaN if missing."""
        indices = [i for i, c in enumerate(self.plan.contenders) if c.problem == problem]
        rows = [self.values(i) for i in indices]
        return indices, np.array(rows, dtype=float).reshape(len(indices), len(self.seeds))

    def values(self, contender: int) -> NDArray[np.float64]:
        """Return the scores of the ranked trials (seeds,), NaN if missing."""
        problem = self.plan.contenders[contender].problem
        part = self.part(problem)
        return np.array([self._value(r, problem, part) for r in self.ranked(contender)], float)

    def _value(self, result: Result | None, problem: int, part: str) -> float:
        if result is None or result.status in ("failed", "pruned"):
            return math.nan
        if result.status in FAILED_TRAINING:
            return self.worst(problem, part)
        value = readings(result, self.plan.score).get(f"{part}_{self.plan.score.metric}")
        return self.worst(problem, part) if value is None else value * self.sign

    def failed(self, contender: int) -> NDArray[np.bool_]:
        """Return which of the ranked trials diverged or got stuck."""
        return np.array([r is not None and r.status in FAILED_TRAINING
                         for r in self.ranked(contender)])  # fmt: skip

    def failures(self, contender: int) -> int:
        """Return how many of the ranked trials diverged or got stuck."""
        return int(self.failed(contender).sum())

    def rates(self, contender: int) -> list[float]:
        """Return the rates that were searched, ascending."""
        return sorted({rate for rate, _ in self._search[contender]})

    def searched(self, contender: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the validation scores (rates, search seeds), and which trainings failed."""
        problem = self.plan.contenders[contender].problem
        chance = self.plan.problems[problem].validation_chance[self.plan.score.metric]
        results = [
            [self._search[contender].get((rate, seed)) for seed in self.plan.search_seeds]
            for rate in self.rates(contender)
        ]
        scores = [
            [
                math.nan if r is None else validation_score(r, self.plan.score, chance) * self.sign
                for r in row
            ]
            for row in results
        ]
        failed = [[r is not None and r.status in FAILED_TRAINING for r in row] for row in results]
        shape = (len(results), len(self.plan.search_seeds))
        return np.array(scores, float).reshape(shape), np.array(failed, bool).reshape(shape)

    def validation_curves(self, contender: int) -> NDArray[np.float64]:
        """Return the validation score after each epoch of the ranked trials (runs, epochs).

        After the end of a training that a callback stopped, its last score stands; after it
        diverged, that of knowing nothing.
        """
        found = self.plan.contenders[contender]
        worst = self.worst(found.problem, "val")
        name = f"val_{self.plan.score.metric}"
        curves = []
        for result in self.ranked(contender):
            if result is None or not result.history or result.status == "failed":
                continue
            values = [row.get(name) for row in result.history]
            curve = [worst if v is None else v * self.sign for v in values]
            after = worst if result.status == "diverged" else curve[-1]
            if result.status == "diverged":
                curve[-1] = worst
            missing = found.config.fit.epochs - len(curve)
            curves.append(curve + [after] * missing)
        return np.array(curves, float).reshape(len(curves), found.config.fit.epochs)

    def best_validation(self, problem: int) -> NDArray[np.float64]:
        """Return each ranked trial's best validation score (contenders, seeds), NaN if none."""
        name = f"val_{self.plan.score.metric}"
        rows = []
        for index, contender in enumerate(self.plan.contenders):
            if contender.problem != problem:
                continue
            values = []
            for result in self.ranked(index):
                value = result.best.get(name) if result and result.status == "ok" else None
                values.append(
                    math.nan
                    if result is None or result.status in ("failed", "pruned")
                    else self.worst(problem, "val")
                    if value is None
                    else value * self.sign
                )
            rows.append(values)
        return np.array(rows, float).reshape(len(rows), len(self.seeds))
