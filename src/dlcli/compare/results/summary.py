"""The summary of one problem: a row a candidate, ranked, with how sure one can be of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from dlcli.catalogue.family import family
from dlcli.compare.plan.candidates import describe_call
from dlcli.compare.plan.design import shown_values
from dlcli.compare.results.frames import arguments_of, epochs_to_target
from dlcli.statistics import pairing
from dlcli.statistics.censored import arrival, default_target
from dlcli.statistics.description import Interval, describe, mean_interval
from dlcli.statistics.examples import two_way
from dlcli.statistics.inclusion import under_tuned
from dlcli.statistics.sensitivity import regret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dlcli.compare.plan.records import Result
    from dlcli.compare.results.ranking import Ranking
    from dlcli.compare.results.scores import Scores

COUNTED = ("ok", "diverged", "stuck")

CLIFF = 0.25
"""Share of failed trials from which the next rate up counts as failing."""


def target_of(scores: Scores, problem: int) -> float | None:
    """Return the validation score that counts as reached, in the metric's units."""
    if scores.plan.target is not None:
        return scores.plan.target
    best = scores.best_validation(problem)
    if np.isnan(best).all():
        return None
    chance = scores.worst(problem, "val")
    # At chance, every training would have reached it before it began.
    target = default_target(best, chance)
    return None if target is None else target * scores.sign


def summary_frame(
    scores: Scores,
    problem: int,
    ranking: Ranking | None,
    target: float | None,
) -> pd.DataFrame:
    """Return a row a candidate, the best first; its columns are documented in docs/results.md."""
    indices = scores.candidates(problem)
    against = _against_best(ranking, scores.plan.score.bounds) if ranking else {}
    shown = ranking if ranking and is_shown(scores, ranking) else None
    flagged = _under_tuned(scores, shown) if shown else {}
    rows = [
        {
            **_ranked(scores, index, shown),
            **_described(scores, index, ranking),
            **against.get(index, _NO_COMPARISON),
            **_arrived(scores, index, target),
            **_tuned(scores, index),
            "under_tuned": flagged.get(index, ""),
        }
        for index in indices
    ]
    frame = pd.DataFrame(rows)
    means = frame["mean"].fillna(-math.inf * scores.sign).to_numpy() * scores.sign
    # Candidates may have the same mean: the best one comes first.
    others = np.array([ranking is None or index != ranking.best for index in indices])
    order = np.lexsort((-means, others, frame["rank"].fillna(math.inf).to_numpy()))
    return frame.iloc[order].reset_index(drop=True)


def is_shown(scores: Scores, ranking: Ranking) -> bool:
    """Whether a ranking is shown: neither in a quick look, nor where the best learned nothing."""
    learned = not scores.failed(ranking.best)[ranking.through].all()
    return scores.is_ranked and not scores.plan.unranked and learned


def _ranked(scores: Scores, index: int, ranking: Ranking | None) -> dict[str, Any]:
    candidate = scores.plan.candidates[index]
    status, rank = _standing(ranking, index)
    recommended = scores.recommended(index)
    chosen = [c.rate for r in scores.replications if (c := scores.chosen(index, r)) is not None]
    return {
        "problem": scores.plan.problems[candidate.problem].name,
        "rank": rank,
        "group": {"": "", "worse": "b"}.get(status, "a"),
        "verdict": status,
        "candidate": candidate.name,
        "label": candidate.label,
        "optimizer": candidate.written.name,
        "arguments": arguments_of(candidate.written),
        "initializer": describe_call(candidate.initializer) if candidate.initializer else "",
        "learning_rate": float(recommended.rate) if recommended else math.nan,
        "settings": shown_values(recommended.rate) if recommended else "",
        "rate_low": float(min(chosen, default=math.nan)),
        "rate_high": float(max(chosen, default=math.nan)),
        "edge": recommended.edge if recommended else "",
        **_cliff(scores, index),
    }


def _standing(ranking: Ranking | None, index: int) -> tuple[str, float]:
    """Return what was shown of a candidate, and its rank: those not shown worse share the first."""
    if ranking is None or index not in ranking.shown:
        return "", math.nan
    status = ranking.shown[index].standing.status
    if status != "worse":
        return status, 1.0
    means = dict(zip(ranking.everyone, ranking.shared_scores.mean(axis=1), strict=True))
    better = sum(
        found.standing.status != "worse" or means[other] > means[index]
        for other, found in ranking.shown.items()
    )
    return "worse", 1.0 + better


