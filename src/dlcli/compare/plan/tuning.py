"""How one candidate is trained: every replication chooses its learning rate anew.

A replication draws everything that chance decides: split, initial weights, batches, dropout, and
the tuning (Bouthillier et al. 2021, "Accounting for Variance in Machine Learning Benchmarks").

1. The first replication tries every rate of a candidate's grid. If the best rate lies on the edge
   of the grid, the grid grows there until it does not, or may not any more.
2. Each later one tries the best rate so far and its neighbors again, and further where the best so
   far comes to lie on their edge. A neighbor that lost by far twice is left out. The replication's
   own validation part then chooses among them.
3. The test score of the network so chosen is what the replication says of the candidate.
4. For a curve over training size, the network is trained at the chosen rate with each share of the
   training part too. These trials decide nothing.

With `tune: once`, every replication uses the choice of the first one instead.

What a candidate tries depends on its own results alone, not on the order in which they come, so the
same plan always has the same trials.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from dlcli.compare.plan.design import edge_of, short, values_of
from dlcli.compare.plan.rates import tidy
from dlcli.compare.plan.records import FAILED_TRAINING, Task, Trial
from dlcli.config.sections.space import RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dlcli.compare.plan.candidates import Candidate
    from dlcli.compare.plan.plan import Plan, RankingScore
    from dlcli.compare.plan.records import Result

CAUTION = 0.004
"""A rate's mean over few replications counts for less, by this share of the best score above chance
over the root of how many tried it, so that a single lucky trial does not lead."""


@dataclass(frozen=True)
class Choice:
    """The learning rate that was chosen.

    Attributes:
        rate: The best by the mean validation score; of equals, the one with the least validation
            loss.
        score: That mean, failed trainings at chance level.
        edge: `lower` or `upper` if it lies on the edge of the rates tried, else empty: a better
            one may lie beyond.
    """

    rate: float
    score: float
    edge: str = ""


HOPELESS = 0.05
"""A rate that loses more than this share of the best score above chance, or fails, in each of
`TWICE` replications or more, is not tried again: it would never be chosen."""

TWICE = 2


class Tuning:
    """How the rates of one candidate are chosen.

    Args:
        plan: Of the comparison.
        index: The candidate's in the plan.
        choices: Takes the rate of each replication, by (candidate, replication).
        notes: Takes what a reader should know of the tuning.

    Attributes:
        results: By rate and replication.
        limit: Replications that are trained until `go_on` asks for more.
        is_lost: All trials of its search failed to run, so that nothing more can be trained.
        is_over: No more replications are wanted.
    """

    def __init__(
        self, plan: Plan, index: int, choices: dict[tuple[int, int], Choice], notes: list[str]
    ) -> None:
        self.plan = plan
        self.index = index
        self.candidate: Candidate = plan.candidates[index]
        self.results: dict[tuple[float, int], Result] = {}
        self.limit = plan.looks[0] if plan.looks else len(plan.seeds)
        self.is_lost = self.is_over = False
        self.ladder = list(self.candidate.rates)  # all rates tried or planned, ascending
        self.blocks: list[_Block] = []
        self.done: set[int] = set()  # replications
        self._choices, self._notes = choices, notes
        # What would take long to find again and again among many results.
        self._by_rate: dict[float, list[Result]] = {}
        self._by_replication: dict[int, _Block] = {}
        self._handed_out = 0
        self._settled: set[int] = set()  # replications whose rate is chosen, or cannot be
        self._shares: list[Task] = []  # to be handed out
        self._handed_out_shares = 0
        self._center: tuple[int, Choice | None] = 0, None
        self._standing_by_rate: dict[float, tuple[float, float, int]] = {}

    @property
    def extended(self) -> list[float]:
        """The rates beyond the planned grid."""
        return sorted(set(self.ladder) - set(self.candidate.rates))

    @property
    def expected(self) -> int:
        """How many trials there will be, as far as one can see."""
        return self._handed_out if self.is_over else self._handed_out + self._later_trials

    @property
    def expected_shares(self) -> int:
        """How many of these are of the curve over training size."""
        return self._handed_out_shares + (0 if self.is_over else self._later_shares)

    @property
    def saved(self) -> int:
        """How many trials of the comparison itself were planned and are not wanted any more."""
        return self._later_compared if self.is_over and not self.is_lost else 0

    @property
    def _later_trials(self) -> int:
        """How many trials the replications take that have not begun."""
        return self._later_compared + self._later_shares

    @property
    def _later_compared(self) -> int:
        later = len(self.plan.seeds) - len(self._by_replication)
        return later * self.plan.later_rates(len(self.candidate.rates))

    @property
    def _later_shares(self) -> int:
        return (len(self.plan.seeds) - len(self._settled)) * len(self.plan.shares)

    @property
    def is_resting(self) -> bool:
        """Whether it has come to its limit, or can train nothing more."""
        return self.is_lost or len(self.done) >= self.limit

    def start(self) -> list[Task]:
        """Search the whole grid: jointly, or in each of the first replications."""
        first = range(self.plan.searches)
        joint = self.plan.is_grid or self.plan.tune == "once"
        groups = [tuple(first)] if joint else [(replication,) for replication in first]
        return [task for group in groups for task in self._begin(self.candidate.rates, group)]

    def _begin(self, rates: Iterable[float], replications: tuple[int, ...]) -> list[Task]:
        block = _Block(self, list(rates), replications)
        self.blocks.append(block)
        self._by_replication |= dict.fromkeys(replications, block)
        return self._handing(block.tasks(block.rates, prune=block.is_search))

    def _handing(self, tasks: list[Task]) -> list[Task]:
        """Count the trials of tasks that are handed out."""
        self._handed_out += sum(len(task.trials) for task in tasks)
        return tasks

    def go_on(self, limit: int) -> list[Task]:
        """Return the tasks of the next replications, up to a new limit."""
        first, self.limit = self.limit, limit
        return [] if self.is_lost else self._begin_later(first)

    def tell(self, trial: Trial, result: Result) -> list[Task]:
        """Take a result; return the tasks that it makes possible."""
        replication = self.plan.seeds.index(trial.seed)
        self.results[trial.rate, replication] = result
        self._by_rate.setdefault(trial.rate, []).append(result)
        block = self._by_replication[replication]
        if not block.is_done():
            return []
        if beyond := block.beyond():
            return self._handing(block.extend(beyond))
        self.done.update(block.replications)
        if len(self.done) < self.plan.searches:
            return []
        if block.is_search:
            return self._after_search()
        if self.plan.tune == "each":
            self._keep(block.choice(), block.replications)
            return self._begin_next()
        return []

    def _after_search(self) -> list[Task]:
        """Keep what the searching replications chose, and go on to the others."""
        self._note()
        for block in self.blocks:
            self._keep(block.choice(), block.replications)
        return self._begin_later(self.plan.searches)

    def _begin_later(self, first: int) -> list[Task]:
        """Begin the replications from one on: one after another, or at once with the rate kept."""
        if self.plan.tune == "each":
            return self._begin_next()
        choice = self.blocks[0].choice()
        later = range(first, self.limit)
        self.is_lost = choice is None
        self._keep(choice, later)
        return [task for r in later if choice for task in self._begin([choice.rate], (r,))]

    def _begin_next(self) -> list[Task]:
        """Begin the next replication at the best rate so far and its neighbors."""
        following = len(self.done)
        center = self.center()
        self.is_lost = center is None
        if following == self.limit or center is None:
            return []
        return self._begin(self._around(center.rate), (following,))

    def _keep(self, choice: Choice | None, replications: Iterable[int]) -> None:
        chosen = list(replications)
        self._settled.update(chosen)
        if choice is None:
            return
        for replication in chosen:
            self._choices[self.index, replication] = choice
            seed = self.plan.seeds[replication]
            self._shares += [
                Task((Trial(self.index, choice.rate, seed, fraction),))
                for fraction in self.plan.shares
            ]

    def take_shares(self) -> list[Task]:
        """Return the tasks of the curve over training size that have become possible."""
        tasks, self._shares = self._shares, []
        self._handed_out_shares += len(tasks)
        return self._handing(tasks)

    def _around(self, rate: float) -> list[float]:
        """Return a rate and its neighbors, one of which may be new; of settings, the best few."""
        if self.candidate.is_wide:
            best = self._best_few()
            return [r for r in best if r == rate or not self.is_hopeless(r, rate)]
        place = self.ladder.index(rate)
        near = self.ladder[max(0, place - 1) : place + 2]
        for upward, at_edge in ((False, place == 0), (True, place == len(self.ladder) - 1)):
            if at_edge and (beyond := self.next_rate(rate, upward=upward)):
                near.append(beyond)
                self.add(beyond)
        return [r for r in sorted(near) if r == rate or not self.is_hopeless(r, rate)]

    def _best_few(self) -> list[float]:
        """Return the best settings so far, as many as a rate has neighbors with itself."""
        standing = self._standings(self.ladder)
        ordered = sorted(standing, key=self._wary(standing), reverse=True)
        return sorted(ordered[: self.plan.later_rates(len(ordered))])

    def is_hopeless(self, rate: float, best: float) -> bool:
        """Whether a rate has lost to the best one by far, each time that both were tried."""
        score, sign = self.plan.score, self.plan.score.sign
        gaps = [
            (validation_score(self.results[best, r], score, self.worst)
             - validation_score(self.results[rate, r], score, self.worst)) * sign
            for r in self.done
            if (rate, r) in self.results and (best, r) in self.results
        ]  # fmt: skip
        center = self.center()
        if len(gaps) < TWICE or center is None:
            return False
        far = HOPELESS * (center.score - self.worst) * sign
        return all(gap > far for gap in gaps)  # a comparison with NaN is false

    def add(self, rate: float) -> None:
        """Note a rate beyond the grid."""
        if rate not in self.ladder:
            bisect.insort(self.ladder, rate)

    def next_rate(self, rate: float, *, upward: bool, grown: int | None = None) -> float | None:
        """Return the rate beside another one, None if the grid has none and may not grow.

        Args:
            rate: The other one.
            upward: On which side.
            grown: By how many rates it has grown; of all replications if left out.
        """
        place = self.ladder.index(rate) + (1 if upward else -1)
        if 0 <= place < len(self.ladder):
            return self.ladder[place]
        step = self.candidate.step
        grown = len(self.extended) if grown is None else grown
        if step is None or grown >= self.candidate.extensions:
            return None
        # Counted from the grid's first rate, or the rounding of the rates would add up.
        origin = self.candidate.rates[0]
        steps = round(math.log10(rate / origin) / step)
        return tidy(origin * 10 ** (step * (steps + (1 if upward else -1))))

    def center(self) -> Choice | None:
        """Return the best rate by all results so far, wary of those that few replications tried."""
        if self._center[0] != len(self.results):
            self._center = len(self.results), self._find_center()
        return self._center[1]

    def _find_center(self) -> Choice | None:
        standing = self._standings(self.ladder)
        if not standing:
            return None
        best = max(standing, key=self._wary(standing))
        edge = self.edge(best, sorted(standing))
        return Choice(best, standing[best][0] * self.plan.score.sign, edge)

    def _wary(
        self, standing: Mapping[float, tuple[float, float, int]]
    ) -> Callable[[float], tuple[float, float]]:
        """Return by what rates are ordered: the score, less for those that few have tried."""
        top = max(score for score, _, _ in standing.values())
        scale = CAUTION * abs(top - self.worst * self.plan.score.sign)

        def wary(rate: float) -> tuple[float, float]:
            score, loss, tried = standing[rate]
            return score - scale / math.sqrt(tried), loss

        return wary

    def edge(self, rate: float, tried: Sequence[float]) -> str:
        """Return on which edge of the rates that were tried a rate lies."""
        if len(tried) < 2:
            return ""
        if self.candidate.is_wide:
            return edge_of(self.candidate.spaces[RATE], float(rate))
        return {tried[0]: "lower", tried[-1]: "upper"}.get(rate, "")

    @property
    def worst(self) -> float:
        """The validation score of knowing nothing."""
        problem = self.plan.problems[self.candidate.problem]
        return problem.validation_chance[self.plan.score.metric]

    def _standings(self, rates: Iterable[float]) -> dict[float, tuple[float, float, int]]:
        """Return each rate's mean score, greater being better, less its loss, and its count."""
        found = {rate: self._standing(rate) for rate in rates}
        return {rate: each for rate, each in found.items() if not math.isnan(each[0])}

    def _standing(self, rate: float) -> tuple[float, float, int]:
        """Return a rate's mean score, less its loss, and its count, found once for each result."""
        results = self._by_rate.get(rate, [])
        known = self._standing_by_rate.get(rate)
        if known is None or known[2] != len(results):
            _, score, loss = standing(results, self.plan.score, self.worst)
            known = self._standing_by_rate[rate] = score, loss, len(results)
        return known

    def _note(self) -> None:
        name = self.candidate.name
        if len(self.plan.problems) > 1:
            name = f"{self.plan.problems[self.candidate.problem].name}: {name}"
        choice = self.center()
        if choice is None:
            self._notes.append(f"{name}: all trials of its search failed to run")
            return
        if self.extended:
            grown = ", ".join(f"{rate:g}" for rate in self.extended)
            self._notes.append(
                f"{name}: the best rate was on the edge of the grid, so the grid grew by {grown}"
            )
        if choice.edge:
            self._notes.append(
                f"{name}: the best rate, {choice.rate:g}, is the {choice.edge} edge of those "
                "tried; a better one may lie beyond"
            )
        for path, value in values_of(choice.rate):
            if edge := edge_of(self.candidate.spaces[path], value):
                self._notes.append(
                    f"{name}: the best {short(path)}, {value:g}, is near the {edge} end of its "
                    "range; a better one may lie beyond"
                )


