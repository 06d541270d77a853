"""Candidates: configs and settings in, what is compared and at which learning rates out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.catalogue.family import family
from dlcli.catalogue.rate_ranges import RANGES, RateRange
from dlcli.compare.plan.design import TRIES, design, values_of
from dlcli.compare.plan.rates import (
    HALF_DECADE,
    fixed_rate,
    grid,
    spread_grid,
    stated_range,
    with_rate,
    without_rate,
)
from dlcli.config.conversion.applied import with_values
from dlcli.config.sections.ablation import without
from dlcli.config.sections.experiment import (
    Call,
    CandidateEntry,
    CompareConfig,
    Config,
    VariantEntry,
)
from dlcli.config.sections.space import RATE, Space, is_optimizers
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_EXTENSIONS = 4
"""Rates by which a grid may grow: two decades at half-decade steps."""


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


@dataclass(frozen=True)
class Candidate:
    """A network, an optimizer with fixed arguments and an initializer; its rate is searched.

    Attributes:
        problem: Index of its problem.
        name: What tables call it; unique within the problem.
        label: The same without the initializer.
        written: The optimizer as the config has it.
        initializer: Of every kernel, or None for the model's own.
        base: The problem's config, or the candidate's own of the same data.
        config: The same with the initializer and with the optimizer at a rate of 1.
        rates: To be searched, ascending.
        step: By which the grid grows, in decades; None if it must not.
        extensions: By how many rates it may grow.
        default_rate: Keras's; None under a schedule.
        network: Index of its network in the plan.
        spaces: What is searched, by path, the learning rate among it; empty if only that is.
        tried: Of `at` and of a share of the data: what tells its network from the candidate's own.
    """

    problem: int
    name: str
    label: str
    written: Call
    initializer: Call | None
    base: Config
    config: Config
    rates: tuple[float, ...]
    step: float | None
    extensions: int
    default_rate: float | None
    network: int = 0
    spaces: Mapping[str, Space] = field(default_factory=dict)
    tried: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether more than the learning rate is searched."""
        return bool(self.spaces)

    def at(self, rate: float) -> Candidate:
        """Return the candidate with the values that are tried with a rate.

        Raises:
            ConfigError: If a value does not suit its place.
        """
        values = values_of(rate)
        if not values:
            return self
        compiled = replace(self.base.compile, optimizer=self.written)
        base = with_values(replace(self.base, compile=compiled), values)
        written = base.compile.optimizer
        config = replace(
            base,
            model=with_initializer(base.model, self.initializer),
            compile=replace(base.compile, optimizer=with_rate(written, 1.0)),
        )
        network = [pair for pair in values if not pair[0].startswith("compile.optimizer.")]
        return replace(
            self,
            written=written,
            base=base,
            config=config,
            tried=self.tried + (repr(network) if network else ""),
        )

    @property
    def program(self) -> tuple[int, str]:
        """Identifies the compiled program: candidates that differ in the initializer share it."""
        return self.network, repr(self.config.compile.optimizer)


@dataclass(frozen=True)
class _Entrant:
    """What is compared, before it is crossed with initializers."""

    label: str
    base: Config
    optimizer: Call
    learning_rates: tuple[float, ...] | None
    search: Mapping[str, Space] | None


def candidates_of(index: int, config: Config, settings: CompareConfig) -> list[Candidate]:
    """Return what is compared on a problem: every optimizer or variant with every initializer.

    Args:
        index: Of the problem.
        config: Its own; its `compare` section names what is compared.
        settings: Of the comparison.

    Raises:
        UserError: If the section names both optimizers and variants of the config.
    """
    preset = PRESETS[settings.preset]
    entrants = _entrants(config, preset)
    is_wide = bool(settings.search) or any(entrant.search for entrant in entrants)
    tries = settings.tries or (TRIES if is_wide else None)
    found = []
    for entrant in entrants:
        rates, step = _searched(entrant, settings, preset)
        spaces: dict[str, Space] = {}
        if tries:
            found_spaces = _spaces(entrant, settings, rates)
            rates, step = _designed(found_spaces, tries), None
            spaces = found_spaces if len(found_spaces) > 1 else {}
        for initializer in settings.initializers or (None,):
            label, base = entrant.label, entrant.base
            name = f"{label} · {describe_call(initializer)}" if initializer else label
            changed = replace(
                base,
                model=with_initializer(base.model, initializer),
                compile=replace(base.compile, optimizer=with_rate(entrant.optimizer, 1.0)),
            )
            found.append(
                Candidate(
                    index, name, label, entrant.optimizer, initializer, base, changed, rates, step,
                    MOST_EXTENSIONS if step else 0, default_rate(entrant.optimizer), spaces=spaces,
                )
            )  # fmt: skip
    return found


def _entrants(config: Config, preset: Preset) -> list[_Entrant]:
    compare = config.compare or CompareConfig()
    if not has_variants(compare):
        return [
            _Entrant(
                e.label or describe_call(e.optimizer),
                config,
                e.optimizer,
                e.learning_rates,
                e.search,
            )
            for e in compare.optimizers or preset.candidates
        ]
    if compare.optimizers:
        remedy = "Give each candidate its optimizer: {label: ..., compile: {optimizer: ...}}."
        message = "compare names optimizers beside candidates of its own"
        raise UserError(message, remedy=remedy)
    variants = (*(compare.candidates or ()), *_ablated(config, compare))
    return [_entrant(variant, config) for variant in variants]


