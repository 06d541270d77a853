"""From configs to the plan of their comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dlcli import metrics
from dlcli.catalogue import plugins
from dlcli.compare.loading import read_data, seen_of
from dlcli.compare.plan.candidates import has_variants
from dlcli.compare.plan.plan import STEERING, Plan, Problem, RankingScore, budget_seconds, make_plan
from dlcli.compare.plan.rates import fixed_rate, without_rate
from dlcli.compare.xla import known_or_ruled
from dlcli.config.binding.binding import bind
from dlcli.config.binding.findings import judge_of
from dlcli.config.conversion.loading import parse_document, read_document, read_text
from dlcli.config.sections.experiment import Call, CompareConfig, VariantEntry
from dlcli.config.sections.variants import unshared
from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic, listing
from dlcli.config.yaml.nodes import Text, YamlMapping, nowhere
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np

    from dlcli.config.sections.experiment import Config
    from dlcli.config.yaml.document import Document
    from dlcli.data.description import DataDescription
    from dlcli.data.formats.keras_cache import Progress
    from dlcli.data.pool import Parts, Pool


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
    documents = _documents(sources, overrides)
    configs = [read_document(document) for document in documents]
    names = [config.name for config in configs]
    _check_apart(names, "problems")
    settings = _without_val(configs[0].compare or CompareConfig())
    notes = [
        f"{config.name}: its compare section is not used; that of {names[0]} holds for all"
        for config in configs[1:]
        if config.compare not in (None, configs[0].compare)
    ]
    problems = []
    for document, config in zip(documents, configs, strict=True):
        pool = read_data(config, progress)
        written, changed = document, replace(config, compare=settings)
        if has_variants(settings) and config is not configs[0]:
            written = _with_compare(document, documents[0])
            changed = read_document(written)
        problems.append(_problem(changed, settings, pool, notes))
        _judge(written, changed, pool, settings, warn)
    return problems, settings, notes


def _documents(sources: Sequence[str | Text], overrides: tuple[str, ...]) -> list[Document]:
    texts = [read_text(each) if isinstance(each, str) else each for each in sources]
    return [parse_document(text, overrides) for text in texts]


def _check_apart(names: Sequence[str], what: str) -> None:
    if doubled := next((name for name in names if names.count(name) > 1), None):
        remedy = f"a config's name: key tells {what} apart"
        raise UserError(f"two configs are called '{doubled}'", remedy=remedy)


def _with_compare(document: Document, first: Document) -> Document:
    """Return a document with another one's `compare`, whose candidates change this one then."""
    root, other = document.root, first.root
    assert isinstance(root, YamlMapping)  # noqa: S101 (it was read)
    assert isinstance(other, YamlMapping)  # noqa: S101
    return replace(
        document, root=replace(root, pairs={**root.pairs, "compare": other.pairs["compare"]})
    )


def _judge(
    document: Document,
    config: Config,
    pool: Pool,
    settings: CompareConfig,
    warn: Callable[[Sequence[Diagnostic]], None],
) -> None:
    """Have the rules look at a config and its data."""
    judge = judge_of(document, config, pool.description, is_comparison=True, with_candidates=True)
    warn(judge.looks("config"))
    warn(judge.looks("data", seen_of(pool, config, resample=_resamples(settings))))


def read_rivals(
    sources: Sequence[str | Text],
    overrides: tuple[str, ...],
    progress: Progress | None = None,
    warn: Callable[[Sequence[Diagnostic]], None] = lambda _: None,
) -> tuple[list[Problem], CompareConfig, list[str]]:
    """Read configs that are compared with each other, on the data that they share.

    The first config's `compare` section says how; a single config must have candidates of its own.

    Args:
        sources: As `read_problems` takes them, and all else too.
        overrides: `path=value` changes of each.
        progress: Told how a download goes.
        warn: Told what rules warn of.

    Raises:
        UserError: If they do not have the same data and score, or there is only one candidate.
        ConfigError: For mistakes in a config.
    """
    documents = _documents(sources, overrides)
    configs = [read_document(document) for document in documents]
    first = configs[0]
    settings = first.compare or CompareConfig()
    if len(configs) == 1:
        if has_variants(settings):
            return read_problems(sources, overrides, progress, warn)
        remedy = "Name a second config, or list candidates in its compare section."
        raise UserError(f"there is nothing to compare {first.name} with", remedy=remedy)
    _check_apart([config.name for config in configs], "candidates")
    for config in configs[1:]:
        _check_same_data(first, config)
    notes = _left_out(configs)
    settings = replace(settings, candidates=None, ablate=None, optimizers=None)
    pool = read_data(first, progress)
    for document, config in zip(documents, configs, strict=True):
        _judge(document, replace(config, compare=settings), pool, settings, warn)
    _check_same_score(configs, settings, pool)
    notes += [note for config in configs for note in _unused_rates(config, settings)]
    made = _joined(configs, settings)
    problem = replace(_problem(made, settings, pool, notes), has_own_networks=True)
    return [problem], settings, notes


