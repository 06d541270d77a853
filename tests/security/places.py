"""Folders as dlcli writes them, made by hand so that any file may hold anything."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from dlcli.store.runs import RunFolder

CONFIG = """\
version: 1
name: net
seed: 0
data: {dataset: {iris: {}}, validation: 0.1, batch_size: 32}
model: {layers: [{Dense: {units: $classes, activation: softmax}}]}
compile: {optimizer: {Adam: {}}, metrics: [accuracy]}
fit:
  epochs: 2
"""
ENVIRONMENT = {"started": "2026-01-02T03:04:05+00:00", "command": ["dlcli", "train", "net.yaml"],
               "python": "3.11.7", "packages": {"keras": "3.15.1"}}  # fmt: skip


class Payload:
    """What makes a marker file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def write_run(root: Path, name: str = "first", **files: Any) -> RunFolder:
    """Write a finished run; files are given as text or JSON by their stem, such as `status`."""
    place = root / name
    place.mkdir(parents=True)
    status = {"state": "finished", "epochs_done": 2, "epochs": 2, "dataset": "iris",
              "optimizer": "Adam", "scored": "test", "metrics": {"accuracy": 0.5}}  # fmt: skip
    known = {
        "config.yaml": CONFIG,
        "source.yaml": CONFIG,
        "environment.json": ENVIRONMENT,
        "status.json": status,
        "metrics.json": {"test": {"loss": 1.0, "accuracy": 0.5}},
        "history.csv": "epoch,loss,val_loss,learning_rate,seconds\n1,1.0,1.1,0.01,0.1\n",
    }
    for file, content in known.items():
        given = files.pop(Path(file).stem, content)
        (place / file).write_text(given if isinstance(given, str) else json.dumps(given), "utf-8")
    assert not files
    return RunFolder(place)


def write_predictions(run: RunFolder, classes: int = 3) -> None:
    """Write what a run saves of its test part."""
    y = np.arange(9) % classes
    np.savez(run.path / "predictions.npz", y_true=y, y_prob=np.eye(classes)[y], split="test")


def own_data(classes: list[str], **encoder: Any) -> dict[str, Any]:
    """Return what data.json says of a table with two features."""
    description = {
        "name": "own", "task": "multiclass",
        "inputs": {"input": {"shape": [2], "dtype": "float32"}},
        "classes": classes, "target_shape": [], "train_size": 9, "test_size": 9,
        "vocabulary_size": None, "targets": ["y"],
    }  # fmt: skip
    columns = [{"name": name, "has_gaps": False, "mean": 0.0} for name in ("a", "b")]
    made = {"kind": "table", "columns": columns, "target": ["y"], **encoder}
    return {"description": description, "encoder": made}


def write_zip(path: Path, members: dict[str, bytes], *, packed: bool = False) -> None:
    """Write an archive with exactly these members."""
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def pickled_array(payload: Any) -> bytes:
    """Return an `.npy` of objects, the first of which is the payload."""
    stream = io.BytesIO()
    objects = np.empty(2, object)
    objects[0] = payload
    np.save(stream, objects, allow_pickle=True)
    return stream.getvalue()
