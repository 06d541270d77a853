"""The results in sentences: which optimizer, at which rate, how sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli.comparison.statistics.power import detectable_difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from dlcli.comparison.results.scores import Scores
    from dlcli.comparison.results.summary import Ranking
    from dlcli.comparison.statistics.verdict import Verdict

SHOWN = 4
"""Candidates named one by one in a sentence."""


def shown_score(value: float) -> str:
    """Write a score with four digits."""
    return "-" if math.isnan(value) else f"{value:.4f}" if abs(value) < 1000 else f"{value:.4g}"


def shown_interval(row: pd.Series | Mapping[str, Any]) -> str:
    """Write a summary row's score with its interval: `0.9812 [0.9789, 0.9835]`."""
    if math.isnan(row["low"]):
        return shown_score(row["mean"])
    return f"{shown_score(row['mean'])} [{shown_score(row['low'])}, {shown_score(row['high'])}]"


def at_rate(row: pd.Series) -> str:
    """Write a candidate with its rate."""
    return f"{row['candidate']} at {row['learning_rate']:g}"


def joined(names: Iterable[str]) -> str:
    """Write `a, b and c`."""
    listed = list(names)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"


def problem_sentences(
    scores: Scores, problem: int, ranking: Ranking | None, summary: pd.DataFrame, score_text: str
) -> list[str]:
    """Return the answer for one problem, the first sentence first.

    Args:
        scores: All trials.
        problem: Its index.
        ranking: What the tests say; None if nothing could be ranked.
        summary: The problem's rows, the best first.
        score_text: What is ranked by, such as `test accuracy at the best validation epoch`.
    """
    name = scores.plan.problems[problem].name
    if ranking is None:
        return [f"Nothing can be said on {name}: no trial was run to its end."]
    by_index = {c.name: i for i, c in enumerate(scores.plan.contenders) if c.problem == problem}
    rows = {by_index[row["candidate"]]: row for _, row in summary.iterrows()}
    best = rows[ranking.contenders[ranking.verdict.best]]
    undecided = [rows[ranking.contenders[i]] for i in ranking.verdict.undecided]
    if not scores.is_confirmed:
        told = f"{at_rate(best)} has the best {score_text}, {shown_score(best['mean'])}"
        why = "The rate was picked by this score, so it is too good; --seeds confirms it."
        return [f"Search only on {name}: {told}. {why}"]
    if scores.plan.unranked:
        told = f"{at_rate(best)} has the best mean {score_text}, {shown_interval(best)}"
        return [f"No ranking on {name}: {scores.plan.unranked}. {told}."]
    if not best["ok"]:
        told = f"all trainings of {at_rate(best)}, which is ranked first, diverged or got stuck"
        return [f"Nothing was learnt on {name}: {told}. Look at the data, or try other rates."]
    sentences = [_answer(name, best, undecided, ranking, score_text)]
    sentences += _seeds_needed(ranking.verdict)
    sentences += _detectable(ranking)
    if ranking.left_out:
        gone = joined(scores.plan.contenders[i].name for i in ranking.left_out)
        sentences.append(f"Not ranked, because trials could not be run: {gone}.")
    return sentences


def _answer(
    name: str,
    best: pd.Series,
    undecided: Sequence[pd.Series],
    ranking: Ranking,
    score_text: str,
) -> str:
    told = f"{at_rate(best)}, {score_text} {shown_interval(best)}"
    count = len(ranking.contenders)
    match ranking.verdict.answer:
        case "one candidate":
            return f"On {name} there is one candidate: {told}."
        case "winner":
            others = "the other" if count == 2 else f"all {count - 1} others"
            worst = max(p for i, p in enumerate(ranking.groups.p_values)
                        if i != ranking.verdict.best)  # fmt: skip
            return (
                f"Best on {name}: {told}; better than {others} "
                f"(max-T permutation test, p <= {worst:.3g})."
            )
        case "too few seeds":
            seeds = ranking.verdict.seeds
            return (
                f"Too few seeds to tell anything on {name}: with {seeds} "
                f"seed{'s' if seeds != 1 else ''} nothing can be shown to be better than all "
                f"others. The best mean is that of {told}."
            )
        case _:
            return _no_difference(name, told, undecided, count)


