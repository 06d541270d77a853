"""A comparison from its configs to its tables: what `dlcli compare-optimizers` does."""

from __future__ import annotations

import json
import math
import time
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from dlcli import metrics
from dlcli.comparison.fingerprint import problems_key, trial_key
from dlcli.comparison.plan import (
    Plan,
    Problem,
    Score,
    budget_seconds,
    make_plan,
    within_budget,
)
from dlcli.comparison.protocol import Protocol as Stages
from dlcli.comparison.records import Check, Measurement, Result, Task, Trial
from dlcli.config.binding import bind
from dlcli.config.experiment import CompareConfig
from dlcli.config.loading import load_config
from dlcli.config.rendering import to_plain, to_yaml
from dlcli.data import load
from dlcli.errors import InterruptedRunError, UserError
from dlcli.store.comparisons import CONFIG, ENVIRONMENT, PROBLEMS
from dlcli.store.environment import environment, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dlcli.comparison.protocol import Choice
    from dlcli.comparison.results import Results
    from dlcli.comparison.results.scores import Record
    from dlcli.config.experiment import Config
    from dlcli.data.description import Dataset, Split
    from dlcli.data.keras_cache import Progress
    from dlcli.executors import Executor
    from dlcli.store.comparisons import ComparisonFolder

COMPUTING = ("dlcli", "tensorflow", "keras", "numpy")
"""The packages whose versions decide a trial's result."""

SAFETY = 0.85
"""Share of a time budget that is planned with: trials vary, and the tables take time too."""

PRUNED = "-pruned"
"""Added to the key of a trial that was stopped early: it is not what the key stands for."""

WRITING = ("CSVLogger", "ModelCheckpoint", "TensorBoard", "BackupAndRestore")


class Observer(Protocol):
    """Is told how a comparison goes, to show it."""

    def started(self, *, trials: int, kept: int) -> None:
        """It begins with so many trials, some of which were done before."""

    def trial(self, *, done: int, trials: int, best: str) -> None:
        """A trial is done; `best` names the best so far."""


def read_problems(
    paths: Sequence[str], overrides: tuple[str, ...], progress: Progress | None = None
) -> tuple[list[Problem], CompareConfig, list[str]]:
    """Read configs, load their data, and return what is compared on.

    The first config's `compare` section holds for all; what the others say beside it is noted.

    Args:
        paths: The configs' files, or `-`.
        overrides: `path=value` changes of each.
        progress: Told how a download goes.

    Raises:
        UserError: If two configs have one name, or the data has no validation part.
        ConfigError: For mistakes in a config.
    """
    configs = [load_config(path, overrides) for path in paths]
    names = [config.name for config in configs]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        remedy = "a config's name: key tells problems apart"
        raise UserError(f"two configs are called '{doubled}'", remedy=remedy)
    settings = configs[0].compare or CompareConfig()
    notes = [
        f"{config.name}: its compare section is not used; that of {names[0]} holds for all"
        for config in configs[1:]
        if config.compare not in (None, configs[0].compare)
    ]
    problems = [
        _problem(replace(config, compare=settings), settings, progress, notes) for config in configs
    ]
    return problems, settings, notes


def _problem(
    config: Config, settings: CompareConfig, progress: Progress | None, notes: list[str]
) -> Problem:
    dataset = load(
        config.data.source,
        validation=config.data.validation,
        seed=config.seed,
        progress=progress,
    )
    if dataset.validation is None:
        remedy = "set data.validation, such as 0.1: learning rates are chosen on it"
        raise UserError(f"{config.name} has no validation part", remedy=remedy)
    bound = bind(config, dataset.description, train_size=dataset.train.size)
    named = _metric_names(bound, settings)
    notes += _unused(bound, named)
    return Problem(
        config.name,
        bound,
        named,
        _chance(dataset, dataset.validation, named),
        _chance(dataset, dataset.test, named) if dataset.test is not None else {},
    )


def _metric_names(config: Config, settings: CompareConfig) -> tuple[str, ...]:
    """Return the config's own metrics that are single numbers, and the one that ranks."""
    written = [name for name in config.compile.metrics or () if isinstance(name, str)]
    names = [str(n) for n in written if metrics.parse(n).result == "scalar"]
    if settings.score is not None:
        names.append(settings.score.partition("@")[0])
    return tuple(dict.fromkeys(names)) or metrics.default_names(_task(config))


