"""Too little memory: told at the network's line before a training, told as failed in one."""

from __future__ import annotations

import resource
import subprocess
import sys

import pandas as pd
import pytest

from tests.faults.running import alive, none_left, place, started, trials, wait_until
from tests.helpers import SMALL, dlcli

pytestmark = pytest.mark.slow

MEGABYTE = 10**6


def limited(folder, megabytes, *arguments):
    """Run dlcli in a process that may have so much memory."""
    size = megabytes * MEGABYTE
    return subprocess.run(
        [sys.executable, "-m", "dlcli", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (size, size)),
    )  # fmt: skip


def told(done, code):
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "should not have happened" not in done.stderr
    assert "memory" in done.stderr
    assert "hint: " in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "arguments", [("compare-optimizers", "huge.yaml", "--jobs", "2"), ("train", "huge.yaml")]
)
def test_a_network_that_no_memory_can_hold_is_told_before_anything_is_trained(tmp_path, arguments):
    folder = place(tmp_path / "work")
    huge = SMALL.replace("units: 8", "units: 1000000000000")
    (folder / "huge.yaml").write_text(huge)
    errors = told(dlcli(*arguments, cwd=folder), 2)
    assert "huge.yaml:7:8: error[memory]: model.layers[1]" in errors
    assert "make it smaller" in errors
    assert sorted(path.name for path in folder.iterdir()) == ["huge.yaml", "small.yaml"]


@pytest.mark.parametrize("kind", ["train", "compare-optimizers"])
def test_one_that_a_real_limit_does_not_hold_is_told_at_its_line(tmp_path, kind):
    folder = place(tmp_path / "work")
    layer = "    - {Dense: {units: 9000, activation: relu}}\n"
    text = SMALL.replace("    - {Dense: {units: 8, activation: relu}}\n", 3 * layer)
    (folder / "large.yaml").write_text(text)
    errors = told(limited(folder, 800, kind, "large.yaml"), 2)
    assert "error[memory]: model.layers[" in errors
    assert sorted(path.name for path in folder.iterdir()) == ["large.yaml", "small.yaml"]


def test_a_training_that_runs_out_of_memory_ends_with_1_and_can_be_resumed(tmp_path):
    folder = place(tmp_path / "work")
    wide = SMALL.replace("units: 8", "units: 500000").replace("batch_size: 16", "batch_size: 96")
    (folder / "wide.yaml").write_text(wide.replace("epochs: 4", "epochs: 1"))
    errors = told(limited(folder, 900, "train", "wide.yaml", "--out", "run"), 1)
    assert "error: out of memory" in errors
    assert "lower data.batch_size or make the network smaller" in errors
    assert "out of memory" in dlcli("runs", "show", "run", cwd=folder).stdout
    done = dlcli("train", "--resume", "run", cwd=folder)
    assert done.returncode == 0, done.stderr


COMPARED = """\
name: wide
data: {dataset: iris, validation: 0.2, batch_size: 96}
model:
  layers:
    - {Dense: {units: 4000, activation: relu}}
    - {Dense: {units: 4000, activation: relu}}
    - {Dense: {units: $classes, activation: softmax}}
fit: {epochs: 2}
compare:
  optimizers: [SGD, {Adam: {amsgrad: true, use_ema: true}}]
  learning_rates: [0.01]
  seeds: 5
"""
WEIGHTS = 4000 * 4000 * 4


def _data_bytes(pid):
    """Return the memory that a process has asked for."""
    with open(f"/proc/{pid}/status") as stream:  # noqa: PTH123
        found = [line.split()[1] for line in stream if line.startswith("VmData")]
    return int(found[0]) * 1024 if found else 0


def test_a_worker_that_runs_out_of_memory_fails_its_trials_alone(tmp_path):
    """Adam with four numbers a weight needs more than plain SGD: what there is then is between."""
    folder = place(tmp_path / "work")
    (folder / "wide.yaml").write_text(COMPARED)
    comparison = folder / "comparisons" / "wide"
    command = ("compare-optimizers", "wide.yaml", "--jobs", "1", "--no-figures")
    process = started(folder, *command)
    most = [0]

    def first_is_done():
        for pid in alive(process.pid):
            if pid != process.pid:
                most[0] = max(most[0], _data_bytes(pid))
        return trials(comparison)

    wait_until(first_is_done, process)
    limit = most[0] + 8 * WEIGHTS
    try:
        for pid in alive(process.pid):  # the fork server as well, of which the next worker comes
            if pid != process.pid:
                resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))
    except (AttributeError, OSError) as error:
        process.kill()
        process.communicate()
        pytest.skip(f"no process can be limited here: {error}")
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 1, errors
    assert "Traceback" not in errors
    assert "could not be run, the first one Adam" in errors
    assert "out of memory" in errors
    assert "lower data.batch_size or make the network smaller, or lower --jobs" in errors
    assert none_left(process.pid)
    table = pd.read_csv(comparison / "trials.csv").set_index("candidate")
    sgd = table[table.index.str.startswith("SGD")]
    adam = table[table.index.str.startswith("Adam")]
    assert (adam["status"] == "failed").all()
    assert adam["message"].str.contains("out of memory").all()
    assert not (sgd["status"] == "failed").any()
    assert sgd["chosen"].sum() == len(sgd) == 5
    assert "their trials failed to run: Adam" in (comparison / "summary.md").read_text()
    assert len(trials(comparison)) == len(sgd)
    again = dlcli(*command, cwd=folder)
    assert again.returncode == 0, again.stderr