class _Block:
    """Replications that are tuned together, at the same rates."""

    def __init__(self, tuning: Tuning, rates: list[float], replications: tuple[int, ...]) -> None:
        self.tuning = tuning
        self.rates = rates
        self.replications = replications
        self.is_search = max(replications) < tuning.plan.searches

    def tasks(self, rates: Sequence[float], *, prune: bool = False) -> list[Task]:
        index, seeds = self.tuning.index, self.tuning.plan.seeds
        if prune and self.tuning.plan.prune and len(rates) > 1:
            return [
                Task(tuple(Trial(index, rate, seeds[r]) for rate in rates), prune=True)
                for r in self.replications
            ]
        return [Task((Trial(index, rate, seeds[r]),)) for rate in rates for r in self.replications]

    def is_done(self) -> bool:
        results = self.tuning.results
        return all((rate, r) in results for rate in self.rates for r in self.replications)

    def extend(self, rate: float) -> list[Task]:
        self.rates.append(rate)
        self.tuning.add(rate)
        return self.tasks([rate])

    def choice(self) -> Choice | None:
        """Return the best rate of these replications; None if no rate has a score."""
        tuning = self.tuning
        score = tuning.plan.score
        standings = {
            rate: standing(
                [tuning.results[rate, r] for r in self.replications], score, tuning.worst
            )
            for rate in sorted(self.rates)
        }
        scored = {rate: s for rate, s in standings.items() if not math.isnan(s[1])}
        if not scored:
            return None
        best = max(scored, key=scored.__getitem__)
        return Choice(best, scored[best][1] * score.sign, tuning.edge(best, sorted(self.rates)))

    def beyond(self) -> float | None:
        """Return the next rate beyond the edge on which the best one lies, if there is one.

        While a whole grid is searched, that is the best of these replications; later, the best of
        all so far: among three good rates, chance puts the best one on the edge in two of three
        replications.
        """
        if self.tuning.candidate.is_wide:
            return None
        choice = self.choice()
        fixed = self.tuning.plan.tune == "once" and not self.is_search
        if choice is None or fixed or len(self.tuning.ladder) < 2:
            return None
        best = choice if self.is_search else self.tuning.center()
        if best is None or best.rate not in (min(self.rates), max(self.rates)):
            return None
        return self._worth_trying(best.rate, upward=best.rate == max(self.rates))

    def _worth_trying(self, rate: float, *, upward: bool) -> float | None:
        """Return the rate beside another one, None if there is none or it was left out."""
        if not self.is_search:
            found = self.tuning.next_rate(rate, upward=upward)
            return None if found is None or self.tuning.is_hopeless(found, rate) else found
        # Searches that run side by side look at themselves alone, whichever comes first.
        candidate = self.tuning.candidate
        grown = len(set(self.rates) - set(candidate.rates))
        if grown >= candidate.extensions:
            return None
        return self.tuning.next_rate(rate, upward=upward, grown=grown)


