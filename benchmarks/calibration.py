"""Whether the statistics keep their promises, by simulation: false claims, coverage, power.

    python benchmarks/calibration.py                    # everything, in about half an hour
    python benchmarks/calibration.py closure spreads    # some of it
    python benchmarks/calibration.py --repetitions 200  # sooner, less exactly

Each section draws scores of which the truth is known, asks `dlcli.statistics` what it
makes of them, and counts. The standard error of a share of 5 % over 1000 repetitions is 0.7 %.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from harness import save, shown
from scipy import stats
from scipy.special import expit

from dlcli.compare.plan.blocks import BLOCKS
from dlcli.compare.plan.candidates import Candidate
from dlcli.compare.plan.plan import Plan, Problem, RankingScore
from dlcli.compare.plan.records import Result, TrialRecord
from dlcli.compare.plan.schedule import Course, Look, Schedule
from dlcli.compare.results.ranking import Ranking, look_at, rank
from dlcli.compare.results.scores import Scores
from dlcli.metrics.evaluation import score
from dlcli.metrics.intervals import placements
from dlcli.statistics.best import _Table, judge
from dlcli.statistics.description import describe
from dlcli.statistics.examples import two_way
from dlcli.statistics.looks import LOOKS, spending
from dlcli.statistics.power import ALPHA
from dlcli.statistics.problems import judge_jointly
from dlcli.statistics.sensitivity import regret
from dlcli.statistics.signs import closed_p_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dlcli.statistics.description import Interval

Row = dict[str, Any]
FLIPS = 1024


def p_values(
    scores: NDArray[np.float64], rng: np.random.Generator, errors: Any = None, alpha: float = ALPHA
) -> Any:
    """Return what `judge` would find, without the bounds, which take longer."""
    best = int(scores.mean(axis=1).argmax())
    table = _Table(scores, errors)
    return closed_p_values(scores, best, table.comparable_t(best), rng, alpha=alpha, most=FLIPS)


def claims(scores: NDArray[np.float64], rng: np.random.Generator) -> bool:
    return bool(p_values(scores, rng).min() <= 0.05)


# (a) the closure, and what it leaves of power


def closure(repetitions: int) -> Iterator[Row]:
    """A better than B by 1.3 sd, six others at -3 sd: how often B is shown worse."""
    for replications in (6, 10, 20):
        rng = np.random.default_rng(replications)
        shown_worse = pair = errors = 0
        for _ in range(repetitions):
            noise = rng.normal(size=(8, replications))
            truth = np.array([0, -1.3, *[-3.0] * 6])[:, None]
            scores = noise + truth
            found = p_values(scores, rng)
            shown_worse += bool(scores.mean(axis=1).argmax() == 0 and found[1] <= 0.05)
            pair += claims(scores[:2], rng)
            truth[1] = 0
            errors += bool(p_values(noise + truth, rng)[:2].min() <= 0.05)
        yield {
            "replications": replications,
            "B shown worse": shown_worse / repetitions,
            "the pair alone": pair / repetitions,
            "false claims": errors / repetitions,
        }


# (b) unequal spreads


def normal(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    return rng.normal(size=shape)


def five_times(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """One candidate scatters five times as much as the others."""
    scores = rng.normal(size=shape)
    scores[0] *= 5
    return scores


def collapsing(depth: float) -> Callable[..., NDArray[np.float64]]:
    """One candidate loses so many sd in 5 % of trainings, and is equal in the mean otherwise."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
        scores = rng.normal(size=shape)
        scores[0] += 0.05 * depth - depth * (rng.random(shape[1]) < 0.05)
        return scores

    return draw


