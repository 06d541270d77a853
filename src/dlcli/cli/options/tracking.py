"""The option `--tracking`, of every command that trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlcli.cli.screen.output import note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.store.runs import RunFolder
    from dlcli.tracking import Watched
    from dlcli.train.fit import TrainingObserver

LOGS = Path("tensorboard")
"""Where TensorBoard's logs of all runs and comparisons go."""

TRACKING = click.option(
    "--tracking",
    type=click.Choice(["tensorboard", "mlflow"]),
    help="Log the results to a tracker too.",
)


def check_tracking(kind: str | None) -> None:
    """Make sure that a tracker is installed before anything is trained.

    Raises:
        UserError: If it is not.
    """
    if kind is not None:
        from dlcli.tracking import check_installed

        check_installed(kind)


class RunTracking:
    """How the runs of a command are tracked.

    Args:
        kind: `tensorboard`, `mlflow`, or None for not at all.
    """

    def __init__(self, kind: str | None) -> None:
        self._kind = kind
        self._watched: Watched | None = None

    def observer(self, run: RunFolder, shown: TrainingObserver) -> TrainingObserver:
        """Return what a run's training tells its progress."""
        if self._kind != "tensorboard":
            return shown
        from dlcli.tracking import Watched

        self._watched = Watched(run, LOGS)
        return _Both(shown, self._watched)

    def finished(self, run: RunFolder) -> None:
        """Track a run that is done, and say how to look at it.

        Raises:
            WorkError: If the tracker refuses; the run is not touched.
        """
        if self._kind is None:
            return
        from dlcli.tracking import track_run

        watched, self._watched = self._watched, None
        how = watched.finish() if watched else track_run(self._kind, run, LOGS)
        note(f"To look at it: {how}")


class _Both:
    """Shows a training, and tells TensorBoard of it."""

    def __init__(self, shown: TrainingObserver, watched: Watched) -> None:
        self._shown = shown
        self._watched = watched

    def started(self, *, epochs: int, steps: int, first_epoch: int) -> None:
        """Open the log."""
        self._watched.started(first_epoch)
        self._shown.started(epochs=epochs, steps=steps, first_epoch=first_epoch)

    def batch(self, *, epoch: int, step: int, logs: Mapping[str, float]) -> None:
        """Show it."""
        self._shown.batch(epoch=epoch, step=step, logs=logs)

    def epoch(self, *, epoch: int, row: Mapping[str, float]) -> None:
        """Write the epoch into the log, and show it."""
        self._watched.epoch(row)
        self._shown.epoch(epoch=epoch, row=row)
