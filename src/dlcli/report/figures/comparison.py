"""The figures of a comparison, from numbers that are ready to draw."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
from typing import TYPE_CHECKING

from dlcli.report.drawing import panels, style
from dlcli.report.drawing.saving import paths_of, save_figure
from dlcli.report.figures import curves, fractions, fronts, intervals, paired, settings, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from dlcli.compare.results import Results


def write_figures(results: Results, folder: Path) -> list[Path]:
    """Write each figure the results allow as SVG and PNG, the same bytes for the same numbers.

    Args:
        results: See the modules of `dlcli.report.figures` for the columns that are drawn.
        folder: Exists.

    Returns:
        What was written.

    Raises:
        OSError: If the folder cannot be written to.
    """
    ready = list(drawings(results))
    with _helped(ready[1::2], folder) as rest:
        _written(ready[::2] + rest, folder)
    return [path for stem, _ in ready for path in paths_of(folder, stem)]


Drawing = tuple[str, "Callable[[], Figure]"]


def _written(ready: Sequence[Drawing], folder: Path) -> None:
    with style.applied():
        for stem, draw in ready:
            save_figure(draw(), folder, stem)


@contextlib.contextmanager
def _helped(ready: Sequence[Drawing], folder: Path) -> Iterator[list[Drawing]]:
    """Draw figures in a second process while the block draws others: 1.3 s less on two cores.

    Yields:
        What the block must draw itself: all of them where no process can be forked, as on other
        systems or once TensorFlow has begun to work here.
    """
    if not ready or "tensorflow" in sys.modules or sys.platform != "linux":
        yield list(ready)
        return
    process = multiprocessing.get_context("fork").Process(target=_written, args=(ready, folder))
    process.start()
    try:
        yield []
    finally:
        process.join()
    if process.exitcode:  # what it could not do is tried here, where its error can be told
        _written(ready, folder)


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
    if len(results.searched):
        yield "score_by_setting", lambda: settings.score_by_setting(results, cast)
    if len(results.importance):
        yield "score_map", lambda: settings.score_map(results)
    if len(results.fractions):
        yield "score_by_training_size", lambda: fractions.score_by_training_size(results, cast)
    if fronts.has_costs(results):
        yield "score_against_cost", lambda: fronts.score_against_cost(results, cast)
    if cast.initializers:
        yield "initializers", lambda: tables.initializers(results, cast)
    profiles, found = results.profiles, results.critical_difference
    if profiles is not None:
        yield "performance_profile", lambda: curves.performance_profile(results, profiles, cast)
    if found is not None:
        yield "critical_difference", lambda: tables.critical_difference(results, found, cast)
