"""Runs and comparisons as their folders keep them."""

from __future__ import annotations

from pathlib import Path

from dlcli.store import runs as store

CONFIG = """\
data: {dataset: {iris: {}}}
model: {layers: [{Dense: {units: 8}}]}
compile: {optimizer: {Adam: {learning_rate: 1.0e-05}}, loss_weights: null}
fit: {epochs: 4}
"""
SCORES = {
    "train": {"loss": 0.5, "accuracy": 0.75},
    "test": {"loss": 0.25, "accuracy": 0.875, "f1": [0.5, 1.0], "auc": None},
}
ENVIRONMENT = {
    "started": "2026-01-02T03:04:05+00:00", "command": ["dlcli", "train", "a.yaml"], "seed": 7,
    "devices": ["cpu:0"], "memory_bytes": 8 * 2**30, "packages": {"keras": "3.15.1"},
}  # fmt: skip


def make(name, *, finished=True, config=CONFIG, root="runs"):
    """Write a run as `dlcli train` leaves it."""
    made = store.create_run_at(Path(root) / name)
    made.write_text(store.CONFIG, config)
    made.write_text(store.SOURCE, config)
    made.write_json(store.ENVIRONMENT, ENVIRONMENT)
    made.write_text(store.HISTORY, "epoch,loss\n1,0.7\n2,0.5\n")
    if finished:
        made.write_json(store.METRICS, SCORES)
        made.finish(
            store.FINISHED, dataset="iris", optimizer="Adam", epochs=4, epochs_done=4,
            scored="test", metrics=SCORES["test"],
        )  # fmt: skip
    return made
