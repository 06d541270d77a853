"""Which trials a comparison consists of: configs and settings in, candidates and seeds out.

`schedule` says what is trained next; here is what is decided before anything is trained.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.catalogue.family import family
from dlcli.catalogue.rate_ranges import RANGES, RateRange
from dlcli.compare.plan.rates import (
    HALF_DECADE,
    fixed_rate,
    grid,
    spread_grid,
    stated_range,
    thinned,
    with_rate,
)
from dlcli.config.experiment import Call, CandidateEntry, CompareConfig, Config, SplitChoice, Tuning
from dlcli.errors import UserError
from dlcli.statistics.power import LOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.catalogue.plugins import Plugin

AUTO = "auto"
"""`seeds: auto`: as many replications as it takes, up to the last of the looks."""

MOST_EXTENSIONS = 4
"""Rates by which a grid may grow: two decades at half-decade steps."""

NEIGHBORHOOD = 3
"""Rates that a later replication tries: the best so far, and the next one on either side."""

PROTOCOL = "replications"
"""Names the protocol in a comparison's folder: trials of another one are not mixed with its own."""


def _sgd(label: str | None = None, **arguments: Any) -> CandidateEntry:
    return CandidateEntry(Call("optimizers", "SGD", arguments), label)


def _plain(name: str) -> CandidateEntry:
    return CandidateEntry(Call("optimizers", name))


_QUICK = (
    _sgd(),
    _sgd("Momentum", momentum=0.9),
    _plain("Adagrad"),
    _plain("RMSprop"),
    _plain("Adam"),
    _plain("AdamW"),
)
_STANDARD = (*_QUICK[:2], _sgd("Nesterov", momentum=0.9, nesterov=True), *_QUICK[2:],
             _plain("Lion"))  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """How thorough a comparison is.

    Attributes:
        candidates: Compared where none are named.
        seeds: Replications.
        step: Distance of the searched rates in decades; None for `rates` of them.
        rates: How many rates where there is no step.
        ranks: Whether these replications are enough to rank at all.
    """

    candidates: tuple[CandidateEntry, ...]
    seeds: int
    step: float | None
    rates: int | None = None
    ranks: bool = True


QUICK_LOOK = "a quick look only (--preset standard ranks)"

FEWEST_RATES = 3
"""A search among fewer rates says too little of an optimizer to rank it by."""

PRESETS: Mapping[str, Preset] = {
    "quick": Preset(_QUICK, seeds=3, step=None, rates=5, ranks=False),
    "standard": Preset(_STANDARD, seeds=10, step=HALF_DECADE),
    "full": Preset(_STANDARD, seeds=20, step=HALF_DECADE / 2),
}


STEERING = ("EarlyStopping", "ReduceLROnPlateau", "TerminateOnNaN")
"""Callbacks that decide how a trial goes; the others write files, which trials do not."""


@dataclass(frozen=True)
class Problem:
    """A network on a data set: what all candidates are tried on.

    Attributes:
        name: The config's.
        config: Bound to its data.
        metrics: Names of the metrics that every trial is scored by.
        validation_chance: The metrics of a model that learnt nothing, on the validation part.
        test_chance: The same on the test part; empty if there is none.
        jit: Whether its trials are compiled with XLA.
    """

    name: str
    config: Config
    metrics: tuple[str, ...]
    validation_chance: Mapping[str, float]
    test_chance: Mapping[str, float]
    jit: bool = False


@dataclass(frozen=True)
class Candidate:
    """An optimizer with fixed arguments and an initializer on one problem; its rate is searched.

    Attributes:
        problem: Index of its problem.
        name: What tables call it; unique within the problem.
        label: The same without the initializer.
        written: The optimizer as the config has it.
        initializer: Of every kernel, or None for the model's own.
        config: The problem's, with the initializer and with the optimizer at a rate of 1.
        rates: To be searched, ascending.
        step: By which the grid grows, in decades; None if it must not.
        extensions: By how many rates it may grow.
        default_rate: Keras's; None under a schedule.
    """

    problem: int
    name: str
    label: str
    written: Call
    initializer: Call | None
    config: Config
    rates: tuple[float, ...]
    step: float | None
    extensions: int
    default_rate: float | None

    @property
    def program(self) -> tuple[int, str]:
        """Identifies the compiled program: candidates that differ in the initializer share it."""
        return self.problem, repr(self.config.compile.optimizer)


