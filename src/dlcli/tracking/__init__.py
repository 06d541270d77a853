"""Runs and comparisons shown in TensorBoard or MLflow: curves, parameters, files.

Tracking only reads what lies in a folder, and comes last, except that TensorBoard shows the curves
of a run while it trains. Whatever goes wrong with it loses nothing.
"""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from dlcli.errors import UserError, WorkError
from dlcli.runtime.installation import install_command
from dlcli.tracking.records import comparison_records, group_of, history_rows, run_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dlcli.store.comparisons import ComparisonFolder
    from dlcli.store.runs import RunFolder
    from dlcli.tracking.records import Record
    from dlcli.tracking.to_tensorboard import LiveCurves

KINDS = ("tensorboard", "mlflow")


class Tracker(Protocol):
    """Where records go."""

    def keep(self, records: Iterable[Record]) -> str:
        """Write the records that are not there yet, and return how to look at them."""


def check_installed(kind: str) -> None:
    """Make sure that a tracker's package is there, before anything is trained.

    Raises:
        UserError: If it is not.
    """
    if importlib.util.find_spec(kind) is None:
        remedy = install_command("tracking")
        raise UserError(f"--tracking {kind} needs the package {kind}", remedy=remedy)


def track_run(kind: str, run: RunFolder, place: Path) -> str:
    """Show a finished run in a tracker.

    Args:
        kind: `tensorboard` or `mlflow`.
        run: Finished.
        place: TensorBoard's folder of logs.

    Returns:
        How to look at it.

    Raises:
        WorkError: If the tracker refuses; the run is not touched.
    """
    return _kept(kind, [run_record(run)], place)


class Watched:
    """A run whose curves TensorBoard shows while it trains.

    What goes wrong with the log is kept until the run is done: it never ends a training.

    Args:
        run: That is about to train.
        place: TensorBoard's folder of logs.
    """

    def __init__(self, run: RunFolder, place: Path) -> None:
        self._run = run
        self._place = place
        self._log: LiveCurves | None = None
        self._error: Exception | None = None

    def started(self, epochs_done: int) -> None:
        """Open the run's log; one that goes on has epochs already."""
        with self._kept():
            from dlcli.tracking.to_tensorboard import LiveCurves

            history = history_rows(self._run, epochs_done) if epochs_done else []
            self._log = LiveCurves(self._place, group_of(self._run), self._run.name, history)

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Write the row of an epoch that is done."""
        if self._log is not None and self._error is None:
            with self._kept():
                self._log.add(row)

    def finish(self) -> str:
        """Write the results, and return how to look at the run.

        Raises:
            WorkError: If TensorBoard refused anything; the run is not touched.
        """
        if self._error is None and self._log is not None:
            try:
                return self._log.finish(run_record(self._run))
            except Exception as error:  # noqa: BLE001 (whatever it is, it loses nothing)
                self._error = error
        raise _refused("tensorboard", self._error) from self._error

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 (likewise)
            self._error = error


def track_comparison(kind: str, folder: ComparisonFolder, place: Path) -> str:
    """Show a comparison's trials in a tracker; those that are there already stay as they are.

    Args:
        kind: `tensorboard` or `mlflow`.
        folder: With its tables written.
        place: TensorBoard's folder of logs.

    Returns:
        How to look at them.

    Raises:
        WorkError: If the tracker refuses; the comparison is not touched.
    """
    return _kept(kind, comparison_records(folder), place)


def _kept(kind: str, records: Iterable[Record], place: Path) -> str:
    try:
        return _tracker(kind, place).keep(records)
    except Exception as error:
        raise _refused(kind, error) from error


def _refused(kind: str, error: Exception | None) -> WorkError:
    told = " ".join(str(error).split())[:300]
    message = f"{kind} could not keep the curves: {type(error).__name__}: {told}"
    return WorkError(message, remedy="The results themselves are written.")


def _tracker(kind: str, place: Path) -> Tracker:
    if kind == "mlflow":
        from dlcli.tracking.to_mlflow import MLflow

        return MLflow()
    from dlcli.tracking.to_tensorboard import TensorBoard

    return TensorBoard(place)
