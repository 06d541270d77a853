"""The page of a comparison, made from the files in its folder."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

from dlcli.compare.results.wording import shown_interval
from dlcli.errors import UserError
from dlcli.report.page.costs import cost_figures, cost_tables
from dlcli.report.page.fractions import fraction_figures, fraction_tables
from dlcli.report.page.html import (
    Figure,
    Section,
    bare,
    bullets,
    card,
    code,
    page,
    paragraphs,
    prose,
    table,
)
from dlcli.report.page.plots import Tables, of, problem_figures
from dlcli.report.page.sources import DAMAGED, Row, number, provenance, read_rows, shown
from dlcli.report.page.told import read_told
from dlcli.report.text.documents import (
    AGGREGATE,
    COSTS,
    FRACTIONS,
    compared,
    ranked_table,
    shown_failures,
)
from dlcli.store import comparisons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlcli.report.page.told import Headline, Measure, PageText
    from dlcli.store.comparisons import ComparisonFolder

SHOWN_FAILURES = 200

FAILURE = {
    "problem": "problem", "candidate": "candidate", "learning rate": "learning_rate",
    "initializer": "initializer", "stage": "stage", "replication": "replication", "seed": "seed",
    "status": "status", "epochs": "epochs", "message": "message",
}  # fmt: skip
"""Columns that say which trial failed; what is empty for all is left out. Tables have a `stage` if
they were made by the former protocol, else a `replication`."""

FATES = {
    "ok": ("#B9D9EB", ""), "pruned": ("#E4E4E4", ""), "stuck": ("#E69F00", "/"),
    "diverged": ("#D55E00", "x"), "failed": ("#000000", "."),
}  # fmt: skip
"""Colors and patterns of what may become of a trial."""

TEXTS = frozenset({
    "problem", "group", "verdict", "candidate", "label", "optimizer", "arguments", "initializer",
    "settings", "edge", "cliff", "under_tuned",
})  # fmt: skip
"""The columns of a summary that hold no numbers."""

MORE = {
    "sd": "sd",
    "loss of Keras's default rate": "default_regret",
    "width in decades": "width_decades",
}
"""Columns that only the page's table has room for, and those of `summary.csv` they show."""

SPACE = "\N{NO-BREAK SPACE}"


def comparison_page(folder: ComparisonFolder) -> str:
    """Return the page of a comparison whose tables are written.

    Raises:
        UserError: If a table is missing or damaged.
    """
    try:
        return _page(folder, _read(folder))
    except DAMAGED as error:
        remedy = "run the same `dlcli compare-optimizers` again: it writes the tables anew"
        raise UserError(f"a table in {folder.path} is damaged: {error!r}", remedy=remedy) from error


def _page(folder: ComparisonFolder, tables: Tables) -> str:
    told = tables.told
    sections = [*([Section("All problems", [_joint(told)])] if told.aggregate else [])]
    for problem in tables.problems:
        measure = told.measure(problem)
        ranked = _ranked(of(tables.summary, problem), told, measure)
        words = [paragraphs(*measure.sentences)] if measure.sentences else []
        costs = of(tables.costs, problem)
        figures = problem_figures(tables, problem) + cost_figures(tables, costs, measure.score)
        curves = of(tables.fractions, problem)
        figures += fraction_figures(tables, curves, measure.score)
        shown_tables = [ranked, *cost_tables(costs), *fraction_tables(curves)]
        sections.append(Section(problem, [*shown_tables, *words, *figures]))
    sections += [
        Section("Failed trials", _failures(tables.trials, told)),
        *([Section("Notes", [prose(told.notes)])] if told.notes else []),
        Section("How to read the tables", [bullets(told.reading)]),
        Section("How it was made", _provenance(folder)),
    ]
    lead = _headline(folder, told.headline) + prose(told.lead)
    return page(f"Comparison of {compared(tables.costs)}: {folder.name}", lead, sections)


def _headline(folder: ComparisonFolder, headline: Headline | None) -> str:
    """Return a card with the verdict, the chosen rate and the command that trains it."""
    if headline is None:
        return ""
    if not headline.recommended or not (folder.path / comparisons.BEST).exists():
        return card(headline.sentences)
    is_usual = folder.path.parent.name == comparisons.DEFAULT_FOLDER
    words = ["dlcli", "train", "--from", folder.name if is_usual else str(folder.path)]
    more = paragraphs(headline.recommended, "Train it:") + code(shlex.join(words))
    return card(headline.sentences, more)


def _read(folder: ComparisonFolder) -> Tables:
    told = read_told(folder)
    names = ["summary", "curves", "sensitivity", "arrivals", "budget"]
    return Tables(
        **{name: read_rows(folder, f"{name}.csv") for name in names},
        scores=[] if told.is_former else read_rows(folder, "scores.csv"),
        fractions=read_rows(folder, FRACTIONS) if (folder.path / FRACTIONS).exists() else [],
        costs=read_rows(folder, COSTS) if (folder.path / COSTS).exists() else [],
        trials=read_rows(folder, "trials.csv", FAILURE.values()),
        told=told,
    )


