"""The tables of a comparison as files: CSV for machines, Markdown and LaTeX for people."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from dlcli.compare.plan.plan import PROTOCOL
from dlcli.compare.results.wording import shown_confidence, shown_interval, shown_score
from dlcli.report.text.costs import READING, cost_table
from dlcli.report.text.importance import IMPORTANCE_READING, importance_lines
from dlcli.report.text.latex import latex_table
from dlcli.statistics.power import ALPHA
from dlcli.store.comparisons import RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from dlcli.compare.results import Results
    from dlcli.store.folder import Folder

FRACTIONS = "fractions.csv"
"""The table that only comparisons with a curve over training size have."""

COSTS = "costs.csv"
"""The table that only comparisons of networks have."""

VERDICTS = {"best": "best", "as_good": "as good", "open": "open", "worse": "worse"}
"""What tables call the verdicts of `summary.csv`."""

HEADER = (
    "verdict", "candidate", "learning rate", "score", "lacks at most", "p", "after", "failed",
    "settings",
)  # fmt: skip
"""The columns of the ranked table."""

RANKED = ("verdict", "lacks at most", "p", "after")
"""Those that are left out where nothing is ranked."""

SETTINGS = "settings"
"""What was chosen beside the learning rate; left out where only that was searched."""

AFTER = "after"
"""The replications that a verdict rests on; left out where that is the same for all."""

NUMERIC = ("learning rate", "score", "lacks at most", "p", AFTER)
"""Those that are aligned to the right."""


def write_tables(results: Results, folder: Folder) -> list[str]:
    """Write every table into the folder; return the files' names."""
    frames: dict[str, pd.DataFrame | None] = {
        "trials.csv": results.trials,
        "epochs.csv": results.epochs,
        "summary.csv": results.summary,
        "sensitivity.csv": results.sensitivity,
        "pairwise.csv": results.pairwise,
        "curves.csv": results.curves,
        "arrivals.csv": results.arrivals,
        "budget.csv": results.budget,
        "spread.csv": results.spreads,
        "scores.csv": results.scores,
        "searched.csv": results.searched if len(results.searched) else None,
        "importance.csv": results.importance if len(results.importance) else None,
        FRACTIONS: results.fractions if len(results.fractions) else None,
        COSTS: results.costs if len(results.costs) else None,
        "problems.csv": results.aggregate,
        "profiles.csv": results.profiles,
    }
    kept = {name: frame for name, frame in frames.items() if frame is not None}
    for name, frame in kept.items():
        with folder.replace_into(name) as path:
            frame.to_csv(path, index=False)
    folder.write_text("summary.md", markdown(results))
    folder.write_text("summary.tex", latex(results))
    folder.write_json(RESULTS, as_data(results))
    return [*kept, "summary.md", "summary.tex", RESULTS]


VERSION = 1
"""Of the form of `results.json`."""


def as_data(results: Results) -> dict[str, Any]:
    """Return a comparison's results as plain data: what `results.json` holds."""
    details = dict(results.details)
    return {
        "version": VERSION,
        "protocol": PROTOCOL,
        "score": results.score,
        "score_text": results.score_text,
        "validation_text": results.validation_text,
        "greater_is_better": results.greater_is_better,
        "split": results.split,
        "tune": results.tune,
        "is_ranked": results.is_ranked,
        "is_grid": results.is_grid,
        "interrupted": results.interrupted,
        "trials": len(results.trials),
        "expected_trials": results.expected_trials,
        "verdict": list(results.verdict),
        "weakened": results.weakened or None,
        "problems": [
            {
                "name": name,
                "replications": results.replications[name],
                "margin": results.margins[name],
                "target": results.targets[name],
                "chance": results.chance[name],
                "looks": results.looks.get(name),
                "sentences": list(details[name]),
                "candidates": _records(results.summary[results.summary["problem"] == name]),
            }
            for name in results.problems
        ],
        "aggregate": _records(results.aggregate),
        "sensitivity": _records(results.sensitivity),
        "pairwise": _records(results.pairwise),
        "spread": _records(results.spreads),
        "costs": _records(results.costs),
        "importance": _records(results.importance),
        "fractions": _records(results.fractions),
        "notes": list(results.notes),
    }


def _records(frame: pd.DataFrame | None) -> Any:
    return [] if frame is None else json.loads(frame.to_json(orient="records"))


Rows: TypeAlias = "Sequence[pd.Series | Mapping[str, Any]]"


def rows_of(results: Results, problem: str) -> Rows:
    """Return the rows of a problem's summary, the best first."""
    return [row for _, row in results.summary.iterrows() if row["problem"] == problem]


def compared(costs: Sequence[Any] | pd.DataFrame) -> str:
    """Return what a comparison is of, by the rows of its costs, which only networks have."""
    return "networks" if len(costs) else "optimizers"


