"""The figures of `dlcli compare-optimizers`, from numbers that are ready to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.report import curves, intervals, paired, panels, style, tables
from dlcli.report.saving import save_figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from matplotlib.figure import Figure

    from dlcli.comparison.results import Results


def write_figures(results: Results, folder: Path) -> list[Path]:
    """Write each figure the results allow as SVG and PNG, the same bytes for the same numbers.

    Args:
        results: See the functions of `dlcli.report` for the columns that are drawn.
        folder: Exists.

    Returns:
        What was written.

    Raises:
        OSError: If the folder cannot be written to.
    """
    written = []
    with style.applied():
        for stem, draw in drawings(results):
            written += save_figure(draw(), folder, stem)
    return written


def drawings(results: Results) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Yield the name of each figure there are results for, and what draws it."""
    cast = panels.cast_of(results)
    yield "learning_curves", lambda: curves.learning_curves(results, cast)
    yield "rate_sensitivity", lambda: curves.rate_sensitivity(results, cast)
    yield "score_intervals", lambda: intervals.score_intervals(results, cast)
    yield "scores_by_replication", lambda: paired.scores_by_replication(results, cast)
    if paired.is_ranked(results):
        yield "distance_to_best", lambda: paired.distance_to_best(results, cast)
    yield "time_to_target", lambda: curves.time_to_target(results, cast)
    yield "tuning_budget", lambda: curves.tuning_budget(results, cast)
    if cast.initializers:
        yield "initializers", lambda: tables.initializers(results, cast)
    profiles, found = results.profiles, results.critical_difference
    if profiles is not None:
        yield "performance_profile", lambda: curves.performance_profile(results, profiles, cast)
    if found is not None:
        yield "critical_difference", lambda: tables.critical_difference(results, found, cast)
