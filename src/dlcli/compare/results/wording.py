"""The results in sentences: which optimizer, at which rate, how sure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dlcli.compare.results.summary import with_examples
from dlcli.statistics.power import FEWEST_REPLICATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from dlcli.compare.plan.plan import Allowance
    from dlcli.compare.results.ranking import Ranking
    from dlcli.compare.results.scores import Scores
    from dlcli.statistics.problems import Joint


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
    beside = f" with {row['settings']}" if row["settings"] else ""
    return f"{row['candidate']} at {row['learning_rate']:g}{beside}"


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
        return [f"Nothing can be said about {name}: no replication is complete."]
    told = ProblemVerdict(scores, problem, ranking, summary)
    best = told.best
    if not scores.is_ranked:
        rated = f"{at_rate(best)} has the best {score_text}, {shown_score(best['mean'])}"
        why = "The rate was picked by this score, so it is too good: --seeds 10 ranks."
        return [f"Only a grid was tried on {name}: {rated}. {why}"]
    if scores.plan.unranked:
        rated = f"{at_rate(best)} has the best mean {score_text}, {shown_interval(best)}"
        return [f"No ranking on {name}: {scores.plan.unranked}. {rated}."]
    if not best["ok"]:
        rated = (
            f"all chosen trials of {at_rate(best)}, which has the best mean, diverged or got stuck"
        )
        learned = f"Nothing was learned on {name}: {rated}. Look at the data, or try other rates."
        return [learned, *told.saved()]
    return [
        told.answer(),
        told.measured(score_text),
        *told.beside_cliff(),
        *told.failures(),
        *told.collapses(),
        *told.looks(),
        *told.power(),
        *told.scope(),
        *told.left_out(),
    ]


class ProblemVerdict:
    """The verdict on one problem, in sentences.

    Args:
        scores: All trials.
        problem: Its index.
        ranking: What the tests say.
        summary: The problem's rows.
    """

    def __init__(
        self, scores: Scores, problem: int, ranking: Ranking, summary: pd.DataFrame
    ) -> None:
        self.scores = scores
        self.ranking = ranking
        self.problem = scores.plan.problems[problem]
        rows = {row["candidate"]: row for _, row in summary.iterrows()}
        named = [scores.plan.candidates[i].name for i in ranking.candidates]
        self.rows = [rows[name] for name in named]
        self.summary = summary
        self.best = self.rows[ranking.verdict.best]
        self.course = scores.course(problem)

    def _with(self, status: str) -> list[str]:
        """Return the names of the candidates with a status, the best mean first."""
        found = self.summary[self.summary["verdict"] == status]
        return [str(name) for name in found["candidate"]]

    def answer(self) -> str:
        """Say which candidate to use, which are as good, which are worse, which are open."""
        where = (
            "on this test part" if self.scores.plan.split == "official" else "on data like these"
        )
        use = f"Use {at_rate(self.best)} {where} ({self.problem.name})."
        if self._is_alone:
            only = " that could be ranked" if self.ranking.left_out else ""
            return f"{use} It is the only candidate{only}."
        if not self.ranking.verdict.can_reject:
            few = shown_count(len(self.ranking.through), "replication")
            use = (
                f"Too few replications on {self.problem.name}: {few} cannot show any difference; "
                f"it takes {FEWEST_REPLICATIONS} or more. {at_rate(self.best)} has the best mean "
                "so far."
            )
        parts = [use]
        if good := self._with("as_good"):
            within = shown_margin(self.scores, self.ranking.margin)
            parts.append(f"{joined(good)} {_are(good)} as good within {within}.")
        if worse := self._with("worse"):
            parts.append(f"{joined(worse)} {_are(worse)} worse.")
        parts += self._open()
        return " ".join(parts)

    @property
    def _is_alone(self) -> bool:
        """Whether there is nothing to compare the best one with."""
        return len(self.ranking.shown) == 1

    def _open(self) -> list[str]:
        """Say which candidates are open, and how many replications would decide."""
        names = self._with("open")
        if not names:
            return []
        if not self.ranking.verdict.can_reject:
            return [f"{joined(names)} {_are(names)} open."]
        if (following := self._next_look()) is not None:
            told = f"{joined(names)} {_are(names)} open so far"
            return [f"{told}: the next look is after {following} replications."]
        ranges = {
            self.scores.plan.candidates[i].name: standing.more
            for i, standing in zip(
                self.ranking.candidates, self.ranking.verdict.standings, strict=True
            )
        }
        known = {name: found for name in names if (found := ranges[name]) is not None}
        others = [name for name in names if name not in known]
        parts = []
        if known:
            least = max(low for low, _ in known.values())  # all of them are to be decided
            ends = [high for _, high in known.values()]
            most = None if None in ends else max(high for high in ends if high is not None)
            told = f"{joined(known)} {_are(list(known))} open"
            parts.append(f"{told}: {shown_range(least, most)}.")
        return [*parts, f"{joined(others)} {_are(others)} open."] if others else parts

    def _next_look(self) -> int | None:
        """Return the replications at the next look, None if there is none."""
        made = len(self.course.looks)
        if self.course.is_over or made >= len(self.course.planned):
            return None
        return self.course.planned[made]

    def measured(self, score_text: str) -> str:
        """Say what the best one scores."""
        over = shown_count(int(self.best["runs"]), "replication")
        return (
            f"Mean {score_text} of {self.best['candidate']}: {shown_interval(self.best)}, {over}."
        )

    def beside_cliff(self) -> list[str]:
        """Warn where the next rate up fails, or the chosen one does now and then."""
        best = self.best
        if not best["cliff"]:
            return []
        warning = f"Careful: {best['candidate']} at {best['learning_rate']:g} is beside a cliff: "
        warning += f"{best['cliff']}."
        if math.isnan(best["safer_rate"]):
            return [warning]
        cost = best["safer_cost"]
        price = "costs nothing here" if cost <= 0 else f"costs {shown_score(cost)} of validation "
        price += "" if cost <= 0 else self.scores.plan.score.metric
        return [f"{warning} A rate of {best['safer_rate']:g} is safer and {price}."]

    def failures(self) -> list[str]:
        """Say whose chosen trials failed: they are in the mean with the score of chance."""
        failed = [
            f"{row['candidate']} ({int(row['diverged'] + row['stuck'])} of {int(row['runs'])})"
            for _, row in self.summary.iterrows()
            if row["diverged"] + row["stuck"] > 0
        ]
        if not failed:
            return []
        return [f"Failed trials count as chance in the mean: {joined(failed)}."]

    def collapses(self) -> list[str]:
        """Say for which candidates the test's assumption does not hold."""
        if not self.ranking.verdict.can_reject:
            return []
        names = [str(self.rows[place]["candidate"]) for place in self.ranking.verdict.collapses]
        if not names:
            return []
        far = f"A few scores of {joined(names)} are far below the others"
        why = "how many there happen to be decides the mean"
        return [f"{far}, and {why}: the test may claim a difference in up to 12 % instead of 5 %."]

    def looks(self) -> list[str]:
        """Say after how many replications a sequential comparison has looked, and what that saved.

        Where a look has not been planned, because trials are missing, its level is said too.
        """
        course, ranking = self.course, self.ranking
        if not course.planned or self._is_alone:
            return self.saved()
        made = [(look.replications, look.level) for look in course.looks]
        if not course.is_over and ranking.level not in [level for _, level in made]:
            made.append((len(ranking.through), ranking.level))
        counts = joined([str(count) for count, _ in made])
        levels = joined([shown_level(level) for _, level in made])
        told = (
            f"Looked after {counts} of at most {course.planned[-1]} replications, at "
            f"{'a level' if len(made) == 1 else 'levels'} of {levels}: all looks together claim a "
            "difference between equal candidates in at most 5 % (O'Brien-Fleming)."
        )
        return [told, *self._dropped(), *self.saved()]

    def _dropped(self) -> list[str]:
        """Say which candidates got no more replications, and after how many."""
        by_count: dict[int, list[str]] = {}
        for index, shown in self.ranking.earlier:
            name = self.scores.plan.candidates[index].name
            by_count.setdefault(len(shown.through), []).append(name)
        return [
            f"{joined(names)} {_was(names)} shown worse after {count} replications and got no "
            f"more: {_their(names)} rests on these."
            for count, names in by_count.items()
        ]

    def saved(self) -> list[str]:
        """Say where a sequential comparison stopped, and how many trials it saved."""
        course = self.course
        saved = f"{course.saved} of {course.trials} planned trials were not needed."
        if course.is_over and course.looks[-1].replications < course.planned[-1]:
            return [f"Stopped after {course.looks[-1].replications} replications: {saved}"]
        if course.saved:
            return [f"Candidates that were shown worse got no more replications: {saved}"]
        return []

    def power(self) -> list[str]:
        """Say how small a difference these replications would have shown.

        Of a sequential comparison that has come to its end: before, more replications may follow.
        """
        found = self.ranking.verdict
        planned = self.course.planned
        is_early = bool(planned) and found.replications < planned[-1]
        if not found.can_reject or found.detectable is None or is_early or self._is_alone:
            return []
        size = shown_score(found.detectable)
        if float(size) == 0:  # scores that do not scatter say nothing of others
            return []
        count = f"With {found.replications} replications"
        return [
            f"{count}, a true difference of {size} to the best would be detected 80 % of the time."
        ]

    def scope(self) -> list[str]:
        """Say what the intervals do not hold, where there are any."""
        plan, best = self.scores.plan, self.ranking.best
        if math.isnan(self.best["low"]):
            return []
        told = []
        if with_examples(self.scores, best, self.ranking.through) is not None:
            told.append(
                "The intervals include the sampling of this test part; other training data may "
                "give another answer (compare.split: resample)."
            )
        if plan.tune == "once":
            told.append(
                "The rates were chosen once, so the luck of tuning is not in these intervals "
                "(compare.tune: each)."
            )
        return told

    def left_out(self) -> list[str]:
        """Name the candidates that are not ranked."""
        names = [self.scores.plan.candidates[i].name for i in self.ranking.left_out]
        return (
            [f"Not ranked, because their trials failed to run: {joined(names)}."] if names else []
        )


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _was(names: Sequence[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _their(names: Sequence[str]) -> str:
    return "its verdict" if len(names) == 1 else "their verdict"


def shown_count(number: int, what: str) -> str:
    """Write `1 replication` or `3 replications`."""
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def shown_level(level: float) -> str:
    """Write a level with two digits: `5 %`, `0.3 %`, `0.0015 %`."""
    return _percent(level, level)


def shown_confidence(level: float) -> str:
    """Write the confidence that belongs to a level: `95 %`, `99.7 %`, `99.9985 %`."""
    return _percent(1 - level, level)


def _percent(share: float, level: float) -> str:
    """Write a share with as many decimals as give a level two digits."""
    decimals = max(1, 1 - math.floor(math.log10(100 * level)))
    return f"{100 * share:.{decimals}f}".rstrip("0").rstrip(".") + " %"


def shown_margin(scores: Scores, margin: float) -> str:
    """Write a margin as people say it: `1 point` of an accuracy, else a number."""
    if scores.plan.score.bounds == (0.0, 1.0):
        return f"{100 * margin:.3g} point{'' if math.isclose(margin, 0.01) else 's'}"
    return f"{margin:.3g}"


MANY = 100
"""More replications than anyone runs: beyond, it does not matter how many."""


def shown_range(least: int, most: int | None) -> str:
    """Write how many more replications would decide."""
    if most is None:
        return f"at least {least} more replications would decide"
    if most <= least * 1.25:
        return f"about {most} more replications would decide"
    if most > MANY >= 2 * least:
        return f"{shown_count(least, 'more replication')} may decide, or it may take over {MANY}"
    return f"{least} to {most} more replications would decide"


def overall_sentence(
    candidates: Sequence[str], joint: Joint, problems: int, left_out: Sequence[str] = ()
) -> str:
    """Return the answer over several problems.

    Args:
        candidates: Those that are ranked on all problems.
        joint: What the problems say of them.
        problems: How many.
        left_out: The other candidates.
    """
    told = _overall(candidates, joint, problems)
    return f"{told} Not ranked on all problems: {joined(left_out)}." if left_out else told


def _overall(candidates: Sequence[str], joint: Joint, problems: int) -> str:
    found = joint.verdict
    best = candidates[found.best]
    if len(candidates) == 1:
        return f"Only {best} could be ranked on all {problems} problems."
    by_status: dict[str, list[str]] = {}
    for name, standing in zip(candidates, found.standings, strict=True):
        by_status.setdefault(standing.status, []).append(name)
    where = f"over all {problems} problems" if joint.generalizes else "on these problems"
    if not found.can_reject:
        few = "problems" if joint.generalizes else "replications"
        return (
            f"{best} has the best mean {where}; {found.replications} {few} are too few to show "
            "any difference."
        )
    worse = by_status.get("worse", [])
    others = [*by_status.get("as_good", []), *by_status.get("open", [])]
    if not others:
        return f"Use {best}: it is the best {where}, and {joined(worse)} {_are(worse)} worse."
    sentence = f"{best} has the best mean {where}; no difference is shown to {joined(others)}."
    return f"{sentence} {joined(worse)} {_are(worse)} worse." if worse else sentence


def shared_sentences(names: Sequence[str], rankings: Sequence[Ranking]) -> list[str]:
    """Say on which problems the joint table uses fewer replications than there are."""
    return [
        f"The table over all problems uses "
        f"{shown_count(ranking.shared_scores.shape[1], 'replication')} of {name}, those that all "
        "of its candidates share."
        for name, ranking in zip(names, rankings, strict=True)
        if ranking.earlier
    ]


def joint_sentence(replications: int, level: float | None) -> str:
    """Say by which replications candidates are judged over few problems.

    Args:
        replications: The first so many of each problem.
        level: Of the test, where the comparison has looked before its end.
    """
    told = (
        f"Over the problems together, candidates are judged by "
        f"{shown_count(replications, 'replication')} of each, the fewest that all candidates share "
        "on a problem"
    )
    return (
        f"{told}."
        if level is None
        else (f"{told}, at the level of a look at so many: {shown_level(level)}.")
    )


def budget_sentence(allowance: Allowance | None, replications: int | None) -> str:
    """Say what a budget took from the verdict; empty if that is nothing.

    Args:
        allowance: What the budget left of the plan; None without a budget.
        replications: How many it left; None if more would change nothing.
    """
    if allowance is None:
        return ""
    parts = []
    if replications is not None and replications < allowance.replications:
        parts.append(f"{replications} of {allowance.replications} replications")
    if allowance.left < allowance.rates:
        parts.append(f"{allowance.left} of up to {allowance.rates} {allowance.what}")
    if not parts:
        return ""
    told = f"The budget of {allowance.budget} weakens this verdict: it was enough for"
    return f"{told} {joined(parts)}."


def timing_sentences(jobs: set[int | None]) -> list[str]:
    """Say why no seconds are compared, if they are not."""
    if len(jobs) < 2:
        return []
    told = joined(sorted(str(number or "an unknown number of") for number in jobs))
    return [f"The trials ran {told} at a time, so seconds to the target are not compared."]


def under_tuned_sentences(summary: pd.DataFrame) -> list[str]:
    """Return a warning for every optimizer that lost to a special case of itself."""
    return [
        f"{row['candidate']} lost to {row['under_tuned']}, a special case of it: it is under-tuned "
        "(Choi et al. 2019), so this says nothing against it."
        for _, row in summary.iterrows()
        if row["under_tuned"]
    ]


def spread_sentences(spreads: pd.DataFrame) -> list[str]:
    """Compare how much SGD and Adam depend on their rates and initializers."""
    sentences = []
    for problem, rows in spreads.groupby("problem", sort=False):
        by_label = rows.set_index("label")
        if not {"SGD", "Adam"} <= set(by_label.index):
            continue
        sgd, adam = by_label.loc["SGD"].to_dict(), by_label.loc["Adam"].to_dict()
        sentences.append(
            f"On {problem} SGD comes within 2 % of its best validation score in "
            f"{_settings(sgd)}, and fails in {100 * sgd['failed_share']:.0f} % of them; Adam in "
            f"{_settings(adam)} and in {100 * adam['failed_share']:.0f} %."
        )
        if sgd["initializers"] > 1:
            sentences.append(
                f"Over {int(sgd['initializers'])} initializers, each at its own best rate, SGD's "
                f"validation scores range over {shown_score(sgd['tuned_range'])}, Adam's over "
                f"{shown_score(adam['tuned_range'])}."
            )
    return sentences


def _settings(row: Mapping[Any, Any]) -> str:
    """Write which part of what an optimizer was tried at is good."""
    tried = f"{int(row['rates'])} rates over {row['decades']:.1f} decades"
    if row["initializers"] > 1:
        tried += f" and {int(row['initializers'])} initializers"
    return f"{100 * row['good_share']:.0f} % of its settings ({tried})"