def opposite(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Exponential scores, every other candidate's with the tail below."""
    scores = rng.exponential(size=shape) - 1
    scores[::2] *= -1
    return scores


def one_opposite(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    scores = rng.exponential(size=shape) - 1
    scores[0] *= -1
    return scores


def heavy(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    return rng.standard_t(1.5, size=shape)


def rounded(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    return np.minimum(1.0, np.round(0.99 + 0.01 * rng.normal(size=shape), 2))


def diverging(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    return np.where(rng.random(shape) < 0.2, 0.1, 0.9 + 0.01 * rng.normal(size=shape))


POPULATIONS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "normal": normal,
    "one of 5 times the sd": five_times,
    "one collapses by 4 sd in 5 %": collapsing(4),
    "one collapses by 6 sd in 5 %": collapsing(6),
    "one collapses by 10 sd in 5 %": collapsing(10),
    "opposite skew, half": opposite,
    "opposite skew, one": one_opposite,
    "heavy tails": heavy,
    "ties at 1": rounded,
    "20 % diverge": diverging,
}


def spreads(repetitions: int) -> Iterator[Row]:
    """Candidates of equal mean: how often any is shown worse."""
    for name, draw in POPULATIONS.items():
        row: Row = {"population": name}
        for candidates in (8, 15):
            for replications in (6, 10, 20):
                rng = np.random.default_rng(replications)
                shape = (candidates, replications)
                found = sum(claims(draw(rng, shape), rng) for _ in range(repetitions))
                row[f"{candidates} x {replications}"] = found / repetitions
        yield row


# (c) simultaneous bounds, as good, and (e, f) power and how many


def bounds(repetitions: int) -> Iterator[Row]:
    """Hsu's upper bounds: how often all hold; how often a candidate is wrongly `as_good`."""
    truths = {
        "all equal": np.zeros(8),
        "1 sd apart": -np.arange(8.0),
        "one lacks the margin": np.array([0, 0, 0, 0, 0, 0, 0, -1.0]),
        "two": np.array([0, -1.0]),
    }
    for name, truth in truths.items():
        for replications in (5, 10, 20):
            rng = np.random.default_rng(replications)
            hold = wrong = good = 0
            for _ in range(repetitions):
                noise = rng.normal(size=(len(truth), replications)) + rng.normal(size=replications)
                found = judge(noise + truth[:, None], 1.0, rng).standings
                lacks = truth.max() - truth
                hold += all(s.lack_high >= x - 1e-12 for s, x in zip(found, lacks, strict=True))
                status = np.array([s.status for s in found])
                wrong += bool(((status == "as_good") & (lacks >= 1.0)).any())
                good += float((status == "as_good").sum()) / (len(truth) - 1)
            yield {
                "truth": name,
                "replications": replications,
                "all bounds hold": hold / repetitions,
                "wrongly as good": wrong / repetitions,
                "as good, share": good / repetitions,
            }


def power(repetitions: int) -> Iterator[Row]:
    """A best candidate better than all others by what `detectable` says: is one shown in 80 %?"""
    for candidates in (2, 8):
        for share in (0.0, 0.5):
            for replications in (6, 7, 10, 20):
                rng = np.random.default_rng(replications)
                shape = (candidates, replications)

                def draw(
                    shape: tuple[int, int] = shape,
                    share: float = share,
                    rng: np.random.Generator = rng,
                ) -> NDArray[np.float64]:
                    common = rng.normal(size=shape[1]) * np.sqrt(share)
                    return rng.normal(size=shape) * np.sqrt(1 - share) + common

                told = [judge(draw(), None, rng).detectable or 0.0 for _ in range(60)]
                size = float(np.median(told))
                given = 0
                for _ in range(repetitions):
                    scores = draw()
                    scores[0] += size
                    given += bool(p_values(scores, rng)[1] <= 0.05)
                yield {
                    "candidates": candidates,
                    "variance shared": share,
                    "replications": replications,
                    "detectable, sd": size,
                    "a given one shown": given / repetitions,
                }


def how_many(repetitions: int) -> Iterator[Row]:
    """How often a number of further replications is named, and whether that number does it."""
    # Two candidates, variance of the difference 2: (1.96 + 0.84)^2 * 2 / 0.7^2 = 32 in all, and so
    # on with Student's t; within the margin (1.64 + 0.84)^2 * 2 / 0.3^2.
    for name, truth, margin, needed in (
        ("equal", np.zeros(8), None, None),
        ("equal, margin 1 sd", np.zeros(8), 1.0, None),
        ("one of two lacks 0.7 sd", np.array([0, -0.7]), None, 34 - 10),
        ("one of two lacks 0.7 sd, margin 1 sd", np.array([0, -0.7]), 1.0, 34 - 10),
    ):
        rng = np.random.default_rng(3)
        named = opened = comparisons = right = bounded = 0
        for _ in range(repetitions):
            scores = rng.normal(size=(len(truth), 10)) + truth[:, None]
            found = judge(scores, margin, rng).standings
            ranges = [s.more for s in found if s.more is not None]
            opened += sum(s.status == "open" for s in found)
            named += len(ranges)
            comparisons += bool(ranges)
            for fewest, most in ranges:
                bounded += most is not None
                right += needed is not None and fewest <= needed <= (most or np.inf)
        yield {
            "truth": name,
            "comparisons with a number": comparisons / repetitions,
            "of the open with one": named / max(opened, 1),
            "of these with an upper end": bounded / max(named, 1),
            "of these with the true number": right / named if needed and named else np.nan,
        }


# examples x replications


def scored(correct: NDArray[Any], block: NDArray[np.intp]) -> tuple[Any, Any]:
    """Return scores (candidates, replications), and those without each block.

    Args:
        correct: Shape (candidates, replications, examples).
        block: Shape (replications, examples): the block of each example.
    """
    total = correct.sum(axis=2, dtype=float)
    without = []
    for number in range(BLOCKS):
        inside = block == number
        left = total - (correct * inside).sum(axis=2)
        without.append(left / (~inside).sum(axis=1))
    return total / correct.shape[2], np.stack(without, axis=2)


def examples_coverage(repetitions: int) -> Iterator[Row]:
    """Random effects of examples, replications and both: how often the interval holds the truth."""
    for replications in (5, 10, 20, 100):
        for examples in (359, 2000):
            for name, own, example, both in (
                ("mixed", 0.01, 0.2, 0.2),
                ("replications", 0.03, 0.2, 0.2),
                ("examples", 0.0, 0.2, 0.3),
                ("little of examples", 0.02, 0.05, 0.3),
            ):
                rng = np.random.default_rng(examples + replications)
                block = np.broadcast_to(np.arange(examples) % BLOCKS, (replications, examples))
                two = plain = 0
                for _ in range(repetitions):
                    table = rng.normal(size=(replications, examples)) * both
                    table += rng.normal(size=examples) * example
                    table += rng.normal(size=(replications, 1)) * own
                    scores, without = scored(np.stack([table, np.zeros_like(table)]), block)
                    found = two_way(scores, without)
                    mean = abs(scores[0].mean())
                    half = stats.t.ppf(0.975, found.freedom[0, 1]) * found.standard_errors[0, 1]
                    two += bool(mean <= half)
                    half = stats.t.ppf(0.975, replications - 1) * stats.sem(scores[0])
                    plain += bool(mean <= half)
                yield {
                    "replications": replications,
                    "examples": examples,
                    "spread": name,
                    "two-way": two / repetitions,
                    "plain": plain / repetitions,
                }


POOL, TEST = 1797, 359


def images(rng: np.random.Generator, replications: int, pool: int) -> tuple[Any, Any]:
    """Return scores of eight networks of equal population accuracy (0.98) on draws of one pool.

    An image is recognised if the sum of the network's merit, the image's ease, what the image is
    to the network in all trainings, and chance is positive.
    """
    ease = 2.6 + rng.normal(size=pool) + 0.25 * rng.normal(size=(8, pool))
    correct = np.empty((8, replications, TEST), bool)
    block = np.empty((replications, TEST), np.intp)
    for replication in range(replications):
        chosen = rng.permutation(pool)[:TEST]
        chance = 0.6 * rng.normal(size=(8, TEST)) + 0.15 * rng.normal(size=(8, 1))
        correct[:, replication] = ease[:, chosen] + chance > 0
        block[replication] = chosen % BLOCKS
    return scored(correct, block)


def floor(repetitions: int) -> Iterator[Row]:
    """Eight equal candidates on one data set: false claims by the plain error and the floored."""
    for name, pool in (("resample", POOL), ("official", TEST)):
        for replications in (10, 20, 40, 100):
            rng = np.random.default_rng(replications)
            plain = floored = 0
            for _ in range(repetitions):
                scores, without = images(rng, replications, pool)
                plain += claims(scores, rng)
                floored += bool(p_values(scores, rng, two_way(scores, without)).min() <= 0.05)
            yield {
                "split": name,
                "replications": replications,
                "plain": plain / repetitions,
                "with the floor": floored / repetitions,
            }
        rng = np.random.default_rng(LOOKS)
        plain = floored = 0
        for _ in range(repetitions):
            scores, without = images(rng, LOOKS[-1], pool)
            plain += claimed_at_looks(scores, None, rng)
            floored += claimed_at_looks(scores, without, rng)
        yield {
            "split": name,
            "replications": f"looks at {LOOKS[0]}, {LOOKS[1]} and {LOOKS[2]}",
            "plain": plain / repetitions,
            "with the floor": floored / repetitions,
        }


def claimed_at_looks(
    scores: NDArray[np.float64], without: NDArray[np.float64] | None, rng: np.random.Generator
) -> bool:
    """Whether any of the looks shows a candidate worse, at the level that it may spend."""
    for look, level in zip(LOOKS, spending(LOOKS), strict=True):
        errors = None if without is None else two_way(scores[:, :look], without[:, :look])
        if p_values(scores[:, :look], rng, errors, level).min() <= level:
            return True
    return False


# (d) failures told apart, (k) tuning, looks, several problems, (g) evaluation


def failures(repetitions: int) -> Iterator[Row]:
    """One training in ten diverges: coverage of the mean of all, of the rest, and of the share."""
    for replications in (5, 10, 20):
        rng = np.random.default_rng(replications)
        whole = rest = share = made = 0
        for _ in range(repetitions):
            failed = rng.random(replications) < 0.1
            scores = np.where(failed, 0.1, rng.normal(0.9, 0.01, replications))
            found = describe(scores, failed)
            whole += holds(found.interval, 0.9 * 0.9 + 0.1 * 0.1)
            share += holds(found.failure_share, 0.1)
            made += found.succeeded_interval is not None
            rest += holds(found.succeeded_interval, 0.9)
        yield {
            "replications": replications,
            "mean of all": whole / repetitions,
            "mean of the rest": rest / made,
            "share of failures": share / repetitions,
        }


def holds(interval: Interval | None, truth: float) -> bool:
    return interval is not None and interval.low <= truth <= interval.high


def tuning(repetitions: int) -> Iterator[Row]:
    """What a default rate loses, tuned again near the best so far: coverage and bias."""
    rates = 10.0 ** np.arange(-4, 0.5, 0.5)
    for name, height, default in (
        ("flat", np.zeros(9), 1e-2),
        ("a peak, the default beside it", -np.abs(np.arange(9) - 4.0), 10**-2.5),
        ("a peak, the default on it", -np.abs(np.arange(9) - 4.0), 1e-2),
    ):
        for replications in (5, 10, 20):
            rng = np.random.default_rng(replications)
            inside = made = 0
            plain, means = [], []
            for _ in range(repetitions):
                noise = rng.normal(size=(9, replications)) + rng.normal(size=replications)
                full = height[:, None] + noise
                scores = full.copy()
                for number in range(1, replications):
                    best = int(np.nanmean(scores[:, :number], axis=1).argmax())
                    scores[np.abs(np.arange(9) - best) > 1, number] = np.nan
                place = int(np.abs(np.log10(rates / default)).argmin())
                plain.append(full[:, 0].max() - full[place, 0])
                found = regret(rates, scores, default)
                if found is None or found.interval is None:
                    continue
                made += 1
                means.append(found.mean)
                inside += holds(found.interval, float(height.max() - height[place]))
            yield {
                "curve": name,
                "replications": replications,
                "true regret": float(height.max() - height[place]),
                "mean, first search alone": float(np.mean(plain)),
                "mean": float(np.mean(means)),
                "with an interval": made / repetitions,
                "covers": inside / made,
            }


def looks(repetitions: int) -> Iterator[Row]:
    """Whole comparisons with `seeds: auto`: false claims, and the trainings that looks save.

    The schedule is a comparison's own, with one rate a candidate; only the scores are drawn.
    """
    equal, gradient = np.zeros(8), -0.4 * np.arange(8.0)
    winner = np.array([0, *[-2.0] * 7])
    cases = (
        ("equal", equal, (0.0, 1.0, 2.0)),
        ("a gradient of 0.4 sd", gradient, (0.0, 1.0)),
        ("one clear winner", winner, (0.0, 1.0)),
    )
    for name, truth, margins in cases:
        for margin in margins:
            rng = np.random.default_rng(5)
            wrong = wrongly_good = decided = trained = covered = means = 0
            for _ in range(repetitions):
                scores = rng.normal(size=(8, LOOKS[-1])) + truth[:, None]
                found = looked(scores, margin)
                shown = found.ranking.shown
                wrong += any(claimed_wrongly(look, scores, truth) for look in found.course.looks)
                good = [i for i, each in shown.items() if each.standing.status == "as_good"]
                wrongly_good += bool((truth.max() - truth[good] >= margin).any())
                decided += found.course.looks[-1].is_decided
                trained += found.course.trials - found.course.saved
                for index, each in shown.items():
                    interval = describe(scores[index, : each.replications]).interval
                    covered += holds(interval, float(truth[index]))
                    means += 1
            yield {
                "truth": name,
                "margin": f"{margin:g} sd" if margin else "none",
                "wrong claims": wrong / repetitions,
                "wrongly as good": wrongly_good / repetitions,
                "trainings saved": 1 - trained / (truth.size * LOOKS[-1] * repetitions),
                "all decided": decided / repetitions,
                "intervals of means that cover": covered / means,
            }


class Looked(NamedTuple):
    """How a comparison with looks went, and what it came to."""

    course: Course
    ranking: Ranking


def looked(scores: NDArray[np.float64], margin: float) -> Looked:
    """Let the schedule of a comparison look at scores, shape (candidates, replications)."""
    unknown: Any = None  # no network and no data: nothing is trained
    problem = Problem("made", unknown, ("score",), {"score": -9.0}, {"score": -9.0})
    candidates = tuple(
        Candidate(0, f"{i}", f"{i}", unknown, None, unknown, unknown, (0.1,), None, 0, None)
        for i in range(len(scores))
    )
    score = RankingScore("score", "best", greater_is_better=True)
    seeds = tuple(range(scores.shape[1]))
    plan = Plan((problem,), (), candidates, seeds, score, margin=margin, is_sequential=True)
    schedule = Schedule(plan, look_at)
    waiting, records = deque(schedule.start()), []
    while waiting:
        (trial,) = waiting.popleft().trials
        value = float(scores[trial.candidate, trial.seed])
        result = Result("ok", best={"val_score": value, "test_score": value})
        records.append(TrialRecord(trial, result))
        waiting.extend(schedule.tell(trial, result))
    ranking = rank(Scores(plan, records, schedule), 0, np.random.default_rng(0))
    assert ranking is not None  # noqa: S101 (all trials were run)
    return Looked(schedule.course(0), ranking)


def claimed_wrongly(look: Look, scores: NDArray[np.float64], truth: NDArray[np.float64]) -> bool:
    """Whether a look shows a candidate worse than one that is no better."""
    left = list(look.candidates)
    best = left[int(scores[left, : look.replications].mean(axis=1).argmax())]
    return any(truth[index] >= truth[best] for index in look.worse)


def problems(repetitions: int) -> Iterator[Row]:
    """Candidates that are equal over problems and differ by problem: false claims over all."""
    for number in (3, 5, 6, 10, 20):
        rng = np.random.default_rng(number)
        before = after = 0
        for _ in range(repetitions):
            tables = [
                rng.normal(size=(6, 1)) + 0.5 * rng.normal(size=(6, 10)) for _ in range(number)
            ]
            before += claims(np.concatenate(tables, axis=1), rng)
            joint = judge_jointly(tables, None, rng)
            worse = any(s.status == "worse" for s in joint.verdict.standings)
            after += joint.generalizes and worse
        yield {
            "problems": number,
            "replications joined": before / repetitions,
            "problems as the sample": after / repetitions,
        }


def evaluation(repetitions: int) -> Iterator[Row]:
    """Coverage of `eval`'s intervals of the area under the curve and of macro F1."""
    for examples in (50, 359, 2000):
        for positives in (0.02, 0.05, 0.5):
            rng = np.random.default_rng(examples)
            shift = 2.0
            area = float(stats.norm.cdf(shift / np.sqrt(2)))
            big = (rng.random(1_000_000) < positives).astype(int)
            guess = rng.normal(size=len(big)) + shift * big
            cut = 1.0 + (0.5 if positives < 0.5 else 0.0)
            f1 = float(np.mean(f1_by_class(big, guess > cut)))
            covered = dict.fromkeys(("auc", "auc, bootstrap", "f1", "f1, bootstrap"), 0)
            made = 0
            for number in range(repetitions):
                y = (rng.random(examples) < positives).astype(int)
                if not 0 < y.sum() < examples:
                    continue
                made += 1
                p = expit(rng.normal(size=examples) + shift * y - cut)
                seeds = np.random.default_rng(number)
                found = score(
                    y,
                    p,
                    ["auc", "f1:macro"],
                    task="binary",
                    classes=("no", "yes"),
                    resamples=500,
                    rng=seeds,
                )
                low, high = found.scores["auc"].interval
                covered["auc"] += low <= area <= high
                low, high = found.scores["f1:macro"].interval
                covered["f1"] += low <= f1 <= high
                drawn = rng.integers(examples, size=(200, examples))
                known = drawn[(y[drawn].sum(axis=1) > 0) & (y[drawn].sum(axis=1) < examples)]
                ranks = [placements(y[d], p[d])[y[d] > 0].mean() for d in known[:150]]
                low, high = np.quantile(ranks, [0.025, 0.975])
                covered["auc, bootstrap"] += low <= area <= high
                shares = [np.mean(f1_by_class(y[d], p[d] > 0.5)) for d in drawn[:150]]
                low, high = np.quantile(shares, [0.025, 0.975])
                covered["f1, bootstrap"] += low <= f1 <= high
            yield {
                "examples": examples,
                "positives": positives,
                **{name: count / made for name, count in covered.items()},
            }


def f1_by_class(truth: NDArray[Any], guess: NDArray[Any]) -> list[float]:
    """Return the F1 of either class, of those that occur."""
    found = []
    for value in (0, 1):
        of, taken = truth == value, guess == value
        if of.any() or taken.any():
            found.append(2 * float((of & taken).sum()) / float(of.sum() + taken.sum()))
    return found


SECTIONS: dict[str, tuple[Callable[[int], Iterator[Row]], float]] = {
    "closure": (closure, 1),
    "spreads": (spreads, 1),
    "bounds": (bounds, 0.3),
    "power": (power, 0.5),
    "how_many": (how_many, 0.3),
    "examples_coverage": (examples_coverage, 0.5),
    "floor": (floor, 0.4),
    "failures": (failures, 1),
    "tuning": (tuning, 0.3),
    "looks": (looks, 0.4),
    "problems": (problems, 0.3),
    "evaluation": (evaluation, 0.3),
}
"""Each with the share of the repetitions that it is given time for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    parser.add_argument("--repetitions", type=int, default=1000)
    options = parser.parse_args()
    for name in options.sections or SECTIONS:
        section, share = SECTIONS[name]
        print(name, flush=True)
        rows = []
        for row in section(max(20, round(share * options.repetitions))):
            print("  ", shown(row), flush=True)
            rows.append(row)
        save(f"calibration_{name}", rows)


if __name__ == "__main__":
    main()
