"""From the scores of many comparisons to how far their intervals and verdicts hold elsewhere.

What is estimated. A comparison on one draw of the data says that tuned candidate A is better than
tuned candidate B by so much. Its reader wants to know by how much A is better *on data of this
kind and size*: the expected difference over draws of the data, splits, initial weights, batches
and tunings. That is the truth here, and it is taken from draws that share no example: for each
draw, the mean difference over all *other* draws, by the test scores of the `resample` protocol.
It is the same truth for every protocol, because every protocol's reader asks the same question.

Why test scores of the other draws, and no large set of held-out examples: they estimate the same
expectation without bias, for scores that depend on how many examples they are computed from too
(macro F1 does; accuracy does not), and failed trainings count as they do in a comparison.

The truth is an estimate itself. Over m other draws the variance of a draw's difference from it is
1 + 1/m times that from the exact truth, so deviations are divided by the root of that.

Power. A candidate that is truly 0, 1, 2 or 4 points worse than the truly best one is made of a real
candidate: a constant is added to all of its scores on a draw, so that its mean over the *other*
draws comes to lie exactly so far below the best one's. Its spread, its pairing with the others, and
how its luck on this draw agrees with theirs stay as they were measured, and nothing has to be
trained. (What this leaves out: that a candidate's spread may grow as it gets worse.) In the same
way all candidates are made truly equal, to see how often a difference is claimed then. With few
draws the truth's own error makes them unequal again, and such claims too frequent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from dlcli.compare.plan.plan import Plan, RankingScore
from dlcli.compare.results.ranking import RNG_SEED
from dlcli.compare.results.ranking import ranked as judged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from dlcli.compare.plan.plan import SplitChoice
    from dlcli.compare.results.ranking import Ranking

TRUTH = "resample"
"""The protocol whose scores on the other draws are the truth."""

HANDICAPS = (0, 1, 2, 4)
"""Points by which a candidate is made worse than the truly best one."""

HANDICAPPED = 2
"""Candidates that are made worse in turn on each draw; which ones changes with the draw."""

POINT = 0.01


@dataclass(frozen=True)
class Comparison:
    """What a comparison on one draw of the data found.

    Attributes:
        scores: Shape (candidates, replications), greater is better, nothing missing.
        blocks: The same without each block of test examples (candidates, replications, blocks);
            None if they were not kept.
    """

    scores: NDArray[np.float64]
    blocks: NDArray[np.float64] | None

    @property
    def means(self) -> NDArray[np.float64]:
        """The candidates' mean scores."""
        return self.scores.mean(axis=1)

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Of all differences, by the replications' spread: shape (candidates, candidates)."""
        gaps = self.scores[:, None] - self.scores[None]
        return np.asarray(gaps.std(axis=2, ddof=1) / math.sqrt(self.scores.shape[1]))

    def shifted(self, by: NDArray[np.float64]) -> Comparison:
        """Return it with a constant added to each candidate's scores, shape (candidates,)."""
        blocks = None if self.blocks is None else self.blocks + by[:, None, None]
        return Comparison(self.scores + by[:, None], blocks)


def ranked(found: Comparison, metric: str, split: SplitChoice) -> Ranking:
    """Return what dlcli's own ranking makes of scores between 0 and 1."""
    seeds = tuple(range(found.scores.shape[1]))
    plan = Plan((), (), (), seeds, RankingScore(metric, "best", True, (0.0, 1.0)), split=split)
    candidates = range(len(found.scores))
    rng = np.random.default_rng(RNG_SEED)
    ranking = judged(plan, candidates, found.scores, found.blocks, rng)
    assert ranking is not None  # noqa: S101 (nothing is missing)
    return ranking


