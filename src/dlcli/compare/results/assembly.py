"""All tables of a comparison, from its trials."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlcli.compare.results import curves, wording
from dlcli.compare.results.costs import cost_frame
from dlcli.compare.results.fractions import fraction_frame, more_data_sentence
from dlcli.compare.results.frames import epoch_frame, trial_frame
from dlcli.compare.results.importance import importance_frame
from dlcli.compare.results.ranking import RNG_SEED, rank
from dlcli.compare.results.scores import Scores
from dlcli.compare.results.searched import searched_frame
from dlcli.compare.results.several import Aggregate, candidates_of_all
from dlcli.compare.results.summary import summary_frame, target_of
from dlcli.statistics.pairing import pairwise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.plan.records import TrialRecord
    from dlcli.compare.plan.schedule import Schedule
    from dlcli.compare.results.ranking import Ranking
    from dlcli.statistics.ranking import CriticalDifference

PARTS = {"test": "test", "val": "validation"}
"""What the parts of the data are called in sentences."""

EPOCHS = {"best": "best validation epoch", "last": "last epoch"}
"""What the epochs are called at which scores are read."""


@dataclass(frozen=True)
class Results:
    """A comparison's tables, tidy and ready to print, write and draw.

    Attributes:
        score: The metric that ranks.
        score_text: What is ranked by, as an axis is labelled.
        short_text: The same without the epoch at which it is read, for a narrow column.
        validation_text: The same for the validation part.
        greater_is_better: How to read it.
        split: How examples are split: `resample` or `official`.
        tune: How rates are chosen: in `each` replication, or `once`.
        is_ranked: Whether candidates are ranked at all.
        is_grid: Whether every rate is tried with every seed, so that nothing is ranked.
        expected_trials: All trials of the plan; more than there are if it was interrupted.
        problems: Their names.
        targets: The validation score that counts as reached, by problem; None without any.
        chance: The ranked score of a model that learnt nothing, by problem.
        trials: A row a trial.
        epochs: A row an epoch of a trial.
        summary: A row a candidate, ranked within its problem.
        scores: A row a ranked trial.
        sensitivity: A row a searched rate.
        pairwise: A row a pair of candidates, with plain tests.
        curves: Validation score by epoch.
        arrivals: Share of trials that reached the target, by epoch.
        budget: Expected best of so many tries.
        spreads: A row an optimizer: how it scatters over rates and initializers.
        costs: A row a candidate: its score and what it costs; empty where all candidates of a
            problem train the same network.
        searched: A row a value of a setting that was searched beside the learning rate.
        importance: A row a setting: how much of the score it explains; empty where nothing does.
        fractions: A row a candidate and share of the training part; empty without a curve over
            training size.
        aggregate: A row a candidate over all problems; None for one problem.
        profiles: Performance profiles; None for one problem.
        critical_difference: Demšar's diagram; None with fewer than five problems.
        candidates: In the order of `critical_difference`.
        margins: What a candidate may lack to the best and still be as good, by problem.
        replications: Complete ones, by problem.
        verdict: Sentences, the answer first; of several problems, one for each after that.
        details: All that is said of each problem, by its name.
        notes: What else a reader should know.
        interrupted: Whether trials are missing because somebody stopped the comparison.
        looks: How the looks before the end went, by problem, as `looks_data` has it; None without
            any.
        weakened: What a budget took from the verdict, a sentence of it; empty if that is nothing.
    """

    score: str
    score_text: str
    short_text: str
    validation_text: str
    greater_is_better: bool
    split: str
    tune: str
    is_ranked: bool
    is_grid: bool
    expected_trials: int
    problems: tuple[str, ...]
    targets: dict[str, float | None]
    chance: dict[str, float]
    trials: pd.DataFrame
    epochs: pd.DataFrame
    summary: pd.DataFrame
    scores: pd.DataFrame
    sensitivity: pd.DataFrame
    pairwise: pd.DataFrame
    curves: pd.DataFrame
    arrivals: pd.DataFrame
    budget: pd.DataFrame
    spreads: pd.DataFrame
    costs: pd.DataFrame
    searched: pd.DataFrame
    importance: pd.DataFrame
    fractions: pd.DataFrame
    aggregate: pd.DataFrame | None
    profiles: pd.DataFrame | None
    critical_difference: CriticalDifference | None
    candidates: tuple[str, ...]
    margins: dict[str, float | None]
    replications: dict[str, int]
    verdict: tuple[str, ...]
    details: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]
    interrupted: bool = False
    looks: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    weakened: str = ""


def make_results(
    plan: Plan,
    records: Sequence[TrialRecord],
    schedule: Schedule,
    notes: Sequence[str] = (),
    *,
    time_over: bool = False,
) -> Results:
    """Compute all tables of a comparison.

    Args:
        plan: What was planned.
        records: The trials that were run; some may be missing.
        schedule: Which rates were chosen.
        notes: What the schedule had to say.
        time_over: Whether trials are missing because a budget of time was spent.
    """
    rng = np.random.default_rng(RNG_SEED)
    scores = Scores(plan, records, schedule)
    problems = range(len(plan.problems))
    targets = {problem: target_of(scores, problem) for problem in problems}
    rankings = [rank(scores, problem, rng) for problem in problems]
    summaries = [
        summary_frame(scores, problem, rankings[problem], targets[problem]) for problem in problems
    ]
    spreads = curves.spread_frame(scores)
    short = f"{PARTS[scores.part(0)]} {plan.score.metric}"
    text = f"{short} at the {EPOCHS[plan.score.read]}"
    sentences = [
        wording.problem_sentences(scores, problem, rankings[problem], summaries[problem], text)
        for problem in problems
    ]
    fractions = fraction_frame(scores)
    sentences = [
        [*told, *_of_more_data(fractions, rows, text)]
        for told, rows in zip(sentences, summaries, strict=True)
    ]
    summary = pd.concat(summaries, ignore_index=True)
    several = _several(scores, rankings, rng)
    names = [problem.name for problem in plan.problems]
    replications = {
        n: 0 if r is None else len(r.through) for n, r in zip(names, rankings, strict=True)
    }
    looks = {n: looks_data(scores, p, rankings[p]) for p, n in enumerate(names)}
    allowed = min(replications.values()) if time_over else len(plan.seeds)
    weakened = wording.budget_sentence(plan.allowance, None if _is_decided(looks) else allowed)
    return Results(
        score=plan.score.metric,
        score_text=text,
        short_text=short,
        validation_text=f"validation {plan.score.metric}",
        greater_is_better=plan.score.greater_is_better,
        split=plan.split,
        tune=plan.tune,
        is_ranked=scores.is_ranked and not plan.unranked,
        is_grid=plan.is_grid,
        expected_trials=schedule.trials,
        problems=tuple(names),
        targets={names[problem]: targets[problem] for problem in problems},
        chance={names[p]: scores.worst(p, scores.part(p)) * scores.sign for p in problems},
        trials=trial_frame(scores, records, targets),
        epochs=epoch_frame(scores, records),
        summary=summary,
        scores=curves.score_frame(scores),
        sensitivity=curves.sensitivity_frame(scores),
        pairwise=_pairwise(scores, rng),
        curves=curves.curve_frame(scores),
        arrivals=curves.arrival_frame(scores, targets),
        budget=curves.budget_frame(scores),
        spreads=spreads,
        costs=cost_frame(scores, summary),
        searched=searched_frame(scores),
        importance=importance_frame(scores),
        fractions=fractions,
        **several["tables"],
        margins={n: None if r is None else r.margin for n, r in zip(names, rankings, strict=True)},
        replications=replications,
        verdict=_verdict(several["sentences"], sentences, weakened),
        details=tuple(zip(names, map(tuple, sentences), strict=True)),
        notes=(
            *plan.notes,
            *notes,
            *wording.timing_sentences(scores.jobs),
            *several["notes"],
            *wording.under_tuned_sentences(summary),
            *wording.spread_sentences(spreads),
        ),
        looks=looks,
        weakened=weakened,
    )


def _is_decided(looks: Mapping[str, Mapping[str, Any] | None]) -> bool:
    """Whether a look has decided all candidates of every problem: more would change nothing."""
    made = [found["made"] if found else [] for found in looks.values()]
    return all(each and each[-1]["decided"] for each in made)


def _of_more_data(fractions: pd.DataFrame, summary: pd.DataFrame, score: str) -> list[str]:
    """Say of a problem's best candidate whether more data would help; nothing without a curve."""
    best = summary.iloc[0]
    own = fractions[fractions["problem"] == best["problem"]]
    told = more_data_sentence(own, str(best["candidate"]), score)
    return [told] if told else []


