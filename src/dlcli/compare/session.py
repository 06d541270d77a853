"""A comparison in its folder: what is done is found, what is missing is trained and kept."""

from __future__ import annotations

import json
import math
import time
import zlib
from collections import deque
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

from dlcli.compare.plan.design import values_of
from dlcli.compare.plan.fingerprint import TrialKeys, problems_key
from dlcli.compare.plan.plan import PROTOCOL
from dlcli.compare.plan.records import Result, Task, Trial, TrialRecord, read_result
from dlcli.compare.plan.schedule import Look, Schedule
from dlcli.config.conversion.rendering import to_plain, to_yaml
from dlcli.errors import InterruptedRunError, UserError, WorkError
from dlcli.runtime.environment import computing_versions, environment
from dlcli.runtime.interrupts import finishing, never_swallowed
from dlcli.runtime.memory import REMEDY
from dlcli.store.comparisons import ENVIRONMENT, PROBLEMS, config_name
from dlcli.store.copies import write_copies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.compare.placement import Placement
    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.results import Results
    from dlcli.parallel import Done, Executor
    from dlcli.store.comparisons import ComparisonFolder

PRUNED = "-pruned-"
"""Between the key of a trial that was stopped early and a hash of the rates that it lost to."""


class ComparisonObserver(Protocol):
    """Is told how a comparison goes, to show it."""

    def started(self, *, trials: int, kept: int, at_most: bool) -> None:
        """It begins with so many trials, or at most so many, some of which were done before."""

    def trial(self, *, done: int, trials: int, best: str) -> None:
        """A trial is done; `best` names the best so far."""