def standing(
    results: Sequence[Result], score: RankingScore, worst: float
) -> tuple[int, float, float]:
    """Return a rate's prunings, mean score and validation loss, so that greater is better.

    A rate that was pruned in one replication has lost there; its mean over the others would hide
    that.
    """
    pruned = sum(result.status == "pruned" for result in results)
    scores = [validation_score(result, score, worst) * score.sign for result in results]
    known = [s for s in scores if not math.isnan(s)]
    losses = [_loss(result, score) for result in results]
    return -pruned, (fmean(known) if known else math.nan), -fmean(losses or [math.inf])


def validation_score(result: Result, score: RankingScore, worst: float) -> float:
    """Return what a trial counts for while rates are chosen.

    A training that diverged or got stuck counts as the worst possible outcome; one that was pruned
    or could not be run has no score: NaN.
    """
    if result.status in FAILED_TRAINING:
        return worst
    if result.status != "ok":
        return math.nan
    value = readings(result, score).get(f"val_{score.metric}")
    return worst if value is None else value


def _loss(result: Result, score: RankingScore) -> float:
    value = readings(result, score).get("val_loss")
    return math.inf if value is None or not math.isfinite(value) else value


def readings(result: Result, score: RankingScore) -> Mapping[str, float | None]:
    """Return a trial's numbers at the epoch that the score is read at."""
    return result.last if score.read == "last" else result.best
