"""The answer of a comparison: who is best, who cannot be told from the best, how many seeds do."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dlcli.comparison.statistics.permutation import PERMUTATIONS, max_t_test
from dlcli.comparison.statistics.power import ALPHA, seeds_needed, smallest_p_value

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Answer = Literal["winner", "no difference shown", "too few seeds", "one candidate"]
"""`winner`: the best is better than every other. `no difference shown`: some cannot be told from
it, which does not make them equal. `too few seeds`: these seeds could not have shown any."""


@dataclass(frozen=True)
class Groups:
    """The candidates in groups that the scores cannot tell from their group's best.

    Attributes:
        ranks: Shape (candidates,): 1 for the first group; 1 + the number of better candidates.
        letters: One a candidate: `a` for the first group.
        p_values: Shape (candidates,): of the max-T test against the best of all; 1 for itself.
    """

    ranks: NDArray[np.int64]
    letters: tuple[str, ...]
    p_values: NDArray[np.float64]


def groups(
    scores: ArrayLike,
    rng: np.random.Generator,
    *,
    alpha: float = ALPHA,
    permutations: int = PERMUTATIONS,
) -> Groups:
    """Group the candidates: those not distinguishable from the best share its rank and letter.

    The rest is grouped in the same way around the best of the rest, and so on. The level alpha
    holds for each of these steps; the claim that matters is the first one.

    Args:
        scores: Shape (candidates, seeds), without NaN; greater is better.
        rng: Draws the permutations.
        alpha: A p-value above it means: not distinguishable.
        permutations: Of each test.
    """
    values = np.asarray(scores, dtype=float)
    left = np.arange(len(values))
    ranks = np.zeros(len(values), dtype=np.int64)
    letters = [""] * len(values)
    against_best = np.ones(len(values))
    step = 0
    while len(left):
        test = max_t_test(values[left], rng, permutations=permutations, alpha=alpha)
        if step == 0:
            against_best = test.p_values
        together = left[test.p_values > alpha]
        ranks[together] = 1 + len(values) - len(left)
        for candidate in together:
            letters[candidate] = _letter(step)
        left = left[test.p_values <= alpha]
        step += 1
    return Groups(ranks, tuple(letters), against_best)


def _letter(step: int) -> str:
    """Return a, b, ..., z, aa, ab, ..."""
    name = ""
    step += 1
    while step:
        step, last = divmod(step - 1, 26)
        name = string.ascii_lowercase[last] + name
    return name


@dataclass(frozen=True)
class Verdict:
    """What the scores allow to say.

    Attributes:
        answer: In the words of the report.
        best: Index of the candidate with the greatest mean.
        undecided: Indices of the others that cannot be told from the best, in the order of their
            means; empty if the best is the winner.
        seeds: Seeds that every candidate was run with.
        seeds_needed: Seeds that would tell the best from all the undecided with 80 % power if the
            differences and their spread were as observed; None if no number would, or none needed.
            The observed differences are those of the best picked after looking, so in truth it
            takes rather more.
        smallest_p_value: The smallest that these seeds could have given.
    """

    answer: Answer
    best: int
    undecided: tuple[int, ...]
    seeds: int
    seeds_needed: int | None
    smallest_p_value: float


def verdict(scores: ArrayLike, p_values: ArrayLike, *, alpha: float = ALPHA) -> Verdict:
    """Put the result of `groups` or `max_t_test` into an answer.

    Args:
        scores: Shape (candidates, seeds), without NaN; greater is better.
        p_values: Shape (candidates,): against the best, 1 for the best itself.
        alpha: A p-value above it means: not distinguishable.
    """
    values = np.asarray(scores, dtype=float)
    candidates, seeds = values.shape
    order = np.argsort(-values.mean(axis=1), kind="stable")
    shown = np.asarray(p_values, dtype=float) <= alpha
    best = int(order[0])
    undecided = tuple(int(i) for i in order[1:] if not shown[i])
    smallest = smallest_p_value(candidates, seeds) if seeds > 1 else 1.0
    return Verdict(
        answer=_answer(candidates, len(undecided), smallest, alpha),
        best=best,
        undecided=undecided,
        seeds=seeds,
        seeds_needed=_seeds_to_decide(values, best, undecided, alpha),
        smallest_p_value=smallest,
    )


def _answer(candidates: int, undecided: int, smallest: float, alpha: float) -> Answer:
    if candidates < 2:
        return "one candidate"
    if not undecided:
        return "winner"
    return "too few seeds" if smallest > alpha else "no difference shown"


def _seeds_to_decide(
    values: NDArray[np.float64], best: int, undecided: tuple[int, ...], alpha: float
) -> int | None:
    """Return the seeds for the hardest of the undecided, by the paired t-test.

    Bonferroni's division of alpha stands in for the max-T test, whose power has no formula.
    """
    candidates, seeds = values.shape
    if seeds < 2 or not undecided:
        return None
    fewest = _fewest_seeds(alpha)
    gaps = values[best] - values[list(undecided)]
    means, sds = gaps.mean(axis=1), gaps.std(axis=1, ddof=1)
    effects = np.divide(means, sds, out=np.where(means > 0, np.inf, 0.0), where=sds > 0)
    hardest = int(effects.argmin())
    found = seeds_needed(float(means[hardest]), float(sds[hardest]), alpha=alpha / (candidates - 1))
    return None if found is None else max(found, fewest, seeds + 1)


def _fewest_seeds(alpha: float) -> int:
    """Return the fewest seeds with which two candidates can be told apart at all: 6 for 5 %."""
    seeds = 2
    while smallest_p_value(2, seeds) > alpha:
        seeds += 1
    return seeds