def _task(config: Config) -> Any:
    from dlcli.data import describe

    return describe(config.data.source).task


def _unused(config: Config, named: Sequence[str]) -> Iterable[str]:
    """Note what of a config does not take part in a comparison."""
    for item in config.compile.metrics or ():
        shown = item if isinstance(item, str) else item.name
        if shown not in named:
            yield f"{config.name}: the metric {shown} is left out of comparisons"
    for call in config.fit.callbacks:
        if call.name in WRITING:
            yield f"{config.name}: {call.name} is left out: trials write no files of their own"


def _chance(dataset: Dataset, split: Split, names: Sequence[str]) -> dict[str, float]:
    """Return what a model that learnt nothing scores, or the worst there is if undefined."""
    from dlcli.evaluation import chance

    description = dataset.description
    found = chance(split.y, names, task=description.task, classes=len(description.classes))
    return {name: _worst(name) if value is None else value for name, value in found.items()}


def _worst(name: str) -> float:
    metric = metrics.parse(name).metric
    return metric.bounds[0] if metric.greater_is_better else metric.bounds[1]


def score_of(problems: Sequence[Problem], settings: CompareConfig) -> Score:
    """Return what ranks: the named metric, or the first of the first config's metrics.

    Raises:
        UserError: If it is no single number, has no better and worse, or does not suit a problem.
    """
    named = settings.score or next(iter(problems[0].metrics))
    name, _, read = named.partition("@")
    if read not in ("", "best", "last"):
        remedy = f"{name}@best (at the best validation epoch, the default) or {name}@last"
        raise UserError(f"'{named}' is no score", remedy=remedy)
    request = metrics.parse(name)
    if request.result != "scalar" or request.metric.greater_is_better is None:
        remedy = "rank by a single number, such as accuracy, f1 or mae"
        raise UserError(f"{name} cannot rank", remedy=remedy)
    for problem in problems:
        if name not in problem.metrics:
            remedy = "name a metric that suits all configs: --score"
            raise UserError(f"{problem.name} is not scored by {name}", remedy=remedy)
    metric = request.metric
    return Score(name, read or "best", bool(metric.greater_is_better), metric.bounds)


def target_of(settings: CompareConfig, score: Score) -> float | None:
    """Return the validation score that counts as reached.

    Raises:
        UserError: If it is given for another metric than the one that ranks.
    """
    if not settings.target:
        return None
    if list(settings.target) != [score.metric]:
        given = ", ".join(settings.target)
        remedy = f"--target {score.metric}=VALUE, or --score {given}"
        raise UserError(f"the target is for {given}, but {score.metric} ranks", remedy=remedy)
    return float(settings.target[score.metric])


def plan_comparison(
    problems: Sequence[Problem], settings: CompareConfig, notes: Sequence[str] = ()
) -> Plan:
    """Lay out the comparison of problems that were read.

    Raises:
        UserError: If the settings do not fit together.
    """
    if isinstance(settings.budget, str):
        budget_seconds(settings.budget)
    score = score_of(problems, settings)
    plan = make_plan(problems, settings, score, target_of(settings, score))
    return replace(plan, notes=(*notes, *plan.notes))


