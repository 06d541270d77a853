"""The page of a comparison, made from the tables in its folder."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlcli.errors import UserError
from dlcli.report.documents import HEADER, READING, cells, without_tags
from dlcli.report.page.html import Figure, Section, bare, page, paragraphs, table
from dlcli.report.page.scale import Curve, scale_of
from dlcli.report.page.sources import DAMAGED, Row, epoch_axis, number, provenance, read_rows, shown
from dlcli.report.style import candidate_styles
from dlcli.store import comparisons

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlcli.report.style import Dash, Style
    from dlcli.store.comparisons import ComparisonFolder

SYMBOLS = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond",
           "v": "triangle-down", "P": "cross", "X": "x", "*": "star"}  # fmt: skip
SHOWN_FAILURES = 200

FAILURE = {
    "problem": "problem", "candidate": "candidate", "learning rate": "learning_rate",
    "initialiser": "initializer", "stage": "stage", "seed": "seed", "status": "status",
    "epochs": "epochs", "message": "message",
}  # fmt: skip
"""Columns that say which training came to nothing; what is empty for all is left out."""

FATES = {
    "ok": ("#B9D9EB", ""), "pruned": ("#E4E4E4", ""), "stuck": ("#E69F00", "/"),
    "diverged": ("#D55E00", "x"), "failed": ("#000000", "."),
}  # fmt: skip
"""Colours and patterns of what may become of a training."""

TEXTS = frozenset({
    "problem", "group", "candidate", "label", "optimizer", "arguments", "initializer", "edge",
    "under_tuned",
})  # fmt: skip
"""The columns of a summary that hold no numbers."""

LINE = 2
"""Width of a line, in pixels."""


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


def _page(folder: ComparisonFolder, tables: _Tables) -> str:
    markdown = folder.read_text("summary.md")
    lead, notes = _words(markdown)
    sections = [
        Section(problem, _problem_parts(tables, problem, _measured(markdown, problem)))
        for problem in tables.problems
    ]
    failures = _failures(tables.trials)
    sections += [
        Section("Trainings that came to nothing", failures),
        *([Section("Notes", [paragraphs(notes)])] if notes else []),
        Section("How to read the tables", [paragraphs(READING.replace("`", ""))]),
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

    @cached_property
    def _styles(self) -> dict[str, Style]:
        return candidate_styles(
            (r["candidate"], r["label"], r["initializer"]) for r in self.summary
        )

    def look(self, candidate: str) -> dict[str, Any]:
        """Return a candidate's line and marker, those of the printed figures."""
        style = self._styles[candidate]
        symbol = SYMBOLS[style.marker] + ("" if style.filled else "-open")
        return {
            "line": {"color": style.colour, "dash": _dash(style.dash), "width": LINE},
            "marker": {"color": style.colour, "symbol": symbol, "size": 8},
        }

    def lines(
        self, rows: Sequence[Row], x: str, y: str, hover: str, **more: Any
    ) -> list[dict[str, Any]]:
        """Return a line for each candidate.

        Args:
            rows: A point each.
            x: The column along the horizontal axis.
            y: The column along the vertical one.
            hover: What a point says, after the candidate's name.
            more: What else the traces have.
        """
        return [
            {
                "type": "scatter",
                "mode": "lines",
                "name": bare(name),
                **self.look(name),
                "x": [number(row[x]) for row in points],
                "y": [number(row[y]) for row in points],
                "hovertemplate": f"%{{fullData.name}}{hover}<extra></extra>",
                **more,
            }
            for name, points in _groups(rows).items()
        ]


def _dash(dash: Dash) -> str:
    """Return a line style as plotly has it: lengths in pixels instead of widths of the line."""
    if isinstance(dash, str):
        return dash
    return ",".join(f"{length * LINE:g}px" for length in dash[1])


def _read(folder: ComparisonFolder) -> _Tables:
    names = ("summary", "curves", "sensitivity", "arrivals", "budget")
    return _Tables(
        **{name: read_rows(folder, f"{name}.csv") for name in names},
        trials=read_rows(folder, "trials.csv", FAILURE.values()),
    )