@dataclass(frozen=True)
class RankingScore:
    """What ranks.

    Attributes:
        metric: Such as `accuracy` or `top_k:3`.
        read: At the epoch with the `best` validation score, or the `last`.
        greater_is_better: How to read it.
        bounds: Least and greatest number it can be.
    """

    metric: str
    read: str
    greater_is_better: bool
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @property
    def sign(self) -> int:
        """Multiplies a value so that greater is better."""
        return 1 if self.greater_is_better else -1


@dataclass(frozen=True)
class Plan:
    """A whole comparison.

    Attributes:
        seeds: One for each replication; of a plain grid, one for each time that a rate is tried.
            Of a sequential comparison, all that it may come to.
        searches: How many replications, the first ones, try the whole grid.
        split: `resample` draws train, validation and test anew in each replication; `official`
            keeps the data set's own test part.
        tune: `each` replication chooses its rates; or `once`, and all replications use that.
        margin: What a candidate may lack to the best and still be as good; None for the default.
        is_grid: Every rate is tried with every seed on the split that `train` uses, and nothing is
            ranked (`seeds: 0`).
        is_sequential: It looks after some of its replications, and may stop then (`seeds: auto`).
        unranked: Why it ranks nothing, as a quick look does not; empty if it ranks.
        notes: What the user should know: what a budget leaves out, for one.
        plugins: Code that its configs need; workers load it.
    """

    problems: tuple[Problem, ...]
    candidates: tuple[Candidate, ...]
    seeds: tuple[int, ...]
    score: RankingScore
    target: float | None = None
    searches: int = 1
    split: SplitChoice = "resample"
    tune: Tuning = "each"
    margin: float | None = None
    is_grid: bool = False
    is_sequential: bool = False
    prune: bool = False
    unranked: str = ""
    notes: tuple[str, ...] = ()
    plugins: tuple[Plugin, ...] = ()

    @property
    def looks(self) -> tuple[int, ...]:
        """Replications at each look; empty if there is none before the end."""
        end = len(self.seeds)
        return (*(n for n in LOOKS if n < end), end) if self.is_sequential else ()

    @property
    def planned(self) -> int:
        """Trials of all candidates, if no grid grows."""
        return sum(map(self.trials_of, self.candidates))

    def trials_of(self, candidate: Candidate) -> int:
        """Return how many trials a candidate has, if its grid does not grow."""
        rates = len(candidate.rates)
        later = len(self.seeds) - self.searches
        return rates * self.searches + self.later_rates(rates) * later

    def later_rates(self, rates: int) -> int:
        """Return how many of a grid's rates a replication tries after the searching ones."""
        if self.is_grid:
            return rates
        return 1 if self.tune == "once" else min(NEIGHBORHOOD, rates)


def make_plan(
    problems: Sequence[Problem], settings: CompareConfig, score: RankingScore, target: float | None
) -> Plan:
    """Lay out a comparison; a budget given as a number of trials is kept.

    Args:
        problems: Their configs hold the candidates, bound to each problem's data.
        settings: None in them leaves the choice to the preset.
        score: What ranks.
        target: The validation score that counts as reached; None for the default.

    Raises:
        UserError: If two candidates have one label, or the budget is too small.
    """
    preset = PRESETS[settings.preset]
    candidates = [
        candidate
        for index, problem in enumerate(problems)
        for candidate in candidates_of(index, problem.config, settings)
    ]
    _check_names(candidates)
    is_sequential = settings.seeds == AUTO
    replications = _replications(settings, preset)
    searches = settings.search_seeds or 1
    is_grid = replications == 0
    if is_grid:
        replications = searches
    first = problems[0].config.seed
    plan = Plan(
        tuple(problems),
        tuple(candidates),
        seeds=tuple(range(first, first + replications)),
        searches=min(searches, replications),
        score=score,
        target=target,
        split=settings.split,
        tune=settings.tune,
        margin=settings.margin,
        is_grid=is_grid,
        is_sequential=is_sequential,
        prune=settings.prune,
        unranked="" if preset.ranks or settings.seeds is not None else QUICK_LOOK,
        notes=tuple(_grid_notes(candidates)),
    )
    if isinstance(settings.budget, int):
        return within_budget(plan, settings.budget)
    return plan


