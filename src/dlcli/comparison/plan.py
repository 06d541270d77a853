"""Which trials a comparison consists of: configs and settings in, contenders and seeds out.

The protocol is set out in `protocol`; here is what is decided before anything is trained.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlcli.comparison.family import family
from dlcli.comparison.rates import (
    HALF_DECADE,
    RANGES,
    RateRange,
    fixed_rate,
    grid,
    spread_grid,
    thinned,
    with_rate,
)
from dlcli.config.catalogue import load_catalogue
from dlcli.config.experiment import Call, Candidate, CompareConfig, Config
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_EXTENSIONS = 4
"""Rates by which a grid may grow: two decades at half-decade steps."""

FIRST_CONFIRMING_SEED = 10_000
"""Confirming seeds begin here above the config's seed, searching ones at it: they never meet."""


def _sgd(label: str | None = None, **arguments: Any) -> Candidate:
    return Candidate(Call("optimizers", "SGD", arguments), label)


def _plain(name: str) -> Candidate:
    return Candidate(Call("optimizers", name))


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
        seeds: Confirming trials of each.
        step: Distance of the searched rates in decades; None for `rates` of them.
        rates: How many rates where there is no step.
        ranks: Whether these seeds are enough to rank at all.
    """

    candidates: tuple[Candidate, ...]
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
    """A network on a data set: what all contenders are tried on.

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
class Contender:
    """An optimizer with fixed arguments and an initialiser on one problem; its rate is searched.

    Attributes:
        problem: Index of its problem.
        name: What tables call it; unique within the problem.
        label: The same without the initialiser.
        written: The optimizer as the config has it.
        initializer: Of every kernel, or None for the model's own.
        config: The problem's, with the initialiser and with the optimizer at a rate of 1.
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
        """Identifies the compiled program: contenders that differ in the initialiser share it."""
        return self.problem, repr(self.config.compile.optimizer)


@dataclass(frozen=True)
class Score:
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
        unranked: Why it ranks nothing, as a quick look does not; empty if it ranks.
        notes: What the user should know: what a budget leaves out, for one.
    """

    problems: tuple[Problem, ...]
    contenders: tuple[Contender, ...]
    search_seeds: tuple[int, ...]
    seeds: tuple[int, ...]
    score: Score
    target: float | None
    prune: bool
    unranked: str = ""
    notes: tuple[str, ...] = ()

    def trials_of(self, contender: Contender) -> int:
        """Return how many trials a contender has, if its grid does not grow."""
        return len(contender.rates) * len(self.search_seeds) + len(self.seeds)

    @property
    def searching(self) -> int:
        """Trials of the search, if no grid grows."""
        return sum(len(c.rates) for c in self.contenders) * len(self.search_seeds)

    @property
    def confirming(self) -> int:
        """Trials that confirm."""
        return len(self.contenders) * len(self.seeds)