def _words(markdown: str) -> tuple[str, str]:
    """Return the verdict and the notes of the summary in Markdown."""
    markdown = markdown.replace("&lt;", "<")  # the page escapes by itself
    verdict = markdown.split("\n## ", 1)[0].partition("\n")[2]
    notes = markdown.partition("\n## Notes\n")[2].split("\n## ", 1)[0]
    return verdict.strip(), notes.strip()


@dataclass(frozen=True)
class _Measure:
    """What is measured, as axes are labelled.

    Attributes:
        score: What is ranked by.
        validation: The same for the validation part.
        target: The validation score that counts as reached; "" without any.
    """

    score: str = "score on the test part"
    validation: str = "validation score"
    target: str = ""


def _measured(markdown: str, problem: str) -> _Measure:
    """Return what the summary in Markdown says it measured on a problem."""
    _, _, after = markdown.partition(f"\n## {without_tags(problem)}\n")
    part = after.partition("\n## ")[0]
    score = re.search(r"\| ([^|]*), mean \[95 % interval\] \|", part)
    target = re.search(r"^Target: (.*) (\S+)\.$", part, re.MULTILINE)
    known = {"score": score[1]} if score else {}
    known |= {"validation": target[1], "target": target[2]} if target else {}
    return _Measure(**known)


def _of(rows: Iterable[Row], problem: str) -> list[Row]:
    return [row for row in rows if row["problem"] == problem]


def _groups(rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["candidate"], []).append(row)
    return groups


def _problem_parts(tables: _Tables, problem: str, measure: _Measure) -> list[str | Figure]:
    summary = _of(tables.summary, problem)
    figures = [
        _intervals(tables, summary, measure),
        _sensitivity(tables, _of(tables.sensitivity, problem), measure),
        _curves(tables, _of(tables.curves, problem), measure),
        _arrivals(tables, _of(tables.arrivals, problem), measure),
        _budget(tables, _of(tables.budget, problem), measure),
        _heat_map(summary, measure),
    ]
    return [_ranked(summary, measure), *(figure for figure in figures if figure is not None)]


def _ranked(summary: Sequence[Row], measure: _Measure) -> str:
    """Return the table of the printed summary, and what it has no room for."""
    more = {"sd": "sd", "loss of Keras's default rate": "default_regret",
            "width in decades": "width_decades"}  # fmt: skip
    rows = [
        [*cells(_typed(row)), *(shown(row[column]) for column in more.values())] for row in summary
    ]
    score = f"{measure.score} [95\N{NO-BREAK SPACE}%\N{NO-BREAK SPACE}interval]"
    header = [*(score if name == "score" else name for name in HEADER), *more]
    return table(header, rows, numeric=("learning rate", "p", *more), name="The ranking")


def _typed(row: Row) -> dict[str, Any]:
    """Return a summary's row with its numbers as numbers, missing ones as NaN."""
    return {
        key: text if key in TEXTS else (math.nan if number(text) is None else number(text))
        for key, text in row.items()
    }


def _intervals(tables: _Tables, summary: Sequence[Row], measure: _Measure) -> Figure | None:
    rows = [row for row in reversed(summary) if number(row["mean"]) is not None]
    traces = []
    for row in rows:
        mean, low, high = (number(row[key]) for key in ("mean", "low", "high"))
        assert mean is not None  # noqa: S101 - see above
        error = {} if low is None or high is None else {"error_x": {
            "type": "data", "array": [high - mean], "arrayminus": [mean - low], "thickness": 2,
        }}  # fmt: skip
        traces.append({
            "type": "scatter", "mode": "markers", "x": [mean], "y": [bare(row["candidate"])],
            "name": bare(row["candidate"]), "marker": tables.look(row["candidate"])["marker"],
            "showlegend": False,
            "hovertemplate": "%{y}: %{x:.4f}<extra></extra>", **error,
        })  # fmt: skip
    return _figure(
        "Scores with their intervals",
        "A point is the mean of the confirming seeds, its bar the 95 % interval. Bars that overlap "
        "may still be told apart, because seeds are compared pair by pair: the letters say so.",
        traces,
        {"xaxis": {"title": {"text": bare(measure.score)}}, "yaxis": {"automargin": True}},
        _numbers(summary, ("mean", "low", "high")),
        height=120 + 34 * len(rows),
    )


