"""trials.csv and epochs.csv: a row for everything that was trained, whatever became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from dlcli.compare.plan.candidates import describe_call
from dlcli.compare.plan.design import shown_values
from dlcli.compare.plan.tuning import readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.plan.records import Result, Trial, TrialRecord
    from dlcli.compare.results.scores import Scores
    from dlcli.config.experiment import Call


def arguments_of(optimizer: Call) -> str:
    """Write an optimizer's arguments without a number for its rate: `momentum=0.9`."""
    inside = describe_call(optimizer).removeprefix(optimizer.name)
    return inside.removeprefix("(").removesuffix(")")


def trial_frame(
    scores: Scores, records: Sequence[TrialRecord], targets: Mapping[int, float | None]
) -> pd.DataFrame:
    """Return a row a trial, in the order of the plan.

    A trial's test scores are shown only if its replication chose it: no others count.

    Args:
        scores: Of the plan and its choices.
        records: What was run.
        targets: The validation score that counts as reached, by the problem's index.
    """
    plan = scores.plan
    ordered = sorted(records, key=_order)
    names = list(dict.fromkeys(m for problem in plan.problems for m in problem.metrics))
    identity = _Identities(scores)
    # By columns, because mappings of all rows would take several times the table's memory.
    columns: dict[str, list[Any]] = {} if ordered else {name: [] for name in _columns(names)}
    for record in ordered:
        row = _trial_row(plan, record, identity(record.trial), names, targets)
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return pd.DataFrame(columns)


def _order(record: TrialRecord) -> tuple[Any, ...]:
    trial = record.trial
    return trial.candidate, trial.seed, trial.rate


def _columns(metrics: Sequence[str]) -> list[str]:
    return [*_IDENTITY, "status", *(f"val_{name}" for name in metrics), "key"]


_IDENTITY = [
    "problem", "optimizer", "arguments", "learning_rate", "initializer", "replication", "chosen",
    "seed",
]  # fmt: skip


class _Identities:
    """The columns that say which trial it is; what its candidate adds is written out once."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        self._plan = scores.plan
        self._replications = {seed: number for number, seed in enumerate(scores.plan.seeds)}
        self._candidates: dict[int, dict[str, Any]] = {}

    def __call__(self, trial: Trial) -> dict[str, Any]:
        shared = self._candidates.get(trial.candidate)
        if shared is None:
            shared = self._candidates[trial.candidate] = self._of(trial.candidate)
        replication = self._replications[trial.seed]
        choice = self._scores.chosen(trial.candidate, replication)
        return shared | {
            "learning_rate": float(trial.rate),
            "replication": replication + 1,
            "chosen": choice is not None and choice.rate == trial.rate,
            "seed": trial.seed,
        }

    def _of(self, index: int) -> dict[str, Any]:
        candidate = self._plan.candidates[index]
        written = candidate.written
        return dict.fromkeys(_IDENTITY) | {
            "problem": self._plan.problems[candidate.problem].name,
            "optimizer": written.name,
            "arguments": arguments_of(written),
            "initializer": describe_call(candidate.initializer) if candidate.initializer else "",
        }


def _trial_row(
    plan: Plan,
    record: TrialRecord,
    identity: Mapping[str, Any],
    metrics: Sequence[str],
    targets: Mapping[int, float | None],
) -> dict[str, Any]:
    candidate, result = plan.candidates[record.trial.candidate], record.result
    is_wide = any(other.is_wide for other in plan.candidates)
    read = readings(result, plan.score)
    other = result.best if plan.score.read == "last" else result.last
    suffix = "best" if plan.score.read == "last" else "last"
    scored = [f"{part}_{name}" for part in ("val", "test") for name in ("loss", *metrics)]
    if not identity["chosen"]:
        read, other = ({k: v for k, v in x.items() if k[:4] == "val_"} for x in (read, other))
    return {
        **identity,
        "status": result.status,
        "epochs": len(result.history),
        "steps": result.steps,
        "seconds": round(result.seconds, 4),
        "train_loss": result.train_loss,
        **{name: read.get(name) for name in scored},
        "best_epoch": result.best_epoch,
        **_reached(plan, result, targets[candidate.problem]),
        "message": result.message,
        "candidate": candidate.name,
        **{f"{name}_{suffix}": other.get(name) for name in scored},
        "compile_seconds": round(result.compile_seconds, 4),
        "evaluation_seconds": round(result.evaluation_seconds, 4),
        "key": record.key,
        **({"settings": shown_values(record.trial.rate)} if is_wide else {}),
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

    A training that got stuck reached nothing, whatever one of its epochs looked like.

    Args:
        plan: Says which metric.
        result: Of the trial.
        target: In the metric's own units.
    """
    if target is None or not result.history or result.status == "stuck":
        return None
    name, sign = f"val_{plan.score.metric}", plan.score.sign
    for epoch, row in enumerate(result.history, start=1):
        value = row.get(name)
        if value is not None and value * sign >= target * sign:
            return epoch
    return None


def epoch_frame(scores: Scores, records: Sequence[TrialRecord]) -> pd.DataFrame:
    """Return a row for every epoch of every trial."""
    plan = scores.plan
    ordered = sorted(records, key=_order)
    measured = dict.fromkeys(
        name for record in ordered for row in record.result.history for name in row
    )
    identity = _Identities(scores)
    columns: dict[str, list[Any]] = {
        name: [] for name in [*_IDENTITY, "candidate", "status", *(measured or ["epoch"])]
    }
    for record in ordered:
        history = record.result.history
        shared = identity(record.trial) | {
            "candidate": plan.candidates[record.trial.candidate].name,
            "status": record.result.status,
        }
        for name, value in shared.items():
            columns[name] += [value] * len(history)
        for name in measured:
            columns[name] += [row.get(name) for row in history]
    frame = pd.DataFrame(columns)
    return frame.round({"seconds": 4})
