"""Several problems in one comparison: scores on one scale, aggregates and profiles.

The problems are a sequence of arrays of shape (candidates, seeds), one a problem, with the same
candidates; the numbers of seeds may differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dlcli.statistics.best import judge
from dlcli.statistics.description import TRIM, Interval
from dlcli.statistics.power import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from dlcli.statistics.best import Verdict

RESAMPLES = 10_000

FEWEST_RESAMPLES = 2_000
"""However many runs there are: the ends of an interval then vary by a twentieth of its half."""

MOST_CELLS = 3_000_000
"""Resampled scores in all: a tenth of a second. 300 runs get all the resamples."""

FEWEST_TO_GENERALIZE = 5
"""With fewer problems nothing can be said of others like them."""

FEWEST_PROBLEMS = 3
"""With fewer problems an aggregate says less than the problems' own rows."""


def normalise(scores: ArrayLike, floor: float | None = None) -> NDArray[np.float64]:
    """Put one problem's scores on a scale from 0 to 1, the mean of its best candidate.

    The scale depends on the candidates compared: normalised scores of different comparisons must
    not be set side by side. (Agarwal et al. 2021 normalise games by a random and a human player.)

    Args:
        scores: Shape (candidates, seeds); greater is better.
        floor: What counts as 0, chance level for an accuracy; by default the worst candidate's
            mean.

    Returns:
        The same shape; a run better than the best mean is above 1, one below the floor negative.
        Ones where all candidates are alike.
    """
    values = np.asarray(scores, dtype=float)
    means = values.mean(axis=1)
    bottom = float(means.min()) if floor is None else floor
    scale = float(means.max()) - bottom
    return (values - bottom) / scale if scale > 0 else np.ones_like(values)


def aggregate_interval(
    scores: Sequence[ArrayLike],
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the stratified bootstrap interval of one candidate's interquartile mean.

    The seeds are resampled within each problem, and the interquartile mean is taken over the runs
    of all problems together (Agarwal et al. 2021); the interval says what other seeds would have
    given on these problems, not what other problems would have.

    Args:
        scores: One array (seeds,) a problem: the candidate's normalised scores.
        rng: Draws the resamples.
        confidence: Share of the resamples inside the interval.
        resamples: How many, fewer where there are very many runs.

    Raises:
        ValueError: With fewer than three problems.
    """
    if len(scores) < FEWEST_PROBLEMS:
        raise ValueError(f"an aggregate needs at least {FEWEST_PROBLEMS} problems")
    strata = [np.asarray(s, dtype=float) for s in scores]
    runs = sum(len(s) for s in strata)
    resamples = min(resamples, max(FEWEST_RESAMPLES, MOST_CELLS // max(1, runs)))
    drawn = [s[rng.integers(len(s), size=(resamples, len(s)))] for s in strata]
    # Sorting whole rows is faster than scipy.stats.trim_mean, which partitions them.
    ordered = np.sort(np.concatenate(drawn, axis=1), axis=1)
    left_out = int(TRIM * runs)
    means = ordered[:, left_out : runs - left_out].mean(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


@dataclass(frozen=True)
class Joint:
    """What several problems say together.

    Attributes:
        verdict: Of all problems; its `replications` are problems where `generalizes`.
        generalizes: The problems are the sample, so that the verdict is about problems like these;
            else the replications are, and it is about these problems alone.
    """

    verdict: Verdict
    generalizes: bool


def judge_jointly(
    scores: Sequence[ArrayLike],
    margin: float | None,
    rng: np.random.Generator,
    *,
    alpha: float = ALPHA,
) -> Joint:
    """Judge the candidates over all problems.

    Candidates that are equal over problems in general differ on each single one, and more
    replications only show that better. So the problems are the sample: one score a candidate and
    problem, the mean of its replications. With fewer than five problems that could show nothing;
    then the mean over the problems is judged by replication, and says only which candidate is
    better on these problems. (With five the verdict is about all problems and still cannot show
    anything: `Verdict.can_reject`.)

    Args:
        scores: One array (candidates, replications) a problem, normalized. Where problems are few,
            the first replications that all have are used.
        margin: In normalized units.
        rng: See `best.judge`.
        alpha: See `best.judge`.

    Raises:
        ValueError: Without any problem.
    """
    tables = [np.asarray(s, dtype=float) for s in scores]
    if not tables:
        raise ValueError("there is no problem to judge")
    generalizes = len(tables) >= FEWEST_TO_GENERALIZE
    if generalizes:
        joint = np.stack([table.mean(axis=1) for table in tables], axis=1)
    else:
        shared = min(table.shape[1] for table in tables)
        joint = np.mean([table[:, :shared] for table in tables], axis=0)
    return Joint(judge(joint, margin, rng, alpha=alpha), generalizes)


def score_profile(scores: Sequence[ArrayLike], thresholds: ArrayLike) -> NDArray[np.float64]:
    """Return the share of runs above each threshold, each problem weighing the same.

    It is the performance profile of Agarwal et al. 2021: the curve that lies above another one
    everywhere is better at every quantile.

    Args:
        scores: One array (candidates, seeds) a problem, normalised.
        thresholds: Shape (thresholds,).

    Returns:
        Shape (candidates, thresholds).
    """
    limits = np.asarray(thresholds, dtype=float)
    shares = [(np.asarray(s, dtype=float)[:, :, None] > limits).mean(axis=1) for s in scores]
    return np.asarray(np.mean(shares, axis=0))