def costs_of(results: Results, problem: str) -> Rows:
    """Return the rows of a problem's costs, the best first; none where all networks are one."""
    return [row for _, row in results.costs.iterrows() if row["problem"] == problem]


def fractions_of(results: Results, problem: str) -> Rows:
    """Return the rows of a problem's curves over training size, the best candidate first."""
    own = results.fractions[results.fractions["problem"] == problem]
    order = {row["candidate"]: place for place, row in enumerate(rows_of(results, problem))}
    rows = [row for _, row in own.iterrows()]
    return sorted(rows, key=lambda row: order[row["candidate"]])


def fraction_table(rows: Rows) -> tuple[list[str], list[list[str]], list[str]]:
    """Return the table of scores by training size: its header, its cells, the columns of numbers.

    Args:
        rows: Of a problem, of `fractions.csv`.
    """
    header = ["candidate", "fraction", "training examples", "score [95 %]", "gain [95 %]"]
    lines = [
        [
            str(row["candidate"]),
            f"{row['fraction']:g}",
            f"{row['examples']:,}",
            shown_interval(row),
            _shown_gain(row),
        ]
        for row in rows
    ]
    return header, lines, header[1:]


def _shown_gain(row: pd.Series | Mapping[str, Any]) -> str:
    """Write what a larger share improves on the next smaller one, with its interval."""
    if math.isnan(row["gain"]):
        return "-"
    return shown_interval({"mean": row["gain"], "low": row["gain_low"], "high": row["gain_high"]})


FRACTION_READING = (
    "Each candidate is trained with a part of the training examples too, at the learning rate that "
    "its replication chose with all of them, and for the same number of epochs: with fewer "
    "examples it also makes fewer updates. `gain`: what the score improves by on the line before, "
    "with its interval over the paired differences. These trials change no verdict."
)


def cells(row: pd.Series | Mapping[str, Any]) -> list[str]:
    """Return a summary row as it is shown, in the order of `HEADER`."""
    flag = f" (under-tuned: lost to {row['under_tuned']})" if row["under_tuned"] else ""
    rate = row["learning_rate"]
    beyond = {"lower": "≤ ", "upper": "≥ "}.get(row["edge"], "")
    return [
        VERDICTS.get(row["verdict"], "-"),
        f"{row['candidate']}{flag}",
        f"{beyond}{rate:g}" if not math.isnan(rate) else "-",
        shown_interval(row),
        shown_lack(row),
        shown_p(row),
        shown_after(row),
        shown_failures(row),
        row.get("settings", "") or "-",
    ]


def ranked_table(rows: Rows, score: str) -> tuple[list[str], list[list[str]], list[str]]:
    """Return the ranked table: its header, its cells and the columns of numbers.

    Where nothing is ranked, as in a quick look, there are no verdicts, bounds and p-values.

    Args:
        rows: Of a problem's summary.
        score: What the column of scores is called.
    """
    left_out = {AFTER} if len({shown_after(row) for row in rows if row["verdict"]}) < 2 else set()
    if not any(row["verdict"] for row in rows):
        left_out = set(RANKED)
    if not any(row.get("settings", "") for row in rows):
        left_out = {*left_out, SETTINGS}
    kept = [i for i, name in enumerate(HEADER) if name not in left_out]
    names = [score if name == "score" else name for name in HEADER]
    numeric = [names[i] for i in kept if HEADER[i] in NUMERIC]
    return [names[i] for i in kept], [[cells(row)[i] for i in kept] for row in rows], numeric


def shown_lack(row: pd.Series | Mapping[str, Any]) -> str:
    """Write what a ranked candidate may lack to the best at most, if its scores bound it."""
    unknown = not row["verdict"] or not math.isfinite(row["difference_high"])
    return "-" if unknown else shown_score(row["difference_high"])


def shown_after(row: pd.Series | Mapping[str, Any]) -> str:
    """Write how many replications a ranked candidate's verdict rests on."""
    after = row.get("judged_after", math.nan)  # tables of earlier versions do not have it
    return "-" if not row["verdict"] or math.isnan(after) else f"{after:g}"


def shown_failures(row: pd.Series | Mapping[str, Any]) -> str:
    """Write how many of the chosen trials failed, and how."""
    counted = [f"{int(row[name])} {name}" for name in ("diverged", "stuck", "failed") if row[name]]
    return ", ".join(counted) or "0"


