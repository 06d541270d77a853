"""trials.csv and epochs.csv: a row for everything that was trained, whatever became of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlcli.comparison.plan import describe_call
from dlcli.comparison.protocol import readings
from dlcli.comparison.statistics.censored import reached_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.comparison.plan import Contender, Plan
    from dlcli.comparison.records import Record, Result
    from dlcli.config.experiment import Call


def arguments_of(optimizer: Call) -> str:
    """Write an optimizer's arguments without a number for its rate: `momentum=0.9`."""
    inside = describe_call(optimizer).removeprefix(optimizer.name)
    return inside.removeprefix("(").removesuffix(")")


def trial_frame(
    plan: Plan, records: Sequence[Record], targets: Mapping[int, float | None]
) -> pd.DataFrame:
    """Return a row a trial, in the order of the plan.

    Args:
        plan: What was planned.
        records: What was run.
        targets: The validation score that counts as reached, by the problem's index.
    """
    ordered = sorted(records, key=_order)
    names = list(dict.fromkeys(m for problem in plan.problems for m in problem.metrics))
    rows = [_trial_row(plan, record, names, targets) for record in ordered]
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else _columns(names))


def _order(record: Record) -> tuple[Any, ...]:
    trial = record.trial
    return trial.contender, trial.stage != "search", trial.rate, trial.seed


def _columns(metrics: Sequence[str]) -> list[str]:
    return [*_IDENTITY, "status", *(f"val_{name}" for name in metrics), "key"]


_IDENTITY = [
    "problem", "optimizer", "arguments", "learning_rate", "initializer", "stage", "seed",
]  # fmt: skip


def _identity(plan: Plan, contender: Contender, record: Record) -> dict[str, Any]:
    written = contender.written
    return {
        "problem": plan.problems[contender.problem].name,
        "optimizer": written.name,
        "arguments": arguments_of(written),
        "learning_rate": record.trial.rate,
        "initializer": describe_call(contender.initializer) if contender.initializer else "",
        "stage": record.trial.stage,
        "seed": record.trial.seed,
    }


def _trial_row(
    plan: Plan, record: Record, metrics: Sequence[str], targets: Mapping[int, float | None]
) -> dict[str, Any]:
    contender, result = plan.contenders[record.trial.contender], record.result
    read = readings(result, plan.score)
    other = result.best if plan.score.read == "last" else result.last
    suffix = "best" if plan.score.read == "last" else "last"
    scored = [f"{part}_{name}" for part in ("val", "test") for name in ("loss", *metrics)]
    return {
        **_identity(plan, contender, record),
        "status": result.status,
        "epochs": len(result.history),
        "steps": result.steps,
        "seconds": round(result.seconds, 4),
        "train_loss": result.train_loss,
        **{name: read.get(name) for name in scored},
        "best_epoch": result.best_epoch,
        **_reached(plan, result, targets[contender.problem]),
        "message": result.message,
        "candidate": contender.name,
        **{f"{name}_{suffix}": other.get(name) for name in scored},
        "compile_seconds": round(result.compile_seconds, 4),
        "evaluation_seconds": round(result.evaluation_seconds, 4),
        "key": record.key,
    }


def _reached(plan: Plan, result: Result, target: float | None) -> dict[str, float | None]:
    """Return the epochs, seconds and steps of training until the target was reached."""
    epoch = epochs_to_target(plan, result, target)
    if epoch is None:
        return {"epochs_to_target": None, "seconds_to_target": None, "steps_to_target": None}
    return {
        "epochs_to_target": epoch,
        "seconds_to_target": round(sum(row["seconds"] for row in result.history[:epoch]), 4),
        "steps_to_target": result.steps // len(result.history) * epoch,
    }


def epochs_to_target(plan: Plan, result: Result, target: float | None) -> int | None:
    """Return the first epoch that reached the target, None if none did.

    Args:
        plan: Says which metric.
        result: Of the trial.
        target: In the metric's own units.
    """
    if target is None or not result.history:
        return None
    name, sign = f"val_{plan.score.metric}", plan.score.sign
    values = [row.get(name) for row in result.history]
    curve = [math.nan if v is None else v * sign for v in values]
    epochs = np.arange(1, len(curve) + 1)
    (first,) = reached_at([curve], epochs, target * sign)
    return None if math.isnan(first) else int(first)


def epoch_frame(plan: Plan, records: Sequence[Record]) -> pd.DataFrame:
    """Return a row for every epoch of every trial."""
    rows = [
        {
            **_identity(plan, contender, record),
            "candidate": contender.name,
            "status": record.result.status,
            **row,
            "seconds": round(row["seconds"], 4),
        }
        for record in sorted(records, key=_order)
        for contender in (plan.contenders[record.trial.contender],)
        for row in record.result.history
    ]
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else [*_IDENTITY, "epoch"])
