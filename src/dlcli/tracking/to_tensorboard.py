"""Records as TensorBoard's event files: scalars, hyper-parameters, text and images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dlcli.runtime.quiet import load_tensorflow

if TYPE_CHECKING:
    from collections.abc import Iterable
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


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.=+-]+", "_", text)


def _write(folder: Path, record: Record) -> None:
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.plugins.text.summary_v2 import text_pb

    writer = _Events(folder)
    if record.parameters:
        values = {key: _value(value) for key, value in record.parameters.items()}
        writer.add(hparams_pb(values, trial_id=record.name), 0)
    for name, points in record.curves.items():
        for step, value in points:
            writer.add(_scalar(name, value), step)
    for name, value in record.scores.items():
        writer.add(_scalar(f"final/{name}", value), 0)
    if record.note:
        writer.add(text_pb("note", record.note), 0)
    for path in record.files:
        if path.suffix == ".png":
            writer.add(_image(path.stem, path.read_bytes()), 0)
    writer.close()


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

    def close(self) -> None:
        """Write everything out."""
        self._writer.close()