def _replications(settings: CompareConfig, preset: Preset) -> int:
    """Return how many replications there are, at most.

    Raises:
        UserError: If more of them search than there are before the first look.
    """
    if settings.seeds is None:
        return preset.seeds
    if not isinstance(settings.seeds, str):
        return settings.seeds
    if (settings.search_seeds or 1) > LOOKS[0]:
        raise UserError(
            f"search_seeds: {settings.search_seeds} does not fit seeds: {AUTO}, which looks after "
            f"{LOOKS[0]} replications",
            remedy=f"Set search_seeds to {LOOKS[0]} or less, or give a number of seeds.",
        )
    return LOOKS[-1]


def candidates_of(index: int, config: Config, settings: CompareConfig) -> list[Candidate]:
    """Return what is compared on a problem: every optimizer with every initializer.

    Args:
        index: Of the problem.
        config: Its own; its `compare` section names the optimizers.
        settings: Of the comparison.
    """
    preset = PRESETS[settings.preset]
    bound = config.compare
    entries = (bound.optimizers if bound else None) or preset.candidates
    initializers = settings.initializers or (None,)
    found = []
    for entry in entries:
        label = entry.label or describe_call(entry.optimizer)
        rates, step = _searched(entry, settings, preset)
        for initializer in initializers:
            name = f"{label} · {describe_call(initializer)}" if initializer else label
            changed = replace(
                config,
                model=with_initializer(config.model, initializer),
                compile=replace(config.compile, optimizer=with_rate(entry.optimizer, 1.0)),
            )
            found.append(
                Candidate(
                    index, name, label, entry.optimizer, initializer, changed, rates, step,
                    MOST_EXTENSIONS if step else 0, default_rate(entry.optimizer),
                )
            )  # fmt: skip
    return found


def _searched(
    entry: CandidateEntry, settings: CompareConfig, preset: Preset
) -> tuple[tuple[float, ...], float | None]:
    """Return the rates of a candidate, and the step by which the grid may grow."""
    given = entry.learning_rates or settings.learning_rates
    if given is None and (rate := fixed_rate(entry.optimizer)) is not None:
        given = (rate,)
    if given is not None:
        return tuple(sorted(set(given))), None
    found = rate_range(entry.optimizer)
    if found.is_point:
        return (found.low,), None
    if preset.step is not None:
        return grid(found, preset.step), preset.step
    assert preset.rates is not None  # noqa: S101 (a preset has one or the other)
    rates = spread_grid(found, preset.rates)
    return rates, None


def rate_range(optimizer: Call) -> RateRange:
    """Return the range to search; of an optimizer without one, two decades around its default."""
    known = RANGES.get(family(optimizer.name, optimizer.arguments)) or stated_range(optimizer)
    if known:
        return known
    centre = default_rate(optimizer) or 1e-3
    return RateRange(centre / 100, centre * 100, "two decades around Keras's default")


def default_rate(optimizer: Call) -> float | None:
    """Return Keras's default learning rate of an optimizer; None under a schedule."""
    if isinstance(optimizer.arguments.get("learning_rate"), Call):
        return None
    entry = load_catalogue().find("optimizers", optimizer.name)
    argument = entry.by_name.get("learning_rate") if entry else None
    default = argument.default if argument else None
    return float(default) if isinstance(default, int | float) else None


def describe_call(call: Call) -> str:
    """Write a class as people name it: `SGD(momentum=0.9)`; a rate is not part of the name."""
    parts = []
    for name, value in call.arguments.items():
        if name == "learning_rate" and not isinstance(value, Call):
            continue
        shown = describe_call(value) if isinstance(value, Call) else str(value)
        parts.append(shown if isinstance(value, Call) else f"{name}={shown}")
    return f"{call.name}({', '.join(parts)})" if parts else call.name


KERNELS = ("kernel_initializer", "depthwise_initializer", "pointwise_initializer")
"""The arguments of layers that initialize what multiplies their input."""


def with_initializer(model: Any, initializer: Call | None) -> Any:
    """Return the model with every kernel initialized in one way; None leaves it as it is.

    Recurrent kernels, biases and embeddings keep their own.
    """
    if initializer is None:
        return model
    layers = tuple(replace(x, call=_initialized(x.call, initializer)) for x in model.layers)
    return replace(model, layers=layers)