@dataclass
class Session:
    """A comparison in its folder, which the caller holds.

    Attributes:
        plan: What is trained.
        folder: Where results are kept; None for none yet (a plan that is only looked at).
        records: What was trained or found.
        choices: The chosen rates so far.
        notes: What the protocol had to say.
        kept: Trials that were done before.
    """

    plan: Plan
    folder: ComparisonFolder | None
    records: list[Record] = field(default_factory=list)
    choices: Mapping[int, Choice] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: int = 0

    def __post_init__(self) -> None:
        self._versions = {n: v for n, v in versions().items() if n in COMPUTING}

    @property
    def failed(self) -> list[Record]:
        """The trials that could not be run."""
        return [record for record in self.records if record.result.status == "failed"]

    def results(self) -> Results:
        """Return all tables of what there is."""
        from dlcli.comparison.results import make_results

        return make_results(self.plan, self.records, self.choices, self.notes)

    def key(self, trial: Trial) -> str:
        """Return a trial's key."""
        return trial_key(self.plan, trial, self._versions)

    def remaining(self) -> int:
        """Return how many trials are planned and not done, as far as one can see."""
        stages, waiting, missing = Stages(self.plan), deque[Task](), 0
        waiting.extend(stages.start())
        blocked = set()
        while waiting:
            task = waiting.popleft()
            found = self._found(task)
            if found is None:
                missing += len(task.trials)
                blocked |= {t.contender for t in task.trials if t.stage == "search"}
                continue
            for record in found:
                waiting.extend(stages.tell(record.trial, record.result))
        return missing + len(blocked) * len(self.plan.seeds)

    def run(self, executor: Executor, observer: Observer, *, deadline: float = math.inf) -> None:
        """Train what is missing, and keep each result as it comes.

        Args:
            executor: Does the tasks.
            observer: Shows the progress.
            deadline: On the monotonic clock; no trial begins after it.

        Raises:
            InterruptedRunError: On Ctrl-C; the finished trials are kept.
            DlcliError: If a config turns out to be wrong.
        """
        stages = Stages(self.plan)
        self.choices = stages.choices
        waiting = deque(stages.start())
        total = self.plan.searching + self.plan.confirming
        observer.started(trials=total, kept=max(0, total - self.remaining()))
        left_out = 0
        try:
            while True:
                left_out += self._submit(waiting, stages, executor, deadline)
                done = executor.next_done()
                if done is None:
                    break
                for record in self._received(done.task, done.value, done.error):
                    waiting.extend(stages.tell(record.trial, record.result))
                self._tell(observer)
        except KeyboardInterrupt:
            raise InterruptedRunError(
                f"interrupted; {len(self.records)} finished trials are kept",
                remedy="the same command goes on from there",
            ) from None
        finally:
            executor.close()
        self.notes += stages.notes
        if left_out:
            self.notes.append(f"the time was over: {left_out} trials or more were not begun")

    def _submit(
        self, waiting: deque[Task], stages: Stages, executor: Executor, deadline: float
    ) -> int:
        """Queue what is not done yet; return how many trials came too late."""
        late = 0
        while waiting:
            task = waiting.popleft()
            found = self._found(task)
            if found is not None:
                self.records += found
                self.kept += len(found)
                for record in found:
                    waiting.extend(stages.tell(record.trial, record.result))
            elif time.monotonic() > deadline:
                late += len(task.trials)
            else:
                executor.submit(task, self.plan.contenders[task.trials[0].contender].program)
        return late

    def _found(self, task: Task) -> list[Record] | None:
        """Return a task's results if all of them are kept."""
        from dlcli.comparison.results.scores import Record

        found = []
        for trial in task.trials:
            key = self.key(trial)
            result = self._read(key) or (self._read(key + PRUNED) if task.prune else None)
            if result is None:
                return None
            found.append(Record(trial, result, key))
        return found

    def _read(self, key: str) -> Result | None:
        if self.folder is None:
            return None
        try:
            kept = self.folder.read_trial(key)
            if kept is None:
                return None
            content, history = kept
            return Result(**content["result"], history=tuple(history))
        except (UserError, KeyError, TypeError):
            self.notes.append(f"trial {key} was damaged and is trained again")
            self.folder.drop_trial(key)
            return None

    def _received(self, task: Task, results: Sequence[Result] | None, error: str) -> list[Record]:
        from dlcli.comparison.results.scores import Record

        if results is None:
            results = [Result("failed", message=error) for _ in task.trials]
        records = []
        for trial, result in zip(task.trials, results, strict=True):
            key = self.key(trial)
            records.append(Record(trial, result, key))
            if result.status != "failed":
                self._keep(key + (PRUNED if result.status == "pruned" else ""), trial, result)
        self.records += records
        return records

    def _keep(self, key: str, trial: Trial, result: Result) -> None:
        assert self.folder is not None  # noqa: S101 (nothing is trained without one)
        contender = self.plan.contenders[trial.contender]
        content = asdict(result)
        history = content.pop("history")
        told = {
            "problem": self.plan.problems[contender.problem].name,
            "candidate": contender.name,
            "optimizer": to_plain(contender.config)["compile"]["optimizer"],
            "learning_rate": trial.rate,
            "stage": trial.stage,
            "seed": trial.seed,
        }
        self.folder.write_trial(key, {**told, "result": content}, history)

    def _tell(self, observer: Observer) -> None:
        stages = self.plan.searching + self.plan.confirming
        observer.trial(
            done=len(self.records),
            trials=max(stages, len(self.records)),
            best=best_so_far(self.plan, self.records),
        )


