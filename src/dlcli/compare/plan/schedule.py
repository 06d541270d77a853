"""What to train next: each candidate's replications, and who gets more of them after a look.

`tuning` says how one candidate is trained. With a fixed number of replications that is all: every
candidate gets them. With `seeds: auto` the comparison looks after some of them, problem by problem:
candidates that a look shows worse get no more, and none does once no candidate is open.

Nothing here trains or judges: `start` and `tell` hand out tasks, and what judges is given. A look
takes place when all that it looks at is there, so neither the trials nor the decisions depend on
the order in which results come: told the same results, the schedule decides the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dlcli.compare.plan.records import Trial, TrialRecord
from dlcli.compare.plan.tuning import Tuning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.plan.records import Result, Task
    from dlcli.compare.plan.tuning import Choice


@dataclass(frozen=True)
class Look:
    """What a look at a problem's replications decided.

    Attributes:
        replications: That it looked at, of each candidate that was left.
        candidates: Indices of those candidates.
        level: Of its test: it may spend so much of the error of all looks.
        worse: Indices of the candidates that it shows worse.
        is_decided: No candidate is open, so that no more replications are wanted.
    """

    replications: int
    candidates: tuple[int, ...]
    level: float
    worse: tuple[int, ...]
    is_decided: bool


class Judge(Protocol):
    """Looks at the replications so far."""

    def __call__(self, schedule: Schedule, candidates: tuple[int, ...], replications: int) -> Look:
        """Judge a problem's candidates by the first so many replications of each.

        The same results must always give the same answer.
        """


@dataclass(frozen=True)
class Course:
    """How a problem's looks went.

    Attributes:
        planned: Replications at each look that was planned.
        looks: Those that took place.
        is_over: Whether no more are wanted.
        trials: Planned for all replications of all candidates, as far as one can see.
        saved: How many of them are not needed.

    Trials of a curve over training size are in neither number: the looks are about the comparison.
    """

    planned: tuple[int, ...]
    looks: tuple[Look, ...]
    is_over: bool
    trials: int
    saved: int

    @property
    def dropped(self) -> frozenset[int]:
        """The candidates that were shown worse, and get no more replications."""
        return frozenset(index for look in self.looks for index in look.worse)


class Schedule:
    """Hands out tasks, and takes results in any order.

    Args:
        plan: Of the comparison.
        judge: Looks at it, where the plan has looks.

    Attributes:
        choices: The rate of each candidate in each replication, by (candidate, replication).
        notes: What a reader should know of the tuning.
    """

    def __init__(self, plan: Plan, judge: Judge | None = None) -> None:
        self.plan = plan
        self.choices: dict[tuple[int, int], Choice] = {}
        self.notes: list[str] = []
        self._judge = judge
        self._tunings = [
            Tuning(plan, index, self.choices, self.notes) for index in range(len(plan.candidates))
        ]
        self._looks: list[list[Look]] = [[] for _ in plan.problems]
        self._trials = sum(tuning.expected for tuning in self._tunings)

    @property
    def trials(self) -> int:
        """How many trials there are, as far as one can see; before a look, at most."""
        return self._trials

    @property
    def is_open(self) -> bool:
        """Whether a look may still say that fewer trials are enough."""
        return bool(self.plan.looks) and not all(tuning.is_over for tuning in self._tunings)

    def start(self) -> list[Task]:
        """Return the tasks to begin with."""
        tasks = [task for tuning in self._tunings for task in tuning.start()]
        self._trials = sum(tuning.expected for tuning in self._tunings)
        return tasks

    def tell(self, trial: Trial, result: Result) -> list[Task]:
        """Take a result; return the tasks that it makes possible."""
        if trial.is_share:
            return []
        tuning = self._tunings[trial.candidate]
        before = tuning.expected
        tasks = tuning.tell(trial, result)
        shares = tuning.take_shares()
        self._trials += tuning.expected - before
        if tasks or not self.plan.looks or not tuning.is_resting:
            return [*tasks, *shares]
        return [*self._look(tuning.candidate.problem), *shares]

    def recommended(self, candidate: int) -> Choice | None:
        """Return the best rate of a candidate over all replications so far, None without any."""
        return self._tunings[candidate].center()

    def records(self, candidate: int) -> Iterator[TrialRecord]:
        """Yield what was told of a candidate."""
        for (rate, replication), result in self._tunings[candidate].results.items():
            yield TrialRecord(Trial(candidate, rate, self.plan.seeds[replication]), result)

    def course(self, problem: int) -> Course:
        """Return how a problem's looks went so far."""
        tunings = self._of(problem)
        saved = sum(tuning.saved for tuning in tunings)
        compared = sum(tuning.expected - tuning.expected_shares for tuning in tunings)
        return Course(
            self.plan.looks,
            tuple(self._looks[problem]),
            is_over=all(tuning.is_over for tuning in tunings),
            trials=saved + compared,
            saved=saved,
        )

    def _of(self, problem: int) -> list[Tuning]:
        return [tuning for tuning in self._tunings if tuning.candidate.problem == problem]

    def _look(self, problem: int) -> list[Task]:
        """Look at a problem if all that is left of it is there; return what is to be trained."""
        left = [tuning for tuning in self._of(problem) if not tuning.is_over]
        if not all(tuning.is_resting for tuning in left):
            return []
        assert self._judge is not None  # noqa: S101 (a plan with looks has who looks)
        number = len(self._looks[problem])
        candidates = tuple(tuning.index for tuning in left)
        look = self._judge(self, candidates, self.plan.looks[number])
        self._looks[problem].append(look)
        is_last = look.is_decided or number + 1 == len(self.plan.looks)
        tasks = []
        for tuning in left:
            before = tuning.expected
            tuning.is_over = is_last or tuning.index in look.worse
            if not tuning.is_over:
                tasks += tuning.go_on(self.plan.looks[number + 1])
                tasks += tuning.take_shares()
            self._trials += tuning.expected - before
        return tasks
