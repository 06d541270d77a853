"""docs/record.md out of a finished comparison: ranks, who is worse where, sensitivity, cost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "record.md"
TRIALS = HERE / "trials.csv.gz"
RESAMPLES = 2000
ALL_PROBLEMS = len(list((HERE / "problems").glob("*.yaml")))
FULL = 10
"""Replications of the full protocol."""

KEPT = ["problem", "candidate", "learning_rate", "replication", "chosen", "seed", "status",
        "epochs", "steps", "best_epoch", "message"]  # fmt: skip
"""Columns of trials.csv that are packed, beside the scores."""


def write_page(
    folder: Path, *, wanted: int, cost: bool, page: Path = PAGE, packed: Path = TRIALS
) -> None:
    """Write the page and the packed trials.

    Args:
        folder: Of the comparison.
        wanted: How many optimizers the whole record has.
        cost: Tell the time of a step, which is worth telling on a quiet machine only.
        page: Where it goes.
        packed: Where the trials go.
    """
    summary = pd.read_csv(folder / "summary.csv")
    scores = pd.read_csv(folder / "scores.csv")
    trials = pd.read_csv(folder / "trials.csv")
    told = json.loads((folder / "environment.json").read_text("utf-8"))
    pack(trials, packed)
    parts = [
        head(summary, scores, told, len(trials), wanted),
        rank_table(scores),
        worse_table(summary),
        sensitivity_table(summary),
        cost_table(trials) if cost else "",
        TAIL.strip(),
    ]
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
    print(f"wrote {page} and {packed} ({packed.stat().st_size / 1000:.0f} kB)")


def pack(trials: pd.DataFrame, path: Path) -> None:
    """Keep all trials, without their times, the same bytes for the same trials."""
    names = KEPT + [n for n in trials if n.startswith(("val_", "test_")) and "_last" not in n]
    text = trials[names].to_csv(index=False, float_format="%.6g")
    with path.open("wb") as stream, gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as zipped:
        zipped.write(text.encode())


def head(
    summary: pd.DataFrame, scores: pd.DataFrame, told: dict[str, object], trials: int, wanted: int
) -> str:
    """Say what was compared, and what of the record is missing."""
    problems, candidates = summary["problem"].unique(), summary["candidate"].unique()
    replications = int(scores.groupby("problem")["replication"].max().min())
    packages = dict(told["packages"])  # type: ignore[call-overload]
    partial = len(problems) < ALL_PROBLEMS or replications < FULL or len(candidates) < wanted
    note = PARTIAL.format(
        problems=len(problems), every=ALL_PROBLEMS, candidates=len(candidates), wanted=wanted,
        replications=replications, full=FULL,
    )  # fmt: skip
    return HEAD.format(
        candidates=len(candidates),
        problems=len(problems),
        names=", ".join(problems),
        replications=replications,
        trials=f"{trials:,}",
        versions=f"dlcli {packages['dlcli']}, Keras {packages['keras']}, "
        f"TensorFlow {packages['tensorflow']}",
        note=f"\n{note}" if partial else "",
    ).strip()


def matrices(scores: pd.DataFrame) -> tuple[list[str], list[NDArray[np.float64]]]:
    """Return the candidates scored on every problem, and a problem's scores each.

    Returns:
        Names, and arrays of shape (candidates, replications); greater is better.
    """
    tables = [
        part.pivot_table("score", "candidate", "replication").dropna()
        for _, part in scores.groupby("problem", sort=False)
    ]
    shared = sorted(set.intersection(*(set(table.index) for table in tables)))
    return shared, [table.loc[shared].to_numpy() for table in tables]


def mean_ranks(values: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return each candidate's rank by its mean score, averaged over the problems; 1 is best."""
    ranks = [rankdata(-one.mean(axis=1)) for one in values]
    return np.mean(ranks, axis=0)


def rank_table(scores: pd.DataFrame) -> str:
    """Return the ranks over all problems, with intervals of a bootstrap over replications."""
    names, values = matrices(scores)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        picks = [rng.integers(0, one.shape[1], one.shape[1]) for one in values]
        drawn.append(mean_ranks([one[:, pick] for one, pick in zip(values, picks, strict=True)]))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    ranks = mean_ranks(values)
    rows = [
        [names[i], f"{ranks[i]:.1f} [{low[i]:.1f}, {high[i]:.1f}]",
         *(f"{one[i].mean():.3f}" for one in values)]
        for i in np.argsort(ranks, kind="stable")
    ]  # fmt: skip
    problems = list(scores["problem"].unique())
    return "## Ranks\n\n" + RANKS + "\n" + table(["optimizer", "mean rank", *problems], rows)


