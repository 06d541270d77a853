"""The summary of one problem: a row a contender, ranked, with how sure one can be of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlcli.comparison.family import family
from dlcli.comparison.plan import describe_call
from dlcli.comparison.results.frames import arguments_of, epochs_to_target
from dlcli.comparison.statistics import pairing
from dlcli.comparison.statistics.censored import default_target, time_to_target
from dlcli.comparison.statistics.description import describe
from dlcli.comparison.statistics.inclusion import under_tuned
from dlcli.comparison.statistics.sensitivity import default_regret, rate_sensitivity
from dlcli.comparison.statistics.verdict import Groups, Verdict, groups, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlcli.comparison.records import Result
    from dlcli.comparison.results.scores import Scores

COUNTED = ("ok", "diverged", "stuck", "failed")


@dataclass(frozen=True)
class Ranking:
    """One problem's scores, and what the tests say of them.

    Attributes:
        contenders: Indices in the plan of those that could be ranked.
        left_out: Indices of those that could not: half of their trials or more could not be run.
        scores: Shape (contenders, seeds), greater is better, nothing missing.
        seeds: Positions of the seeds at which all of them have a score.
        groups: Ranks, letters and p-values, in the order of `contenders`.
        verdict: The answer.
    """

    contenders: tuple[int, ...]
    left_out: tuple[int, ...]
    scores: NDArray[np.float64]
    seeds: tuple[int, ...]
    groups: Groups
    verdict: Verdict


def rank(scores: Scores, problem: int, rng: np.random.Generator) -> Ranking | None:
    """Rank a problem's contenders; None if there is nothing to rank."""
    indices, matrix = scores.matrix(problem)
    complete = pairing.complete(matrix)
    if not complete.scores.size:
        return None
    found = groups(complete.scores, rng)
    kept = tuple(indices[i] for i in complete.candidates)
    return Ranking(
        kept,
        tuple(i for i in indices if i not in kept),
        complete.scores,
        tuple(int(i) for i in complete.seeds),
        found,
        verdict(complete.scores, found.p_values),
    )


def target_of(scores: Scores, problem: int) -> float | None:
    """Return the validation score that counts as reached, in the metric's units."""
    if scores.plan.target is not None:
        return scores.plan.target
    best = scores.best_validation(problem)
    if np.isnan(best).all():
        return None
    return default_target(best) * scores.sign