def make_plan(
    problems: Sequence[Problem], settings: CompareConfig, score: Score, target: float | None
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
    contenders = [
        contender
        for index, problem in enumerate(problems)
        for contender in _contenders(index, problem, settings, preset)
    ]
    _check_names(contenders)
    seeds = preset.seeds if settings.seeds is None else settings.seeds
    plan = Plan(
        tuple(problems),
        tuple(contenders),
        search_seeds=(),
        seeds=(),
        score=score,
        target=target,
        prune=settings.prune,
        unranked="" if preset.ranks or settings.seeds is not None else QUICK_LOOK,
        notes=tuple(_grid_notes(contenders)),
    )
    searches = settings.search_seeds or 1
    if isinstance(settings.budget, int):
        return within_budget(_seeded(plan, searches, seeds), settings.budget)
    return _seeded(plan, searches, seeds)


def _seeded(plan: Plan, searches: int, seeds: int) -> Plan:
    first = plan.problems[0].config.seed
    if searches >= FIRST_CONFIRMING_SEED:
        raise UserError(
            f"{searches} search seeds are too many", remedy=f"up to {FIRST_CONFIRMING_SEED - 1}"
        )
    confirming = first + FIRST_CONFIRMING_SEED
    return replace(
        plan,
        search_seeds=tuple(range(first, first + searches)),
        seeds=tuple(range(confirming, confirming + seeds)),
    )


def _contenders(
    index: int, problem: Problem, settings: CompareConfig, preset: Preset
) -> list[Contender]:
    bound = problem.config.compare
    candidates = (bound.optimizers if bound else None) or preset.candidates
    initializers = settings.initializers or (None,)
    found = []
    for candidate in candidates:
        label = candidate.label or describe_call(candidate.optimizer)
        rates, step = _searched(candidate, settings, preset)
        for initializer in initializers:
            name = f"{label} · {describe_call(initializer)}" if initializer else label
            config = replace(
                problem.config,
                model=with_initializer(problem.config.model, initializer),
                compile=replace(
                    problem.config.compile, optimizer=with_rate(candidate.optimizer, 1.0)
                ),
            )
            found.append(
                Contender(
                    index, name, label, candidate.optimizer, initializer, config, rates, step,
                    MOST_EXTENSIONS if step else 0, default_rate(candidate.optimizer),
                )
            )  # fmt: skip
    return found


def _searched(
    candidate: Candidate, settings: CompareConfig, preset: Preset
) -> tuple[tuple[float, ...], float | None]:
    """Return the rates of a candidate, and the step by which the grid may grow."""
    given = candidate.learning_rates or settings.learning_rates
    if given is None and (rate := fixed_rate(candidate.optimizer)) is not None:
        given = (rate,)
    if given is not None:
        return tuple(sorted(set(given))), None
    found = rate_range(candidate.optimizer)
    if preset.step is not None:
        return grid(found, preset.step), preset.step
    assert preset.rates is not None  # noqa: S101 (a preset has one or the other)
    rates = spread_grid(found, preset.rates)
    return rates, None


def rate_range(optimizer: Call) -> RateRange:
    """Return the range to search; of an optimizer without one, two decades around its default."""
    known = RANGES.get(family(optimizer.name, optimizer.arguments))
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
"""The arguments of layers that initialise what multiplies their input."""


def with_initializer(model: Any, initializer: Call | None) -> Any:
    """Return the model with every kernel initialised in one way; None leaves it as it is.

    Recurrent kernels, biases and embeddings keep their own.
    """
    if initializer is None:
        return model
    layers = tuple(replace(x, call=_initialised(x.call, initializer)) for x in model.layers)
    return replace(model, layers=layers)


def _initialised(value: Any, initializer: Call) -> Any:
    if isinstance(value, tuple):
        return tuple(_initialised(item, initializer) for item in value)
    if not isinstance(value, Call) or value.kind != "layers":
        return value
    entry = load_catalogue().find("layers", value.name)
    known = [name for name in KERNELS if entry and name in entry.by_name]
    arguments = {name: _initialised(v, initializer) for name, v in value.arguments.items()}
    return replace(value, arguments={**arguments, **dict.fromkeys(known, initializer)})


def _check_names(contenders: Sequence[Contender]) -> None:
    seen: set[tuple[int, str]] = set()
    for contender in contenders:
        if (contender.problem, contender.name) in seen:
            remedy = "give one a label: {SGD: {momentum: 0.9}, label: mine}"
            raise UserError(f"two candidates are called '{contender.name}'", remedy=remedy)
        seen.add((contender.problem, contender.name))


def _grid_notes(contenders: Sequence[Contender]) -> list[str]:
    lonely = dict.fromkeys(c.label for c in contenders if len(c.rates) == 1)
    return [f"{label} is tried at one rate only: nothing is searched" for label in lonely]


def within_budget(plan: Plan, trials: int) -> Plan:
    """Cut a plan down to a number of trials, the same for every contender, and note what is cut.

    Search and confirmation shrink in proportion, the search not below three rates; where there is
    no room for those, nothing is ranked. What is left over may extend grids.

    Raises:
        UserError: If there is less than a searching and a confirming trial for each.
    """
    each = trials // len(plan.contenders)
    fewest = len(plan.search_seeds) + (1 if plan.seeds else 0)
    if each < fewest:
        needed = fewest * len(plan.contenders)
        remedy = f"give at least {needed}, or name fewer optimizers"
        raise UserError(
            f"a budget of {trials} trials is too small for {len(plan.contenders)} candidates",
            remedy=remedy,
        )
    searches = len(plan.search_seeds)
    longest = max(len(c.rates) for c in plan.contenders) * searches
    wanted = longest + len(plan.seeds)
    search = longest if each >= wanted else min(each - fewest + searches, each * longest // wanted)
    room = (each - (1 if plan.seeds else 0)) // searches
    rates = min(max(FEWEST_RATES, search // searches), room)
    seeds = min(len(plan.seeds), each - rates * searches)
    cut = tuple(_cut(c, rates, each, searches, seeds) for c in plan.contenders)
    left_out = plan.searching + plan.confirming
    made = replace(plan, contenders=cut, seeds=plan.seeds[:seeds])
    left_out -= made.searching + made.confirming
    if not left_out:
        return made
    note = (
        f"a budget of {trials} trials leaves out {left_out} of the plan's "
        f"{plan.searching + plan.confirming}: learning rates a candidate {rates} instead of up to "
        f"{longest // searches}, confirming seeds {seeds} instead of {len(plan.seeds)}"
    )
    starved = rates < min(FEWEST_RATES, longest // searches)
    unranked = f"the budget leaves fewer than {FEWEST_RATES} learning rates" if starved else ""
    return replace(made, notes=(*plan.notes, note), unranked=plan.unranked or unranked)


def _cut(contender: Contender, rates: int, each: int, searches: int, seeds: int) -> Contender:
    kept = thinned(contender.rates, rates)
    spare = (each - len(kept) * searches - seeds) // searches
    step = contender.step if kept == contender.rates else None
    extensions = min(contender.extensions, max(0, spare)) if step else 0
    return replace(contender, rates=kept, step=step if extensions else None, extensions=extensions)


_UNITS = {"s": 1, "m": 60, "h": 3600}


def budget_seconds(budget: str) -> float:
    """Return a budget of time in seconds: `90s`, `10m`, `1.5h`.

    Raises:
        UserError: If it is none of these.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh])\s*", budget)
    if not found or float(found.group(1)) == 0:
        remedy = "a number of trials, or a time such as 90s, 10m, 1.5h"
        raise UserError(f"'{budget}' is no budget", remedy=remedy)
    return float(found.group(1)) * _UNITS[found.group(2)]
