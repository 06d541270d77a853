"""The figures of a comparison's page, as plotly draws them, from the rows of its tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlcli.report.drawing.scale import AxisScale, Curve, scale_of
from dlcli.report.drawing.style import GREY, candidate_styles
from dlcli.report.page.html import Figure, bare
from dlcli.report.page.sources import Row, epoch_axis, number, shown
from dlcli.report.text.documents import VERDICTS
from dlcli.report.text.rows import BANDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dlcli.report.drawing.style import Dash, Style
    from dlcli.report.page.told import Measure, PageText

SYMBOLS = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond",
           "v": "triangle-down", "P": "cross", "X": "x", "*": "star"}  # fmt: skip

LINE = 2
"""Width of a line, in pixels."""


@dataclass(frozen=True)
class Tables:
    """The tables of a comparison, rows of text, and how its candidates are drawn."""

    summary: list[Row]
    curves: list[Row]
    sensitivity: list[Row]
    arrivals: list[Row]
    budget: list[Row]
    trials: list[Row]
    scores: list[Row]
    costs: list[Row]
    fractions: list[Row]
    told: PageText

    @property
    def problems(self) -> list[str]:
        """Their names."""
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
            for name, points in groups_of(rows).items()
        ]


def _dash(dash: Dash) -> str:
    """Return a line style as plotly has it: lengths in pixels instead of widths of the line."""
    if isinstance(dash, str):
        return dash
    return ",".join(f"{length * LINE:g}px" for length in dash[1])


def of(rows: Iterable[Row], problem: str) -> list[Row]:
    """Return the rows of a problem."""
    return [row for row in rows if row["problem"] == problem]


def groups_of(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return the rows by candidate."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["candidate"], []).append(row)
    return groups


def problem_figures(tables: Tables, problem: str) -> list[Figure]:
    """Return the figures of a problem, those that there is something for."""
    summary = of(tables.summary, problem)
    measure = tables.told.measure(problem)
    figures = [
        _intervals(tables, summary, measure),
        _distances(tables, summary, measure),
        _sensitivity(tables, of(tables.sensitivity, problem), measure),
        _replications(tables, of(tables.scores, problem), measure),
        _curves(tables, of(tables.curves, problem), measure),
        _arrivals(tables, of(tables.arrivals, problem), measure),
        _budget(tables, of(tables.budget, problem), measure),
        _heat_map(summary, measure),
    ]
    return [figure for figure in figures if figure is not None]


def _row_name(row: Row) -> str:
    """Return a candidate with its verdict, or of a former comparison its letter."""
    verdict = VERDICTS.get(row.get("verdict", ""), "")
    if "verdict" not in row and row["group"].isalpha():
        verdict = f"group {row['group']}"
    return bare(f"{row['candidate']}, {verdict}" if verdict else row["candidate"])


def _intervals(tables: Tables, summary: Sequence[Row], measure: Measure) -> Figure | None:
    rows = [row for row in reversed(summary) if number(row["mean"]) is not None]
    traces = []
    for row in rows:
        mean, low, high = (number(row[key]) for key in ("mean", "low", "high"))
        assert mean is not None  # noqa: S101 - see above
        error = {} if low is None or high is None else {"error_x": {
            "type": "data", "array": [high - mean], "arrayminus": [mean - low], "thickness": 2,
        }}  # fmt: skip
        traces.append({
            "type": "scatter", "mode": "markers", "x": [mean], "y": [_row_name(row)],
            "name": bare(row["candidate"]), "marker": tables.look(row["candidate"])["marker"],
            "showlegend": False,
            "hovertemplate": "%{y}: %{x:.4f}<extra></extra>", **error,
        })  # fmt: skip
    if tables.told.is_former:
        reading = (
            "A point is the mean over the seeds, its bar the 95 % interval. Seeds are compared "
            "pair by pair, so candidates whose bars overlap may still be in different groups."
        )
    else:
        reading = (
            "A point is the mean over the replications, its bar the 95 % interval. Scores are "
            "compared pair by pair, so candidates whose bars overlap may still be told apart."
        )
    shapes = _margin_band(summary, measure)
    if shapes:
        reading += (
            f" Means in the gray band are less than the margin ({measure.margin:.3g}) from the "
            "best mean."
        )
    return _figure(
        "Scores with their intervals",
        reading,
        traces,
        {
            "xaxis": {"title": {"text": bare(measure.score)}},
            "yaxis": {"automargin": True},
            "shapes": shapes,
        },
        _numbers(summary, ("mean", "low", "high")),
        height=120 + 34 * len(rows),
    )


def _margin_band(summary: Sequence[Row], measure: Measure) -> list[dict[str, Any]]:
    """Return the band of means that lack less than the margin to the best one."""
    means = [number(row["mean"]) for row in summary if row.get("verdict") == "best"]
    if not means or means[0] is None or measure.margin is None:
        return []
    return [{
        "type": "rect", "xref": "x", "yref": "paper", "x0": means[0],
        "x1": means[0] - measure.sign * measure.margin, "y0": 0, "y1": 1, "layer": "below",
        "line": {"width": 0}, "fillcolor": GREY, "opacity": 0.18,
    }]  # fmt: skip


def _distances(tables: Tables, summary: Sequence[Row], measure: Measure) -> Figure | None:
    """Return what each candidate lacks to the best one, with its bound and the margin."""
    if measure.margin is None:
        return None
    rows = [row for row in reversed(summary)
            if row["verdict"] and number(row["difference_high"]) is not None]  # fmt: skip
    traces = []
    for row in rows:
        lack, high = number(row["difference"]) or 0.0, number(row["difference_high"]) or 0.0
        traces.append({
            "type": "scatter", "mode": "markers", "x": [lack], "y": [_row_name(row)],
            "name": bare(row["candidate"]), "marker": tables.look(row["candidate"])["marker"],
            "showlegend": False,
            "error_x": {"type": "data", "symmetric": False, "array": [high - lack],
                        "arrayminus": [0], "thickness": 2},
            "hovertemplate": f"%{{y}}: lacks %{{x:.4f}}, at most {high:.4f}<extra></extra>",
        })  # fmt: skip
    line = {
        "type": "line", "xref": "x", "yref": "paper", "x0": measure.margin, "x1": measure.margin,
        "y0": 0, "y1": 1, "line": {"color": GREY, "width": 2, "dash": "dash"},
    }  # fmt: skip
    return _figure(
        "What each candidate lacks to the best",
        "A point is the observed difference to the best mean. Its bar ends at what the candidate "
        f"lacks at most, with {measure.confidence} confidence for all candidates together. A bar "
        f"that ends before the dashed line, the margin of {measure.margin:.3g}, means as good as "
        "the best. The bar of the best shows what it may lack to another candidate.",
        traces,
        {
            "xaxis": {
                "title": {"text": f"lacks to the best ({bare(measure.score)})"},
                "rangemode": "tozero",
            },
            "yaxis": {"automargin": True},
            "shapes": [line],
        },
        _numbers(rows[::-1], ("difference", "difference_high", "p_value")),
        height=120 + 34 * len(rows),
    )


def _replications(tables: Tables, rows: Sequence[Row], measure: Measure) -> Figure | None:
    """Return each replication's scores, joined over the candidates."""
    if not rows:
        return None
    names = [row["candidate"] for row in of(tables.summary, rows[0]["problem"])]
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row["replication"], {})[row["candidate"]] = row
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "name": bare(f"replication {replication}"),
            "x": [bare(name) for name in names],
            "y": [number(own[name]["score"]) if name in own else None for name in names],
            "line": {"color": "#999999", "width": 1}, "hoverinfo": "skip", "showlegend": False,
        }
        for replication, own in found.items()
    ]  # fmt: skip
    for name in names:
        points = [own[name] for own in found.values() if name in own]
        look = tables.look(name)["marker"]
        traces.append({
            "type": "scatter", "mode": "markers", "name": bare(name),
            "x": [bare(name)] * len(points), "y": [number(row["score"]) for row in points],
            "marker": look, "showlegend": False,
            "text": [bare(_replication_text(row)) for row in points],
            "hovertemplate": "%{x}: %{y:.4f}<br>%{text}<extra></extra>",
        })  # fmt: skip
    table = [["candidate", *(f"replication {r}" for r in found)]]
    table += [
        [name, *(shown(own[name]["score"]) if name in own else "-" for own in found.values())]
        for name in names
    ]
    return _figure(
        "Scores by replication",
        "A thin line joins the scores of one replication: the same split, initial weights and "
        "batches for all candidates. Lines that fall together from one candidate to the next show "
        "a difference even where the scores of the replications lie far apart.",
        traces,
        {"xaxis": {"type": "category"}, "yaxis": {"title": {"text": bare(measure.score)}}},
        table,
    )