class Cell:
    """One protocol's comparisons on the draws of one size, by one metric.

    Args:
        found: By draw.
        truths: The comparisons of the protocol that tells the truth, by draw.
        judge: Ranks a comparison.
    """

    def __init__(
        self,
        found: Mapping[int, Comparison],
        truths: Mapping[int, Comparison],
        judge: Callable[[Comparison], Ranking],
    ) -> None:
        means = {draw: truth.means for draw, truth in truths.items()}
        self._others = {d: [m for other, m in means.items() if other != d] for d in found}
        self.draws = [draw for draw in sorted(found) if self._others[draw]]
        self.found = [found[draw] for draw in self.draws]
        self._judge = judge

    @cached_property
    def truth(self) -> NDArray[np.float64]:
        """What the candidates score on the other draws, shape (draws, candidates)."""
        return np.array([np.mean(self._others[draw], axis=0) for draw in self.draws])

    @cached_property
    def _means(self) -> NDArray[np.float64]:
        return np.array([found.means for found in self.found])

    @cached_property
    def _errors(self) -> NDArray[np.float64]:
        return np.array([found.standard_errors for found in self.found])

    @cached_property
    def covered(self) -> NDArray[np.bool_]:
        """Whether each pair's plain 95 % interval holds the truth (draws, candidates, candidates).

        The interval is Student's, of the mean paired difference over the replications.
        """
        excess = _differences(self._means) - _differences(self.truth)
        others = np.array([len(self._others[draw]) for draw in self.draws])
        excess /= np.sqrt(1 + 1 / others)[:, None, None]
        wide = special.stdtrit(self.found[0].scores.shape[1] - 1, 0.975) * self._errors
        return np.asarray(np.abs(excess) <= wide)

    def coverage(self) -> dict[str, float]:
        """Return the coverage in per cent, of all pairs and of those with a draw's best."""
        best = self._means.argmax(axis=1)
        count = self._means.shape[1]
        upper = np.triu_indices(count, 1)
        all_pairs = self.covered[:, upper[0], upper[1]].mean(axis=1)
        with_best = [
            np.delete(covered[b], b).mean() for covered, b in zip(self.covered, best, strict=True)
        ]
        return {
            **_clustered("coverage", all_pairs),
            **_clustered("coverage_best", np.array(with_best)),
            **self._spread(),
        }

    def _spread(self) -> dict[str, float]:
        """Return the spread between draws over what the standard errors say: 1 if they are right.

        Its own error is the jackknife's over draws.
        """
        count = len(self.draws)
        if count < 3:
            return {}
        upper = np.triu_indices(self._means.shape[1], 1)
        gaps = _differences(self._means)[:, upper[0], upper[1]]
        errors = self._errors[:, upper[0], upper[1]]

        def ratio(kept: NDArray[np.bool_]) -> float:
            told = errors[kept].mean(axis=0)
            real = gaps[kept].std(axis=0, ddof=1)
            return float(np.mean(real[told > 0] / told[told > 0]))

        everything = np.ones(count, bool)
        without = np.array([ratio(np.arange(count) != draw) for draw in range(count)])
        error = math.sqrt((count - 1) / count * np.square(without - without.mean()).sum())
        return {"spread": ratio(everything), "spread_se": error}

    def claims(self) -> dict[str, Any]:
        """Return what the verdicts claim, and how much of it holds on the other draws."""
        rankings = [self._judge(found) for found in self.found]
        any_claim, wrong, bounded = [], [], []
        good, claimed, elsewhere = [], [], []
        for ranking, truth in zip(rankings, self.truth, strict=True):
            best, standings = ranking.verdict.best, ranking.verdict.standings
            lacks = truth.max() - truth
            worse = [i for i, standing in enumerate(standings) if standing.status == "worse"]
            any_claim.append(bool(worse))
            wrong.append(any(truth[i] >= truth[best] for i in worse))
            claimed += [standings[i].lack / POINT for i in worse]
            elsewhere += [(truth[best] - truth[i]) / POINT for i in worse]
            bounded.append(
                all(lack <= s.lack_high for lack, s in zip(lacks, standings, strict=True))
            )
            good += [
                lack >= ranking.margin
                for lack, standing in zip(lacks, standings, strict=True)
                if standing.status == "as_good"
            ]
        return {
            **_share("claims", any_claim),
            **_share("wrong", wrong),
            **_share("bound", bounded),
            **_share("wrong_good", good),
            "good_claims": len(good),
            "worse_claims": len(claimed),
            **_mean("claimed", claimed),
            **_mean("elsewhere", elsewhere),
        }

    def power(self) -> dict[str, float]:
        """Return how often a candidate is shown worse that is so, by its true distance in points.

        `equal` is the share of comparisons with any claim where all candidates are truly equal.
        """
        equal = []
        shown: dict[int, list[float]] = {handicap: [] for handicap in HANDICAPS}
        good: dict[int, list[float]] = {handicap: [] for handicap in HANDICAPS}
        for draw, found, truth in zip(self.draws, self.found, self.truth, strict=True):
            equal.append(self._is_claimed(found.shifted(-truth + truth.mean())))
            for handicap in HANDICAPS:
                statuses = [
                    self._status(found, truth, candidate, handicap * POINT)
                    for candidate in _in_turn(truth, draw)
                ]
                shown[handicap].append(float(np.mean([s == "worse" for s in statuses])))
                good[handicap].append(float(np.mean([s == "as_good" for s in statuses])))
        figures = _share("equal", equal)
        for handicap in HANDICAPS:
            figures |= _clustered(f"power_{handicap}", np.array(shown[handicap]))
            figures |= _clustered(f"good_{handicap}", np.array(good[handicap]))
        return figures

    def _is_claimed(self, found: Comparison) -> bool:
        standings = self._judge(found).verdict.standings
        return any(standing.status == "worse" for standing in standings)

    def _status(
        self, found: Comparison, truth: NDArray[np.float64], candidate: int, lack: float
    ) -> str:
        """Return the verdict on a candidate that was made to lack so much."""
        shift = np.zeros(len(truth))
        shift[candidate] = truth.max() - lack - truth[candidate]
        return self._judge(found.shifted(shift)).verdict.standings[candidate].status

    def row(self) -> dict[str, Any]:
        """Return all figures; shares in per cent, differences in points."""
        return {"draws": len(self.draws), **self.coverage(), **self.claims(), **self.power()}


def _differences(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return all differences, row minus column: (draws, candidates) to (draws, c, c)."""
    return values[:, :, None] - values[:, None, :]


def _in_turn(truth: NDArray[np.float64], draw: int) -> list[int]:
    """Return which candidates are handicapped on a draw: never the truly best one."""
    others = [i for i in range(len(truth)) if i != int(truth.argmax())]
    count = min(HANDICAPPED, len(others))
    return [others[(draw * count + number) % len(others)] for number in range(count)]


def _share(name: str, flags: Sequence[bool]) -> dict[str, float]:
    """Return a share in per cent with its binomial standard error; nothing if there is no case."""
    if not flags:
        return {}
    share, count = float(np.mean(flags)), len(flags)
    return {name: 100 * share, f"{name}_se": 100 * math.sqrt(share * (1 - share) / count)}


def _clustered(name: str, shares: NDArray[np.float64]) -> dict[str, float]:
    """Return the mean of the draws' shares in per cent; one draw's cases are not independent."""
    return {k: 100 * v for k, v in _mean(name, shares).items()}


def _mean(name: str, values: Sequence[float] | NDArray[np.float64]) -> dict[str, float]:
    count = len(values)
    if not count:
        return {}
    found = {name: float(np.mean(values))}
    if count > 1:
        found[f"{name}_se"] = float(np.std(values, ddof=1)) / math.sqrt(count)
    return found
