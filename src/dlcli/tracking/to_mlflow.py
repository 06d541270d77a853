"""Records as MLflow's runs: parameters, metrics by epoch, artefacts."""

from __future__ import annotations

import logging
import os
import shlex
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dlcli.tracking.records import Record

LONGEST = 500
"""Characters of a parameter that every kind of store takes."""

TAG = "dlcli.name"


def _way_to_look(uri: str) -> str:
    """Return the address of a server, or the command that shows what is in a file."""
    if uri.startswith(("http://", "https://")):
        return uri
    return f"mlflow ui --backend-store-uri {shlex.quote(uri)}" if uri else "mlflow ui"


class MLflow:
    """Writes a run for each record to `$MLFLOW_TRACKING_URI`, else where MLflow does by default."""

    def __init__(self) -> None:
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):  # their progress is no news for a reader
            logging.getLogger(name).setLevel(logging.ERROR)
        self.client = MlflowClient()

    def keep(self, records: Iterable[Record]) -> str:
        """Write the records that are not there yet."""
        experiments: dict[str, tuple[str, set[str]]] = {}
        for record in records:
            if record.group not in experiments:
                experiments[record.group] = self._experiment(record.group)
            experiment, known = experiments[record.group]
            if record.name not in known:
                self._write(experiment, record)
        return _way_to_look(os.environ.get("MLFLOW_TRACKING_URI", ""))

    def _experiment(self, name: str) -> tuple[str, set[str]]:
        """Return an experiment's id, made if need be, and the names of the runs it has."""
        found = self.client.get_experiment_by_name(name)
        if found is None:
            return self.client.create_experiment(name), set()
        known: set[str] = set()
        token = None
        while True:
            page = self.client.search_runs(
                [found.experiment_id], max_results=1000, page_token=token
            )
            done = (run for run in page if run.info.status == "FINISHED")
            known |= {run.data.tags[TAG] for run in done if TAG in run.data.tags}
            token = page.token
            if not token:
                return found.experiment_id, known

    def _write(self, experiment: str, record: Record) -> None:
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        tags = {TAG: record.name, **({"mlflow.note.content": record.note} if record.note else {})}
        run = self.client.create_run(experiment, tags=tags, run_name=record.name).info.run_id
        params = [Param(_key(k), str(v)[:LONGEST]) for k, v in record.parameters.items()]
        metrics = [
            Metric(_key(name), value, now, step)
            for name, points in record.curves.items()
            for step, value in points
        ]
        metrics += [Metric(_key(f"final_{n}"), v, now, 0) for n, v in record.scores.items()]
        for batch in _batches(params, 100):
            self.client.log_batch(run, params=batch)
        for batch in _batches(metrics, 1000):
            self.client.log_batch(run, metrics=batch)
        for path in record.files:
            self.client.log_artifact(run, str(path))
        self.client.set_terminated(run, "FINISHED")


def _key(name: str) -> str:
    """Return a name in the characters that MLflow allows: `a[0].b` becomes `a.0.b`."""
    dotted = name.replace("[", ".").replace("]", "")
    return "".join(c if c.isalnum() or c in "_-. /:" else "_" for c in dotted)[:250]


def _batches(items: list[Any], size: int) -> Iterable[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
