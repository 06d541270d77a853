"""Tasks in, results out, whatever happens to the processes between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlcli.errors import UserError
from dlcli.parallel import Processes, Remote, Serial

HERE = "tests.parallel.test_processes"
PRELOAD = "dlcli.parallel"
"""All that doubling needs; with what trials need, a comparison is tested."""


class MuteError(Exception):
    """Cannot say what it is."""

    def __str__(self):
        raise RuntimeError


def doubling(folder):
    """Return the work of these tests: it doubles numbers, and dies of some words."""

    def work(task):
        tried = Path(folder) / f"{task}".replace("/", "-")
        with tried.open("a") as stream:
            stream.write(f"{os.getpid()}\n")
        if task == "raise":
            raise ValueError("no good")
        if task == "user":
            raise UserError("wrong config")
        if task == "die" or (task == "die once" and len(tried.read_text().split()) == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "odd answer":
            return lambda: None
        if task == "mute":
            raise MuteError
        if task == "exit":
            os._exit(3)
        if task == "large":
            return bytearray(2**62)
        return task * 2

    return work


@pytest.fixture(params=["serial", "processes"])
def pool(request, tmp_path):
    """Return an executor of each kind; the two behave alike where no process dies."""
    if request.param == "serial":
        made = Serial(doubling, (tmp_path,))
    else:
        made = Processes(2, Remote(HERE, "doubling"), (tmp_path,), preload=PRELOAD)
    yield made
    made.close()


def results(pool):
    found = []
    while (done := pool.next_done()) is not None:
        found.append(done)
    return found


@pytest.mark.slow
def test_every_task_comes_back_once(pool):
    for number in range(20):
        pool.submit(number, number % 3)
    assert sorted((d.task, d.value) for d in results(pool)) == [(i, 2 * i) for i in range(20)]
    assert pool.next_done() is None
    pool.submit(7, "a")
    assert [d.value for d in results(pool)] == [14]


@pytest.mark.slow
def test_a_task_that_raises_is_tried_twice_and_told(pool, tmp_path):
    for task in ("raise", 1, 2):
        pool.submit(task, "a")
    by_task = {d.task: d for d in results(pool)}
    assert by_task["raise"].value is None
    assert by_task["raise"].error == "ValueError: no good"
    assert (by_task[1].value, by_task[2].value) == (2, 4)
    assert len((tmp_path / "raise").read_text().split()) == 2


@pytest.mark.slow
def test_an_error_of_the_user_ends_everything(pool):
    pool.submit("user", "a")
    with pytest.raises(UserError, match="wrong config"):
        results(pool)


@pytest.mark.slow
def test_what_has_not_begun_can_be_cancelled(pool):
    for number in range(5):
        pool.submit(number, "a")
    assert pool.cancel() == [0, 1, 2, 3, 4]
    assert results(pool) == []


@pytest.fixture
def processes(tmp_path):
    made = Processes(2, Remote(HERE, "doubling"), (tmp_path,), preload=PRELOAD)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize(("task", "told"), [("die", "SIGKILL"), ("exit", "exit code 3")])
def test_a_process_that_dies_costs_only_its_task(processes, task, told, tmp_path):
    for number in range(6):
        processes.submit(number, number)
    processes.submit(task, "a")
    by_task = {d.task: d for d in results(processes)}
    assert told in by_task[task].error
    assert by_task[task].crashed
    assert by_task[task].out_of_memory == (task == "die")
    assert all(by_task[number].value == 2 * number for number in range(6))
    assert len((tmp_path / task).read_text().split()) == 2


@pytest.mark.slow
def test_a_process_that_finds_no_memory_is_replaced_and_the_others_go_on(tmp_path):
    pool = Processes(1, Remote(HERE, "doubling"), (tmp_path,), preload=PRELOAD)
    try:
        for task in (1, "large", 2):
            pool.submit(task, "a")
        by_task = {d.task: d for d in results(pool)}
    finally:
        pool.close()
    assert by_task["large"].error.startswith("out of memory")
    assert by_task["large"].out_of_memory
    assert (by_task[1].value, by_task[2].value) == (2, 4)
    first, second = (tmp_path / "large").read_text().split()
    assert first == (tmp_path / "1").read_text().strip() != second


@pytest.mark.slow
@pytest.mark.parametrize(("task", "told"), [("odd answer", "pickle"), ("mute", "MuteError")])
def test_what_cannot_travel_or_be_told_is_an_error_like_any_other(processes, task, told, capfd):
    processes.submit(task, "a")
    processes.submit(3, "a")
    by_task = {d.task: d for d in results(processes)}
    assert told in by_task[task].error
    assert not by_task[task].crashed
    assert by_task[3].value == 6
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_a_process_that_dies_once_is_forgiven(processes):
    processes.submit("die once", "a")
    (done,) = results(processes)
    assert (done.value, done.error) == ("die oncedie once", "")


@pytest.mark.slow
def test_closing_leaves_no_process_behind(processes):
    for number in range(4):
        processes.submit(number, number)
    processes.next_done()
    pids = [worker.process.pid for worker in processes._workers]
    processes.close()
    assert pids
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()


@pytest.mark.slow
def test_workers_end_with_the_main_process_however_that_ends(tmp_path):
    code = (
        "import os, signal, sys\nfrom dlcli.parallel import Processes, Remote\n"
        f"pool = Processes(1, Remote('{HERE}', 'doubling'), ({str(tmp_path)!r},), "
        f"preload='{PRELOAD}')\n"
        "pool.submit(1, 'a')\npool.next_done()\n"
        "print(pool._workers[0].process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    pid = int(done.stdout)
    for _ in range(1200):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    pytest.fail(f"worker {pid} outlived the main process")
