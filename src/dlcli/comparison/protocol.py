"""What to train next: search each contender's learning rate, then confirm it with fresh seeds.

1. Search: every rate of a contender's grid with the search seeds. If the best rate lies on the
   edge of the grid, the grid grows there until it does not, or may not any more.
2. Confirm: the chosen rate again with seeds that the search has never used, so that the luck of
   the search is not in the result (Cawley & Talbot 2010 call it selection bias). Only these
   trials see the test part.

A contender goes on to its second stage as soon as its own search is over, so that a worker keeps
its compiled program. Nothing here trains: `start` and `tell` hand out tasks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from dlcli.comparison.rates import tidy
from dlcli.comparison.records import FAILED_TRAINING, Task, Trial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.comparison.plan import Contender, Plan, Score
    from dlcli.comparison.records import Result


@dataclass(frozen=True)
class Choice:
    """The learning rate that a search chose.

    Attributes:
        rate: The best by the mean validation score over the search seeds; of equals, the one with
            the least validation loss.
        score: That mean, failed trainings at chance level.
        edge: `lower` or `upper` if it lies on the edge of the rates tried, else empty: a better
            one may lie beyond.
    """

    rate: float
    score: float
    edge: str


class Protocol:
    """Hands out tasks, and takes results in any order."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.choices: dict[int, Choice] = {}
        self.notes: list[str] = []
        self._searches = [_Search(plan, i) for i in range(len(plan.contenders))]
        self._rates = sum(len(search.rates) for search in self._searches)

    @property
    def trials(self) -> int:
        """How many trials there are, as far as the grids have grown."""
        return self._rates * len(self.plan.search_seeds) + self.plan.confirming

    def start(self) -> list[Task]:
        """Return the tasks to begin with."""
        return [task for search in self._searches for task in search.tasks(search.rates)]

    def tell(self, trial: Trial, result: Result) -> list[Task]:
        """Take a result; return the tasks that it makes possible."""
        if trial.stage == "confirm":
            return []
        search = self._searches[trial.contender]
        search.results[trial.rate, trial.seed] = result
        if not search.is_done():
            return []
        choice = search.choice()
        if choice is None:
            self.notes.append(f"{search.contender.name}: no trial of its search could be run")
            return []
        if beyond := search.beyond(choice):
            search.rates.append(beyond)
            self._rates += 1
            return search.tasks([beyond])
        self.choices[trial.contender] = choice
        self._note(search, choice)
        return [
            Task((Trial(trial.contender, choice.rate, seed, "confirm"),))
            for seed in self.plan.seeds
        ]

    def _note(self, search: _Search, choice: Choice) -> None:
        name = search.contender.name
        if len(self.plan.problems) > 1:
            name = f"{self.plan.problems[search.contender.problem].name}: {name}"
        if search.extended:
            grown = ", ".join(f"{rate:g}" for rate in search.extended)
            self.notes.append(f"{name}: the best rate lay on the edge, so the grid grew by {grown}")
        if choice.edge:
            self.notes.append(
                f"{name}: the best rate, {choice.rate:g}, is the {choice.edge} edge of those "
                "tried; a better one may lie beyond"
            )


class _Search:
    """The search of one contender."""

    def __init__(self, plan: Plan, index: int) -> None:
        self.plan = plan
        self.index = index
        self.contender: Contender = plan.contenders[index]
        self.rates = list(self.contender.rates)
        self.results: dict[tuple[float, int], Result] = {}

    @property
    def extended(self) -> list[float]:
        """The rates beyond the planned grid."""
        return sorted(set(self.rates) - set(self.contender.rates))

    def tasks(self, rates: Sequence[float]) -> list[Task]:
        if self.plan.prune and len(rates) > 1:
            return [
                Task(tuple(Trial(self.index, r, seed, "search") for r in rates), prune=True)
                for seed in self.plan.search_seeds
            ]
        return [
            Task((Trial(self.index, rate, seed, "search"),))
            for rate in rates
            for seed in self.plan.search_seeds
        ]

    def is_done(self) -> bool:
        return len(self.results) == len(self.rates) * len(self.plan.search_seeds)

    def choice(self) -> Choice | None:
        """Return the best rate so far; None if no rate has a score."""
        chance = self.plan.problems[self.contender.problem].validation_chance
        worst = chance[self.plan.score.metric]
        standing = {
            rate: _standing(
                [self.results[rate, seed] for seed in self.plan.search_seeds],
                self.plan.score,
                worst,
            )
            for rate in sorted(self.rates)
        }
        scored = {rate: s for rate, s in standing.items() if not math.isnan(s[1])}
        if not scored:
            return None
        best = max(scored, key=scored.__getitem__)
        edges = {min(self.rates): "lower", max(self.rates): "upper"}
        edge = edges.get(best, "") if len(self.rates) > 1 else ""
        return Choice(best, scored[best][1] * self.plan.score.sign, edge)

    def beyond(self, choice: Choice) -> float | None:
        """Return the next rate beyond the edge on which the choice lies, if the grid may grow."""
        step = self.contender.step
        if not choice.edge or step is None or len(self.extended) >= self.contender.extensions:
            return None
        # Counted from the grid's first rate, or the rounding of the rates would add up.
        origin = self.contender.rates[0]
        steps = round(math.log10(choice.rate / origin) / step)
        return tidy(origin * 10 ** (step * (steps + (1 if choice.edge == "upper" else -1))))


def _standing(results: Sequence[Result], score: Score, worst: float) -> tuple[int, float, float]:
    """Return a rate's prunings, mean score and validation loss, so that greater is better.

    A rate that was pruned at one seed has lost there; its mean over the others would hide that.
    """
    pruned = sum(result.status == "pruned" for result in results)
    scores = [validation_score(result, score, worst) * score.sign for result in results]
    known = [s for s in scores if not math.isnan(s)]
    losses = [_loss(result, score) for result in results]
    return -pruned, (fmean(known) if known else math.nan), -fmean(losses)


def validation_score(result: Result, score: Score, worst: float) -> float:
    """Return what a searching trial counts for.

    A training that diverged or got stuck counts as the worst possible outcome; one that was pruned
    or could not be run has no score: NaN.
    """
    if result.status in FAILED_TRAINING:
        return worst
    if result.status != "ok":
        return math.nan
    value = readings(result, score).get(f"val_{score.metric}")
    return worst if value is None else value


def _loss(result: Result, score: Score) -> float:
    value = readings(result, score).get("val_loss")
    return math.inf if value is None or not math.isfinite(value) else value


def readings(result: Result, score: Score) -> Mapping[str, float | None]:
    """Return a trial's numbers at the epoch that the score is read at."""
    return result.last if score.read == "last" else result.best