@dataclass
class ComparisonSession:
    """A comparison in its folder, which the caller holds.

    Attributes:
        plan: What is trained.
        folder: Where results are kept; None for none yet (a plan that is only looked at).
        records: What was trained or found.
        schedule: Which rates were chosen so far; None before it runs.
        notes: What the schedule had to say.
        jobs: How many trials run side by side.
        kept: Trials that were done before.
        interrupted: By Ctrl-C, before the end.
        left_out: Trials that were not begun because the time was over, as far as one can see.
    """

    plan: Plan
    folder: ComparisonFolder | None
    records: list[TrialRecord] = field(default_factory=list)
    schedule: Schedule | None = None
    notes: list[str] = field(default_factory=list)
    jobs: int = 1
    kept: int = 0
    interrupted: bool = False
    left_out: int = 0

    def __post_init__(self) -> None:
        self.key = TrialKeys(self.plan, computing_versions())
        self._read_before: dict[str, tuple[Result, int | None] | None] = {}
        self._damaged: set[str] = set()
        self._optimizers: dict[int, Any] = {}

    @property
    def failed(self) -> list[TrialRecord]:
        """The trials that could not be run."""
        return [record for record in self.records if record.result.status == "failed"]

    def results(self) -> Results:
        """Return all tables of what there is."""
        from dlcli.compare.results import make_results

        schedule = self.schedule or scheduled(self.plan)
        found = make_results(
            self.plan, self.records, schedule, self.notes, time_over=self.left_out > 0
        )
        if not self.interrupted:
            return found
        most = "at most " if schedule.is_open else ""
        told = (
            f"Interrupted: {len(self.records)} of {most}{schedule.trials} trials are done, so this "
            "is not the whole comparison. The same command goes on."
        )
        return replace(found, verdict=(told, *found.verdict), interrupted=True)

    def raise_failed(self) -> None:
        """Raise an error if a trial could not be run; everything is written by then.

        Raises:
            WorkError: With the first failed trial's message.
        """
        if not self.failed:
            return
        assert self.folder is not None  # noqa: S101 (nothing is trained without one)
        count = len(self.failed)
        first = self.failed[0]
        name = self.plan.candidates[first.trial.candidate].name
        what = "1 trial" if count == 1 else f"{count} trials"
        table = self.folder.path / "trials.csv"
        remedy = f"see the message column of {table}; the same command tries again"
        if any(record.out_of_memory for record in self.failed):
            remedy += f"; to need less memory, {REMEDY}, or lower --jobs"
        raise WorkError(
            f"{what} could not be run, the first one {name} at {first.trial.rate:g}, "
            f"seed {first.trial.seed}: {first.result.message}",
            remedy=remedy,
        )

    def remaining(self) -> int:
        """Return how many trials are planned and not done, as far as one can see."""
        return self.outlook()[1]

    def outlook(self) -> tuple[int, int]:
        """Return how many trials are done, and how many are not, as far as one can see."""
        schedule, waiting, done = scheduled(self.plan), deque[Task](), 0
        waiting.extend(schedule.start())
        while waiting:
            found = self._found(waiting.popleft())
            done += len(found or ())
            for record in found or ():
                waiting.extend(schedule.tell(record.trial, record.result))
        return done, schedule.trials - done

    def run(
        self, executor: Executor, observer: ComparisonObserver, *, deadline: float = math.inf
    ) -> None:
        """Train what is missing, and keep each result as it comes.

        Args:
            executor: Does the tasks.
            observer: Shows the progress.
            deadline: On the monotonic clock; no trial begins after it.

        Raises:
            InterruptedRunError: On Ctrl-C; the finished trials are kept.
            DlcliError: If a config turns out to be wrong.
        """
        schedule = self.schedule = scheduled(self.plan)
        best = BestSoFar(self.plan)
        waiting = deque(schedule.start())
        try:
            with never_swallowed() as heed:  # trials may run in this process
                left_out = self._submit(waiting, schedule, executor, deadline)
                observer.started(trials=schedule.trials, kept=self.kept, at_most=schedule.is_open)
                while True:
                    left_out += self._submit(waiting, schedule, executor, deadline)
                    done = executor.next_done()
                    if done is None:
                        break
                    waiting.extend(self._received(done, schedule))
                    if time.monotonic() > deadline:
                        left_out += sum(len(task.trials) for task in executor.cancel())
                    observer.trial(
                        done=len(self.records), trials=schedule.trials, best=best.told(self.records)
                    )
                    heed()
        except KeyboardInterrupt:
            self.interrupted = True
            raise InterruptedRunError(
                f"interrupted; {len(self.records)} finished trials are kept",
                remedy="the same command goes on from there",
            ) from None
        finally:
            executor.close()
        self.notes += schedule.notes
        self.left_out = left_out
        if left_out:
            self.notes.append(f"the time was over: {left_out} trials or more were not begun")

    @finishing()
    def _submit(
        self, waiting: deque[Task], schedule: Schedule, executor: Executor, deadline: float
    ) -> int:
        """Queue what is not done yet; return how many trials came too late.

        Ctrl-C waits until all that was kept before is among the records.
        """
        late = 0
        while waiting:
            task = waiting.popleft()
            found = self._found(task)
            if found is not None:
                self.records += found
                self.kept += len(found)
                for record in found:
                    waiting.extend(schedule.tell(record.trial, record.result))
            elif time.monotonic() > deadline:
                late += len(task.trials)
            else:
                trial = task.trials[0]
                candidate = self.plan.candidates[trial.candidate]
                # A problem after the other, because a worker holds the data of one; and of each
                # problem a replication after the other, so that what there is when the time is
                # over is a fair comparison; what decides nothing comes last.
                place = self.plan.seeds.index(trial.seed)
                place += len(self.plan.seeds) if trial.is_share else 0
                stage = candidate.problem, place
                executor.submit(task, candidate.program, stage)
        return late

    def _found(self, task: Task) -> list[TrialRecord] | None:
        """Return a task's results if all of them are kept."""
        found = []
        for trial in task.trials:
            key = self.key(trial)
            kept = self._read(key) or (self._read(_pruned(key, task)) if task.prune else None)
            if kept is None:
                return None
            found.append(TrialRecord(trial, kept[0], key, kept[1]))
        return found

    def _read(self, key: str) -> tuple[Result, int | None] | None:
        """Return a kept trial, and how many ran side by side then."""
        if self.folder is None:
            return None
        if self._read_before.get(key) is None:
            self._read_before[key] = self._read_from(self.folder, key)
        return self._read_before[key]

    def _read_from(self, folder: ComparisonFolder, key: str) -> tuple[Result, int | None] | None:
        """Read a kept trial; one that is damaged counts as missing, and is overwritten later."""
        try:
            kept = folder.read_trial(key)
            if kept is None:
                return None
            content, history = kept
            return read_result(content["result"], history), content.get("jobs")
        except (UserError, KeyError, TypeError, ValueError, AttributeError):
            if key not in self._damaged:
                self._damaged.add(key)
                self.notes.append(f"trial {key} was damaged and is trained again")
            return None

    @finishing()
    def _received(self, done: Done, schedule: Schedule) -> list[Task]:
        """Keep a task's results and return what to train next.

        Ctrl-C waits: a trial is in its folder and among the records, or neither.
        """
        results: Sequence[Result] | None = done.value
        if results is None:
            results = [Result("failed", message=done.error) for _ in done.task.trials]
        following: list[Task] = []
        for trial, result in zip(done.task.trials, results, strict=True):
            key = self.key(trial)
            if result.status != "failed":
                place = _pruned(key, done.task) if result.status == "pruned" else key
                self._keep(place, trial, result)
            self.records.append(TrialRecord(trial, result, key, self.jobs, done.out_of_memory))
            following += schedule.tell(trial, result)
        return following

    def _keep(self, key: str, trial: Trial, result: Result) -> None:
        assert self.folder is not None  # noqa: S101 (nothing is trained without one)
        candidate = self.plan.candidates[trial.candidate]
        content = {each.name: getattr(result, each.name) for each in fields(result)}
        history = content.pop("history")
        told = {
            "problem": self.plan.problems[candidate.problem].name,
            "candidate": candidate.name,
            "optimizer": self._written(trial.candidate),
            "learning_rate": float(trial.rate),
            "replication": self.plan.seeds.index(trial.seed) + 1,
            "seed": trial.seed,
            **({"settings": dict(values)} if (values := values_of(trial.rate)) else {}),
            **({"fraction": trial.fraction} if trial.is_share else {}),
            "jobs": self.jobs,
        }
        self.folder.write_trial(key, {**told, "result": content}, history)

    def _written(self, candidate: int) -> Any:
        """Return a candidate's optimizer as plain data, written out once."""
        if candidate not in self._optimizers:
            plain = to_plain(self.plan.candidates[candidate].config)
            self._optimizers[candidate] = plain["compile"]["optimizer"]
        return self._optimizers[candidate]


