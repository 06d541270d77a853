"""The page of a comparison, made from the tables in its folder."""

from __future__ import annotations

import csv
import io
import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlcli.errors import UserError
from dlcli.report.documents import READING
from dlcli.report.page.html import Figure, Section, code, folded, page, paragraphs, table
from dlcli.report.style import label_styles
from dlcli.store import comparisons

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlcli.store.comparisons import ComparisonFolder

Row = dict[str, str]

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond",
           "v": "triangle-down", "P": "cross", "X": "x", "*": "star"}  # fmt: skip
SHOWN_FAILURES = 200


def comparison_page(folder: ComparisonFolder) -> str:
    """Return the page of a comparison whose tables are written.

    Raises:
        UserError: If a table is missing or damaged.
    """
    try:
        return _page(folder, _read(folder))
    except (csv.Error, KeyError, ValueError) as error:
        remedy = "run the same `dlcli compare-optimizers` again: it writes the tables anew"
        raise UserError(f"a table in {folder.path} is damaged: {error}", remedy=remedy) from None


def _page(folder: ComparisonFolder, tables: _Tables) -> str:
    lead, notes = _words(folder.read_text("summary.md"))
    sections = [Section(problem, _problem_parts(tables, problem)) for problem in tables.problems]
    failures = _failures(tables.trials)
    sections += [
        Section("Trainings that came to nothing", failures),
        *([Section("Notes", [paragraphs(notes)])] if notes else []),
        Section("How to read the tables", [paragraphs(READING)]),
        Section("How it was made", _provenance(folder)),
    ]
    return page(f"Comparison of optimizers: {folder.name}", paragraphs(lead), sections)


@dataclass(frozen=True)
class _Tables:
    """The tables of a comparison, rows of text, and how its candidates are drawn."""

    summary: list[Row]
    curves: list[Row]
    sensitivity: list[Row]
    arrivals: list[Row]
    budget: list[Row]
    trials: list[Row]

    @property
    def problems(self) -> list[str]:
        return list(dict.fromkeys(row["problem"] for row in self.summary))

    def look(self, row: Row) -> dict[str, Any]:
        """Return a candidate's line and marker, those of the printed figures."""
        labels = [r["label"] for r in self.summary]
        initializers = list(dict.fromkeys(r["initializer"] for r in self.summary))
        style = label_styles(labels)[row["label"]]
        several = len(initializers) > 1
        order = initializers.index(row["initializer"]) if several else labels.index(row["label"])
        return {
            "line": {"color": style.colour, "dash": DASHES[order % len(DASHES)], "width": 2},
            "marker": {"color": style.colour, "symbol": SYMBOLS[style.marker], "size": 8},
        }


def _read(folder: ComparisonFolder) -> _Tables:
    def rows(name: str) -> list[Row]:
        return list(csv.DictReader(io.StringIO(folder.read_text(name))))

    names = ("summary", "curves", "sensitivity", "arrivals", "budget", "trials")
    return _Tables(**{name: rows(f"{name}.csv") for name in names})


def _words(markdown: str) -> tuple[str, str]:
    """Return the verdict and the notes of the summary in Markdown."""
    verdict = markdown.split("\n## ", 1)[0].partition("\n")[2]
    notes = markdown.partition("\n## Notes\n")[2].split("\n## ", 1)[0]
    return verdict.strip(), notes.strip()