def _replication_text(row: Row) -> str:
    failed = "" if row["status"] == "ok" else f", {row['status']}"
    return f"replication {row['replication']}, learning rate {row['learning_rate']}{failed}"


def _sensitivity(tables: Tables, rows: Sequence[Row], measure: Measure) -> Figure | None:
    ordered = sorted(rows, key=lambda row: float(row["learning_rate"]))
    traces = tables.lines(
        ordered, "learning_rate", "score", " at %{x:g}: %{y:.4f}<br>%{text}", mode="lines+markers"
    )
    bands = []
    for trace, points in zip(traces, groups_of(ordered).values(), strict=True):
        trace["marker"]["size"] = [13 if row["chosen"] == "True" else 7 for row in points]
        trace["text"] = [bare(_rate_text(row)) for row in points]
        trace["legendgroup"] = trace["name"]  # a click hides the band with its line
        known = [row for row in points
                 if number(row.get("low")) is not None and int(row["runs"]) >= BANDED]  # fmt: skip
        line = {**trace, "x": [number(row["learning_rate"]) for row in known]}
        bands += [band] if len(known) > 1 and (band := area_around(line, known, -math.inf)) else []
    marked = "chosen" if tables.told.is_former else "recommended"
    banded = ", with its 95 % band over the replications" if bands else ""
    return _figure(
        "Learning rates",
        f"The mean validation score at each learning rate{banded}. The large marker is the "
        f"{marked} rate. A broad hill forgives a rate that is not quite right; a narrow one does "
        "not.",
        [*bands, *traces],
        {
            "xaxis": {
                "type": "log",
                "title": {"text": "learning rate (log scale)"},
                "dtick": 1,
                "exponentformat": "power",
            },
            "yaxis": {"title": {"text": bare(measure.validation)}},
        },
        _numbers(rows, ("learning_rate", "score", *(("low", "high") if bands else ()), "failed")),
    )


