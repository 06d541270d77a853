"""From configs to the plan of their comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dlcli import metrics
from dlcli.catalogue import plugins
from dlcli.compare.loading import read_data, seen_of
from dlcli.compare.plan.plan import STEERING, Plan, Problem, RankingScore, budget_seconds, make_plan
from dlcli.compare.xla import known_or_ruled
from dlcli.config.binding import bind
from dlcli.config.diagnostics import ConfigError, Diagnostic, listing
from dlcli.config.experiment import Call, CompareConfig
from dlcli.config.findings import judge_of
from dlcli.config.loading import parse_document, read_document, read_text
from dlcli.config.nodes import Text, nowhere
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

    from dlcli.config.experiment import Config
    from dlcli.data.description import DataDescription
    from dlcli.data.formats.keras_cache import Progress
    from dlcli.data.pool import Pool


def read_problems(
    sources: Sequence[str | Text],
    overrides: tuple[str, ...],
    progress: Progress | None = None,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda _: None,
) -> tuple[list[Problem], CompareConfig, list[str]]:
    """Read configs, load their data, and return what is compared on.

    The first config's `compare` section holds for all; what the others say beside it is noted.

    Args:
        sources: The configs' files, `-`, or their texts.
        overrides: `path=value` changes of each.
        progress: Told how a download goes.
        warn: Told what rules warn of.

    Raises:
        UserError: If two configs have one name, or the data has no validation part.
        ConfigError: For mistakes in a config.
    """
    texts = [read_text(each) if isinstance(each, str) else each for each in sources]
    documents = [parse_document(text, overrides) for text in texts]
    configs = [read_document(document) for document in documents]
    names = [config.name for config in configs]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        remedy = "a config's name: key tells problems apart"
        raise UserError(f"two configs are called '{doubled}'", remedy=remedy)
    settings = _without_val(configs[0].compare or CompareConfig())
    notes = [
        f"{config.name}: its compare section is not used; that of {names[0]} holds for all"
        for config in configs[1:]
        if config.compare not in (None, configs[0].compare)
    ]
    problems = []
    for document, config in zip(documents, configs, strict=True):
        pool = read_data(config, progress)
        changed = replace(config, compare=settings)
        problems.append(_problem(changed, settings, pool, notes))
        judge = judge_of(document, changed, pool.description, is_comparison=True)
        warn(judge.looks("config"))
        warn(judge.looks("data", seen_of(pool, changed, resample=_resamples(settings))))
    return problems, settings, notes


def _resamples(settings: CompareConfig) -> bool:
    return settings.seeds != 0 and settings.split == "resample"


def _without_val(settings: CompareConfig) -> CompareConfig:
    """Return settings whose metrics are called as everywhere: `accuracy` for `val_accuracy`.

    Rates and epochs are chosen by validation scores, which Keras's history calls so.
    """
    target = settings.target and {k.removeprefix("val_"): v for k, v in settings.target.items()}
    score = settings.score and settings.score.removeprefix("val_")
    return replace(settings, score=score, target=target)


def _problem(config: Config, settings: CompareConfig, pool: Pool, notes: list[str]) -> Problem:
    parts = pool.parts(config.seed, config.data.validation, resample=_resamples(settings))
    if parts.validation is None:
        remedy = "Set data.validation, such as 0.1: learning rates are chosen on it."
        raise UserError(f"{config.name} has no validation part", remedy=remedy)
    bound = bind(config, pool.description, train_size=len(parts.train))
    named = _metric_names(bound, settings, pool.description.task)
    notes += [note for note in pool.told if note not in notes]
    description = pool.description
    positive = metrics.told_of_positive(named, description.task, description.classes)
    notes += [note for note in positive if note not in notes]
    notes += _unused(bound, named)
    _check_callbacks(bound, named)
    targets = pool.targets
    return Problem(
        config.name,
        bound,
        named,
        _chance(pool.description, targets[parts.validation], named),
        _chance(pool.description, targets[parts.test], named) if parts.test is not None else {},
        jit=known_or_ruled(bound),
    )


def _metric_names(config: Config, settings: CompareConfig, task: str) -> tuple[str, ...]:
    """Return the config's own metrics that are single numbers, and the one that ranks.

    Raises:
        UserError: If the one that ranks is unknown, or has no meaning for the task.
    """
    written = [name for name in config.compile.metrics or () if isinstance(name, str)]
    names = [str(n) for n in written if metrics.parse(n).result == "scalar"]
    if settings.score is not None:
        name = settings.score.partition("@")[0]
        metrics.check_task(metrics.parse(name), task)
        names.append(name)
    return tuple(dict.fromkeys(names)) or metrics.default_names(task)


def _unused(config: Config, named: Sequence[str]) -> Iterable[str]:
    """Note what of a config does not take part in a comparison."""
    for item in config.compile.metrics or ():
        shown = item if isinstance(item, str) else item.name
        if shown not in named:
            yield f"{config.name}: the metric {shown} is left out of comparisons"
    for call in config.fit.callbacks:
        if call.name not in STEERING:
            yield f"{config.name}: {call.name} is left out: trials write no files of their own"


def _check_callbacks(config: Config, named: Sequence[str]) -> None:
    """Make sure that callbacks watch what a trial measures, and work with every candidate.

    Raises:
        ConfigError: If one watches something else, as a metric of the training part, or would
            change a rate that a schedule sets.
    """
    measured = ["loss", "val_loss", *(f"val_{name}" for name in named)]
    problems = []
    for call in config.fit.callbacks:
        if call.name == "SwapEMAWeights":
            message = (
                "trials of an optimizer with use_ema are scored by its averaged weights anyway"
            )
            problems.append(_at(call, "unsuitable-callback", message, "leave the callback out"))
        if call.name == "ReduceLROnPlateau" and (scheduled := _scheduled(config)):
            message = f"{scheduled} has a schedule, whose rate cannot be reduced"
            hint = "leave the callback out, or give the candidate no schedule"
            problems.append(_at(call, "unsuitable-callback", message, hint))
        watched = call.arguments.get("monitor", "val_loss")
        if call.name in STEERING and watched not in measured:
            mark = call.mark or nowhere(config.name)
            message = (
                f"'{watched}' is not measured in a comparison{did_you_mean(watched, measured)}"
            )
            hint = f"measured are: {listing(measured)}"
            path = f"{call.path}.monitor"
            problems.append(Diagnostic("unknown-monitor", mark, path, message, hint))
    if problems:
        raise ConfigError(problems)


def _at(call: Call, rule: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(rule, call.mark or nowhere(), call.path, message, hint)


def _scheduled(config: Config) -> str:
    """Return the name of a candidate with a schedule, empty if there is none."""
    candidates = (config.compare.optimizers if config.compare else None) or ()
    for candidate in candidates:
        if isinstance(candidate.optimizer.arguments.get("learning_rate"), Call):
            return candidate.label or candidate.optimizer.name
    return ""


def _chance(description: DataDescription, y: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """Return what a model that learned nothing scores, or the worst there is if undefined."""
    from dlcli.metrics.points import chance, places_of

    y = places_of(y, task=description.task, shape=description.target_shape)
    found = chance(y, names, task=description.task, classes=len(description.classes))
    return {name: _worst(name) if value is None else value for name, value in found.items()}


def _worst(name: str) -> float:
    metric = metrics.parse(name).metric
    return metric.bounds[0] if metric.greater_is_better else metric.bounds[1]


def score_of(problems: Sequence[Problem], settings: CompareConfig) -> RankingScore:
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
    return RankingScore(name, read or "best", bool(metric.greater_is_better), metric.bounds)


def target_of(settings: CompareConfig, score: RankingScore) -> float | None:
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
    needed = {name for problem in problems for name in problem.config.plugins}
    used = tuple(plugin for plugin in plugins.active() if plugin.name in needed)
    return replace(plan, notes=(*notes, *plan.notes), plugins=used)
