"""Finished runs and comparisons shown in TensorBoard or MLflow: curves, parameters, files.

Tracking comes last and only reads what lies in a folder, so that whatever goes wrong with it loses
nothing.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Protocol

from dlcli.errors import UserError, WorkError
from dlcli.runtime.installation import install_command
from dlcli.tracking.records import comparison_records, run_record

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dlcli.store.comparisons import ComparisonFolder
    from dlcli.store.runs import RunFolder
    from dlcli.tracking.records import Record

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
        told = " ".join(str(error).split())[:300]
        message = f"{kind} could not keep the curves: {type(error).__name__}: {told}"
        raise WorkError(message, remedy="The results themselves are written.") from error


def _tracker(kind: str, place: Path) -> Tracker:
    if kind == "mlflow":
        from dlcli.tracking.to_mlflow import MLflow

        return MLflow()
    from dlcli.tracking.to_tensorboard import TensorBoard

    return TensorBoard(place)
