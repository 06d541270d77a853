"""What a tracker is told of a training, read from the files of its run or comparison."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlcli.config.conversion.rendering import flatten
from dlcli.config.yaml.text import read_plain
from dlcli.store import comparisons, runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dlcli.store.comparisons import ComparisonFolder
    from dlcli.store.runs import RunFolder

NOT_CURVES = ("epoch", "seconds")
LEFT_OUT = frozenset({"checkpoint.npz", runs.STATUS})
"""Files of a run that are no results of it."""

TRIAL_PARAMETERS = (
    "problem", "candidate", "optimizer", "arguments", "learning_rate", "initializer",
    "settings", "replication", "chosen", "stage", "seed",
)  # fmt: skip
"""Columns of trials.csv; `settings` only where more than the rate is searched, `stage` only of a
comparison by the former protocol."""
TRIAL_SCORES = ("train_loss", "val_", "test_")


@dataclass(frozen=True)
class Record:
    """One training.

    Attributes:
        group: The experiment it belongs to.
        name: Unique in the group.
        parameters: What it was set to.
        curves: Values by epoch (from 1), by the curve's name.
        scores: What it came to.
        files: Artefacts.
        note: Text in Markdown that goes with it.
    """

    group: str
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    curves: Mapping[str, list[tuple[int, float]]] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    note: str = ""


def group_of(run: RunFolder) -> str:
    """Return the experiment that a run belongs to: the name in its config.

    Raises:
        UserError: If its config is missing or damaged.
    """
    return str(flatten(read_plain(run.read_text(runs.CONFIG)))["name"])


def history_rows(run: RunFolder, epochs: int) -> list[dict[str, str]]:
    """Return the first rows of a run's history that are written, at most so many.

    Raises:
        UserError: If there is none.
    """
    return _rows(run.read_text(runs.HISTORY))[:epochs]


def run_record(run: RunFolder) -> Record:
    """Return the record of a finished run.

    Raises:
        UserError: If one of its files is missing or damaged.
    """
    config = flatten(read_plain(run.read_text(runs.CONFIG)))
    scores = {
        f"{part}_{name}": value
        for part, values in run.read_json(runs.METRICS).items()
        for name, value in values.items()
        if is_number(value)
    }
    return Record(
        group=str(config["name"]),
        name=run.name,
        parameters=config,
        curves=_curves(_rows(run.read_text(runs.HISTORY))),
        scores=scores,
        files=tuple(
            path
            for path in sorted(run.path.iterdir())
            if _is_own(path) and path.name not in LEFT_OUT and not path.name.startswith(".")
        ),
        note=f"```yaml\n{run.read_text(runs.SOURCE)}\n```",
    )


def comparison_records(folder: ComparisonFolder) -> Iterator[Record]:
    """Yield the record of a comparison's results, and one for each of its trials.

    Raises:
        UserError: If one of its files is missing or damaged.
    """
    figures = folder.own(comparisons.FIGURES)
    tables = [folder.path / comparisons.SUMMARY, folder.path / comparisons.TABLE]
    yield Record(
        group=folder.name,
        name="summary",
        files=(*tables, *(path for path in sorted(figures.glob("*.png")) if _is_own(path))),
        note=folder.read_text("summary.md"),
    )
    for row in _rows(folder.read_text(comparisons.TABLE)):
        history = folder.path / comparisons.TRIALS / row["key"] / comparisons.HISTORY
        yield Record(
            group=folder.name,
            name=_trial_name(row),
            parameters={key: row[key] for key in TRIAL_PARAMETERS if row.get(key)},
            curves=_curves(_rows(history.read_text("utf-8"))) if history.is_file() else {},
            scores={
                key: float(value)
                for key, value in row.items()
                if key.startswith(TRIAL_SCORES) and is_number(value)
            },
            note=row.get("message", ""),
        )


def _is_own(path: Path) -> bool:
    """Whether what lies in a folder is a file, and no link to one that lies elsewhere."""
    return path.is_file() and not path.is_symlink()


def _trial_name(row: Mapping[str, str]) -> str:
    """Name a trial as a person would look for it; its key makes the name unique."""
    place = f"replication {row['replication']}" if "replication" in row else row["stage"]
    words = [row["candidate"], row["learning_rate"], place, f"seed {row['seed']}"]
    return f"{' '.join(words)} {row['key'][:8]}"


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _curves(rows: list[dict[str, str]]) -> dict[str, list[tuple[int, float]]]:
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for name, value in row.items():
            if name not in NOT_CURVES and is_number(value):
                curves.setdefault(name, []).append((int(row["epoch"]), float(value)))
    return curves


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, or a text of one."""
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False
