"""What is tried out before a comparison: whether it can be trained, and how long it takes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.compare.plan.candidates import FEWEST_RATES
from dlcli.compare.plan.plan import Plan, allowance_of, budget_seconds, within_budget
from dlcli.compare.plan.records import Check, Measurement
from dlcli.compare.plan.xla import network_key
from dlcli.compare.xla import measured as measured_jit
from dlcli.config.grammar.calls import plugins_in
from dlcli.errors import UserError, WorkError
from dlcli.runtime.cachedir import cache_folder
from dlcli.runtime.environment import computing_versions, processor
from dlcli.runtime.files import replacing
from dlcli.runtime.memory import REMEDY
from dlcli.statistics.power import FEWEST_REPLICATIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dlcli.compare.placement import Placement
    from dlcli.parallel import Done, Executor

SAFETY = 0.9
"""Share of a time budget that is planned with: trials vary."""

OVERHEAD = 8.0
"""Seconds of a time budget that go into the start of TensorFlow, the tables and the figures."""


class Settled(NamedTuple):
    """What a comparison goes on with.

    Attributes:
        plan: With the decisions on XLA.
        executor: Of its trials.
        notes: Which networks go through Keras's `fit`, and why.
        seconds: How long all trials of the plan take, by a quick look at some steps: at least about
            so long, because evaluating is not in it.
    """

    plan: Plan
    executor: Executor
    notes: tuple[str, ...]
    seconds: float


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
        f"{_name(plan, number)} is trained by Keras's fit, which is slower: {m.obstacle}"
        for number, m in checked.items()
        if m.obstacle
    )
    seconds = estimated_seconds(
        plan, {i: checked[c.network] for i, c in enumerate(plan.candidates)}, placement.jobs
    )
    chosen = measured_jit(plan, checked, executor, placement.jobs)
    if chosen == plan:
        return Settled(plan, executor, notes, seconds)
    executor.close()
    return Settled(chosen, placement.executor(chosen), notes, seconds)


def _name(plan: Plan, network: int) -> str:
    """Return what a network is called: its problem, or its first candidate of several."""
    problem = plan.networks[network].problem
    if sum(other.problem == problem for other in plan.networks) == 1:
        return plan.problems[problem].name
    return next(c.label for c in plan.candidates if c.network == network)


def check(plan: Plan, executor: Executor, jobs: int) -> dict[int, Measurement]:
    """Build every model and a problem's optimizers once, so that mistakes show before training.

    As many workers as there will be do so side by side: each needs its network anyway.

    Returns:
        For each network, roughly how long an epoch takes, and why it needs `fit` if it does.

    Raises:
        ConfigError: If one cannot be made.
        UserError: If a problem's data or model cannot be used.
        WorkError: If a worker dies of it.
    """
    for index in _tried_first(plan, jobs):
        executor.submit(Check(index), plan.candidates[index].program)
    found = {}
    while (done := executor.next_done()) is not None:
        _raise_failure(plan, done)
        found[plan.candidates[done.task.candidate].network] = done.value
    return found


def _raise_failure(plan: Plan, done: Done) -> None:
    """Raise what went wrong with a check, if anything did."""
    if not done.error:
        return
    name = _name(plan, plan.candidates[done.task.candidate].network)
    message = f"{name} cannot be trained: {done.error}"
    if done.crashed or done.out_of_memory:
        raise WorkError(message, remedy=f"{REMEDY}, or lower --jobs")
    raise UserError(message, remedy="check that loss, metrics and last layer fit the data")


def _tried_first(plan: Plan, jobs: int) -> list[int]:
    """Return a candidate of every network, and as many more programs as keep all workers busy.

    The optimizers of plugins are among them: nobody has tried those before.
    """
    seen = [candidate.network for candidate in plan.candidates]
    first = [seen.index(network) for network in range(len(plan.networks))]
    programs = {c.program: i for i, c in reversed(list(enumerate(plan.candidates)))}
    others = sorted(i for i in programs.values() if i not in first)
    own = [i for i in others if plugins_in(plan.candidates[i].config.compile.optimizer)]
    rest = [i for i in others if i not in own]
    first += own
    return [*first, *rest[: max(0, jobs - len(first))]]


def measure(plan: Plan, executor: Executor) -> dict[int, Measurement]:
    """Time an epoch of every program; candidates that share one share its figures.

    What was measured before on this machine is remembered, so that the same command plans the same
    comparison each time.

    Raises:
        WorkError: If a worker dies of it.
        UserError: If a problem's data or model cannot be used.
    """
    first: dict[Any, int] = {}
    found: dict[Any, Measurement] = {}
    for index, candidate in enumerate(plan.candidates):
        if candidate.program in first:
            continue
        first[candidate.program] = index
        known = _remembered(_place(plan, index))
        if known is None:
            executor.submit(Check(index, timed=True), candidate.program)
        else:
            found[candidate.program] = known
    while (done := executor.next_done()) is not None:
        _raise_failure(plan, done)
        found[plan.candidates[done.task.candidate].program] = done.value
        _remember(_place(plan, done.task.candidate), done.value)
    return {i: found[c.program] for i, c in enumerate(plan.candidates)}


def _place(plan: Plan, index: int) -> Path:
    """Return where a candidate's times are remembered."""
    candidate = plan.candidates[index]
    network = network_key(candidate.config, computing_versions(), processor())
    optimizer = hashlib.sha256(repr(candidate.config.compile.optimizer).encode()).hexdigest()
    return cache_folder() / "timings" / f"{network}-{optimizer[:16]}.json"