def _joint(told: PageText) -> str:
    """Return the table over all problems."""
    return table(AGGREGATE, told.aggregate, numeric=AGGREGATE[1:], name="All problems")


def _ranked(summary: Sequence[Row], told: PageText, measure: Measure) -> str:
    """Return the table of the printed summary, and what it has no room for."""
    score = f"{measure.score} [95{SPACE}%{SPACE}interval]"
    rows = [_typed(row) for row in summary]
    make = _former_table if told.is_former else ranked_table
    header, cells, numeric = make(rows, score)
    more = dict(MORE)
    if not told.is_former:
        more = {"rates chosen": "rates", **more}
    added = [
        [_rates(row) if key == "rates" else shown(row[key]) for key in more.values()]
        for row in summary
    ]
    return table(
        [*header, *more],
        [[*first, *then] for first, then in zip(cells, added, strict=True)],
        numeric=[*numeric, *more],
        name="The ranking",
        kept=score,
    )


def _rates(row: Row) -> str:
    """Return the least and the largest rate that a replication chose."""
    low, high = number(row["rate_low"]), number(row["rate_high"])
    if low is None or high is None:
        return "-"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _former_table(
    rows: Sequence[dict[str, Any]], score: str
) -> tuple[list[str], list[list[str]], list[str]]:
    """Return the ranked table of the former protocol: ranks and letters instead of verdicts."""
    cells = [
        [
            f"{row['rank']:g} {row['group']}" if not math.isnan(row["rank"]) else "-",
            row["candidate"],
            f"{row['learning_rate']:g}" if not math.isnan(row["learning_rate"]) else "-",
            shown_interval(row),
            "-"
            if math.isnan(row["p_value"]) or row["difference"] == 0
            else f"{row['p_value']:.3f}",
            shown_failures(row),
        ]
        for row in rows
    ]
    header = ["rank", "candidate", "learning rate", score, "p", "failed"]
    return header, cells, ["learning rate", score, "p"]


def _typed(row: Row) -> dict[str, Any]:
    """Return a summary's row with its numbers as numbers, missing ones as NaN."""
    return {
        key: text if key in TEXTS else (math.nan if number(text) is None else number(text))
        for key, text in row.items()
    }


def _failures(trials: Sequence[Row], told: PageText) -> list[str | Figure]:
    missing = (
        [paragraphs(f"Interrupted: {told.missing} trials are not yet run.")] if told.missing else []
    )
    failed = [row for row in trials if row["status"] not in ("ok", "pruned")]
    if not failed:
        done = f"All {len(trials)} trials{' that were run' if missing else ''} succeeded."
        return [*missing, paragraphs(done)]
    said = (
        f"{len(failed)} of {len(trials)} trials failed: they diverged (the loss or the weights "
        "contain NaN or infinity), got stuck (no better than chance at the end) or could not be "
        "run. Diverged and stuck trials count with the score of chance."
    )
    columns = {name: key for name, key in FAILURE.items() if any(row.get(key) for row in failed)}
    rows = [[row[key] for key in columns.values()] for row in failed[:SHOWN_FAILURES]]
    more = len(failed) - len(rows)
    return [
        *missing,
        paragraphs(said),
        _fates(trials),
        table(
            tuple(columns),
            rows,
            numeric=("learning rate", "replication", "seed", "epochs"),
            name="The failed trials",
        ),
        *([paragraphs(f"{more} more are in trials.csv.")] if more else []),
    ]


def _fates(trials: Sequence[Row]) -> Figure:
    """Return bars of what became of each candidate's trials."""
    counts = Counter((row["candidate"], row["status"]) for row in trials)
    candidates = list(dict.fromkeys(row["candidate"] for row in trials))
    kinds = [kind for kind in FATES if any(counts[c, kind] for c in candidates)]
    traces = [
        {
            "type": "bar", "orientation": "h", "name": kind, "y": [bare(c) for c in candidates],
            "x": [counts[c, kind] for c in candidates],
            "marker": {"color": FATES[kind][0], "pattern": {"shape": FATES[kind][1]}},
            "hovertemplate": f"%{{y}}: %{{x}} {kind}<extra></extra>",
        }
        for kind in kinds
    ]  # fmt: skip
    rows = [[c, *(str(counts[c, kind]) for kind in kinds)] for c in candidates]
    return Figure(
        "What became of the trials",
        "All trials of all learning rates. Many failures mean that the rates that were tried reach "
        "into where the optimizer fails.",
        traces,
        {
            "barmode": "stack",
            "xaxis": {"title": {"text": "trials"}},
            "yaxis": {"type": "category", "autorange": "reversed"},
        },
        [["candidate", *kinds], *rows],
        max(220, 26 * len(candidates) + 120),
    )


def _provenance(folder: ComparisonFolder) -> list[str | Figure]:
    environment = folder.read_json(comparisons.ENVIRONMENT)
    return provenance(environment, [("The config", folder.read_text(comparisons.CONFIG))])
