"""Tables of comparisons that are made up."""

from __future__ import annotations

from dlcli.compare.results import make_results
from tests.compare.made import by_rate, plan, run

PEAKS = {"SGD": (0.316, 0.80), "Adam": (1e-3, 0.90), "Lion": (1e-4, 0.70)}
THREE = "compare: {optimizers: [SGD, Adam, Lion], seeds: 10}"


def results(compare=THREE, *, score=None, judge=None, **settings):
    made = plan(compare, **settings)
    score = score or by_rate(PEAKS, spread=0.01, width=3)
    schedule, records = run(made, score, judge=judge)
    return make_results(made, records, schedule, schedule.notes)


def row(found, candidate, problem="made"):
    table = found.summary
    return table[(table["candidate"] == candidate) & (table["problem"] == problem)].iloc[0]


FIVE = ("one", "two", "three", "four", "five")