def _check_same_data(first: Config, config: Config) -> None:
    """Make sure that two configs have the same data.

    Raises:
        UserError: If they do not.
    """
    if differing := list(unshared(first, config)):
        shown = "; ".join(f"{name}: {a} and {b}" for name, a, b in differing)
        raise UserError(
            f"{first.name} and {config.name} do not have the same data: {shown}",
            remedy="Make them the same, e.g. with --set; `dlcli compare-optimizers` takes several "
            "data sets.",
        )


def _left_out(configs: Sequence[Config]) -> list[str]:
    """Say what of configs that are compared does not count."""
    first, *others = configs
    notes = [
        f"{config.name}: its compare section is not used; that of {first.name} holds for all"
        for config in others
        if config.compare not in (None, first.compare)
    ]
    compare = first.compare
    if compare and (compare.optimizers or has_variants(compare)):
        notes.append(
            f"{first.name}: the candidates of its compare section are left out: the configs are "
            "compared"
        )
    if any(config.seed != first.seed for config in others):
        notes.append(f"the seed is that of {first.name}: {first.seed}")
    return notes


def _check_same_score(configs: Sequence[Config], settings: CompareConfig, pool: Pool) -> None:
    """Make sure that configs are ranked by the same metric, where the settings name none.

    Raises:
        UserError: If they are not.
    """
    default = metrics.default_names(pool.description.task)
    firsts = [str((config.compile.metrics or default)[0]) for config in configs]
    if settings.score is None and len(set(firsts)) > 1:
        shown = ", ".join(f"{c.name} by {m}" for c, m in zip(configs, firsts, strict=True))
        raise UserError(
            f"the configs do not have the same score: {shown}",
            remedy=f"Name one: --score {firsts[0]}.",
        )


def _check_different(entries: Sequence[VariantEntry]) -> None:
    """Make sure that no two candidates are the same but for their names.

    Raises:
        UserError: If two are.
    """
    for number, entry in enumerate(entries):
        for other in entries[:number]:
            if replace(entry, label=other.label) == other:
                raise UserError(
                    f"{other.label} and {entry.label} are the same candidate",
                    remedy="Change something in one of them, or leave it out.",
                )


def _joined(configs: Sequence[Config], settings: CompareConfig) -> Config:
    """Return the config of which all others are candidates; their rates are left to the search."""
    searched = [
        replace(c, compile=replace(c.compile, optimizer=without_rate(c.compile.optimizer),
                                   metrics=configs[0].compile.metrics))
        for c in configs
    ]  # fmt: skip
    first = searched[0]
    entries = tuple(VariantEntry(config.name, **first.changes(config)) for config in searched)
    _check_different(entries)
    plugins_needed = tuple(sorted({name for config in configs for name in config.plugins}))
    return replace(
        first,
        name=first.data.source.name,
        plugins=plugins_needed,
        compare=replace(settings, candidates=entries),
    )


def _resamples(settings: CompareConfig) -> bool:
    return settings.seeds != 0 and settings.split == "resample"


def _without_val(settings: CompareConfig) -> CompareConfig:
    """Return settings whose metrics are called as everywhere: `accuracy` for `val_accuracy`.

    Rates and epochs are chosen by validation scores, which Keras's history calls so.
    """
    target = settings.target and {k.removeprefix("val_"): v for k, v in settings.target.items()}
    score = settings.score and settings.score.removeprefix("val_")
    return replace(settings, score=score, target=target)


def _parts(config: Config, pool: Pool, settings: CompareConfig, fraction: float) -> Parts:
    """Return the parts of the config's seed with a share of the training part."""
    validation = config.data.validation
    return pool.parts(config.seed, validation, resample=_resamples(settings), fraction=fraction)