def shown_p(row: pd.Series | Mapping[str, Any]) -> str:
    """Write a ranked candidate's p-value; the best is not compared with itself."""
    value = row["p_value"]
    if row["verdict"] in ("", "best") or math.isnan(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def cliff_sentences(rows: Rows, validation_text: str) -> list[str]:
    """Return a warning for each candidate whose rate is beside a cliff.

    That of the best one is in the verdict, and where all trials failed there is no cliff.

    Args:
        rows: Of a problem's summary.
        validation_text: What a safer rate costs, such as `validation accuracy`.
    """
    told = []
    for row in rows:
        if not row["cliff"] or row["verdict"] == "best" or not row["ok"]:
            continue
        found = f"{row['candidate']} at {row['learning_rate']:g} is beside a cliff: {row['cliff']}."
        if not math.isnan(row["safer_rate"]):
            cost = row["safer_cost"]
            price = (
                f"costs {shown_score(cost)} of {validation_text}" if cost > 0 else "costs nothing"
            )
            found += f" A rate of {row['safer_rate']:g} is safer and {price}."
        told.append(found)
    return told


def answer_and_lines(verdict: Sequence[str], problems: int) -> tuple[Sequence[str], Sequence[str]]:
    """Return the sentences that answer, and of several problems a line each.

    Args:
        verdict: Of a comparison; the lines of the problems come last.
        problems: How many there are.
    """
    split = len(verdict) - (problems if problems > 1 else 0)
    return verdict[:split], verdict[split:]


def markdown(results: Results) -> str:
    """Return the summary as Markdown: the answer, a table a problem, the notes."""
    answer, lines = answer_and_lines(results.verdict, len(results.problems))
    parts = [f"# Comparison of {compared(results.costs)}", *answer]
    if results.aggregate is not None:
        rows = [aggregate_cells(row) for _, row in results.aggregate.iterrows()]
        parts.append(_markdown_table(AGGREGATE, rows, AGGREGATE[1:]))
    if lines:
        parts.append(_bullets(lines))
    for problem in results.problems:
        parts += _markdown_problem(results, problem)
    if results.notes:
        parts += ["## Notes", _bullets(results.notes)]
    told = reading(
        split=results.split,
        tune=results.tune,
        is_grid=results.is_grid,
        is_sequential=any(results.looks.values()),
    )
    parts += ["## How to read this", told]
    return without_tags("\n\n".join(parts) + "\n")


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _markdown_problem(results: Results, problem: str) -> list[str]:
    rows = rows_of(results, problem)
    parts = [f"## {problem}"]
    if len(results.problems) > 1:
        parts += dict(results.details)[problem][1:]
    score = f"{results.score_text}, mean [95 % interval]"
    parts.append(_markdown_table(*ranked_table(rows, score)))
    if (margin := results.margins[problem]) is not None and any(row["verdict"] for row in rows):
        parts.append(f"Margin: {margin:.3g}. A candidate that lacks less to the best is as good.")
    if costs := costs_of(results, problem):
        parts += [_markdown_table(*cost_table(costs)), READING]
    if shares := importance_lines(results, problem):
        parts += [IMPORTANCE_READING, _bullets(shares)]
    if curves := fractions_of(results, problem):
        parts += [_markdown_table(*fraction_table(curves)), FRACTION_READING]
    if cliffs := cliff_sentences(rows, results.validation_text):
        parts.append(_bullets(cliffs))
    target = results.targets[problem]
    if target is not None:
        told = f"Time until the {results.validation_text} reaches {shown_score(target)}"
        parts.append(f"{told}: medians, `-` where no more than half of the trials reach it.")
        parts.append(_arrivals(rows))
    return parts


def without_tags(text: str) -> str:
    """Return Markdown in which a name that looks like a tag is shown, not obeyed."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def reading(*, split: str, tune: str, is_grid: bool, is_sequential: bool = False) -> str:
    """Return `reading_lines` as a list in Markdown."""
    return _bullets(
        reading_lines(split=split, tune=tune, is_grid=is_grid, is_sequential=is_sequential)
    )


def reading_lines(
    *, split: str, tune: str, is_grid: bool, is_sequential: bool = False
) -> list[str]:
    """Return how to read the tables, an item each; what stands in a table is in backticks.

    Args:
        split: `resample` or `official`.
        tune: `each` or `once`.
        is_grid: Whether every rate was tried, and nothing is ranked.
        is_sequential: Whether there were looks before the end.
    """
    if is_grid:
        return [_GRID, _FAILED, _EDGE]
    judged = [_BEST_OF_LOOKS, _LOOKS] if is_sequential else [_BEST]
    lacks = _LACKS_OF_LOOKS if is_sequential else _LACKS
    return [_protocol(split, tune), *judged, lacks, _FAILED, _EDGE]


def _protocol(split: str, tune: str) -> str:
    """Say what a replication is."""
    drawn = ["the initial weights", "the batches", "dropout"]
    drawn = ["the split of the data" if split == "resample" else "the validation part", *drawn]
    drawn += ["the choice of the learning rate"] if tune == "each" else []
    kept = [] if split == "resample" else ["The test part is always the data set's own."]
    kept += [] if tune == "each" else ["The learning rates are chosen once, for all replications."]
    told = (
        f"A replication draws {', '.join(drawn[:-1])} and {drawn[-1]} anew. Within a replication "
        "all candidates have the same split, weights and batches, so differences are paired."
    )
    scored = (
        "The validation part chooses the rate. The test part scores the chosen network once, and "
        "only this score counts."
    )
    return " ".join([told, *kept, scored])


_BEST_RULE = (
    "`best` has the best mean. `worse`: shown to be worse than the best (max-T sign-flip test, {}; "
    "the test allows for the number of candidates and for picking the best). `as good`: lacks less "
    "than the margin, with {} confidence for all candidates together. `open`: neither is shown."
)
_BEST = _BEST_RULE.format("p < 0.05", "95 %")
_BEST_OF_LOOKS = _BEST_RULE.format("p below the level of the look", "the look's")
_LOOKS = (
    "The comparison looks at its scores before its end. Each look spends a part of the 5 % "
    "(O'Brien-Fleming), the last one nearly all. That sets the level of its test, and its "
    "confidence is what the level leaves of 100 %. A candidate that a look shows worse gets no "
    "more replications. Its verdict, `lacks at most` and `p` are those of that look, and its score "
    "is the mean over the replications until then (`after`)."
)
_LACKS_RULE = (
    "`lacks at most`: the upper end of what the candidate lacks to the best ({}; Hsu 1996). "
    "Intervals of means that overlap decide nothing, because scores are compared pair by pair."
)
_LACKS = _LACKS_RULE.format("simultaneous 95 % bounds")
_LACKS_OF_LOOKS = _LACKS_RULE.format("simultaneous bounds, with the confidence of the look")
_GRID = (
    "Every learning rate was tried the same number of times, and the validation part scored it. "
    "The best rate was picked by the same scores, so its score is too good: nothing is ranked."
)
_FAILED = (
    "Failed trials count with the score of chance. A trial is `diverged` if its loss or weights "
    "contain NaN or infinity, and `stuck` if it ends no better than chance."
)
_EDGE = (
    "`≤` or `≥` before a rate: it is the lowest or highest rate tried; a better one may lie beyond."
)


def _arrivals(rows: Rows) -> str:
    header = ["candidate", "epochs", "steps", "seconds", "reached"]
    lines = [
        [
            str(row["candidate"]),
            *(_time(row[f"{unit}_to_target"]) for unit in ("epochs", "steps", "seconds")),
            f"{int(row['reached'])} of {int(row['reached'] + row['censored'])}",
        ]
        for row in rows
    ]
    return _markdown_table(header, lines, header[1:])


def _time(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


AGGREGATE = ("candidate", "normalized mean", "normalized IQM [95 %]", "average rank")


def aggregate_cells(row: pd.Series | Mapping[str, Any]) -> list[str]:
    """Return a candidate's row over all problems as it is shown, in the order of `AGGREGATE`."""
    known = row["low"] is not None and not math.isnan(row["low"])
    ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if known else ""
    return [
        str(row["candidate"]),
        f"{row['normalised_mean']:.3f}",
        f"{row['normalised_iqm']:.3f}{ends}",
        f"{row['average_rank']:.2f}",
    ]


def _markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[str] = ()
) -> str:
    lines = [header, ["---:" if name in numeric else "---" for name in header], *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )


