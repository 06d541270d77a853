"""`kill -9` at fifty random moments: nothing that was finished is lost or trained again."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from tests.faults.running import TABLES, WIDE, place, same_tables, started, trials, wait_until
from tests.helpers import dlcli

KILLS = 50
TRIALS = 24


@pytest.mark.slow
def test_fifty_kills_lose_no_finished_trial_and_change_no_table(
    tmp_path, compared_once, record_property, capsys
):
    """A chain of kills goes through a comparison; once it is through, the next one begins."""
    folder = place(tmp_path / "killed")
    chance = random.Random(7)  # noqa: S311 (moments, not secrets)
    kills, number, lost, kept, ended = 0, 1, 0, [], []
    while kills < KILLS:
        comparison = folder / "comparisons" / f"c{number}"
        before = trials(comparison)
        process = started(folder, "compare-optimizers", "small.yaml", *WIDE, "--name", f"c{number}")
        wait_until(_moment(chance, comparison, before), process)
        time.sleep(chance.random() * 0.5)
        if process.poll() is None:
            _kill(process, whole_group=chance.random() < 0.5)
            kills += 1
            kept.append(len(trials(comparison)))
        process.communicate()
        after = trials(comparison)
        lost += sum(after.get(path) != time_ns for path, time_ns in before.items())
        if process.returncode == 0:
            ended.append(comparison)
            number += 1
        else:
            assert process.returncode == -signal.SIGKILL
    done = dlcli("compare-optimizers", "small.yaml", *WIDE, "--name", f"c{number}", cwd=folder)
    assert done.returncode == 0, done.stderr
    ended.append(folder / "comparisons" / f"c{number}")
    whole = compared_once(*WIDE)
    differing = sum(same_tables(one, whole) for one in ended)
    figure = (
        f"{kills} kills of {len(ended)} comparisons, at {sorted(kept)} finished trials each: "
        f"{lost} of them lost, {differing} of {len(ended) * len(TABLES)} tables differ"
    )
    record_property("faults", figure)
    with capsys.disabled():
        print(f"\n{figure}")  # noqa: T201
    assert (lost, differing) == (0, 0)
    assert all(len(trials(one)) == TRIALS for one in ended)
    assert all(one.name == f"c{i}" for i, one in enumerate(ended, start=1))
    assert len(list((folder / "comparisons").iterdir())) == len(ended)


def _moment(chance, comparison, before):
    """Return a random stage of the course: the start, some trials further, or the tables."""
    stage = chance.random()
    if stage < 0.3:
        return lambda: True
    if len(before) < TRIALS:
        wanted = len(before) + chance.randrange(4)
        return lambda: len(trials(comparison)) >= wanted
    table = comparison / f"{chance.choice(TABLES)}.csv"
    last = table.stat().st_mtime_ns if table.exists() else 0
    return lambda: table.exists() and table.stat().st_mtime_ns > last


def _kill(process, *, whole_group):
    if whole_group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