def looks_data(scores: Scores, problem: int, ranking: Ranking | None) -> dict[str, Any] | None:
    """Return how the looks at a problem went, as plain data; None if there are none.

    `planned`: replications at each; `made`: those that took place, with their `replications`,
    `level`, the candidates that are shown `worse`, and whether all are `decided`; `level`: of the
    verdict; `over`: no more replications are wanted; `planned_trials`, `saved_trials`.
    """
    course = scores.course(problem)
    if not course.planned:
        return None
    names = [candidate.name for candidate in scores.plan.candidates]
    return {
        "planned": list(course.planned),
        "made": [
            {
                "replications": look.replications,
                "level": look.level,
                "worse": [names[index] for index in look.worse],
                "decided": look.is_decided,
            }
            for look in course.looks
        ],
        "level": None if ranking is None else ranking.level,
        "over": course.is_over,
        "planned_trials": course.trials,
        "saved_trials": course.saved,
    }


def _verdict(
    overall: Sequence[str], sentences: Sequence[Sequence[str]], weakened: str
) -> tuple[str, ...]:
    """Return what is said first: of several problems, the joint answer and a line for each.

    What the budget took from it comes right after the answer.
    """
    told = (weakened,) if weakened else ()
    if len(sentences) == 1:
        return (*sentences[0][:1], *told, *sentences[0][1:])
    return (*overall, *told, *(group[0] for group in sentences if group))


