"""What several tests need: a small config, and dlcli in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.nursery import Nursery

SMALL = """\
name: small
seed: 3
data: {dataset: iris, validation: 0.2, batch_size: 16}
model:
  layers:
    - Normalization
    - {Dense: {units: 8, activation: relu}}
    - {Dropout: {rate: 0.2}}
    - {Dense: {units: $classes, activation: softmax}}
compile:
  optimizer: {Adam: {learning_rate: 0.01}}
  metrics: [accuracy, f1, CategoricalCrossentropy]
fit: {epochs: 4}
"""


EXPLORING = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
"""Whether hypothesis looks for examples that it has not tried before (`make explore`)."""


def examples(number: int) -> int:
    """Return how many examples hypothesis tries: so many, or ten times as many when exploring."""
    return 10 * number if EXPLORING else number


class Silent:
    """Shows nothing of a training."""

    def started(self, **_: object) -> None: ...
    def batch(self, **_: object) -> None: ...
    def epoch(self, **_: object) -> None: ...


HERE = ("--executor", "serial")
"""Lets a comparison train in its own process: the same tables, in a fraction of the time."""

_nursery = Nursery()


def dlcli(*arguments, cwd, stdin=None, timeout=300):
    """Run dlcli as a user does; return the finished process with text output.

    TensorFlow is imported already (see tests/nursery.py).
    """
    return _nursery.run(arguments, cwd=cwd, stdin=stdin, timeout=timeout)


def started(*arguments, cwd):
    """Start dlcli in a process group of its own, with TensorFlow imported already; return it."""
    return _nursery.start(arguments, cwd=cwd)


def end_started():
    """Kill what was started and still runs."""
    _nursery.end()


def started_anew(*arguments, cwd, stdin=None, timeout=300):
    """Run dlcli in a process that begins with nothing; return it, finished."""
    return subprocess.run(
        [sys.executable, "-m", "dlcli", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
