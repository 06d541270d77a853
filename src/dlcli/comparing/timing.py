"""What is tried out before a comparison: whether it can be trained, and how long it takes."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.comparing.jit import measured as measured_jit
from dlcli.comparison.plan import Plan, budget_seconds, within_budget
from dlcli.comparison.records import Check, Measurement
from dlcli.errors import UserError, WorkError
from dlcli.memory import OUT, REMEDY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.comparing.workers import Placement
    from dlcli.executors import Done, Executor

SAFETY = 0.85
"""Share of a time budget that is planned with: trials vary, and the tables take time too."""


class Settled(NamedTuple):
    """What a comparison goes on with.

    Attributes:
        plan: With the decisions on XLA.
        executor: Of its trials.
        notes: Which problems go through Keras's `fit`, and why.
    """

    plan: Plan
    executor: Executor
    notes: tuple[str, ...]


def settled(plan: Plan, executor: Executor, placement: Placement) -> Settled:
    """Make sure that the trials can be run, and decide on XLA where that is worth measuring.

    Args:
        plan: Of trials that are missing.
        executor: Tries them out; closed if another one takes its place.
        placement: Where the trials run.

    Raises:
        DlcliError: As `check` does.
    """
    checked = check(plan, executor, placement.jobs)
    notes = tuple(
        f"{plan.problems[problem].name} is trained by Keras's fit, which is slower: {m.obstacle}"
        for problem, m in checked.items()
        if m.obstacle
    )
    chosen = measured_jit(plan, checked, executor, placement.jobs)
    if chosen == plan:
        return Settled(plan, executor, notes)
    executor.close()
    return Settled(chosen, placement.executor(chosen), notes)


def check(plan: Plan, executor: Executor, jobs: int) -> dict[int, Measurement]:
    """Build every problem's model and optimizers once, so that mistakes show before training.

    As many workers as there will be do so side by side: each needs its network anyway.

    Returns:
        For each problem, roughly how long an epoch takes, and why it needs `fit` if it does.

    Raises:
        ConfigError: If one cannot be made.
        UserError: If a problem's data or model cannot be used.
        WorkError: If a worker dies of it.
    """
    for index in _tried_first(plan, jobs):
        executor.submit(Check(index), plan.contenders[index].program)
    found = {}
    while (done := executor.next_done()) is not None:
        _raise_failure(plan, done)
        found[plan.contenders[done.task.contender].problem] = done.value
    return found


def _raise_failure(plan: Plan, done: Done) -> None:
    """Raise what went wrong with a check, if anything did."""
    if not done.error:
        return
    problem = plan.problems[plan.contenders[done.task.contender].problem]
    message = f"{problem.name} cannot be trained: {done.error}"
    if done.crashed or done.error.startswith(OUT):
        raise WorkError(message, remedy=f"{REMEDY}, or lower --jobs")
    raise UserError(message, remedy="check that loss, metrics and last layer fit the data")


def _tried_first(plan: Plan, jobs: int) -> list[int]:
    """Return a contender of every problem, and as many more programs as keep all workers busy."""
    seen = [contender.problem for contender in plan.contenders]
    first = [seen.index(problem) for problem in range(len(plan.problems))]
    programs = {c.program: i for i, c in reversed(list(enumerate(plan.contenders)))}
    others = [i for i in programs.values() if i not in first]
    return [*first, *sorted(others)[: max(0, jobs - len(first))]]


def measure(plan: Plan, executor: Executor) -> dict[int, Measurement]:
    """Time an epoch of every program; contenders that share one share its figures.

    Raises:
        WorkError: If a worker dies of it.
        UserError: If a problem's data or model cannot be used.
    """
    first: dict[Any, int] = {}
    for index, contender in enumerate(plan.contenders):
        if contender.program not in first:
            first[contender.program] = index
            executor.submit(Check(index, timed=True), contender.program)
    found: dict[Any, Measurement] = {}
    while (done := executor.next_done()) is not None:
        _raise_failure(plan, done)
        found[plan.contenders[done.task.contender].program] = done.value
    return {i: found[c.program] for i, c in enumerate(plan.contenders)}


def estimated_seconds(plan: Plan, measured: Mapping[int, Measurement], jobs: int) -> float:
    """Return how long a plan's trials take in the given number of processes."""
    total = sum(m.compiling for m in {id(m): m for m in measured.values()}.values())
    for index, contender in enumerate(plan.contenders):
        total += plan.trials_of(contender) * measured[index].trial_seconds(
            contender.config.fit.epochs
        )
    return total / jobs


def fitted(
    plan: Plan, executor: Executor, jobs: int, budget: int | str | None, began: float
) -> tuple[Plan, float]:
    """Time the trials, cut the plan to a budget of time, and return it with its own time.

    Args:
        plan: Before.
        executor: Times them.
        jobs: Trials side by side.
        budget: As the config has it; a number of trials cuts nothing here.
        began: When the budget began to run, on the monotonic clock.

    Raises:
        UserError: If too little time is left.
    """
    times = measure(plan, executor)
    if isinstance(budget, str):
        seconds = max(0.0, budget_seconds(budget) - (time.monotonic() - began))
        plan = within_time(plan, times, jobs, seconds)
    return plan, estimated_seconds(plan, times, jobs)


def within_time(plan: Plan, measured: Mapping[int, Measurement], jobs: int, seconds: float) -> Plan:
    """Cut a plan down to what a time budget allows, the same for every contender.

    Raises:
        UserError: If that is less than a trial of each candidate.
    """
    needed = estimated_seconds(plan, measured, jobs)
    if needed <= seconds * SAFETY:
        return plan
    trials = math.floor(plan.planned * seconds * SAFETY / needed)
    try:
        return within_budget(plan, trials)
    except UserError:
        message = f"the {seconds:.0f} s left are too short for {len(plan.contenders)} candidates"
        remedy = f"the whole plan takes about {needed:.0f} s; name fewer optimizers, or fewer seeds"
        raise UserError(message, remedy=remedy) from None
