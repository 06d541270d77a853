"""Figures of lines: a line a candidate, a panel a problem."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, PercentFormatter

from dlcli.report.drawing.panels import (
    Cast,
    describe,
    fit_scale,
    limits,
    off_scale,
    panels,
    problem_panels,
    sparse,
    whole_numbers,
)
from dlcli.report.drawing.scale import Curve, scale_of
from dlcli.report.drawing.style import GREY
from dlcli.report.text.rows import BANDED, part, ranked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from pandas import DataFrame

    from dlcli.compare.results import Results

MARGINS = 8
"""How many margins from the best score are shown close by."""

_FAILED: dict[str, Any] = {"marker": "x", "color": "black", "linestyle": "none", "markersize": 5.5}
_CHOSEN: dict[str, Any] = {
    "marker": "o",
    "markerfacecolor": "none",
    "linestyle": "none",
    "markersize": 10,
}


def learning_curves(results: Results, cast: Cast) -> Figure:
    """Draw the mean validation score over the replications by epoch, with a band of its interval.

    The vertical axis is that of the page: the first epochs lie outside of it, and this is said,
    where they would squash the others.

    Args:
        results: Of `curves` the columns problem, candidate, epoch, mean, low and high.
        cast: The candidates.
    """
    figure, axes = problem_panels(results, cast.entries())
    for problem, panel in axes.items():
        lines = _lines(results, results.curves, problem, "epoch")
        for candidate, rows in lines.items():
            _draw(panel, cast, candidate, rows, "epoch", "mean")
            epochs = rows["epoch"].to_numpy(float)
            _draw_band(panel, cast.candidates[candidate].colour, epochs, rows)
        whole_numbers(panel)
        scale = scale_of([_curve(name, rows) for name, rows in lines.items()])
        if scale.log:
            panel.set_yscale("log")
        bounds = scale.ends() or panel.get_ylim()
        note = fit_scale(panel, cast, lines, "epoch", ("mean",), bounds)
        described = [problem, _over(results, problem), _beginnings(panel, lines), note]
        describe(panel, described, "epoch", scale.named(results.validation_text))
    return figure


def _curve(name: str, rows: DataFrame) -> Curve:
    """Return the means of a candidate and the ends of its intervals, those that are numbers."""
    ends = rows[["low", "high"]].to_numpy(float).ravel()
    return Curve(name, _known(rows["mean"].to_numpy(float)), _known(ends))


def _known(values: NDArray[np.float64]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _over(results: Results, problem: str) -> str:
    """Say what a mean is over."""
    count = results.replications[problem]
    over = f"up to {count}" if results.looks.get(problem) else f"{count}"
    return f"mean of {over} replications, 95% bands" if count > 1 else ""


def _draw_band(panel: Axes, colour: str, x: NDArray[np.float64], rows: DataFrame) -> None:
    """Draw the intervals of a line, where there are enough runs for one to say something."""
    telling = rows["runs"].to_numpy(float) >= BANDED
    low, high = rows["low"].to_numpy(float), rows["high"].to_numpy(float)
    if (np.isfinite(low) & telling).any():
        panel.fill_between(x, low, high, where=telling, color=colour, alpha=0.12, linewidth=0)


def _beginnings(panel: Axes, lines: Mapping[str, DataFrame]) -> str:
    """Say how far curves that end within a panel begin outside; "" if none does."""
    low, high = map(float, panel.get_ylim())
    means = [rows["mean"].to_numpy(float) for rows in lines.values()]
    inside = np.concatenate([np.empty(0), *(m for m in means if low <= m[-1] <= high)])
    finite = inside[np.isfinite(inside)]
    below, above = float(finite.min(initial=low)), float(finite.max(initial=high))
    ends = [f"down to {below:.4g}"] * (below < low) + [f"up to {above:.4g}"] * (above > high)
    return f"first epochs off the scale, {' and '.join(ends)}" if ends else ""


def tuning_budget(results: Results, cast: Cast) -> Figure:
    """Draw the best validation score to expect of a number of tried learning rates.

    Args:
        results: Of `budget` the columns problem, candidate, tries and expected_best.
        cast: The candidates.
    """
    figure, axes = problem_panels(results, cast.entries())
    for problem, panel in axes.items():
        lines = _lines(results, results.budget, problem, "tries")
        for candidate, rows in lines.items():
            _draw(panel, cast, candidate, rows, "tries", "expected_best")
        whole_numbers(panel)
        note = fit_scale(panel, cast, lines, "tries", ("expected_best",))
        text = f"expected best {results.validation_text}"
        describe(panel, [problem, note], "number of learning rates tried", text)
    return figure


def rate_sensitivity(results: Results, cast: Cast) -> Figure:
    """Draw the validation score by learning rate, with a band of its interval.

    The recommended rates are marked, and those at which trials failed.

    Args:
        results: `chance`, and of `sensitivity` the columns problem, candidate, label,
            learning_rate, score, low, high, runs, failed and chosen.
        cast: The candidates.
    """
    failures = results.sensitivity.groupby("label")["failed"].sum()
    notes = {str(label): f" ({count} failed)" for label, count in failures.items() if count}
    extra = [
        Line2D([], [], color=GREY, markeredgecolor=GREY, label="recommended rate", **_CHOSEN),
        Line2D([], [], label="failed: diverged or got stuck", **_FAILED),
        Line2D([], [], color=GREY, linestyle="--", linewidth=1, label="chance level"),
    ]
    entries = [*cast.entries(notes), *extra]
    if len(results.problems) > 1:
        figure, axes = problem_panels(results, entries)
        for problem, panel in axes.items():
            _draw_problem_rates(panel, results, cast, problem)
        return figure
    (problem,) = results.problems
    figure, (whole, close) = panels(2, entries, height=2.6, columns=1)
    _draw_problem_rates(whole, results, cast, problem)
    _draw_problem_rates(close, results, cast, problem, close=True)
    return figure


def _draw_problem_rates(
    panel: Axes, results: Results, cast: Cast, problem: str, *, close: bool = False
) -> None:
    """Draw the scores by learning rate, all of them or those near the best."""
    lines = _lines(results, results.sensitivity, problem, "learning_rate")
    for candidate, rows in lines.items():
        _draw_rates(panel, cast, candidate, rows)
    chance = results.chance[problem]
    every = part(results.sensitivity, problem=problem)
    if len(every):
        _log_rates(panel, every["learning_rate"].to_numpy(float))
    if close:
        panel.set_ylim(*_near_best(results, problem, every))
        title = ["the same, near the best"]
    else:
        if math.isfinite(chance):
            panel.axhline(chance, color=GREY, linestyle="--", linewidth=1, zorder=1)
        failed, runs = int(every["failed"].sum()), int(every["runs"].sum())
        scores = [rows["score"].to_numpy(float) for rows in lines.values()]
        title = [problem, f"{failed} of {runs} trials failed", _fit_rates(panel, chance, scores)]
    describe(panel, title, "learning rate (log scale)", results.validation_text)


def _near_best(results: Results, problem: str, rows: DataFrame) -> tuple[float, float]:
    """Return the limits that show what lies some margins from the best score."""
    scores = rows["score"].to_numpy(float)
    scores = scores[np.isfinite(scores)]
    if not len(scores):
        return (0.0, 1.0)
    best = float(scores.max() if results.greater_is_better else scores.min())
    reach = MARGINS * (results.margins[problem] or 0.01 * abs(best) or 0.01)
    low, high = best - reach, best + reach / 4
    return (low, high) if results.greater_is_better else (2 * best - high, 2 * best - low)


def time_to_target(results: Results, cast: Cast) -> Figure:
    """Draw the share of trials that reached the target by each epoch.

    Args:
        results: `targets`, and of `arrivals` the columns problem, candidate, epoch and share.
        cast: The candidates.
    """
    figure, axes = problem_panels(results, cast.entries())
    for problem, panel in axes.items():
        lines = _lines(results, results.arrivals, problem, "epoch")
        for candidate, rows in lines.items():
            _draw(panel, cast, candidate, rows, "epoch", "share", drawstyle="steps-post")
        whole_numbers(panel)
        _shares(panel)
        y = "share of trials that reached the target"
        describe(panel, [problem, _target(results, problem)], "epoch", y)
    return figure


def performance_profile(results: Results, profiles: DataFrame, cast: Cast) -> Figure:
    """Draw the share of runs whose normalised score exceeds a threshold, by threshold.

    Args:
        results: `problems`.
        profiles: Columns candidate, threshold and share.
        cast: The candidates.
    """
    figure, (panel,) = panels(1, cast.entries(), height=3.3)
    for candidate in cast.candidates:
        rows = part(profiles, candidate=candidate).sort_values("threshold")
        if len(rows):
            _draw(panel, cast, candidate, rows, "threshold", "share")
    _shares(panel)
    title = f"runs on {len(results.problems)} problems"
    describe(panel, [title], "normalised score τ", "share of runs that score above τ")
    return figure


def _lines(results: Results, frame: DataFrame, problem: str, x: str) -> dict[str, DataFrame]:
    """Return the rows of each candidate on a problem in order of `x`, the best candidate first."""
    rows = part(frame, problem=problem).sort_values(x)
    lines = {name: part(rows, candidate=name) for name in ranked(results, problem)}
    return {name: line for name, line in lines.items() if len(line)}


def _draw(
    panel: Axes, cast: Cast, candidate: str, rows: DataFrame, x: str, y: str, **look: str
) -> None:
    """Draw a candidate's line, its markers beside those of the others."""
    every = sparse(list(cast.candidates).index(candidate), len(cast.candidates), len(rows))
    style = cast.candidates[candidate].line() | look
    panel.plot(rows[x].to_numpy(float), rows[y].to_numpy(float), markevery=every, **style)