def _rate_text(row: Row) -> str:
    """Return what the mouse is told of a rate."""
    told = f"{row['failed']} of {row['runs']} trials failed"
    if number(row.get("times_chosen")):
        count = int(float(row["times_chosen"]))
        told += f", chosen by {count} replication{'' if count == 1 else 's'}"
    return told


def _curves(tables: Tables, rows: Sequence[Row], measure: Measure) -> Figure | None:
    lines = tables.lines(rows, "epoch", "mean", ", epoch %{x}: %{y:.4f}")
    groups = groups_of(rows)
    ranked = [row["candidate"] for row in of(tables.summary, rows[0]["problem"])] if rows else []
    scale = page_scale([(name, groups[name]) for name in ranked if name in groups])
    floor = scale.whole[0] / 10 if scale.log else -math.inf
    bands = (area_around(*pair, floor) for pair in zip(lines, groups.values(), strict=True))
    for line in lines:
        line["legendgroup"] = line["name"]  # a click hides the band with its line
    over = "fresh seeds" if tables.told.is_former else "replications"
    said = f"The mean validation score over the {over} after each epoch, with its 95 % band."
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


def page_scale(curves: Sequence[tuple[str, Sequence[Row]]]) -> AxisScale:
    """Return the vertical axis of learning curves, which are given by candidate, the best first."""
    return scale_of([
        Curve(
            candidate,
            [number(row["mean"]) for row in rows],
            [number(row[end]) for row in rows for end in ("low", "high")],
        )
        for candidate, rows in curves
    ])  # fmt: skip


def _epochs(rows: Sequence[Row]) -> dict[str, Any]:
    return epoch_axis([number(row["epoch"]) for row in rows])


def area_around(line: dict[str, Any], points: Sequence[Row], floor: float) -> dict[str, Any] | None:
    """Return the area around a line, or None where there are too few replications for one.

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


def _arrivals(tables: Tables, rows: Sequence[Row], measure: Measure) -> Figure | None:
    traces = tables.lines(rows, "epoch", "share", ", epoch %{x}: %{y:.0%}")
    for trace in traces:
        trace["line"]["shape"] = "hv"
    reached = "" if measure.target is None else f", a {measure.validation} of {measure.target:.4f},"
    return _figure(
        "Time to the target",
        f"The share of the trials that have reached the target{reached} by an epoch. Trials that "
        "never reach it are counted, not left out.",
        traces,
        {
            "xaxis": _epochs(rows),
            "yaxis": {
                "title": {"text": "share of trials"},
                "tickformat": ".0%",
                "range": [0, 1.05],
            },
        },
        _numbers(rows, ("epoch", "share")),
    )


def _budget(tables: Tables, rows: Sequence[Row], measure: Measure) -> Figure | None:
    return _figure(
        "Tuning budget",
        "The best validation score to expect after so many learning rates drawn at random. A line "
        "that rises fast needs little tuning (Dodge et al. 2019; Sivaprasad et al. 2020).",
        tables.lines(
            rows, "tries", "expected_best", ", %{x} tried: %{y:.4f}", mode="lines+markers"
        ),
        {
            "xaxis": {"title": {"text": "learning rates tried"}},
            "yaxis": {"title": {"text": f"expected best {bare(measure.validation)}"}},
        },
        _numbers(rows, ("tries", "expected_best")),
    )


def _heat_map(summary: Sequence[Row], measure: Measure) -> Figure | None:
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
        "Initializers",
        f"The mean score ({measure.score}) of each optimizer with each initializer, at the "
        "recommended rate of the two.",
        [trace],
        {"xaxis": {"title": {"text": "initializer"}}, "yaxis": {"title": {"text": "optimizer"}}},
        [["optimizer", "initializer", "score"]]
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