def _remembered(path: Path) -> Measurement | None:
    """Return what was measured before; a damaged file counts as missing."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        compiling, epoch, evaluation = (
            float(content[name]) for name in ("compiling", "epoch", "evaluation")
        )
        return Measurement(compiling, epoch, evaluation, str(content["obstacle"]))
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _remember(path: Path, measured: Measurement) -> None:
    with contextlib.suppress(OSError), replacing(path) as stream:
        stream.write(json.dumps(asdict(measured)).encode())


def estimated_seconds(plan: Plan, measured: Mapping[int, Measurement], jobs: int) -> float:
    """Return how long a plan's trials take in the given number of processes."""
    total = sum(m.compiling for m in {id(m): m for m in measured.values()}.values())
    for index, candidate in enumerate(plan.candidates):
        total += plan.work_of(candidate) * measured[index].trial_seconds(
            candidate.config.fit.epochs
        )
    return total / jobs


def fitted(
    plan: Plan, executor: Executor, jobs: int, budget: int | str | None
) -> tuple[Plan, float]:
    """Time the trials, fit the plan into a budget of time, and return it with its own time.

    Args:
        plan: Before.
        executor: Times them.
        jobs: Trials side by side.
        budget: As the config has it; a number of trials cuts nothing here.

    Raises:
        UserError: If the time is too short for anything.
    """
    times = measure(plan, executor)
    if isinstance(budget, str):
        plan = within_time(plan, times, jobs, budget)
    return plan, estimated_seconds(plan, times, jobs)


def within_time(plan: Plan, measured: Mapping[int, Measurement], jobs: int, budget: str) -> Plan:
    """Fit a plan into a duration: fewer rates where it must be, and replications while time lasts.

    The plan keeps all its replications, since trials are done a replication after the other and
    the comparison ends when the time is over. A sequential one is cut to those that are expected to
    fit: its last look spends what is left of the error. What is to be expected is noted.

    Raises:
        UserError: If the time is too short for a single replication of all candidates.
    """
    seconds = max(0.0, budget_seconds(budget) - OVERHEAD) * SAFETY
    needed = estimated_seconds(plan, measured, jobs)
    if needed <= seconds:
        return replace(plan, allowance=allowance_of(plan, budget))
    a_trial = needed / plan.planned
    try:
        cut = within_budget(plan, math.floor(seconds / a_trial))
    except UserError:
        message = f"{budget} are too short for {len(plan.candidates)} candidates"
        remedy = (
            f"Give at least {_duration(_trials_for(plan, 1), a_trial)} (the whole plan takes about "
            f"{_duration(plan.planned, a_trial)}), or name fewer optimizers."
        )
        raise UserError(message, remedy=remedy) from None
    note = _expected(plan, cut, budget, a_trial)
    seeds = cut.seeds if plan.is_sequential else plan.seeds
    left = max(len(candidate.rates) for candidate in cut.candidates)
    allowance = allowance_of(plan, budget, left)
    return replace(cut, seeds=seeds, notes=(*plan.notes, note), allowance=allowance)


def _duration(trials: int, a_trial: float) -> str:
    """Return the budget that so many trials take."""
    return shown_duration(trials * a_trial / SAFETY + OVERHEAD)


def _trials_for(plan: Plan, replications: int) -> int:
    """Return the fewest trials that are enough for so many replications, with rates to rank by."""
    fewest = max(1, plan.searches) * (FEWEST_RATES + len(plan.shares))
    for each in range(fewest, max(map(plan.trials_of, plan.candidates))):
        trials = each * len(plan.candidates)
        if len(within_budget(plan, trials).seeds) >= replications:
            return trials
    return plan.planned


def _expected(plan: Plan, cut: Plan, budget: str, a_trial: float) -> str:
    """Say how many replications a budget of time is good for, and what those can tell."""
    count = len(cut.seeds)
    told = "replication" if count == 1 else "replications"
    rates = max(len(candidate.rates) for candidate in cut.candidates)
    first = (
        f"{budget} are enough for about {count} {told} of {len(plan.seeds)}, with up to {rates} "
        "learning rates"
    )
    if count >= FEWEST_REPLICATIONS or len(plan.seeds) < FEWEST_REPLICATIONS:
        return first
    needed = _duration(_trials_for(plan, FEWEST_REPLICATIONS), a_trial)
    return f"{first}: too few to tell two candidates apart; about {needed} would do"


def shown_duration(seconds: float) -> str:
    """Write a duration as `--budget` takes it, rounded up: `25s`, `6m`, `2h`."""
    if seconds < 90:
        return f"{math.ceil(seconds / 5) * 5}s"
    if seconds < 5400:
        return f"{math.ceil(seconds / 60)}m"
    return f"{math.ceil(seconds / 3600)}h"