def _initialized(value: Any, initializer: Call) -> Any:
    if isinstance(value, tuple):
        return tuple(_initialized(item, initializer) for item in value)
    if not isinstance(value, Call) or value.kind != "layers":
        return value
    entry = load_catalogue().find("layers", value.name)
    known = [name for name in KERNELS if entry and name in entry.by_name]
    arguments = {name: _initialized(v, initializer) for name, v in value.arguments.items()}
    return replace(value, arguments={**arguments, **dict.fromkeys(known, initializer)})


def _check_names(candidates: Sequence[Candidate]) -> None:
    seen: set[tuple[int, str]] = set()
    for candidate in candidates:
        if (candidate.problem, candidate.name) in seen:
            remedy = "give one a label: {SGD: {momentum: 0.9}, label: mine}"
            raise UserError(f"two candidates are called '{candidate.name}'", remedy=remedy)
        seen.add((candidate.problem, candidate.name))


def _grid_notes(candidates: Sequence[Candidate]) -> list[str]:
    lonely = {c.label: c.written for c in candidates if len(c.rates) == 1}
    return [f"{label} {_why_alone(written)}" for label, written in lonely.items()]


def _why_alone(optimizer: Call) -> str:
    found = stated_range(optimizer)
    if found is not None and found.is_point and fixed_rate(optimizer) in (None, found.low):
        return f"finds its step size itself: no rate is searched, it stays {found.low:g}"
    return "is tried at one rate only: nothing is searched"


def within_budget(plan: Plan, trials: int) -> Plan:
    """Cut a plan down to a number of trials, the same for every candidate, and note what is cut.

    The grid of rates and the number of replications shrink in proportion, the grid not below three
    rates; where there is no room for those, nothing is ranked. What is left over may extend grids.
    Of a sequential comparison, the replications after the first look are cut before the grid is,
    and before what may extend it.

    Raises:
        UserError: If there is less than one trial of each candidate in each searching replication.
    """
    each = trials // len(plan.candidates)
    searches = plan.searches
    if each < searches:
        raise UserError(
            f"a budget of {trials} trials is too small for {len(plan.candidates)} candidates",
            remedy=f"Give at least {searches * len(plan.candidates)}, or name fewer optimizers.",
        )
    longest = max(len(c.rates) for c in plan.candidates)
    first = replace(plan, seeds=plan.seeds[: plan.looks[0]]) if plan.looks else plan
    wanted = max(map(first.trials_of, plan.candidates))
    rates = longest
    if each < wanted:
        share = each * longest // wanted
        rates = max(1, min(longest, max(FEWEST_RATES, share), each // searches))
    growth = max(c.extensions for c in plan.candidates) * searches
    spared = min(growth, max(0, each - wanted)) if plan.looks else 0
    later = (each - spared - rates * searches) // plan.later_rates(rates)
    replications = min(len(plan.seeds), searches + later)
    made = replace(plan, seeds=plan.seeds[:replications])
    cut = tuple(_cut(c, rates, each, made) for c in plan.candidates)
    made = replace(made, candidates=cut)
    if made.planned == plan.planned:
        return made
    rated = f"tries {rates} instead of up to {longest} learning rates, in"
    note = (
        f"a budget of {trials} trials is less than the plan's {plan.planned}: it "
        f"{rated if rates < longest else 'makes'} {replications} instead of {len(plan.seeds)} "
        "replications"
    )
    starved = rates < min(FEWEST_RATES, longest)
    unranked = f"the budget leaves fewer than {FEWEST_RATES} learning rates" if starved else ""
    return replace(made, notes=(*plan.notes, note), unranked=plan.unranked or unranked)


def _cut(candidate: Candidate, rates: int, each: int, plan: Plan) -> Candidate:
    kept = replace(candidate, rates=thinned(candidate.rates, rates))
    spare = (each - plan.trials_of(kept)) // plan.searches
    step = candidate.step if kept.rates == candidate.rates else None
    extensions = min(candidate.extensions, max(0, spare)) if step else 0
    return replace(kept, step=step if extensions else None, extensions=extensions)


def budget_seconds(budget: str) -> float:
    """Return a budget of time in seconds: `90s`, `10m`, `1.5h`.

    Raises:
        UserError: If it is none of these.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh])\s*", budget)
    if not found or float(found.group(1)) == 0:
        remedy = "Give a number of trials, or a duration such as 90s, 10m or 1.5h."
        raise UserError(f"'{budget}' is not a budget", remedy=remedy)
    return float(found.group(1)) * {"s": 1, "m": 60, "h": 3600}[found.group(2)]