def _sensitivity(tables: _Tables, rows: Sequence[Row], measure: _Measure) -> Figure | None:
    ordered = sorted(rows, key=lambda row: float(row["learning_rate"]))
    traces = tables.lines(
        ordered, "learning_rate", "score", " at %{x:g}: %{y:.4f}<br>%{text}", mode="lines+markers"
    )
    for trace, points in zip(traces, _groups(ordered).values(), strict=True):
        trace["marker"]["size"] = [13 if row["chosen"] == "True" else 7 for row in points]
        trace["text"] = [
            bare(f"{row['failed']} of {row['runs']} came to nothing") for row in points
        ]
    return _figure(
        "Learning rates",
        "The validation score over the rates that were searched; the large marker is the chosen "
        "one. A broad hill forgives a rate that is not quite right, a narrow one does not.",
        traces,
        {
            "xaxis": {
                "type": "log",
                "title": {"text": "learning rate (log scale)"},
                "dtick": 1,
                "exponentformat": "power",
            },
            "yaxis": {"title": {"text": bare(measure.validation)}},
        },
        _numbers(rows, ("learning_rate", "score", "failed")),
    )


def _curves(tables: _Tables, rows: Sequence[Row], measure: _Measure) -> Figure | None:
    lines = tables.lines(rows, "epoch", "mean", ", epoch %{x}: %{y:.4f}")
    groups = _groups(rows)
    ranked = [row["candidate"] for row in _of(tables.summary, rows[0]["problem"])] if rows else []
    scale = scale_of([_curve(name, groups[name]) for name in ranked if name in groups])
    floor = scale.whole[0] / 10 if scale.log else -math.inf
    bands = (_band(*pair, floor) for pair in zip(lines, groups.values(), strict=True))
    for line in lines:
        line["legendgroup"] = line["name"]  # a click hides the band with its line
    said = "The mean validation score of the confirming seeds after each epoch, with its 95 % band."
    return _figure(
        "Learning curves",
        f"{said} {scale.text()}".strip(),
        [*(band for band in bands if band is not None), *lines],
        {
            "xaxis": _epochs(rows),
            "yaxis": {"title": {"text": scale.named(bare(measure.validation))}, **scale.axis()},
        },
        _numbers(rows, ("epoch", "mean", "low", "high")),
        more=scale.bounds is not None,
    )


def _curve(candidate: str, rows: Sequence[Row]) -> Curve:
    means = [number(row["mean"]) for row in rows]
    return Curve(candidate, means, [number(row[end]) for row in rows for end in ("low", "high")])


def _epochs(rows: Sequence[Row]) -> dict[str, Any]:
    return epoch_axis([number(row["epoch"]) for row in rows])


def _band(line: dict[str, Any], points: Sequence[Row], floor: float) -> dict[str, Any] | None:
    """Return the area around a line, or None where there are too few seeds for one.

    Args:
        line: As plotly draws it.
        points: Its rows.
        floor: The area ends there: a logarithmic axis has no place for a negative end.
    """
    ends = [[number(row[end]) for row in points] for end in ("low", "high")]
    low, high = ([max(v, floor) for v in values if v is not None] for values in ends)
    if min(len(low), len(high)) < len(points):
        return None
    return {
        "type": "scatter", "mode": "lines", "x": line["x"] + line["x"][::-1],
        "y": high + low[::-1], "fill": "toself", "line": {"width": 0},
        "fillcolor": line["line"]["color"], "opacity": 0.12, "hoverinfo": "skip",
        "showlegend": False, "legendgroup": line["name"],
    }  # fmt: skip


def _arrivals(tables: _Tables, rows: Sequence[Row], measure: _Measure) -> Figure | None:
    traces = tables.lines(rows, "epoch", "share", ", epoch %{x}: %{y:.0%}")
    for trace in traces:
        trace["line"]["shape"] = "hv"
    told = f", a {measure.validation} of {measure.target}," if measure.target else ""
    return _figure(
        "Time to the target",
        f"The share of the seeds that have reached the target{told} by an epoch. What never "
        "arrives is counted as such, not left out.",
        traces,
        {
            "xaxis": _epochs(rows),
            "yaxis": {"title": {"text": "share of seeds"}, "tickformat": ".0%", "range": [0, 1.05]},
        },
        _numbers(rows, ("epoch", "share")),
    )