def _number(text: str | None) -> float | None:
    """Return a finite number, or None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _shown(text: str | None) -> str:
    value = _number(text)
    return "-" if value is None else f"{value:.4g}"


def _of(rows: Iterable[Row], problem: str) -> list[Row]:
    return [row for row in rows if row["problem"] == problem]


def _groups(rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["candidate"], []).append(row)
    return groups


def _problem_parts(tables: _Tables, problem: str) -> list[str | Figure]:
    summary = _of(tables.summary, problem)
    figures = [
        _intervals(tables, summary),
        _sensitivity(tables, _of(tables.sensitivity, problem)),
        _curves(tables, _of(tables.curves, problem)),
        _arrivals(tables, _of(tables.arrivals, problem)),
        _budget(tables, _of(tables.budget, problem)),
        _heat_map(summary),
    ]
    return [_ranked(summary), *(figure for figure in figures if figure is not None)]


def _ranked(summary: Sequence[Row]) -> str:
    header = ("rank", "candidate", "learning rate", "score", "low", "high", "sd", "p",
              "diverged", "stuck", "loss of Keras's default rate", "width in decades")  # fmt: skip
    keys = ("learning_rate", "mean", "low", "high", "sd", "p_value", "diverged", "stuck",
            "default_regret", "width_decades")  # fmt: skip
    rows = []
    for row in summary:
        rank = _number(row["rank"])
        shown = "-" if rank is None else f"{rank:g} {row['group']}"
        rows.append([shown, row["candidate"], *(_shown(row[key]) for key in keys)])
    return table(header, rows, numeric=header[2:])


def _intervals(tables: _Tables, summary: Sequence[Row]) -> Figure | None:
    rows = [row for row in reversed(summary) if _number(row["mean"]) is not None]
    traces = []
    for row in rows:
        mean, low, high = (_number(row[key]) for key in ("mean", "low", "high"))
        assert mean is not None  # noqa: S101 - see above
        error = {} if low is None or high is None else {"error_x": {
            "type": "data", "array": [high - mean], "arrayminus": [mean - low], "thickness": 2,
        }}  # fmt: skip
        traces.append({
            "type": "scatter", "mode": "markers", "x": [mean], "y": [row["candidate"]],
            "name": row["candidate"], "marker": tables.look(row)["marker"], "showlegend": False,
            "hovertemplate": "%{y}: %{x:.4f}<extra></extra>", **error,
        })  # fmt: skip
    return _figure(
        "Scores with their intervals",
        "A point is the mean of the confirming seeds, its bar the 95 % interval. Bars that overlap "
        "may still be told apart, because seeds are compared pair by pair: the letters say so.",
        traces,
        {"xaxis": {"title": {"text": "score on the test part"}}, "yaxis": {"automargin": True}},
        _numbers(summary, ("mean", "low", "high")),
        height=120 + 34 * len(rows),
    )


def _sensitivity(tables: _Tables, rows: Sequence[Row]) -> Figure | None:
    traces: list[dict[str, Any]] = []
    for name, points in _groups(rows).items():
        points.sort(key=lambda row: float(row["learning_rate"]))
        look = tables.look(points[0])
        sizes = [13 if row["chosen"] == "True" else 7 for row in points]
        traces.append({
            "type": "scatter", "mode": "lines+markers", "name": name, "line": look["line"],
            "x": [_number(row["learning_rate"]) for row in points],
            "y": [_number(row["score"]) for row in points],
            "marker": {**look["marker"], "size": sizes},
            "text": [f"{row['failed']} of {row['runs']} came to nothing" for row in points],
            "hovertemplate": "%{fullData.name} at %{x:g}: %{y:.4f}<br>%{text}<extra></extra>",
        })  # fmt: skip
    return _figure(
        "Learning rates",
        "The validation score over the rates that were searched; the large marker is the chosen "
        "one. A broad hill forgives a rate that is not quite right, a narrow one does not.",
        traces,
        {
            "xaxis": {"type": "log", "title": {"text": "learning rate (log scale)"}},
            "yaxis": {"title": {"text": "validation score"}},
        },
        _numbers(rows, ("learning_rate", "score", "failed")),
    )  # fmt: skip


def _curves(tables: _Tables, rows: Sequence[Row]) -> Figure | None:
    traces: list[dict[str, Any]] = []
    for name, points in _groups(rows).items():
        look = tables.look(points[0])
        epochs = [_number(row["epoch"]) for row in points]
        low, high = ([_number(row[end]) for row in points] for end in ("low", "high"))
        if None not in (*low, *high):
            traces.append({
                "type": "scatter", "mode": "lines", "x": epochs + epochs[::-1],
                "y": high + low[::-1], "fill": "toself", "line": {"width": 0},
                "fillcolor": look["line"]["color"], "opacity": 0.12, "hoverinfo": "skip",
                "showlegend": False, "legendgroup": name,
            })  # fmt: skip
        traces.append({
            "type": "scatter", "mode": "lines", "name": name, "legendgroup": name, "x": epochs,
            "y": [_number(row["mean"]) for row in points], "line": look["line"],
            "hovertemplate": "%{fullData.name}, epoch %{x}: %{y:.4f}<extra></extra>",
        })  # fmt: skip
    return _figure(
        "Learning curves",
        "The mean validation score of the confirming seeds after each epoch, with its 95 % band.",
        traces,
        {"xaxis": {"title": {"text": "epoch"}}, "yaxis": {"title": {"text": "validation score"}}},
        _numbers(rows, ("epoch", "mean", "low", "high")),
    )  # fmt: skip


def _arrivals(tables: _Tables, rows: Sequence[Row]) -> Figure | None:
    traces = [
        {
            "type": "scatter", "mode": "lines", "name": name,
            "line": {**tables.look(points[0])["line"], "shape": "hv"},
            "x": [_number(row["epoch"]) for row in points],
            "y": [_number(row["share"]) for row in points],
            "hovertemplate": "%{fullData.name}, epoch %{x}: %{y:.0%}<extra></extra>",
        }
        for name, points in _groups(rows).items()
    ]  # fmt: skip
    return _figure(
        "Time to the target",
        "The share of the seeds that have reached the target validation score by an epoch. What "
        "never arrives is counted as such, not left out.",
        traces,
        {
            "xaxis": {"title": {"text": "epoch"}},
            "yaxis": {"title": {"text": "share of seeds"}, "tickformat": ".0%", "range": [0, 1.05]},
        },
        _numbers(rows, ("epoch", "share")),
    )


def _budget(tables: _Tables, rows: Sequence[Row]) -> Figure | None:
    traces = [
        {
            "type": "scatter", "mode": "lines+markers", "name": name, **tables.look(points[0]),
            "x": [_number(row["tries"]) for row in points],
            "y": [_number(row["expected_best"]) for row in points],
            "hovertemplate": "%{fullData.name}, %{x} tried: %{y:.4f}<extra></extra>",
        }
        for name, points in _groups(rows).items()
    ]  # fmt: skip
    return _figure(
        "Tuning budget",
        "The best validation score to expect after so many learning rates drawn at random: who "
        "rises fast needs little tuning (Dodge et al. 2019; Sivaprasad et al. 2020).",
        traces,
        {
            "xaxis": {"title": {"text": "learning rates tried"}},
            "yaxis": {"title": {"text": "expected best validation score"}},
        },
        _numbers(rows, ("tries", "expected_best")),
    )


def _heat_map(summary: Sequence[Row]) -> Figure | None:
    initializers = list(dict.fromkeys(row["initializer"] for row in summary))
    if len(initializers) < 2:
        return None
    labels = list(dict.fromkeys(row["label"] for row in summary))
    means = {(row["label"], row["initializer"]): _number(row["mean"]) for row in summary}
    grid = [[means.get((label, name)) for name in initializers] for label in labels]
    trace = {
        "type": "heatmap", "x": initializers, "y": labels, "z": grid, "colorscale": "Viridis",
        "colorbar": {"title": {"text": "score"}}, "texttemplate": "%{z:.3f}",
        "hovertemplate": "%{y}, %{x}: %{z:.4f}<extra></extra>",
    }  # fmt: skip
    return _figure(
        "Initialisers",
        "The mean score of each optimizer with each initialiser, at the rate that suits the two.",
        [trace],
        {"xaxis": {"title": {"text": "initialiser"}}, "yaxis": {"title": {"text": "optimizer"}}},
        [["optimizer", "initialiser", "score"]]
        + [[r["label"], r["initializer"], _shown(r["mean"])] for r in summary],
    )


def _numbers(rows: Sequence[Row], keys: Sequence[str]) -> list[list[str]]:
    """Return the table of a figure: a column for the candidate and one for each key."""
    header = ["candidate", *(key.replace("_", " ") for key in keys)]
    return [header, *([row["candidate"], *(_shown(row[key]) for key in keys)] for row in rows)]


def _figure(
    title: str,
    reading: str,
    traces: Sequence[dict[str, Any]],
    layout: dict[str, Any],
    numbers: list[list[str]],
    *,
    height: int = 400,
) -> Figure | None:
    """Return a figure, or None if there is nothing to draw."""
    return Figure(title, reading, traces, layout, numbers, height) if traces else None


def _failures(trials: Sequence[Row]) -> list[str | Figure]:
    failed = [row for row in trials if row["status"] not in ("ok", "pruned")]
    if not failed:
        return [paragraphs(f"All {len(trials)} trainings came to something.")]
    said = (
        f"{len(failed)} of {len(trials)} trainings diverged (a loss or weight that is no finite "
        "number), got stuck (at the end no better than chance) or failed. They count with the "
        "score of knowing nothing; none is left out of a table."
    )
    header = ("problem", "candidate", "learning rate", "initialiser", "stage", "seed", "status",
              "epochs", "message")  # fmt: skip
    keys = ("problem", "candidate", "learning_rate", "initializer", "stage", "seed", "status",
            "epochs", "message")  # fmt: skip
    rows = [[row[key] for key in keys] for row in failed[:SHOWN_FAILURES]]
    more = len(failed) - len(rows)
    return [
        paragraphs(said),
        table(header, rows, numeric=("learning rate", "seed", "epochs")),
        *([paragraphs(f"{more} more are in trials.csv.")] if more else []),
    ]


def _provenance(folder: ComparisonFolder) -> list[str | Figure]:
    environment = folder.read_json(comparisons.ENVIRONMENT)
    return provenance(environment, [("The config", folder.read_text(comparisons.CONFIG))])


def provenance(
    environment: dict[str, Any], documents: Sequence[tuple[str, str]]
) -> list[str | Figure]:
    """Return how a result was made: the command, the machine, the configs."""
    words = [str(word) for word in environment.get("command", [])]
    command = shlex.join(["dlcli", *words[1:]])  # the first is where dlcli lay
    packages = environment.get("packages", {})
    facts = {k: v for k, v in environment.items() if k not in ("command", "packages", "problems")}
    rows = [[str(key), _plain(value)] for key, value in {**facts, **packages}.items()]
    return [
        "<h3>The command</h3>",
        code(command if words else "not recorded"),
        "<h3>The machine</h3>",
        table(("what", "which"), rows),
        *(folded(title, code(text)) for title, text in documents),
    ]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