def latex(results: Results) -> str:
    """Return the summary as LaTeX tables for the booktabs package, those of a problem together."""
    return "\n".join(_latex_tables(results, problem) for problem in results.problems)


def _latex_tables(results: Results, problem: str) -> str:
    score = f"{results.score_text} [95 % interval]"
    ranked = ranked_table(rows_of(results, problem), score)
    tables = [latex_table(_caption(results, problem), *ranked)]
    if costs := costs_of(results, problem):
        caption = f"What they cost on {problem}. {without_ticks(READING)}"
        tables.append(latex_table(caption, *cost_table(costs)))
    return "\n".join(tables)


def without_ticks(text: str) -> str:
    """Return Markdown without the backticks around what stands in a table."""
    return text.replace("`", "")


def _caption(results: Results, problem: str) -> str:
    count = results.replications[problem]
    over = f", {count} replications" if count > 1 and not results.is_grid else ""
    margin = results.margins[problem]
    told = f"{compared(costs_of(results, problem)).capitalize()} on {problem}{over}."
    if margin is None or not results.is_ranked:
        return told
    looks = results.looks.get(problem)
    bound = f"simultaneous {shown_confidence(looks['level'] if looks else ALPHA)} bound"
    return f"{told} As good: lacks less than {margin:.3g} to the best ({bound})."