def has_variants(compare: CompareConfig) -> bool:
    """Whether configs are compared, not only optimizers of one."""
    return bool(compare.candidates or compare.ablate)


FULL = "full model"
"""The candidate that ablations are compared with, where no others are named."""


def _ablated(config: Config, compare: CompareConfig) -> list[VariantEntry]:
    """Return the model without each layer to be left out, after the whole one."""
    layers = compare.ablate or ()
    whole = [VariantEntry(FULL)] if layers and not compare.candidates else []
    return [
        *whole,
        *(VariantEntry(f"without {x}", model=without(config.model, x)) for x in layers),
    ]


def _entrant(variant: VariantEntry, config: Config) -> _Entrant:
    """Return a variant; a learning rate that it shares with the config is searched anew."""
    base = config.varied(variant)
    optimizer, shared = base.compile.optimizer, config.compile.optimizer
    rate = fixed_rate(optimizer)
    is_shared = optimizer.name == shared.name and rate == fixed_rate(shared)
    own = None if rate is None or is_shared else (rate,)
    rates = variant.learning_rates or own
    return _Entrant(variant.label, base, without_rate(optimizer), rates, variant.search)


def _designed(spaces: Mapping[str, Space], tries: int) -> tuple[float, ...]:
    """Return what is tried: rates alone evenly, and settings quasi-randomly."""
    rate = spaces[RATE]
    if len(spaces) > 1:
        return design(spaces, tries)
    if rate.choices is not None:
        return tuple(sorted(rate.choices))
    assert rate.low is not None and rate.high is not None  # noqa: S101, PT018 (a range has ends)
    return spread_grid(RateRange(rate.low, rate.high, ""), max(2, tries))


def _spaces(
    entrant: _Entrant, settings: CompareConfig, rates: tuple[float, ...]
) -> dict[str, Space]:
    """Return what is searched for a candidate, by path, the learning rate first.

    Args:
        entrant: The candidate.
        settings: Of the comparison: what is searched for all candidates.
        rates: That would be tried if nothing else were searched.
    """
    asked = {**(settings.search or {}), **(entrant.search or {})}
    given = entrant.learning_rates or settings.learning_rates
    if RATE in asked:
        rate = asked.pop(RATE)
    elif given is not None or len(rates) == 1:
        rate = Space(choices=rates)
    else:
        known = rate_range(entrant.optimizer)
        rate = Space(low=known.low, high=known.high, scale="log")
    return {RATE: rate, **{_whole_path(path, entrant): space for path, space in asked.items()}}


def _whole_path(path: str, entrant: _Entrant) -> str:
    """Return the path of a setting in the config, of an argument of the optimizer too.

    Raises:
        UserError: If the optimizer has no such argument.
    """
    name = entrant.optimizer.name
    if not is_optimizers(path):
        return path
    entry = load_catalogue().find("optimizers", name)
    known = list(entry.by_name) if entry else []
    if path not in known:
        raise UserError(
            f"{entrant.label} cannot search {path}: {name} has no such argument"
            f"{did_you_mean(path, known)}",
            remedy="Name it in the search of those candidates alone that have it.",
        )
    return f"compile.optimizer.{name}.{path}"


def _searched(
    entrant: _Entrant, settings: CompareConfig, preset: Preset
) -> tuple[tuple[float, ...], float | None]:
    """Return the rates of a candidate, and the step by which the grid may grow."""
    given = entrant.learning_rates or settings.learning_rates
    if given is None and (rate := fixed_rate(entrant.optimizer)) is not None:
        given = (rate,)
    if given is not None:
        return tuple(sorted(set(given))), None
    found = rate_range(entrant.optimizer)
    if found.is_point:
        return (found.low,), None
    if preset.step is not None:
        return grid(found, preset.step), preset.step
    assert preset.rates is not None  # noqa: S101 (a preset has one or the other)
    return spread_grid(found, preset.rates), None


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


def check_names(candidates: Sequence[Candidate]) -> None:
    """Make sure that no two candidates of a problem have one name.

    Raises:
        UserError: If two have.
    """
    seen: set[tuple[int, str]] = set()
    for candidate in candidates:
        if (candidate.problem, candidate.name) in seen:
            remedy = "give one a label: {SGD: {momentum: 0.9}, label: mine}"
            raise UserError(f"two candidates are called '{candidate.name}'", remedy=remedy)
        seen.add((candidate.problem, candidate.name))


def grid_notes(candidates: Sequence[Candidate]) -> list[str]:
    """Say which candidates are tried at one rate only."""
    lonely = {c.label: c.written for c in candidates if len(c.rates) == 1}
    return [f"{label} {_why_alone(written)}" for label, written in lonely.items()]


def _why_alone(optimizer: Call) -> str:
    found = stated_range(optimizer)
    if found is not None and found.is_point and fixed_rate(optimizer) in (None, found.low):
        return f"finds its step size itself: no rate is searched, it stays {found.low:g}"
    return "is tried at one rate only: nothing is searched"
