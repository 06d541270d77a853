"""What the tests say of one problem's candidates: at the end, or at a look before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dlcli.compare.plan.schedule import Look
from dlcli.compare.results.scores import Scores
from dlcli.statistics import pairing
from dlcli.statistics.best import Standing, Verdict, judge
from dlcli.statistics.examples import two_way
from dlcli.statistics.looks import level_after
from dlcli.statistics.power import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.plan.schedule import Course, Schedule

RNG_SEED = 20260101
"""Of permutations and resamples: the same trials always give the same tables."""

POINT = 0.01
"""The default margin of scores between 0 and 1."""

SHARE = 0.05
"""The default margin of other scores, as a share of the best one."""


@dataclass(frozen=True)
class Shown:
    """What was shown of one candidate.

    Attributes:
        standing: What the scores say of it.
        through: The replications of these scores, from 0.
        level: Of the test, 5 % where there are no looks before the end.
    """

    standing: Standing
    through: NDArray[np.intp]
    level: float


@dataclass(frozen=True)
class Ranking:
    """One problem's scores, and what the tests say of them.

    Attributes:
        candidates: Indices in the plan of those that are judged together.
        left_out: Indices of those that could not be ranked: their trials failed to run.
        through: The replications that are judged, from 0: those of which nothing is missing.
        scores: Shape (candidates, replications), greater is better.
        margin: What a candidate may lack to the best and still be as good.
        verdict: The answer.
        level: Of the test; the bounds hold with confidence 1 - level.
        earlier: Candidates that an earlier look has shown worse, by their indices. They got no more
            replications, so they are not among `candidates`.
        shared: Shape (candidates and earlier, replications that all of them share).
    """

    candidates: tuple[int, ...]
    left_out: tuple[int, ...]
    through: NDArray[np.intp]
    scores: NDArray[np.float64]
    margin: float
    verdict: Verdict
    level: float = ALPHA
    earlier: tuple[tuple[int, Shown], ...] = ()
    shared: NDArray[np.float64] | None = None

    @property
    def everyone(self) -> tuple[int, ...]:
        """Indices of all that are ranked, in the order of `shared`."""
        return (*self.candidates, *(index for index, _ in self.earlier))

    @cached_property
    def shared_scores(self) -> NDArray[np.float64]:
        """The scores of all that are ranked, in the replications that all of them share."""
        return self.scores if self.shared is None else self.shared

    @cached_property
    def shown(self) -> dict[int, Shown]:
        """What was shown of each candidate that is ranked, by its index."""
        found = zip(self.candidates, self.verdict.standings, strict=True)
        now = {index: Shown(standing, self.through, self.level) for index, standing in found}
        return now | dict(self.earlier)

    @property
    def best(self) -> int:
        """Index of the candidate with the best mean."""
        return self.candidates[self.verdict.best]


def ranked(
    plan: Plan,
    candidates: Sequence[int],
    scores: NDArray[np.float64],
    blocks: NDArray[np.float64] | None,
    rng: np.random.Generator,
    *,
    level: float = ALPHA,
) -> Ranking | None:
    """Judge candidates by their scores; None if there is nothing to rank.

    Args:
        plan: Says what ranks, and the margin.
        candidates: Their indices.
        scores: Shape (candidates, replications), greater is better; NaN where a trial is missing.
        blocks: Shape (candidates, replications, blocks): scores without each block of the test
            examples, NaN where there are none; None if there are none at all.
        rng: See `statistics.best.judge`.
        level: Of the test and the bounds.
    """
    complete = pairing.complete(scores) if scores.size else None
    if complete is None or not complete.scores.size:
        return None
    kept = complete.candidates
    errors = None
    if blocks is not None and complete.scores.shape[1] > 1:
        without = blocks[np.ix_(kept, complete.seeds)]
        errors = None if np.isnan(without).any() else two_way(complete.scores, without)
    margin = margin_of(plan, complete.scores)
    return Ranking(
        tuple(candidates[place] for place in kept),
        tuple(index for place, index in enumerate(candidates) if place not in kept),
        complete.seeds,
        complete.scores,
        margin,
        judge(complete.scores, margin, rng, alpha=level, errors=errors),
        level,
    )


def margin_of(plan: Plan, scores: NDArray[np.float64]) -> float:
    """Return the margin: as given, or a point of scores up to 1, or 5 % of the best of others.

    Args:
        plan: Has it if it was given.
        scores: Shape (candidates, replications).
    """
    if plan.margin is not None:
        return plan.margin
    if plan.score.bounds == (0.0, 1.0) and plan.score.greater_is_better:
        return POINT
    return SHARE * abs(float(scores.mean(axis=1).max()))


def rank(scores: Scores, problem: int, rng: np.random.Generator) -> Ranking | None:
    """Rank a problem's candidates; None if there is nothing to rank.

    Args:
        scores: All trials.
        problem: Its index.
        rng: Draws; where the plan has looks, they have generators of their own, so that each look
            comes to the same whenever it is asked.
    """
    course = scores.course(problem)
    if not course.planned:
        return _over(scores, scores.candidates(problem), scores.complete(problem), rng)
    return _at_last(scores, problem, course)


def _at_last(scores: Scores, problem: int, course: Course) -> Ranking | None:
    """Return what the last look says, or one that was not planned: of a comparison cut off."""
    through = scores.complete(problem)
    looks = course.looks
    if looks and (course.is_over or len(through) <= looks[-1].replications):
        found = _at_look(scores, looks[-1])
        looks = looks[:-1]
    else:
        left = [i for i in scores.candidates(problem) if i not in course.dropped]
        level = level_of(len(through), course.planned) if len(through) else ALPHA
        found = _over(scores, left, through, _rng(problem, len(through)), level=level)
    if found is None:
        return None
    earlier = tuple(
        (index, ranking.shown[index])
        for look in looks
        if look.worse and (ranking := _at_look(scores, look)) is not None
        for index in look.worse
    )
    if not earlier:
        return found
    everyone = (*found.candidates, *(index for index, _ in earlier))
    table = np.array([scores.values(index)[through] for index in everyone])
    return replace(found, earlier=earlier, shared=table[:, ~np.isnan(table).any(axis=0)])


def _at_look(scores: Scores, look: Look) -> Ranking | None:
    problem = scores.plan.candidates[look.candidates[0]].problem
    first = np.arange(look.replications)
    rng = _rng(problem, look.replications)
    return _over(scores, look.candidates, first, rng, level=look.level)


def _over(
    scores: Scores,
    candidates: Sequence[int],
    replications: NDArray[np.intp],
    rng: np.random.Generator,
    *,
    level: float = ALPHA,
) -> Ranking | None:
    """Rank candidates over some replications."""
    table = scores.table(candidates, replications)
    blocks = scores.blocks(candidates, replications)
    found = ranked(scores.plan, candidates, table, blocks, rng, level=level)
    return None if found is None else replace(found, through=replications[found.through])


def _rng(problem: int, replications: int) -> np.random.Generator:
    return np.random.default_rng([RNG_SEED, problem, replications])


@lru_cache(maxsize=64)
def level_of(replications: int, planned: tuple[int, ...]) -> float:
    """Return the level of a look at so many replications, see `level_after`."""
    return level_after(replications, planned)


def look_at(schedule: Schedule, candidates: tuple[int, ...], replications: int) -> Look:
    """Judge a problem's candidates by their first replications: what a schedule looks with."""
    plan = schedule.plan
    told = [record for index in candidates for record in schedule.records(index)]
    level = level_of(replications, plan.looks)
    look = Look(replications, candidates, level, (), is_decided=True)
    ranking = _at_look(Scores(plan, told, schedule), look)
    if ranking is None:  # no trial could be run, and none will be
        return look
    found = zip(ranking.candidates, ranking.verdict.standings, strict=True)
    worse = tuple(index for index, standing in found if standing.status == "worse")
    return replace(look, worse=worse, is_decided=ranking.verdict.decided)