def _pruned(key: str, task: Task) -> str:
    """Return where a pruned trial is kept: among other rates it might not have been."""
    rates = sorted(trial.rate for trial in task.trials)
    if values := [values_of(rate) for rate in rates if values_of(rate)]:
        return f"{key}{PRUNED}{zlib.crc32(repr((rates, values)).encode()):08x}"
    return f"{key}{PRUNED}{zlib.crc32(repr(rates).encode()):08x}"


class BestSoFar:
    """The best validation score of any trial so far.

    Args:
        plan: Says what the score is.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._seen = 0
        self._best: tuple[float, str] | None = None

    def told(self, records: Sequence[TrialRecord]) -> str:
        """Name it, of records of which those seen before come first; empty if there is none."""
        for record in records[self._seen :]:
            self._consider(record)
        self._seen = len(records)
        return self._best[1] if self._best else ""

    def _consider(self, record: TrialRecord) -> None:
        if record.trial.is_share:
            return
        name, sign = f"val_{self._plan.score.metric}", self._plan.score.sign
        value = record.result.best.get(name) if record.result.status == "ok" else None
        if value is None or (self._best and value * sign <= self._best[0]):
            return
        candidate = self._plan.candidates[record.trial.candidate]
        told = f"{candidate.name} at {record.trial.rate:g}: {name} {value:.4f}"
        self._best = value * sign, told


def write_settings(
    session: ComparisonSession, command: Sequence[str], placement: Placement
) -> None:
    """Write config.yaml and environment.json; they say what the folder is."""
    folder, plan = session.folder, session.plan
    assert folder is not None  # noqa: S101 (there is one when something is written)
    told = environment(plan.problems[0].config.seed, command, [])
    told |= {"executor": placement.kind, "jobs": placement.jobs, "protocol": PROTOCOL}
    told |= {"split": plan.split, "tune": plan.tune, PROBLEMS: problems_key_of(plan)}
    if plan.plugins:
        told["plugins"] = {plugin.name: plugin.digest for plugin in plan.plugins}
    write_copies(folder, plan.plugins)
    # First, because a folder without it is not found again.
    folder.write_text(ENVIRONMENT, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    for number, problem in enumerate(plan.problems, start=1):
        folder.write_text(config_name(number), to_yaml(problem.config))


def scheduled(plan: Plan) -> Schedule:
    """Return the schedule of a plan, with what looks at its scores."""
    return Schedule(plan, _look)


def _look(schedule: Schedule, candidates: tuple[int, ...], replications: int) -> Look:
    from dlcli.compare.results.ranking import look_at  # with SciPy, which not every command needs

    return look_at(schedule, candidates, replications)


def first_keys_of(plan: Plan) -> frozenset[str]:
    """Return the keys of the trials that a plan begins with."""
    key = TrialKeys(plan, computing_versions())
    return frozenset(key(trial) for task in Schedule(plan).start() for trial in task.trials)


def problems_key_of(plan: Plan) -> str:
    """Return the hash by which a comparison finds its folder again."""
    return problems_key(plan, computing_versions())