def worse_table(summary: pd.DataFrame) -> str:
    """Return who is shown worse than the best, and who as good, on each problem."""
    rows = []
    for problem, part in summary.groupby("problem", sort=False):
        named = {v: list(part.loc[part["verdict"] == v, "candidate"]) for v in VERDICTS}
        rows.append([str(problem), *(", ".join(named[v]) or "-" for v in VERDICTS)])
    return "## Who is shown worse where\n\n" + WORSE + "\n" + table(["problem", *VERDICTS], rows)


VERDICTS = ("best", "as_good", "open", "worse")


def sensitivity_table(summary: pd.DataFrame) -> str:
    """Return how much the learning rate matters to each candidate, over the problems."""
    rows = []
    for name, part in summary.groupby("candidate"):
        loss = part["default_regret"].dropna()
        rows.append(
            [str(name), f"{width:.1f}" if (width := part["width_decades"].median()) > 0 else "-",
             f"{loss.median():.3f}" if len(loss) else "-",
             f"{int(part['diverged'].sum())} / {int(part['stuck'].sum())}"]
        )  # fmt: skip
    rows.sort(key=lambda row: -float(row[1]) if row[1] != "-" else 0.0)
    header = ["optimizer", "decades within 2 %", "lost at the default rate", "diverged / stuck"]
    return "## Sensitivity to the learning rate\n\n" + SENSITIVITY + "\n" + table(header, rows)


def cost_table(trials: pd.DataFrame) -> str:
    """Return the time of a step as a multiple of plain SGD's, the median over the problems."""
    each = trials[(trials["status"] == "ok") & (trials["steps"] > 0)]
    timed = each.assign(step=each["seconds"] / each["steps"])
    wide = timed.pivot_table("step", "candidate", "problem", aggfunc="median")
    ratio = (wide / wide.loc["SGD"]).median(axis=1).sort_values()
    rows = [[str(name), f"{value:.2f}"] for name, value in ratio.items()]
    return "## Cost of a step\n\n" + COST + "\n" + table(["optimizer", "times SGD's"], rows)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


HEAD = """\
# The record

`benchmarks/record/run.py` has made this page; do not edit it. It compares {candidates}
optimizers on {problems} small problems ({names}) by dlcli's protocol: {replications}
replications, each with its own split and its own learning rates. These are {trials} trials,
with {versions}.
{note}
What the page says is about small networks: they have thousands of weights, they train for
seconds, and the data sets have at most tens of thousands of examples. An optimizer that needs
thousands of steps, or is made for large batches or large models, cannot show its strength here.
"""

PARTIAL = """\
**This is not the whole record.** It has {candidates} of {wanted} optimizers, {problems} of
{every} problems, and {replications} of {full} replications: read it as an example of the page.
"""

RANKS = """\
On each problem, the candidates are ranked by their mean test score. The mean rank averages that
over the problems (1 is best). Its 95 % interval is a bootstrap over the replications: it says
how far the ranking depends on splits and initial weights, not how another choice of problems
would change it. The other columns are mean test scores.
"""

WORSE = """\
`best` has the best mean. `worse` is shown worse than the best (5 % over all candidates of the
problem). `as_good` is shown to lack no more than the margin. `open` is neither: the
replications do not decide.
"""

SENSITIVITY = """\
Within how many decades of learning rates the validation score stays within 2 % of the
optimizer's best; what Keras's default rate loses against the tuned one (median over the
problems); and how many of the chosen trials failed. An optimizer that finds its step size
itself has no width.
"""

COST = """\
The time of a training step, forward and backward pass included, as a multiple of plain SGD's
(median over the problems). On small networks, what an optimizer does for each variable weighs
heavily.
"""

TAIL = """\
## Data, and how to add a row

`benchmarks/record/trials.csv.gz` holds every trial. To add your own optimizer, check it and run
it on the same problems; only its own trials are trained:

    dlcli check-optimizer my_optimizer.py:Mine
    python benchmarks/record/run.py --plugin my_optimizer.py --add Mine

The command goes on where it was stopped. Then send the changed page, the packed trials and your
plugin with a pull request. [plugins.md](plugins.md) says how to write one.
"""
