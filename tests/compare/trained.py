"""Trials that one worker trains, and what Keras makes of the same."""

from __future__ import annotations

from dlcli.compare.plan.records import Task

CONFIG = """\
name: small
seed: 3
data: {{dataset: {dataset}, validation: 0.2, batch_size: 16}}
model:
  layers:
    - Normalization
    - {{Dense: {{units: 8, activation: relu}}}}
    - BatchNormalization
    - {{Dropout: {{rate: 0.2}}}}
    - {{Dense: {{units: $classes, activation: softmax}}}}
compile: {{metrics: [accuracy, f1]}}
fit: {{epochs: 5{fit}}}
compare: {{optimizers: [SGD, Adam], learning_rates: [0.03, 0.01], seeds: 2{compare}}}
"""


def done(workshop, trial):
    (result,) = workshop(Task((trial,)))
    return result


def numbers(result):
    """Return what a result says, without times."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result.history]
    return rows, result.best, result.last, result.status, result.best_epoch