def _no_difference(name: str, told: str, undecided: Sequence[pd.Series], count: int) -> str:
    others = [at_rate(row) for row in undecided[:SHOWN]]
    if len(undecided) > SHOWN:
        others.append(f"{len(undecided) - SHOWN} more")
    worse = count - 1 - len(undecided)
    others_worse = "The other is" if worse == 1 else f"The other {worse} are"
    rest = f" {others_worse} shown to be worse." if worse else ""
    return (
        f"No difference shown on {name} between the best mean, {told}, "
        f"and {joined(others)}: any of them may be the best.{rest}"
    )


def _seeds_needed(verdict: Verdict) -> list[str]:
    if verdict.answer not in ("no difference shown", "too few seeds"):
        return []
    if verdict.seeds_needed is None:
        return ["No number of seeds would tell them apart by the differences seen so far."]
    seeds = f"about {verdict.seeds_needed} seeds"
    return [f"If the differences are as seen, {seeds} would tell the best from the rest."]


def _detectable(ranking: Ranking) -> list[str]:
    """Say what so many seeds can show: the t-test's power, in the candidates' median spread."""
    seeds = ranking.scores.shape[1]
    if seeds < 2:
        return ["One seed gives no interval and shows nothing: give --seeds 6 or more."]
    spread = float(np.median(ranking.scores.std(axis=1, ddof=1)))
    least = detectable_difference(seeds)
    size = f"{least:.1f} standard deviations ({shown_score(least * spread)} here)"
    return [f"{seeds} seeds show a difference of {size} with 80 % power."]


def overall_sentence(candidates: Sequence[str], found: Verdict, problems: int) -> str:
    """Return the answer over several problems."""
    best = candidates[found.best]
    if found.answer == "winner":
        return f"Over all {problems} problems {best} is best, and better than every other."
    if found.answer == "one candidate":
        return f"Only {best} could be ranked on all {problems} problems."
    if found.answer == "too few seeds":
        return f"Over all {problems} problems {best} has the best mean, but the seeds are too few."
    others = joined(candidates[i] for i in found.undecided)
    return (
        f"Over all {problems} problems no difference is shown between {best}, which has the best "
        f"mean, and {others}."
    )


def timing_sentences(jobs: set[int | None]) -> list[str]:
    """Say why no seconds are compared, if they are not."""
    if len(jobs) < 2:
        return []
    told = joined(sorted(str(number or "an unknown number of") for number in jobs))
    return [f"The trainings ran {told} at a time, so seconds to the target are not compared."]


def under_tuned_sentences(summary: pd.DataFrame) -> list[str]:
    """Return a warning for every optimizer that lost to a special case of itself."""
    return [
        f"{row['candidate']} lost to {row['under_tuned']}, a special case of it: it is under-tuned "
        "(Choi et al. 2019), so this says nothing against it."
        for _, row in summary.iterrows()
        if row["under_tuned"]
    ]


def spread_sentences(spreads: pd.DataFrame) -> list[str]:
    """Compare how much SGD and Adam depend on their rates and initialisers."""
    sentences = []
    for problem, rows in spreads.groupby("problem", sort=False):
        by_label = rows.set_index("label")
        if not {"SGD", "Adam"} <= set(by_label.index):
            continue
        sgd, adam = by_label.loc["SGD"].to_dict(), by_label.loc["Adam"].to_dict()
        sentences.append(
            f"On {problem} SGD comes within 2 % of its best validation score in "
            f"{_settings(sgd)}, and comes to nothing in {sgd['failed_share']:.0%} of them; Adam in "
            f"{_settings(adam)} and in {adam['failed_share']:.0%}."
        )
        if sgd["initializers"] > 1:
            sentences.append(
                f"Over {int(sgd['initializers'])} initialisers, each at its own best rate, SGD's "
                f"validation scores range over {shown_score(sgd['tuned_range'])}, Adam's over "
                f"{shown_score(adam['tuned_range'])}."
            )
    return sentences


def _settings(row: Mapping[Any, Any]) -> str:
    """Write which part of what an optimizer was tried at is good."""
    tried = f"{int(row['rates'])} rates over {row['decades']:.1f} decades"
    if row["initializers"] > 1:
        tried += f" and {int(row['initializers'])} initialisers"
    return f"{row['good_share']:.0%} of its settings ({tried})"
