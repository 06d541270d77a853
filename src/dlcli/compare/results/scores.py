"""The scores of trials as arrays: failed trainings at the worst outcome, missing ones NaN."""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dlcli.compare.plan.blocks import BLOCKS
from dlcli.compare.plan.records import FAILED_TRAINING
from dlcli.compare.plan.tuning import readings, validation_score
from dlcli.statistics.sensitivity import rate_sensitivity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.plan.records import Result, TrialRecord
    from dlcli.compare.plan.schedule import Course, Schedule
    from dlcli.compare.plan.tuning import Choice
    from dlcli.statistics.sensitivity import RateSensitivity


class Scores:
    """The trials of a comparison by candidate, with their scores, greater being better.

    Args:
        plan: What was planned.
        records: The trials that were run.
        schedule: Which rates were chosen.
    """

    def __init__(self, plan: Plan, records: Sequence[TrialRecord], schedule: Schedule) -> None:
        self.plan = plan
        self.sign = plan.score.sign
        self.jobs = {record.jobs for record in records}
        self._schedule = schedule
        self._shares: dict[tuple[int, float, int], Result] = {}
        self._results: dict[int, dict[tuple[float, int], Result]] = defaultdict(dict)
        self._sensitivity: dict[int, RateSensitivity | None] = {}
        self._values: dict[int, NDArray[np.float64]] = {}
        self._searched: dict[int, tuple[NDArray[np.float64], NDArray[np.bool_]]] = {}
        replications = {seed: number for number, seed in enumerate(plan.seeds)}
        for record in records:
            trial = record.trial
            place = trial.rate, replications[trial.seed]
            if trial.is_share:
                self._shares[trial.candidate, trial.fraction, place[1]] = record.result
                continue
            self._results[trial.candidate][place] = record.result

    @property
    def is_ranked(self) -> bool:
        """Whether candidates are ranked at all; a plain grid only shows what was tried."""
        return not self.plan.is_grid

    @property
    def replications(self) -> range:
        """The replications, from 0; of a plain grid, the times that each rate is tried."""
        return range(len(self.plan.seeds))

    def chosen(self, candidate: int, replication: int) -> Choice | None:
        """Return the rate that a replication chose, None if it is not that far."""
        return self._schedule.choices.get((candidate, replication))

    @cached_property
    def _recommended(self) -> dict[int, Choice | None]:
        found = {i: self._schedule.recommended(i) for i in range(len(self.plan.candidates))}
        if self.plan.tune == "once":
            found |= {i: self.chosen(i, 0) for i in found}
        return found

    def recommended(self, candidate: int) -> Choice | None:
        """Return the rate that is best by all replications, None if nothing was run."""
        return self._recommended[candidate]

    def part(self, problem: int) -> str:
        """Return the part that ranks: `test`, or `val` where there is no test part."""
        tested = self.is_ranked and self.plan.problems[problem].test_chance
        return "test" if tested else "val"

    def worst(self, problem: int, part: str) -> float:
        """Return the score of knowing nothing, which a failed training counts for."""
        found = self.plan.problems[problem]
        chance = found.test_chance if part == "test" else found.validation_chance
        return chance[self.plan.score.metric] * self.sign

    def ranked(self, candidate: int) -> list[Result | None]:
        """Return the chosen trial of each replication; None where there is none."""
        return [self._ranked(candidate, replication) for replication in self.replications]

    def _ranked(self, candidate: int, replication: int) -> Result | None:
        choice = self.chosen(candidate, replication)
        if choice is None:
            return None
        return self._results[candidate].get((choice.rate, replication))

    def is_broken(self, candidate: int) -> bool:
        """Whether all trials of a replication were run and failed, so that none can be chosen."""
        statuses: dict[int, set[str]] = defaultdict(set)
        for (_, replication), result in self._results[candidate].items():
            statuses[replication].add(result.status)
        return any(
            found == {"failed"} and self.chosen(candidate, replication) is None
            for replication, found in statuses.items()
        )

    def candidates(self, problem: int) -> list[int]:
        """Return the indices of a problem's candidates."""
        return [i for i, c in enumerate(self.plan.candidates) if c.problem == problem]

    def course(self, problem: int) -> Course:
        """Return how a problem's looks went."""
        return self._schedule.course(problem)

    def matrix(self, problem: int) -> tuple[list[int], NDArray[np.float64]]:
        """Return a problem's candidates, and their scores (candidates, replications).

        Only replications that every candidate has come through are in it; a candidate whose trials
        could not be run holds up none, and neither does one that a look has shown worse. What is
        missing is NaN.
        """
        indices = self.candidates(problem)
        return indices, self.table(indices, self.complete(problem))

    def table(
        self, candidates: Sequence[int], replications: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the scores of candidates in some replications, NaN where there is none."""
        rows = np.array([self.values(i) for i in candidates], dtype=float)
        return rows.reshape(len(candidates), len(self.plan.seeds))[:, replications]

    def complete(self, problem: int) -> NDArray[np.intp]:
        """Return the replications that all candidates have come through who had to."""
        dropped = self.course(problem).dropped
        waited = [i for i in self.candidates(problem) if i not in dropped and not self.is_broken(i)]
        through = [
            r for r in self.replications if waited and all(self._ranked(i, r) for i in waited)
        ]
        return np.array(through, dtype=np.intp)

    def share_results(self, candidate: int, fraction: float) -> list[Result | None]:
        """Return the trial with a share of the training part of each replication."""
        if fraction == 1:
            return self.ranked(candidate)
        return [self._shares.get((candidate, fraction, r)) for r in self.replications]

    def share_values(self, candidate: int, fraction: float) -> NDArray[np.float64]:
        """Return the scores with a share of the training part (replications,), NaN if missing."""
        problem = self.plan.candidates[candidate].problem
        part = self.part(problem)
        results = self.share_results(candidate, fraction)
        return np.array([self._value(result, problem, part) for result in results], float)

    def share_blocks(self, candidate: int, fraction: float) -> NDArray[np.float64]:
        """Return these scores without each block of test examples, (replications, blocks)."""
        problem = self.plan.candidates[candidate].problem
        worst = self.worst(problem, self.part(problem))
        results = self.share_results(candidate, fraction)
        return np.array([self._blocks(result, worst) for result in results], float)

    def blocks(
        self, candidates: Sequence[int], replications: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return the scores without each block of test examples, NaN where there are none.

        Args:
            candidates: Indices in the plan, of one problem.
            replications: From 0.

        Returns:
            Shape (candidates, replications, blocks). A failed training has the worst score without
            any of them.
        """
        rows = []
        for index in candidates:
            problem = self.plan.candidates[index].problem
            worst = self.worst(problem, self.part(problem))
            found = [self._ranked(index, int(r)) for r in replications]
            rows.append([self._blocks(result, worst) for result in found])
        return np.array(rows, dtype=float).reshape(len(candidates), len(replications), BLOCKS)

    def _blocks(self, result: Result | None, worst: float) -> list[float]:
        if result is not None and result.status in FAILED_TRAINING:
            return [worst] * BLOCKS
        if result is None or not result.blocks:
            return [math.nan] * BLOCKS
        return [value * self.sign for value in result.blocks]

    def values(self, candidate: int) -> NDArray[np.float64]:
        """Return the scores of the chosen trials (replications,), NaN if missing."""
        if candidate not in self._values:
            self._values[candidate] = self._read_values(candidate)
        return self._values[candidate].copy()

    def _read_values(self, candidate: int) -> NDArray[np.float64]:
        problem = self.plan.candidates[candidate].problem
        part = self.part(problem)
        return np.array([self._value(r, problem, part) for r in self.ranked(candidate)], float)

    def _value(self, result: Result | None, problem: int, part: str) -> float:
        if result is None or result.status in ("failed", "pruned"):
            return math.nan
        if result.status in FAILED_TRAINING:
            return self.worst(problem, part)
        value = readings(result, self.plan.score).get(f"{part}_{self.plan.score.metric}")
        return self.worst(problem, part) if value is None else value * self.sign

    def failed(self, candidate: int) -> NDArray[np.bool_]:
        """Return which of the chosen trials diverged or got stuck."""
        return np.array([r is not None and r.status in FAILED_TRAINING
                         for r in self.ranked(candidate)])  # fmt: skip

    def failures(self, candidate: int) -> int:
        """Return how many of the chosen trials diverged or got stuck."""
        return int(self.failed(candidate).sum())

    def failures_at(self, candidate: int, rate: float) -> tuple[int, int]:
        """Return how many trials at a rate failed to learn, of how many."""
        statuses = [r.status for (tried, _), r in self._results[candidate].items() if tried == rate]
        return sum(status in FAILED_TRAINING for status in statuses), len(statuses)

    def rates(self, candidate: int) -> list[float]:
        """Return the rates that were tried, ascending."""
        return sorted({rate for rate, _ in self._results[candidate]})

    def searched(self, candidate: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the validation scores (rates, replications), and which trainings failed.

        A rate that a replication did not try has no score there: NaN.
        """
        if candidate not in self._searched:
            self._searched[candidate] = self._read_searched(candidate)
        scores, failed = self._searched[candidate]
        return scores.copy(), failed.copy()

    def sensitivity(self, candidate: int) -> RateSensitivity | None:
        """Return how the validation score depends on the rate, None without any score."""
        if candidate not in self._sensitivity:
            values, failed = self.searched(candidate)
            known = not np.isnan(values).all()
            self._sensitivity[candidate] = (
                rate_sensitivity(self.rates(candidate), values, failed) if known else None
            )
        return self._sensitivity[candidate]

    def _read_searched(self, candidate: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        problem = self.plan.candidates[candidate].problem
        chance = self.plan.problems[problem].validation_chance[self.plan.score.metric]
        rows = {rate: row for row, rate in enumerate(self.rates(candidate))}
        scores = np.full((len(rows), len(self.replications)), math.nan)
        failed = np.zeros(scores.shape, dtype=bool)
        for (rate, replication), result in self._results[candidate].items():
            place = rows[rate], replication
            scores[place] = validation_score(result, self.plan.score, chance) * self.sign
            failed[place] = result.status in FAILED_TRAINING
        return scores, failed

    def validation_curves(self, candidate: int) -> NDArray[np.float64]:
        """Return the validation score after each epoch of the chosen trials (runs, epochs).

        After the end of a training that a callback stopped, its last score stands; after it
        diverged, that of knowing nothing.
        """
        found = self.plan.candidates[candidate]
        worst = self.worst(found.problem, "val")
        name = f"val_{self.plan.score.metric}"
        curves = []
        for result in self.ranked(candidate):
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
        """Return each chosen trial's best validation score, NaN where there is none.

        Returns:
            Shape (candidates, replications).
        """
        name = f"val_{self.plan.score.metric}"
        rows = []
        for index, candidate in enumerate(self.plan.candidates):
            if candidate.problem != problem:
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
        return np.array(rows, float).reshape(len(rows), len(self.replications))