def summary_frame(
    scores: Scores,
    problem: int,
    ranking: Ranking | None,
    target: float | None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return a row a contender, the best first; its columns are documented in docs/results.md."""
    rows = []
    against = _against_best(ranking, rng) if ranking else {}
    flagged = _under_tuned(scores, ranking) if ranking else {}
    for index, contender in enumerate(scores.plan.contenders):
        if contender.problem == problem:
            rows.append(
                {
                    **_ranked(scores, index, ranking),
                    **_described(scores, index),
                    **against.get(index, _NO_COMPARISON),
                    **_arrived(scores, index, target),
                    **_tuned(scores, index),
                    "under_tuned": flagged.get(index, ""),
                }
            )
    frame = pd.DataFrame(rows)
    order = frame["rank"].fillna(math.inf), -frame["mean"].fillna(-math.inf) * scores.sign
    return frame.iloc[np.lexsort((order[1], order[0]))].reset_index(drop=True)


def _ranked(scores: Scores, index: int, ranking: Ranking | None) -> dict[str, Any]:
    contender = scores.plan.contenders[index]
    place = ranking.contenders.index(index) if ranking and index in ranking.contenders else None
    choice = scores.choices.get(index)
    shown = ranking if scores.is_confirmed and not scores.plan.unranked else None
    return {
        "problem": scores.plan.problems[contender.problem].name,
        "rank": float(shown.groups.ranks[place]) if shown and place is not None else math.nan,
        "group": shown.groups.letters[place] if shown and place is not None else "",
        "candidate": contender.name,
        "label": contender.label,
        "optimizer": contender.written.name,
        "arguments": arguments_of(contender.written),
        "initializer": describe_call(contender.initializer) if contender.initializer else "",
        "learning_rate": choice.rate if choice else math.nan,
        "edge": choice.edge if choice else "",
    }


def _described(scores: Scores, index: int) -> dict[str, Any]:
    found = describe(scores.values(index), scores.failed(index))
    statuses: list[str] = [r.status for r in scores.ranked(index) if r is not None]
    low, high = (found.interval.low, found.interval.high) if found.interval else (math.nan,) * 2
    # Student's interval knows no bounds, but an accuracy is never above 1.
    ends = np.clip(sorted((low * scores.sign, high * scores.sign)), *scores.plan.score.bounds)
    return {
        "runs": found.runs,
        **{name: statuses.count(name) for name in COUNTED},
        "mean": found.mean * scores.sign,
        "sd": found.sd,
        "median": found.median * scores.sign,
        "iqm": found.iqm * scores.sign,
        "low": float(ends[0]),
        "high": float(ends[1]),
    }


_NO_COMPARISON: dict[str, float] = dict.fromkeys(
    ("difference", "difference_low", "difference_high", "p_value", "improvement"), math.nan
)


def _against_best(ranking: Ranking, rng: np.random.Generator) -> dict[int, dict[str, float]]:
    """Return what each contender lacks to the best: always positive, whatever the metric."""
    differences = pairing.differences_to_best(ranking.scores, rng)
    improvement = pairing.probability_of_improvement(ranking.scores)[ranking.verdict.best]
    rows = {}
    for place, (index, found) in enumerate(zip(ranking.contenders, differences, strict=True)):
        rows[index] = {
            "difference": found.mean,
            "difference_low": found.interval.low if found.interval else math.nan,
            "difference_high": found.interval.high if found.interval else math.nan,
            "p_value": float(ranking.groups.p_values[place]),
            "improvement": float(improvement[place]),
        }
    return rows


def _under_tuned(scores: Scores, ranking: Ranking) -> dict[int, str]:
    """Return, for each contender that lost to a special case of itself, to which."""
    contenders = [scores.plan.contenders[i] for i in ranking.contenders]
    if ranking.scores.shape[1] < 2:
        return {}
    families = [family(c.written.name, c.written.arguments) for c in contenders]
    lost: dict[int, str] = {}
    for found in under_tuned(families, ranking.scores):
        same = contenders[found.general].initializer == contenders[found.special].initializer
        if found.significant and same:
            lost.setdefault(ranking.contenders[found.general], contenders[found.special].name)
    return lost


def _arrived(scores: Scores, index: int, target: float | None) -> dict[str, Any]:
    """Return the Kaplan-Meier medians of the time to target."""
    results = [r for r in scores.ranked(index) if r is not None and r.history]
    epochs = [epochs_to_target(scores.plan, r, target) for r in results]
    failed = [r.status in ("diverged", "stuck") for r in results]
    reached = np.array([math.nan if e is None else e for e in epochs], float)
    found = time_to_target(reached, [len(r.history) for r in results], failed)
    return {
        "epochs_to_target": found.median,
        "steps_to_target": _clocked(results, epochs, failed, _steps),
        # Trainings side by side slow each other down: their seconds compare only among equals.
        "seconds_to_target": _clocked(results, epochs, failed, _seconds)
        if len(scores.jobs) == 1
        else math.nan,
        "reached": found.reached,
        "censored": found.censored,
    }


def _clocked(
    results: Sequence[Result], epochs: Sequence[int | None], failed: Sequence[bool], clock: Any
) -> float:
    times = [math.nan if e is None else clock(r, e) for r, e in zip(results, epochs, strict=True)]
    watched = [clock(r, len(r.history)) for r in results]
    return time_to_target(times, watched, failed).median


def _steps(result: Result, epochs: int) -> float:
    return result.steps / len(result.history) * epochs


def _seconds(result: Result, epochs: int) -> float:
    return float(sum(row["seconds"] for row in result.history[:epochs]))


def _tuned(scores: Scores, index: int) -> dict[str, Any]:
    """Return what the search says of the learning rate."""
    contender = scores.plan.contenders[index]
    values, failed = scores.searched(index)
    none = {"width_decades": math.nan, "width_open": "", "failed_rates": math.nan,
            "default_rate": contender.default_rate, "default_regret": math.nan}  # fmt: skip
    if np.isnan(values).all():
        return none
    curve = rate_sensitivity(scores.rates(index), values, failed)
    regret = default_regret(curve, contender.default_rate) if contender.default_rate else None
    ends = [name for name, is_open in (("below", curve.open_below), ("above", curve.open_above))
            if is_open]  # fmt: skip
    learnt = curve.failed_share < 1  # where every rate fails, none is as good as the best
    return none | {
        "width_decades": curve.width if learnt else math.nan,
        "width_open": " and ".join(ends) if learnt else "",
        "failed_rates": curve.failed_share,
        "default_regret": regret.regret if regret else math.nan,
    }
