"""Ranks over several problems, and how far apart they must be to differ (Demšar 2006)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from dlcli.statistics.power import ALPHA

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST_PROBLEMS = 5
"""With fewer problems the critical difference is nearly the whole range of ranks."""


def average_ranks(scores: ArrayLike) -> NDArray[np.float64]:
    """Return each candidate's rank averaged over problems, 1 being the best; ties share theirs.

    Args:
        scores: Shape (problems, candidates): a candidate's mean score; greater is better.
    """
    return np.asarray(_ranks(scores).mean(axis=0))


def _ranks(scores: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(stats.rankdata(-np.asarray(scores, dtype=float), axis=1))


@dataclass(frozen=True)
class Friedman:
    """Whether the candidates' ranks differ at all (Friedman 1937).

    Attributes:
        statistic: Chi-squared with candidates - 1 degrees of freedom, corrected for ties.
        p_value: Its tail; 1 if all candidates tie on every problem.
    """

    statistic: float
    p_value: float


def friedman(scores: ArrayLike) -> Friedman:
    """Test whether all candidates rank alike over the problems.

    Args:
        scores: Shape (problems, candidates), at least two of each; greater is better.
    """
    ranks = _ranks(scores)
    problems, candidates = ranks.shape
    centre = (candidates + 1) / 2
    between = problems**2 * float(np.square(ranks.mean(axis=0) - centre).sum())
    within = float(np.square(ranks - centre).sum()) / (candidates - 1)
    if within == 0:
        return Friedman(0.0, 1.0)
    statistic = between / within
    return Friedman(statistic, float(stats.chi2.sf(statistic, candidates - 1)))


def critical_difference(candidates: int, problems: int, *, alpha: float = ALPHA) -> float:
    """Return how far two average ranks must differ to be told apart (Nemenyi 1963).

    Args:
        candidates: At least two.
        problems: That the ranks are averaged over.
        alpha: The probability of any wrong claim.
    """
    q = float(stats.studentized_range.isf(alpha, candidates, np.inf)) / math.sqrt(2)
    return q * math.sqrt(candidates * (candidates + 1) / (6 * problems))


@dataclass(frozen=True)
class CriticalDifference:
    """What a critical-difference diagram shows.

    Attributes:
        ranks: Shape (candidates,): average ranks.
        difference: The critical difference.
        friedman: The test before it: only if it rejects do the differences between pairs count.
        cliques: The largest sets of candidates whose ranks do not differ, as indices in the order
            of their ranks; only sets of two or more.
    """

    ranks: NDArray[np.float64]
    difference: float
    friedman: Friedman
    cliques: tuple[tuple[int, ...], ...]


def critical_difference_diagram(scores: ArrayLike, *, alpha: float = ALPHA) -> CriticalDifference:
    """Rank the candidates over problems and join those that cannot be told apart (Demšar 2006).

    Args:
        scores: Shape (problems, candidates): a candidate's mean score; greater is better.
        alpha: Level of both tests.

    Raises:
        ValueError: With fewer than five problems or two candidates.
    """
    values = np.asarray(scores, dtype=float)
    problems, candidates = values.shape
    if problems < FEWEST_PROBLEMS or candidates < 2:
        raise ValueError(
            f"a critical difference needs two candidates on {FEWEST_PROBLEMS} problems or more"
        )
    ranks = average_ranks(values)
    test = friedman(values)
    difference = critical_difference(candidates, problems, alpha=alpha)
    joined = math.inf if test.p_value > alpha else difference
    return CriticalDifference(ranks, difference, test, _cliques(ranks, joined))


def _cliques(ranks: NDArray[np.float64], difference: float) -> tuple[tuple[int, ...], ...]:
    """Return the largest runs of neighbours in rank order that lie within the difference."""
    order = np.argsort(ranks, kind="stable")
    found: list[tuple[int, ...]] = []
    reached = 0
    for start in range(len(order)):
        near = ranks[order] - ranks[order[start]] < difference
        end = int(np.flatnonzero(near)[-1]) + 1
        if end > reached and end - start > 1:
            found.append(tuple(int(i) for i in order[start:end]))
        reached = max(reached, end)
    return tuple(found)