def _pairwise(scores: Scores, rng: np.random.Generator) -> pd.DataFrame:
    """Return the plain tests of every pair, problem by problem; differences in metric units."""
    frames = []
    for problem, found in enumerate(scores.plan.problems):
        indices, matrix = scores.matrix(problem)
        names = [scores.plan.candidates[i].name for i in indices]
        frame = pairwise(names, matrix, rng)
        if scores.sign < 0:  # greater is better in the tests, but the table speaks of the metric
            frame["difference"] = -frame["difference"]
            frame["low"], frame["high"] = -frame["high"], -frame["low"]
        frame.insert(0, "problem", found.name)
        failures = {name: scores.failures(i) for name, i in zip(names, indices, strict=True)}
        for side in ("first", "second"):
            frame[f"{side}_failed"] = frame[side].map(failures)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _several(
    scores: Scores, rankings: Sequence[Ranking | None], rng: np.random.Generator
) -> dict[str, Any]:
    """Return what several problems say together."""
    ranked = [ranking for ranking in rankings if ranking is not None]
    none: dict[str, Any] = {
        "aggregate": None, "profiles": None, "critical_difference": None, "candidates": (),
    }  # fmt: skip
    if len(scores.plan.problems) < 2 or len(ranked) < len(rankings) or not scores.is_ranked:
        return {"tables": none, "sentences": (), "notes": ()}
    nothing_shared = not min(ranking.shared_scores.shape[1] for ranking in ranked)
    if nothing_shared or not candidates_of_all(scores, ranked):
        return {"tables": none, "sentences": (), "notes": ()}
    aggregate = Aggregate(scores, ranked)
    frame = aggregate.frame(rng)
    tables = {
        "aggregate": frame,
        "profiles": aggregate.profiles(),
        "critical_difference": aggregate.critical_difference(),
        "candidates": aggregate.candidates,
    }
    if scores.plan.unranked:
        return {"tables": tables, "sentences": (), "notes": ()}
    joint = aggregate.judged(rng)
    tables["aggregate"] = _first(frame, aggregate.candidates[joint.verdict.best])
    names = dict.fromkeys(candidate.name for candidate in scores.plan.candidates)
    left_out = [name for name in names if name not in aggregate.candidates]
    sentence = wording.overall_sentence(aggregate.candidates, joint, len(ranked), left_out)
    return {"tables": tables, "sentences": (sentence,), "notes": _shared(scores, aggregate, ranked)}


def _first(frame: pd.DataFrame, candidate: str) -> pd.DataFrame:
    """Return the table with a candidate first: others may have the same mean."""
    return frame.sort_values(
        "candidate", key=lambda names: names != candidate, kind="stable", ignore_index=True
    )


def _shared(scores: Scores, aggregate: Aggregate, rankings: Sequence[Ranking]) -> list[str]:
    """Say which replications the joint table uses, where they are not all of them."""
    names = [problem.name for problem in scores.plan.problems]
    if aggregate.generalizes:
        return wording.shared_sentences(names, rankings)
    uses_all = all(len(ranking.through) == aggregate.shared for ranking in rankings)
    if uses_all and not scores.plan.looks:
        return []
    level = aggregate.level if scores.plan.looks else None
    return [wording.joint_sentence(aggregate.shared, level)]
