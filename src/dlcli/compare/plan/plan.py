"""Which trials a comparison consists of: configs and settings in, candidates and seeds out.

`schedule` says what is trained next; here is what is decided before anything is trained.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dlcli.compare.plan.candidates import (
    FEWEST_RATES,
    PRESETS,
    QUICK_LOOK,
    Candidate,
    Preset,
    candidates_of,
    check_names,
    grid_notes,
)
from dlcli.compare.plan.rates import thinned
from dlcli.compare.plan.xla import by_rule
from dlcli.config.sections.experiment import Call, CompareConfig, Config, SplitChoice, Tuning
from dlcli.errors import UserError
from dlcli.statistics.power import LOOKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.catalogue.plugins import Plugin
    from dlcli.compare.plan.records import Trial

AUTO = "auto"
"""`seeds: auto`: as many replications as it takes, up to the last of the looks."""

NEIGHBORHOOD = 3
"""Rates that a later replication tries: the best so far, and the next one on either side."""

PROTOCOL = "replications"
"""Names the protocol in a comparison's folder: trials of another one are not mixed with its own."""


STEERING = ("EarlyStopping", "ReduceLROnPlateau", "TerminateOnNaN")
"""Callbacks that decide how a trial goes; the others write files, which trials do not."""


@dataclass(frozen=True)
class Problem:
    """What all candidates are tried on: the data and the score, and mostly a network.

    Attributes:
        name: The config's; of configs that are compared, the data set's.
        config: Bound to its data.
        metrics: Names of the metrics that every trial is scored by.
        validation_chance: The metrics of a model that learnt nothing, on the validation part.
        test_chance: The same on the test part; empty if there is none.
        has_own_networks: Whether every candidate is a config of its own, so that the config's
            network is one of many.
        shares: The config bound to each share of the training part that a curve over training size
            has, below 1.
        sizes: Training examples of these shares and of 1, in the split of the config's seed.
    """

    name: str
    config: Config
    metrics: tuple[str, ...]
    validation_chance: Mapping[str, float]
    test_chance: Mapping[str, float]
    has_own_networks: bool = False
    shares: Mapping[float, Config] = field(default_factory=dict)
    sizes: Mapping[float, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Allowance:
    """What a budget leaves of a plan.

    Attributes:
        budget: In words: `120 trials` or `10m`.
        replications: How many were asked for.
        rates: How many the longest grid had.
        left: How many of them are tried.
        what: What a grid holds: learning rates, or settings.
    """

    budget: str
    replications: int
    rates: int
    left: int
    what: str


@dataclass(frozen=True)
class NetworkPlan:
    """A network on a problem's data, which several candidates may train.

    Attributes:
        problem: Index of its problem.
        config: Bound; of its optimizer nothing counts.
        jit: Whether its trials are compiled with XLA.
    """

    problem: int
    config: Config
    jit: bool


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
        networks: Of all candidates, by problem.
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
        allowance: What a budget leaves; None without a budget.
        shares: The candidates with each share of the training part below 1, at which they are
            trained too once their settings are chosen; empty without a curve over training size.
    """

    problems: tuple[Problem, ...]
    networks: tuple[NetworkPlan, ...]
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
    allowance: Allowance | None = None
    shares: Mapping[float, tuple[Candidate, ...]] = field(default_factory=dict)

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
        return rates * self.searches + self.later_rates(rates) * later + self._share_trials

    def work_of(self, candidate: Candidate) -> float:
        """Return a candidate's trials in trainings on the whole training part."""
        shares = len(self.seeds) * sum(self.shares)
        return self.trials_of(candidate) - self._share_trials + shares

    @property
    def _share_trials(self) -> int:
        """Trials of a candidate with less than the whole training part."""
        return len(self.seeds) * len(self.shares)

    def candidate_of(self, trial: Trial) -> Candidate:
        """Return what a trial trains: a candidate at its setting, with its share of the data."""
        peers = self.shares[trial.fraction] if trial.is_share else self.candidates
        return peers[trial.candidate].at(trial.rate)

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
    check_names(candidates)
    networks, candidates = _with_networks(candidates)
    is_sequential = settings.seeds == AUTO
    replications = _replications(settings, preset)
    searches = settings.search_seeds or 1
    is_grid = replications == 0
    if is_grid:
        replications = searches
    first = problems[0].config.seed
    plan = Plan(
        tuple(problems),
        tuple(networks),
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
        notes=tuple(grid_notes(candidates)),
        shares=_shares(problems, settings, candidates),
    )
    if isinstance(settings.budget, int):
        return within_budget(plan, settings.budget)
    return plan


def _shares(
    problems: Sequence[Problem], settings: CompareConfig, candidates: Sequence[Candidate]
) -> dict[float, tuple[Candidate, ...]]:
    """Return the candidates with each share of the training part, in the same order."""
    found = {}
    for fraction in problems[0].shares:
        peers = [
            peer
            for index, problem in enumerate(problems)
            for peer in candidates_of(index, problem.shares[fraction], settings)
        ]
        # They have the network of the whole, but none of them can use what another one holds.
        found[fraction] = tuple(
            replace(peer, network=whole.network, tried=f"{fraction}")
            for peer, whole in zip(peers, candidates, strict=True)
        )
    return found


def _with_networks(
    candidates: Sequence[Candidate],
) -> tuple[list[NetworkPlan], list[Candidate]]:
    """Return the distinct networks of candidates, and the candidates with their places."""
    keys: list[tuple[int, Config]] = []
    networks, placed = [], []
    for candidate in candidates:
        key = candidate.problem, _untrained(candidate.base)
        if key not in keys:
            keys.append(key)
            base = candidate.base
            networks.append(NetworkPlan(candidate.problem, base, by_rule(base)))
        placed.append(replace(candidate, network=keys.index(key)))
    return networks, placed


def _untrained(config: Config) -> Config:
    """Return the config without its optimizer and what it is compared with."""
    none = Call("optimizers", "")
    return replace(config, compare=None, compile=replace(config.compile, optimizer=none))


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
    searches, shares = plan.searches, len(plan.shares)
    fewest = searches * (1 + shares)
    if each < fewest:
        raise UserError(
            f"a budget of {trials} trials is too small for {len(plan.candidates)} candidates",
            remedy=f"Give at least {fewest * len(plan.candidates)}, or name fewer optimizers.",
        )
    longest = max(len(c.rates) for c in plan.candidates)
    first = replace(plan, seeds=plan.seeds[: plan.looks[0]]) if plan.looks else plan
    wanted = max(map(first.trials_of, plan.candidates))
    rates = longest
    if each < wanted:
        share = each * longest // wanted
        rates = max(1, min(longest, max(FEWEST_RATES, share), each // searches - shares))
    growth = max(c.extensions for c in plan.candidates) * searches
    spared = min(growth, max(0, each - wanted)) if plan.looks else 0
    later = each - spared - (rates + shares) * searches
    later //= plan.later_rates(rates) + shares
    replications = min(len(plan.seeds), searches + later)
    made = replace(plan, seeds=plan.seeds[:replications])
    cut = tuple(_cut(c, rates, each, made) for c in plan.candidates)
    allowance = allowance_of(plan, f"{trials} trials", rates)
    made = replace(made, candidates=cut, allowance=allowance)
    if made.planned == plan.planned:
        return made
    rated = f"tries {rates} instead of up to {longest} {allowance.what}, in"
    note = (
        f"a budget of {trials} trials is less than the plan's {plan.planned}: it "
        f"{rated if rates < longest else 'makes'} {replications} instead of {len(plan.seeds)} "
        "replications"
    )
    starved = rates < min(FEWEST_RATES, longest)
    unranked = f"the budget leaves fewer than {FEWEST_RATES} learning rates" if starved else ""
    return replace(made, notes=(*plan.notes, note), unranked=plan.unranked or unranked)


def allowance_of(plan: Plan, budget: str, left: int | None = None) -> Allowance:
    """Return what a budget leaves of a plan.

    Args:
        plan: As it was asked for.
        budget: In words.
        left: Rates of the longest grid that are tried; None for all of them.
    """
    longest = max(len(candidate.rates) for candidate in plan.candidates)
    what = "settings" if any(c.is_wide for c in plan.candidates) else "learning rates"
    return Allowance(budget, len(plan.seeds), longest, longest if left is None else left, what)


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
