"""trials.csv and epochs.csv: a row for everything that was trained, whatever became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dlcli.compare.plan.candidates import describe_call
from dlcli.compare.plan.design import shown_values
from dlcli.compare.plan.tuning import readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.compare.plan.plan import Plan
    from dlcli.compare.plan.records import Result, TrialRecord
    from dlcli.compare.results.scores import Scores
    from dlcli.config.sections.experiment import Call


def arguments_of(optimizer: Call) -> str:
    """Write an optimizer's arguments without a number for its rate: `momentum=0.9`."""
    inside = describe_call(optimizer).removeprefix(optimizer.name)
    return inside.removeprefix("(").removesuffix(")")


def trial_frame(
    scores: Scores, records: Sequence[TrialRecord], targets: Mapping[int, float | None]
) -> pd.DataFrame:
    """Return a row a trial, in the order of the plan.

    A trial's test scores are shown only if its replication chose it: no others count. Those with a
    share of the training part are not the chosen ones, but have been trained at the chosen rate.

    Args:
        scores: Of the plan and its choices.
        records: What was run.
        targets: The validation score that counts as reached, by the problem's index.
    """
    plan = scores.plan
    names = list(dict.fromkeys(m for problem in plan.problems for m in problem.metrics))
    if not records:
        return pd.DataFrame(columns=[*_IDENTITY, "status", *(f"val_{n}" for n in names), "key"])
    # By columns, because mappings of all rows would take several times the memory and the time.
    ordered = sorted(records, key=_order)
    results = [record.result for record in ordered]
    candidates = [plan.candidates[record.trial.candidate] for record in ordered]
    identity = _identity_columns(scores, ordered)
    is_last = plan.score.read == "last"
    other = [result.best if is_last else result.last for result in results]
    scored = [f"{part}_{name}" for part in ("val", "test") for name in ("loss", *names)]
    reached = [
        _reached(plan, result, targets[candidate.problem])
        for result, candidate in zip(results, candidates, strict=True)
    ]
    fractions = [record.trial.fraction for record in ordered]
    counting = [c or f != 1 for c, f in zip(identity["chosen"], fractions, strict=True)]
    columns = {
        **identity,
        "status": [result.status for result in results],
        "epochs": [len(result.history) for result in results],
        "steps": [result.steps for result in results],
        "seconds": [round(result.seconds, 4) for result in results],
        "train_loss": [result.train_loss for result in results],
        **_readings([readings(r, plan.score) for r in results], scored, counting),
        "best_epoch": [result.best_epoch for result in results],
        **{name: [each[name] for each in reached] for name in reached[0]},
        "message": [result.message for result in results],
        "candidate": [candidate.name for candidate in candidates],
        **_readings(other, scored, counting, "_best" if is_last else "_last"),
        "compile_seconds": [round(result.compile_seconds, 4) for result in results],
        "evaluation_seconds": [round(result.evaluation_seconds, 4) for result in results],
        "key": [record.key for record in ordered],
    }
    if any(candidate.is_wide for candidate in plan.candidates):
        columns["settings"] = [shown_values(record.trial.rate) for record in ordered]
    if plan.shares:
        columns["fraction"] = fractions
    return pd.DataFrame(columns)


def _order(record: TrialRecord) -> tuple[Any, ...]:
    trial = record.trial
    return trial.candidate, trial.seed, trial.rate, -trial.fraction


def _readings(
    read: Sequence[Mapping[str, float | None]],
    names: Sequence[str],
    chosen: Sequence[bool],
    suffix: str = "",
) -> dict[str, list[float | None]]:
    """Return a column for each score; test scores of chosen trials only."""
    found: dict[str, list[float | None]] = {}
    for name in names:
        if name.startswith("test_"):
            shown = zip(read, chosen, strict=True)
            found[name + suffix] = [each.get(name) if taken else None for each, taken in shown]
        else:
            found[name + suffix] = [each.get(name) for each in read]
    return found


_IDENTITY = [
    "problem", "optimizer", "arguments", "learning_rate", "initializer", "replication", "chosen",
    "seed",
]  # fmt: skip


def _identity_columns(scores: Scores, records: Sequence[TrialRecord]) -> dict[str, list[Any]]:
    """Return the columns that say which trials they are; a candidate's part is written out once."""
    plan = scores.plan
    numbers = {seed: number for number, seed in enumerate(plan.seeds)}
    trials = [record.trial for record in records]
    told = {index: _told(plan, index) for index in {trial.candidate for trial in trials}}
    shared = [told[trial.candidate] for trial in trials]
    replications = [numbers[trial.seed] for trial in trials]
    choices = [
        scores.chosen(trial.candidate, number)
        for trial, number in zip(trials, replications, strict=True)
    ]
    columns: dict[str, list[Any]] = {
        "learning_rate": [float(trial.rate) for trial in trials],
        "replication": [number + 1 for number in replications],
        "chosen": [
            choice is not None and choice.rate == trial.rate and not trial.is_share
            for choice, trial in zip(choices, trials, strict=True)
        ],
        "seed": [trial.seed for trial in trials],
    }
    return {
        name: columns[name] if name in columns else [each[name] for each in shared]
        for name in _IDENTITY
    }


def _told(plan: Plan, index: int) -> dict[str, str]:
    """Return what tables say of a candidate."""
    candidate = plan.candidates[index]
    written = candidate.written
    return {
        "problem": plan.problems[candidate.problem].name,
        "optimizer": written.name,
        "arguments": arguments_of(written),
        "initializer": describe_call(candidate.initializer) if candidate.initializer else "",
        "candidate": candidate.name,
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
    """Return a row for every epoch of every trial with the whole training part."""
    plan = scores.plan
    ordered = sorted((r for r in records if not r.trial.is_share), key=_order)
    rows = [row for record in ordered for row in record.result.history]
    if not rows:
        return pd.DataFrame(columns=[*_IDENTITY, "candidate", "status", "epoch"])
    shared = {
        **_identity_columns(scores, ordered),
        "candidate": [plan.candidates[record.trial.candidate].name for record in ordered],
        "status": [record.result.status for record in ordered],
    }
    lengths = [len(record.result.history) for record in ordered]
    places = np.repeat(np.arange(len(ordered)), lengths)
    frame = pd.DataFrame(shared).take(places).reset_index(drop=True)
    for name in dict.fromkeys(name for row in rows for name in row):
        frame[name] = [row.get(name) for row in rows]
    return frame.round({"seconds": 4})
