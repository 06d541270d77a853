"""The tables of a comparison as files: CSV for machines, Markdown and LaTeX for people."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from dlcli.comparison.plan import PROTOCOL
from dlcli.comparison.results.wording import shown_interval, shown_score
from dlcli.store.comparisons import RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from dlcli.comparison.results import Results
    from dlcli.store.folder import Folder

VERDICTS = {"best": "best", "as_good": "as good", "open": "open", "worse": "worse"}
"""What tables call the verdicts of `summary.csv`."""

HEADER = ("verdict", "candidate", "learning rate", "score", "lacks at most", "p", "failed")


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
        "trials": len(results.trials),
        "expected_trials": results.expected_trials,
        "verdict": list(results.verdict),
        "problems": [
            {
                "name": name,
                "replications": results.replications[name],
                "margin": results.margins[name],
                "target": results.targets[name],
                "chance": results.chance[name],
                "sentences": list(details[name]),
                "candidates": _records(results.summary[results.summary["problem"] == name]),
            }
            for name in results.problems
        ],
        "aggregate": _records(results.aggregate),
        "sensitivity": _records(results.sensitivity),
        "pairwise": _records(results.pairwise),
        "spread": _records(results.spreads),
        "notes": list(results.notes),
    }


def _records(frame: pd.DataFrame | None) -> Any:
    return [] if frame is None else json.loads(frame.to_json(orient="records"))


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
        shown_p(row["p_value"], best=row["verdict"] == "best"),
        shown_failures(row),
    ]


def shown_lack(row: pd.Series | Mapping[str, Any]) -> str:
    """Write what a candidate may lack to the best at most."""
    return "-" if math.isnan(row["difference_high"]) else shown_score(row["difference_high"])


def shown_failures(row: pd.Series | Mapping[str, Any]) -> str:
    """Write how many of the chosen trials failed, and how."""
    counted = [f"{int(row[name])} {name}" for name in ("diverged", "stuck", "failed") if row[name]]
    return ", ".join(counted) or "0"


def shown_p(value: float, *, best: bool) -> str:
    """Write a p-value; the best is not compared with itself."""
    if best or math.isnan(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def markdown(results: Results) -> str:
    """Return the summary as Markdown: the answer, a table a problem, the notes."""
    parts = ["# Comparison of optimizers", "\n\n".join(results.verdict)]
    several = len(results.problems) > 1
    details = dict(results.details)
    for problem in results.problems:
        rows = results.summary[results.summary["problem"] == problem]
        parts.append(f"## {problem}")
        if several:
            parts.append("\n\n".join(details[problem][1:]))
        header = [*HEADER[:3], f"{results.score_text}, mean [95 % interval]", *HEADER[4:]]
        parts.append(_markdown_table(header, [cells(row) for _, row in rows.iterrows()]))
        target = results.targets[problem]
        if target is not None:
            parts.append(f"Target: {results.validation_text} {shown_score(target)}.")
            parts.append(_arrivals(rows))
    if results.aggregate is not None:
        parts += ["## All problems", _aggregate(results.aggregate)]
    if results.notes:
        parts += ["## Notes", "\n".join(f"- {note}" for note in results.notes)]
    parts += ["## How to read this", READING]
    return without_tags("\n\n".join(parts) + "\n")


def without_tags(text: str) -> str:
    """Return Markdown in which a name that looks like a tag is shown, not obeyed."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


READING = """\
- Each replication draws the split, the initial weights, the batches, dropout and the choice of the
  learning rate anew, the same for every candidate. Its validation part chooses the rate; the test
  score of the network so chosen is what counts.
- best, as good, open, worse: `worse` is shown by a max-T permutation test (p below 0.05), which has
  the picking of the best inside it. `as good` means that the candidate lacks less than the margin
  to the best, with 95 % confidence for all candidates together. `open` is neither shown.
- A trial that diverged (not a finite number) or got stuck (no better than chance and 2 points, or
  hardly better while its loss did not fall) counts with the score of chance.
- `≤` or `≥` before a rate: it is on the edge of the rates tried, a better one may lie beyond."""


def _arrivals(rows: pd.DataFrame) -> str:
    header = ["candidate", "epochs", "steps", "seconds", "reached"]
    lines = [
        [
            str(row["candidate"]),
            *(_time(row[f"{unit}_to_target"]) for unit in ("epochs", "steps", "seconds")),
            f"{int(row['reached'])} of {int(row['reached'] + row['censored'])}",
        ]
        for _, row in rows.iterrows()
    ]
    return _markdown_table(header, lines)


def _time(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3g}"


AGGREGATE = ("candidate", "normalized mean", "normalized IQM [95 %]", "average rank")


def aggregate_cells(row: pd.Series) -> list[str]:
    """Return a candidate's row over all problems as it is shown, in the order of `AGGREGATE`."""
    ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if not math.isnan(row["low"]) else ""
    return [
        str(row["candidate"]),
        f"{row['normalised_mean']:.3f}",
        f"{row['normalised_iqm']:.3f}{ends}",
        f"{row['average_rank']:.2f}",
    ]


def _aggregate(frame: pd.DataFrame) -> str:
    return _markdown_table(AGGREGATE, [aggregate_cells(row) for _, row in frame.iterrows()])


def _markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )


LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "≤": r"$\leq$", "≥": r"$\geq$", "<": r"$<$", ">": r"$>$", "·": r"$\cdot$",
}  # fmt: skip


def escaped(text: str) -> str:
    """Return the text as LaTeX prints it."""
    return "".join(LATEX.get(letter, letter) for letter in text)


def latex(results: Results) -> str:
    """Return the summary as LaTeX tables for the booktabs package, one a problem."""
    return "\n".join(
        _latex_table(results, problem, results.summary[results.summary["problem"] == problem])
        for problem in results.problems
    )


def _latex_table(results: Results, problem: str, rows: pd.DataFrame) -> str:
    header = ["verdict", "candidate", "learning rate", f"{results.score_text} [95 % interval]",
              "lacks at most", "$p$",
              "failed"]  # fmt: skip
    names = [h if h.startswith("$") else escaped(h) for h in header]
    body = [" & ".join(escaped(cell) for cell in cells(row)) + r" \\" for _, row in rows.iterrows()]
    margin = results.margins[problem]
    told = f" As good: lacks less than {margin:.3g} to the best." if margin else ""
    caption = f"Optimizers on {escaped(problem)}.{told}"
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            r"\begin{tabular}{llrlrrr}",
            r"\toprule",
            " & ".join(names) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )
