"""Comparisons that are made up: real plans, trials whose scores a function decides."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import numpy as np

from dlcli.compare.plan.blocks import BLOCKS
from dlcli.compare.plan.plan import Problem, RankingScore, make_plan
from dlcli.compare.plan.records import Result, TrialRecord
from dlcli.compare.plan.schedule import Schedule
from dlcli.compare.results.ranking import look_at
from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.experiment import CompareConfig
from dlcli.config.yaml.nodes import Text
from dlcli.data import describe

EPOCHS = 4
CHANCE = 1 / 3
ACCURACY = RankingScore("accuracy", "best", greater_is_better=True, bounds=(0.0, 1.0))

TEXT = """\
name: {name}
data: {{dataset: iris}}
model:
  layers:
    - {{Dense: {{units: 4, activation: relu}}}}
    - {{Bidirectional: {{layer: {{LSTM: {{units: 2}}}}}}}}
    - {{Dense: {{units: $classes, activation: softmax}}}}
fit: {{epochs: {epochs}}}
{compare}
"""


def problem(compare="", name="made", metrics=("accuracy",), *, epochs=EPOCHS):
    """Return a problem with a `compare` section, and its settings."""
    text = TEXT.format(name=name, compare=compare, epochs=epochs)
    config = parse_config(Text("cfg.yaml", text))
    settings = config.compare or CompareConfig()
    bound = bind(replace(config, compare=settings), describe(config.data.source), train_size=100)
    chance = dict.fromkeys(metrics, CHANCE)
    sizes = {f: round(100 * f) for f in sorted({*(settings.fractions or ()), 1.0})}
    shares = {
        f: bind(replace(bound, data=replace(bound.data, fraction=f)), describe(config.data.source))
        for f in sizes
        if f < 1
    }
    made = Problem(name, bound, tuple(metrics), chance, dict(chance), shares=shares, sizes=sizes)
    return made, settings


def plan(compare="", *, names=("made",), score=ACCURACY, target=None, epochs=EPOCHS):
    """Return the plan of one or several problems."""
    made = [problem(compare, name, epochs=epochs) for name in names]
    return make_plan([p for p, _ in made], made[0][1], score, target)


def result(score, *, status="ok", test=None, epochs=EPOCHS, loss=None):
    """Return a trial's result whose validation accuracy rises to a score in its last epoch.

    Its test accuracy is the same, or `test`.
    """
    test = score if test is None else test
    rising = [CHANCE + (score - CHANCE) * (i + 1) / epochs for i in range(epochs)]
    losses = [2.0 - value if loss is None else loss for value in rising]
    history = tuple(
        {"epoch": i + 1, "train_loss": x, "val_loss": x, "val_accuracy": value, "seconds": 0.5}
        for i, (value, x) in enumerate(zip(rising, losses, strict=True))
    )
    reading = {
        "val_loss": losses[-1], "val_accuracy": score, "test_loss": losses[-1],
        "test_accuracy": test,
    }  # fmt: skip
    return Result(
        status, history, steps=10 * epochs, seconds=0.5 * epochs, best_epoch=epochs,
        best=reading, last=reading, blocks=(float(test),) * BLOCKS,
    )  # fmt: skip


def by_rate(peaks, *, spread=0.0, width=1.0):
    """Return a function of a plan and a trial: the best score at each label's own peak rate.

    Args:
        peaks: label -> (best rate, best score).
        spread: Standard deviation over seeds, drawn by label and seed.
        width: Decades away from the peak at which chance is reached.
    """

    def score(plan, trial):
        candidate = plan.candidates[trial.candidate]
        rate, best = peaks[candidate.label]
        away = abs(math.log10(trial.rate / rate)) / width
        key = [trial.seed, *candidate.name.encode(), candidate.problem]
        luck = np.random.default_rng(key).normal(0, spread) if spread else 0.0
        return float(max(CHANCE, best - (best - CHANCE) * min(1.0, away**2)) + luck)

    return score


def run(plan, score, *, judge=None):
    """Run the schedule with made-up results; return it and the records.

    Args:
        plan: The plan.
        score: A function of plan and trial.
        judge: A function of plan and trial that returns a `Result`, or None for an ordinary one.
    """
    schedule, records = Schedule(plan, look_at), []
    waiting = deque(schedule.start())
    while waiting:
        task = waiting.popleft()
        for trial in task.trials:
            made = judge(plan, trial) if judge else None
            if made is None:
                made = result(score(plan, trial))
            records.append(TrialRecord(trial, made, f"key{len(records)}"))
            waiting.extend(schedule.tell(trial, made))
    return schedule, records