def _budget(tables: _Tables, rows: Sequence[Row], measure: _Measure) -> Figure | None:
    return _figure(
        "Tuning budget",
        "The best validation score to expect after so many learning rates drawn at random: who "
        "rises fast needs little tuning (Dodge et al. 2019; Sivaprasad et al. 2020).",
        tables.lines(
            rows, "tries", "expected_best", ", %{x} tried: %{y:.4f}", mode="lines+markers"
        ),
        {
            "xaxis": {"title": {"text": "learning rates tried"}},
            "yaxis": {"title": {"text": f"expected best {bare(measure.validation)}"}},
        },
        _numbers(rows, ("tries", "expected_best")),
    )


def _heat_map(summary: Sequence[Row], measure: _Measure) -> Figure | None:
    initializers = list(dict.fromkeys(row["initializer"] for row in summary))
    if len(initializers) < 2:
        return None
    labels = list(dict.fromkeys(row["label"] for row in summary))
    means = {(row["label"], row["initializer"]): number(row["mean"]) for row in summary}
    grid = [[means.get((label, name)) for name in initializers] for label in labels]
    trace = {
        "type": "heatmap", "x": list(map(bare, initializers)), "y": list(map(bare, labels)),
        "z": grid, "colorscale": "Viridis",
        "colorbar": {"title": {"text": "score"}},
        "texttemplate": "%{z:.3f}",
        "hovertemplate": "%{y}, %{x}: %{z:.4f}<extra></extra>",
    }  # fmt: skip
    return _figure(
        "Initialisers",
        f"The mean score ({measure.score}) of each optimizer with each initialiser, at the rate "
        "that suits the two.",
        [trace],
        {"xaxis": {"title": {"text": "initialiser"}}, "yaxis": {"title": {"text": "optimizer"}}},
        [["optimizer", "initialiser", "score"]]
        + [[r["label"], r["initializer"], shown(r["mean"])] for r in summary],
    )


def _numbers(rows: Sequence[Row], keys: Sequence[str]) -> list[list[str]]:
    """Return the table of a figure: a column for the candidate and one for each key."""
    header = ["candidate", *(key.replace("_", " ") for key in keys)]
    return [header, *([row["candidate"], *(shown(row[key]) for key in keys)] for row in rows)]


def _figure(
    title: str,
    reading: str,
    traces: Sequence[dict[str, Any]],
    layout: dict[str, Any],
    numbers: list[list[str]],
    *,
    height: int = 400,
    more: bool = False,
) -> Figure | None:
    """Return a figure, or None if there is nothing to draw."""
    return Figure(title, reading, traces, layout, numbers, height, more) if traces else None


def _failures(trials: Sequence[Row]) -> list[str | Figure]:
    failed = [row for row in trials if row["status"] not in ("ok", "pruned")]
    if not failed:
        return [paragraphs(f"All {len(trials)} trainings came to something.")]
    said = (
        f"{len(failed)} of {len(trials)} trainings diverged (a loss or weight that is no finite "
        "number), got stuck (at the end no better than chance) or failed. They count with the "
        "score of knowing nothing; none is left out of a table."
    )
    told = {column: key for column, key in FAILURE.items() if any(row[key] for row in failed)}
    rows = [[row[key] for key in told.values()] for row in failed[:SHOWN_FAILURES]]
    more = len(failed) - len(rows)
    return [
        paragraphs(said),
        _fates(trials),
        table(
            tuple(told),
            rows,
            numeric=("learning rate", "seed", "epochs"),
            name="The trainings that came to nothing",
        ),
        *([paragraphs(f"{more} more are in trials.csv.")] if more else []),
    ]


def _fates(trials: Sequence[Row]) -> Figure:
    """Return bars of what became of each candidate's trainings."""
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
        "What became of the trainings",
        "Those of the search and of the confirmation. Many that came to nothing mean that the "
        "searched rates reach into where the optimizer fails.",
        traces,
        {
            "barmode": "stack",
            "xaxis": {"title": {"text": "trainings"}},
            "yaxis": {"type": "category", "autorange": "reversed"},
        },
        [["candidate", *kinds], *rows],
        max(220, 26 * len(candidates) + 120),
    )


def _provenance(folder: ComparisonFolder) -> list[str | Figure]:
    environment = folder.read_json(comparisons.ENVIRONMENT)
    return provenance(environment, [("The config", folder.read_text(comparisons.CONFIG))])