def _cliff(scores: Scores, index: int) -> dict[str, Any]:
    """Say whether the recommended rate is beside a cliff, which is safer, and what that costs.

    The cost is in validation score, in the metric's units: positive is worse.
    """
    none = {"cliff": "", "safer_rate": math.nan, "safer_cost": math.nan}
    recommended = scores.recommended(index)
    if recommended is None or scores.plan.candidates[index].is_wide:
        return none  # between two settings, more than the rate differs
    rate, rates = recommended.rate, scores.rates(index)
    above = [r for r in rates if r > rate]
    told = []
    failed, tried = scores.failures_at(index, rate)
    if failed:
        told.append(f"{failed} of {tried} trials fail there")
    if above:
        failed, tried = scores.failures_at(index, above[0])
        if failed and failed >= CLIFF * tried:
            told.append(f"{failed} of {tried} trials at the next rate up, {above[0]:g}, fail")
    if not told:
        return none
    found = none | {"cliff": ", and ".join(told)}
    means = dict(zip(rates, map(_mean, scores.searched(index)[0]), strict=True))
    safer = [
        r for r in rates
        if r < rate and not scores.failures_at(index, r)[0] and not math.isnan(means[r])
    ]  # fmt: skip
    if safer:
        found |= {"safer_rate": safer[-1], "safer_cost": means[rate] - means[safer[-1]]}
    return found


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _described(scores: Scores, index: int, ranking: Ranking | None) -> dict[str, Any]:
    """Describe a candidate's scores: of the replications that it is judged by, if it is."""
    through = np.array(scores.replications)
    if ranking and index in ranking.shown:
        through = ranking.shown[index].through
    found = describe(scores.values(index)[through], scores.failed(index)[through])
    results = scores.ranked(index)
    statuses: list[str] = [r.status for place in through if (r := results[place]) is not None]
    failed = sum(result is not None and result.status == "failed" for result in results)
    interval = with_examples(scores, index, through) or found.interval
    low, high = (interval.low, interval.high) if interval else (math.nan,) * 2
    # Student's interval knows no bounds, but an accuracy is never above 1.
    ends = np.clip(sorted((low * scores.sign, high * scores.sign)), *scores.plan.score.bounds)
    fine = found.succeeded_interval
    fine_ends = (
        sorted((fine.low * scores.sign, fine.high * scores.sign)) if fine else (math.nan,) * 2
    )
    share = found.failure_share
    return {
        "runs": found.runs,
        **{name: statuses.count(name) for name in COUNTED},
        "failed": failed,
        "mean": found.mean * scores.sign,
        "sd": found.sd,
        "median": found.median * scores.sign,
        "iqm": found.iqm * scores.sign,
        "low": float(ends[0]),
        "high": float(ends[1]),
        "learned_mean": found.succeeded * scores.sign,
        "learned_low": float(np.clip(fine_ends[0], *scores.plan.score.bounds)),
        "learned_high": float(np.clip(fine_ends[1], *scores.plan.score.bounds)),
        "failing_low": share.low if share else math.nan,
        "failing_high": share.high if share else math.nan,
    }


def with_examples(scores: Scores, index: int, through: NDArray[np.intp]) -> Interval | None:
    """Return the interval of a mean with the sampling of an official test part in it.

    It is that of the difference to a score that is always 0, over replications and examples.

    Args:
        scores: All trials.
        index: Of the candidate.
        through: The replications, from 0.

    Returns:
        None where the test part is drawn anew each time, or the examples' part is not known.
    """
    if scores.plan.split != "official":
        return None
    values = scores.values(index)[through]
    through, values = through[~np.isnan(values)], values[~np.isnan(values)]
    blocks = scores.blocks([index], through)
    if np.isnan(blocks).any() or len(through) < 2:
        return None
    errors = two_way(
        np.stack([values, np.zeros_like(values)]), np.concatenate([blocks, np.zeros_like(blocks)])
    )
    plain = mean_interval(values)
    assert plain is not None  # noqa: S101 (there are two or more)
    half = float(special.stdtrit(errors.freedom[0, 1], 0.975) * errors.standard_errors[0, 1])
    half = max(half, (plain.high - plain.low) / 2)
    return Interval(float(values.mean()) - half, float(values.mean()) + half)


