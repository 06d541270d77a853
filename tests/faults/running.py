"""What the tests of faults share: a comparison as a process, its trials, and its tables."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pandas as pd

from tests import helpers
from tests.helpers import SMALL

WIDE = ("--optimizers", "SGD,Adam,SGD(momentum=0.9)", "--learning-rates", "0.01,0.1",
        "--seeds", "6", "--jobs", "2", "--no-figures")  # fmt: skip
TABLES = ("trials", "epochs", "summary", "pairwise", "sensitivity", "curves", "arrivals", "budget")
TIMES = ["seconds", "compile_seconds", "evaluation_seconds", "seconds_to_target"]


def place(folder):
    """Write the config of the comparison into a new folder."""
    folder.mkdir(exist_ok=True)
    (folder / "small.yaml").write_text(SMALL)
    return folder


def started(folder, *arguments):
    """Start dlcli in a process group of its own, with TensorFlow imported already."""
    return helpers.started(*arguments, cwd=folder)


def started_anew(folder, *arguments):
    """Start dlcli from nothing, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "dlcli", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def wait_until(condition, process):
    """Wait until something holds, or the process is over."""
    while not condition() and process.poll() is None:
        time.sleep(0.005)


def trials(comparison):
    """Return the finished trials with the time each was written."""
    return {path: path.stat().st_mtime_ns for path in comparison.glob("trials/*/trial.json")}


def same_tables(one, other):
    """Return how many tables differ, apart from how long things took."""
    return sum(not _table(one, name).equals(_table(other, name)) for name in TABLES)


def _table(comparison, name):
    return pd.read_csv(comparison / f"{name}.csv").drop(columns=TIMES, errors="ignore")


def alive(group):
    """Return the living processes of a group."""
    found = map(_told, filter(str.isdigit, os.listdir("/proc")))  # noqa: PTH208 (names are wanted)
    return [pid for pid, state, _, pgrp in found if pgrp == group and state != "Z"]


def parent(pid):
    """Return a process's parent."""
    return _told(pid)[2]


def _told(pid):
    """Return a process's number, state, parent and group; of one that is gone, a zombie's."""
    try:
        with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123
            state, above, group = stream.read().rpartition(")")[2].split()[:3]
    except OSError:
        return int(pid), "Z", 0, 0
    return int(pid), state, int(above), int(group)


def none_left(group):
    """Whether all processes of a group end by themselves, within two minutes."""
    for _ in range(1200):
        if not alive(group):
            return True
        time.sleep(0.1)
    return False