def _target(results: Results, problem: str) -> str:
    target = results.targets[problem]
    if target is None:
        return "no target: no run has a score"
    sign = "≥" if results.greater_is_better else "≤"
    return f"target: {results.validation_text} {sign} {target:.4g}"


def _draw_rates(panel: Axes, cast: Cast, candidate: str, rows: DataFrame) -> None:
    style = cast.candidates[candidate]
    rates, scores = rows["learning_rate"].to_numpy(float), rows["score"].to_numpy(float)
    panel.plot(rates, scores, **style.line())
    _draw_band(panel, style.colour, rates, rows)
    chosen, failed = rows["chosen"].to_numpy(bool), rows["failed"].to_numpy(float) > 0
    panel.plot(rates[chosen], scores[chosen], markeredgecolor=style.colour, **_CHOSEN)
    panel.plot(rates[failed], scores[failed], zorder=4, **_FAILED)


def _fit_rates(panel: Axes, chance: float, scores: list[NDArray[np.float64]]) -> str:
    """Show the chance level and the better half's rates, and say how many points lie outside."""
    bounds = limits([np.append(scores[0], chance), *scores[1:]] if scores else [[chance]])
    panel.set_ylim(*bounds)
    points = np.concatenate([np.empty(0), *scores])
    below, above = int((points < bounds[0]).sum()), int((points > bounds[1]).sum())
    return off_scale({"rates below": below, "rates above": above})


def _log_rates(panel: Axes, rates: NDArray[np.float64]) -> None:
    """Tick a log axis so that labels neither lack nor crowd, however many decades it spans."""
    panel.set_xscale("log")
    low, high = float(rates.min()), float(rates.max())
    panel.set_xlim(low / 1.6, high * 1.6)
    if high / low >= 100:
        panel.xaxis.set_major_locator(LogLocator(numticks=7))
        panel.xaxis.set_minor_formatter(NullFormatter())
    else:
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 3) if high / low >= 10 else (1, 2, 5)))
        panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter("{x:g}")


def _shares(panel: Axes) -> None:
    panel.set_ylim(-0.04, 1.04)
    panel.yaxis.set_major_formatter(PercentFormatter(1))