def _fractions(config: Config) -> set[float]:
    """Return the shares of the training part that candidates have of their own."""
    variants = config.compare.candidates if config.compare else None
    changed = [variant.data or {} for variant in variants or ()]
    return {data["fraction"] for data in changed if "fraction" in data}


def _problem(config: Config, settings: CompareConfig, pool: Pool, notes: list[str]) -> Problem:
    parts = _parts(config, pool, settings, config.data.fraction)
    if parts.validation is None:
        remedy = "Set data.validation, such as 0.1: learning rates are chosen on it."
        raise UserError(f"{config.name} has no validation part", remedy=remedy)
    sizes = {f: len(_parts(config, pool, settings, f).train) for f in _fractions(config)}
    bound = bind(config, pool.description, train_size=len(parts.train), sizes=sizes)
    named = _metric_names(bound, settings, pool.description.task)
    notes += [note for note in pool.told if note not in notes]
    description = pool.description
    positive = metrics.told_of_positive(named, description.task, description.classes)
    notes += [note for note in positive if note not in notes]
    notes += _unused(bound, named)
    for config_of_trials in _configs_of_trials(bound):
        _check_callbacks(config_of_trials, named)
    notes += _unused_rates(config, settings) if has_variants(settings) else ()
    targets = pool.targets
    shares, sizes = _shares(config, pool, settings)
    return Problem(
        config.name,
        bound,
        named,
        _chance(pool.description, targets[parts.validation], named),
        _chance(pool.description, targets[parts.test], named) if parts.test is not None else {},
        shares=shares,
        sizes=sizes,
    )


def _shares(
    config: Config, pool: Pool, settings: CompareConfig
) -> tuple[dict[float, Config], dict[float, int]]:
    """Return the config bound to each share of a curve over training size, and all sizes.

    Raises:
        UserError: If there can be no such curve.
    """
    if settings.fractions is None:
        return {}, {}
    _check_fractions(config, settings.fractions, settings)
    bound, sizes = {}, {}
    for fraction in sorted({*settings.fractions, 1.0}):
        sizes[fraction] = len(_parts(config, pool, settings, fraction).train)
        if fraction < 1:
            part = replace(config, data=replace(config.data, fraction=fraction))
            bound[fraction] = bind(part, pool.description, train_size=sizes[fraction])
    return bound, sizes


def _check_fractions(config: Config, fractions: Sequence[float], settings: CompareConfig) -> None:
    """Make sure that a curve over training size can be drawn.

    Raises:
        UserError: If it has a single point, nothing is tuned, or other shares are compared.
    """
    if max(fractions) == min(fractions) == 1:
        message = "compare.fractions names only the whole training part"
        remedy = "Name smaller shares too: fractions: [0.1, 0.3, 1]."
    elif settings.seeds == 0:
        message = "compare.fractions needs replications, which choose the learning rate first"
        remedy = "Set seeds to 5 or more, or leave fractions out."
    elif config.data.fraction != 1 or _fractions(config):
        message = f"{config.name}: compare.fractions does not fit data.fraction"
        remedy = "Leave one of them out: compare.fractions are shares of the whole training part."
    else:
        return
    raise UserError(message, remedy=remedy)


def _configs_of_trials(bound: Config) -> Iterator[Config]:
    """Yield the config, or those of the candidates that it has."""
    variants = bound.compare.candidates if bound.compare else None
    if variants:
        yield from (bound.varied(variant) for variant in variants)
    else:
        yield bound


def _unused_rates(config: Config, settings: CompareConfig) -> Iterator[str]:
    """Say that a rate of the config is searched anew for its candidates."""
    rate = fixed_rate(config.compile.optimizer)
    if rate is not None and settings.learning_rates is None:
        yield (
            f"{config.name}: its learning rate {rate:g} is not used: that of each candidate is "
            f"searched; compare.learning_rates: [{rate:g}] keeps it"
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
    entries = config.compare.optimizers if config.compare else None
    named = [(entry.label, entry.optimizer) for entry in entries or ()]
    if config.compare is None:  # a candidate of its own
        named = [(None, config.compile.optimizer)]
    for label, optimizer in named:
        if isinstance(optimizer.arguments.get("learning_rate"), Call):
            return label or optimizer.name
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
    networks = tuple(replace(each, jit=known_or_ruled(each.config)) for each in plan.networks)
    told = (*notes, *plan.notes)
    return replace(plan, networks=networks, notes=told, plugins=used)