_NO_COMPARISON: dict[str, float] = dict.fromkeys(
    ("difference", "difference_low", "difference_high", "p_value", "improvement", "judged_after",
     "level"), math.nan
)  # fmt: skip


def _against_best(ranking: Ranking, bounds: tuple[float, float]) -> dict[int, dict[str, float]]:
    """Return what each candidate lacks to the best: always positive, whatever the metric.

    Args:
        ranking: Of the candidates.
        bounds: Least and greatest score: nobody can lack more than lies between them.
    """
    most = max(bounds[1] - bounds[0], ranking.margin)  # a status follows from the margin
    best = ranking.verdict.best
    won = pairing.probability_of_improvement(ranking.scores)[best]
    improvement = dict(zip(ranking.candidates, won, strict=True))
    if ranking.earlier:
        won = pairing.probability_of_improvement(ranking.shared_scores)[best]
        improvement = dict(zip(ranking.everyone, won, strict=True)) | improvement
    return {
        index: {
            "difference": found.standing.lack,
            "difference_low": 0.0,
            "difference_high": min(found.standing.lack_high, most)
            if math.isfinite(found.standing.lack_high)
            else found.standing.lack_high,
            "p_value": found.standing.p_value,
            "improvement": float(improvement[index]),
            "judged_after": len(found.through),
            "level": found.level,
        }
        for index, found in ranking.shown.items()
    }


def _under_tuned(scores: Scores, ranking: Ranking) -> dict[int, str]:
    """Return, for each candidate that lost to a special case of itself, to which."""
    everyone = ranking.everyone
    candidates = [scores.plan.candidates[i] for i in everyone]
    if not ranking.verdict.can_reject:
        return {}
    families = [family(c.written.name, c.written.arguments) for c in candidates]
    lost: dict[int, str] = {}
    for found in under_tuned(families, ranking.shared_scores):
        general, special = candidates[found.general], candidates[found.special]
        same = (general.initializer, general.network) == (special.initializer, special.network)
        if found.significant and same:
            lost.setdefault(everyone[found.general], candidates[found.special].name)
    return lost


def _arrived(scores: Scores, index: int, target: float | None) -> dict[str, Any]:
    """Return the medians of the time to target over all chosen trials."""
    results = [r for r in scores.ranked(index) if r is not None and r.history]
    epochs = [epochs_to_target(scores.plan, r, target) for r in results]
    found = arrival([math.nan if e is None else e for e in epochs])
    return {
        "epochs_to_target": found.median,
        "steps_to_target": _clocked(results, epochs, _steps),
        # Trainings side by side slow each other down: their seconds compare only among equals.
        "seconds_to_target": _clocked(results, epochs, _seconds)
        if len(scores.jobs) == 1
        else math.nan,
        "reached": found.reached,
        "censored": found.never,
    }


def _clocked(results: Sequence[Result], epochs: Sequence[int | None], clock: Any) -> float:
    times = [math.nan if e is None else clock(r, e) for r, e in zip(results, epochs, strict=True)]
    return arrival(times).median


def _steps(result: Result, epochs: int) -> float:
    return result.steps / len(result.history) * epochs


def _seconds(result: Result, epochs: int) -> float:
    return float(sum(row["seconds"] for row in result.history[:epochs]))


def _tuned(scores: Scores, index: int) -> dict[str, Any]:
    """Return what the search says of the learning rate."""
    candidate = scores.plan.candidates[index]
    none = {"width_decades": math.nan, "width_open": "", "failed_rates": math.nan,
            "default_rate": candidate.default_rate, "default_regret": math.nan,
            "regret_low": math.nan, "regret_high": math.nan}  # fmt: skip
    curve = scores.sensitivity(index)
    if curve is None or candidate.is_wide:
        return none
    values, _ = scores.searched(index)
    lost = regret(curve.rates, values, candidate.default_rate) if candidate.default_rate else None
    interval = lost.interval if lost else None
    ends = [name for name, is_open in (("below", curve.open_below), ("above", curve.open_above))
            if is_open]  # fmt: skip
    learnt = curve.failed_share < 1  # where every rate fails, none is as good as the best
    return none | {
        "width_decades": curve.width if learnt else math.nan,
        "width_open": " and ".join(ends) if learnt else "",
        "failed_rates": curve.failed_share,
        "default_regret": lost.mean if lost else math.nan,
        "regret_low": interval.low if interval else math.nan,
        "regret_high": interval.high if interval else math.nan,
    }
