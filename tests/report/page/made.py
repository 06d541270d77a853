"""Pages of comparisons that never took place: real plans and statistics, made-up scores."""

from __future__ import annotations

from dataclasses import replace

from dlcli.compare.results import make_results
from dlcli.report.page import REPORT, comparison_page
from dlcli.report.text.documents import write_tables
from dlcli.store.comparisons import ComparisonFolder
from tests.compare.made import by_rate, plan, result, run

PEAKS = {
    "SGD": (0.316, 0.90), "Ftrl": (0.1, 0.91), "Adam": (1e-3, 0.92), "AdamW": (1e-3, 0.93),
    "RMSprop": (1e-3, 0.91), "Lion": (1e-4, 0.90), "Nadam": (1e-3, 0.92), "Adagrad": (0.1, 0.88),
}  # fmt: skip
LARGE = (
    "compare: {optimizers: [SGD, Ftrl, Adam, AdamW, RMSprop, Lion, Nadam, Adagrad], "
    "initializers: [GlorotUniform, HeNormal], seeds: 8}"
)
"""Of over 400 trials."""


def written(
    place, compare=LARGE, peaks=None, *, epochs=10, failing=None, told=None, names=("made",)
):
    """Write the tables and the page of a comparison into a new folder; return the page's path.

    Args:
        place: The folder.
        compare: Its section of a config.
        peaks: label -> (best rate, best score).
        epochs: Of each training.
        failing: Label to the status of all trials of it.
        told: Fields of the results that are replaced.
        names: Of the problems.
    """
    score = by_rate(PEAKS if peaks is None else peaks, spread=0.005, width=3)

    def judge(made, trial):
        status = (failing or {}).get(made.candidates[trial.candidate].label, "ok")
        reached = score(made, trial) if status == "ok" else 0.2
        return result(reached, epochs=epochs, status=status)

    made = plan(compare, epochs=epochs, names=names)
    schedule, records = run(made, score, judge=judge)
    results = replace(make_results(made, records, schedule, ["a note"]), **(told or {}))
    place.mkdir(parents=True)
    folder = ComparisonFolder(place)
    write_tables(results, folder)
    folder.write_text("config.yaml", f"name: made\n{compare}\n")
    folder.write_json(
        "environment.json",
        {"command": ["dlcli", "compare-optimizers"], "protocol": "replications", "problems": "1"},
    )
    folder.write_text(REPORT, comparison_page(folder))
    return place / REPORT