def best_so_far(plan: Plan, records: Sequence[Record]) -> str:
    """Name the best validation score of any trial so far, on the first problem that has one."""
    name = f"val_{plan.score.metric}"
    best: tuple[float, str] | None = None
    for record in records:
        value = record.result.best.get(name) if record.result.status == "ok" else None
        if value is None:
            continue
        told = f"{plan.contenders[record.trial.contender].name} at {record.trial.rate:g}"
        if best is None or value * plan.score.sign > best[0]:
            best = (value * plan.score.sign, f"{told}: {name} {value:.4f}")
    return best[1] if best else ""


def check(plan: Plan, executor: Executor) -> None:
    """Build every problem's model and optimizers once, so that mistakes show before training.

    Raises:
        ConfigError: If one cannot be made.
        UserError: If a problem's data or model cannot be used.
    """
    for index in _first_contenders(plan):
        executor.submit(Check(index), plan.contenders[index].program)
    while (done := executor.next_done()) is not None:
        if done.error:
            problem = plan.problems[plan.contenders[done.task.contender].problem]
            remedy = "check that loss, metrics and last layer fit the data"
            raise UserError(f"{problem.name} cannot be trained: {done.error}", remedy=remedy)


def _first_contenders(plan: Plan) -> list[int]:
    seen = [contender.problem for contender in plan.contenders]
    return [seen.index(problem) for problem in range(len(plan.problems))]


def measure(plan: Plan, executor: Executor) -> dict[int, Measurement]:
    """Time an epoch of every program; contenders that share one share its figures."""
    first: dict[Any, int] = {}
    for index, contender in enumerate(plan.contenders):
        if contender.program not in first:
            first[contender.program] = index
            executor.submit(Check(index, timed=True), contender.program)
    found: dict[Any, Measurement] = {}
    while (done := executor.next_done()) is not None:
        program = plan.contenders[done.task.contender].program
        found[program] = done.value or Measurement()
    return {i: found[c.program] for i, c in enumerate(plan.contenders)}


def estimated_seconds(plan: Plan, measured: Mapping[int, Measurement], jobs: int) -> float:
    """Return how long a plan's trials take in the given number of processes."""
    total = sum(m.compiling for m in {id(m): m for m in measured.values()}.values())
    for index, contender in enumerate(plan.contenders):
        trials = len(contender.rates) * len(plan.search_seeds) + len(plan.seeds)
        total += trials * measured[index].trial_seconds(contender.config.fit.epochs)
    return total / jobs


def within_time(plan: Plan, measured: Mapping[int, Measurement], jobs: int, seconds: float) -> Plan:
    """Cut a plan down to what a time budget allows, the same for every contender."""
    needed = estimated_seconds(plan, measured, jobs)
    if needed <= seconds * SAFETY:
        return plan
    planned = plan.searching + plan.confirming
    return within_budget(plan, max(1, math.floor(planned * seconds * SAFETY / needed)))


def write_settings(session: Session, command: Sequence[str], executor: str, jobs: int) -> None:
    """Write config.yaml and environment.json; they say what the folder is."""
    folder, plan = session.folder, session.plan
    assert folder is not None  # noqa: S101 (there is one when something is written)
    documents = [to_yaml(problem.config) for problem in plan.problems]
    folder.write_text(CONFIG, "---\n".join(documents))
    told = environment(plan.problems[0].config.seed, command, [])
    told |= {"executor": executor, "jobs": jobs, PROBLEMS: problems_key_of(plan)}
    folder.write_text(ENVIRONMENT, json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def problems_key_of(plan: Plan) -> str:
    """Return the hash by which a comparison finds its folder again."""
    return problems_key(plan, {n: v for n, v in versions().items() if n in COMPUTING})
