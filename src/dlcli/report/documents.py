"""The tables of a comparison as files: CSV for machines, Markdown and LaTeX for people."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from dlcli.comparison.results.wording import shown_interval, shown_score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from dlcli.comparison.results import Results
    from dlcli.store.folder import Folder

HEADER = ("rank", "candidate", "learning rate", "score", "p", "diverged/stuck")


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
    return [*kept, "summary.md", "summary.tex"]


def cells(row: pd.Series | Mapping[str, Any]) -> list[str]:
    """Return a summary row as it is shown, in the order of `HEADER`."""
    failed = f"{int(row['diverged'])}/{int(row['stuck'])}"
    if row["failed"]:
        failed += f", {int(row['failed'])} failed"
    ranked = not math.isnan(row["rank"])
    flag = f" (under-tuned: lost to {row['under_tuned']})" if row["under_tuned"] else ""
    rate = row["learning_rate"]
    beyond = {"lower": "≤ ", "upper": "≥ "}.get(row["edge"], "")
    return [
        f"{int(row['rank'])} {row['group']}" if ranked else "-",
        f"{row['candidate']}{flag}",
        f"{beyond}{rate:g}" if not math.isnan(rate) else "-",
        shown_interval(row),
        shown_p(row["p_value"], best=row["difference"] == 0),
        failed,
    ]


def shown_p(value: float, *, best: bool) -> str:
    """Write a p-value; the best is not compared with itself."""
    if best or math.isnan(value):
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def markdown(results: Results) -> str:
    """Return the summary as Markdown: the answer, a table a problem, the notes."""
    parts = ["# Comparison of optimizers", "\n\n".join(results.verdict)]
    for problem in results.problems:
        rows = results.summary[results.summary["problem"] == problem]
        parts.append(f"## {problem}")
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
- Every candidate's learning rate was searched on the validation part, then trained again with
  fresh seeds; only these trainings are in the table. A seed gives every candidate the same initial
  weights and batches.
- Candidates that share a rank and a letter cannot be told from the best of them: no difference is
  shown, which does not make them equal.
- p is that of a max-T permutation test of the best against each other candidate; that the best was
  picked after looking, and how many there are, is inside it. Below 0.05 the difference is shown.
- A training that diverged (not a finite number) or got stuck (at the end no better than chance and
  2 points, or its loss not below its start) counts with the score of knowing nothing.
- `≤` or `≥` before a rate: it lies on the edge of the rates tried, a better one may lie beyond."""


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


def _aggregate(frame: pd.DataFrame) -> str:
    header = ["candidate", "normalised mean", "normalised IQM [95 % interval]", "average rank"]
    lines = []
    for _, row in frame.iterrows():
        ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if not math.isnan(row["low"]) else ""
        lines.append(
            [str(row["candidate"]), f"{row['normalised_mean']:.3f}",
             f"{row['normalised_iqm']:.3f}{ends}", f"{row['average_rank']:.2f}"]
        )  # fmt: skip
    return _markdown_table(header, lines)


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
    header = ["", "candidate", "learning rate", f"{results.score_text} [95 % interval]", "$p$",
              "diverged/stuck"]  # fmt: skip
    names = [h if h.startswith("$") else escaped(h) for h in header]
    body = [" & ".join(escaped(cell) for cell in cells(row)) + r" \\" for _, row in rows.iterrows()]
    told = "Candidates that share a letter cannot be told apart."
    caption = f"Optimizers on {escaped(problem)}. {told}"
    return "\n".join(
        [
            r"% needs \usepackage{booktabs}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            r"\begin{tabular}{llrlrr}",
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
