"""Records as TensorBoard's event files: scalars, hyper-parameters, text and images.

A run's curves are written while it trains; the rest once it is finished.
"""

from __future__ import annotations

import math
import re
from itertools import count
from typing import TYPE_CHECKING, Any

from dlcli.runtime.quiet import load_tensorflow
from dlcli.tracking.records import NOT_CURVES, is_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dlcli.tracking.records import Record


class TensorBoard:
    """Writes a folder of events for each record.

    Args:
        place: Folder of logs, for `tensorboard --logdir`.
    """

    def __init__(self, place: Path) -> None:
        self.place = place

    def keep(self, records: Iterable[Record]) -> str:
        """Write the records whose folders are not there yet."""
        load_tensorflow()  # TensorBoard would import it too, but not quietly
        for record in records:
            folder = self.place / _file_name(record.group) / _file_name(record.name)
            if not folder.exists():
                _write(folder, record)
        return f"tensorboard --logdir {self.place}"


class LiveCurves:
    """The curves of a run that is training, written as each epoch ends.

    A run that goes on continues its own log, each epoch once. A log of the same name that holds
    other values is another run's: then `NAME-2` is written.

    Args:
        place: Folder of logs.
        group: The run's experiment.
        name: The run's.
        history: The rows of the epochs that are done already.
    """

    def __init__(
        self, place: Path, group: str, name: str, history: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        load_tensorflow()
        self.place = place
        self.folder, self._done = _log_of(place / _file_name(group), _file_name(name), history)
        self._events = _Events(self.folder)
        for row in history:
            self.add(row)

    def add(self, row: Mapping[str, Any]) -> None:
        """Write an epoch's row of the history, unless it is there."""
        epoch = int(row["epoch"])
        for name, value in row.items():
            if name not in NOT_CURVES and is_number(value) and epoch > self._done.get(name, 0):
                self._events.add(_scalar(name, float(value)), epoch)
                self._done[name] = epoch
        self._events.flush()

    def finish(self, record: Record) -> str:
        """Write what the run came to, and return how to look at it."""
        known = _read(self.folder)
        is_new = not known.Tags()["tensors"]
        last = max(self._done.values(), default=0)
        _write_results(self._events, record, step=last, is_new=is_new)
        self._events.close()
        return f"tensorboard --logdir {self.place}"


def _log_of(
    group: Path, name: str, history: Sequence[Mapping[str, Any]]
) -> tuple[Path, dict[str, int]]:
    """Return where a run's log is or goes, and the last epoch of each curve in it."""
    folder = group / name
    for number in count(2):
        if not folder.exists():
            break
        read = _read(folder)
        curves = {tag: read.Scalars(tag) for tag in read.Tags()["scalars"]}
        if _is_of(curves.get("loss", ()), history):
            return folder, {tag: max(point.step for point in of) for tag, of in curves.items()}
        folder = group / f"{name}-{number}"
    return folder, {}


def _is_of(logged: Sequence[Any], history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a logged loss is that of a history; one of no epoch may become any run's."""
    known = {int(row["epoch"]): float(row["loss"]) for row in history if is_number(row.get("loss"))}
    common = [point for point in logged if point.step in known]
    alike = all(math.isclose(p.value, known[p.step], rel_tol=1e-5) for p in common)
    return alike if common else not logged


def _read(folder: Path) -> Any:
    """Read all events of a folder; a last one that was cut off is left out."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.=+-]+", "_", text)


def _write(folder: Path, record: Record) -> None:
    writer = _Events(folder)
    for name, points in record.curves.items():
        for step, value in points:
            writer.add(_scalar(name, value), step)
    _write_results(writer, record, step=0, is_new=True)
    writer.close()


def _write_results(writer: _Events, record: Record, *, step: int, is_new: bool) -> None:
    """Write all of a record but its curves.

    Args:
        writer: Takes it.
        record: Of a finished training.
        step: Where the scores stand.
        is_new: Whether hyper-parameters and the note are not in the log yet.
    """
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.plugins.text.summary_v2 import text_pb

    if record.parameters and is_new:
        values = {key: _value(value) for key, value in record.parameters.items()}
        writer.add(hparams_pb(values, trial_id=record.name), 0)
    for name, value in record.scores.items():
        writer.add(_scalar(f"final/{name}", value), step)
    if record.note and is_new:
        writer.add(text_pb("note", record.note), 0)
    for path in record.files:
        if path.suffix == ".png":
            writer.add(_image(path.stem, path.read_bytes()), step)


def _value(value: Any) -> Any:
    """Return a hyper-parameter as TensorBoard takes it: a number, a truth value or a text."""
    if isinstance(value, bool | int | float):
        return value
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _scalar(tag: str, value: float) -> Any:
    from tensorboard.compat.proto import summary_pb2

    return summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])


def _image(tag: str, png: bytes) -> Any:
    import struct

    from tensorboard.compat.proto import summary_pb2

    width, height = struct.unpack(">II", png[16:24])  # of the PNG's header
    image = summary_pb2.Summary.Image(width=width, height=height, encoded_image_string=png)
    return summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, image=image)])


class _Events:
    """One file of events."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer = EventFileWriter(str(folder))

    def add(self, summary: Any, step: int) -> None:
        """Append a summary."""
        import time

        from tensorboard.compat.proto import event_pb2

        # The plugins' summaries are messages of their own kind, of the same form.
        made = event_pb2.Event(step=step, wall_time=time.time())
        made.summary.ParseFromString(summary.SerializeToString())
        self._writer.add_event(made)

    def flush(self) -> None:
        """Let other processes see what was written."""
        self._writer.flush()

    def close(self) -> None:
        """Write everything out."""
        self._writer.close()
