"""What a Ray cluster costs: the same trials by local processes and by Ray, and an empty trial.

Run `python benchmarks/cluster.py [--kinds mlp,rnn] [--rounds N]` on a quiet machine. Ray runs on
this machine alone, started by the command and ended with it, which takes some 6 s of each run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import TYPE_CHECKING, Any

from harness import HERE, compare, save, shown, workplace

from dlcli.compare.workers import PRELOAD
from dlcli.parallel import Processes, Remote, cluster
from dlcli.parallel.pool import Heard, Member, WorkerPool
from dlcli.runtime.environment import computing_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TRIALS = 96
EMPTY = 2000
WORKERS = 1000


def nothing() -> Callable[[Any], Any]:
    """Return a work that does nothing: what remains is what handing it out costs."""
    return lambda task: task


def trainings(kinds: list[str], rounds: int) -> list[dict[str, Any]]:
    """Time real comparisons, from start to exit."""
    rows = []
    with workplace() as (folder, data):
        for kind in kinds:
            compare(kind, data, 8, folder)  # fills the cache of what XLA compiles
            for jobs in (1, 2):
                row: dict[str, Any] = {"network": kind, "trials": TRIALS, "jobs": jobs}
                for executor in ("processes", "ray"):
                    options = "--executor", executor, "--jobs", str(jobs)
                    row[executor] = statistics.median(
                        compare(kind, data, TRIALS, folder, *options) for _ in range(rounds)
                    )
                rows.append(row)
                print(shown(row), flush=True)
    return rows


def handed_out(pool: Any, jobs: int) -> dict[str, float]:
    """Time empty tasks: on the clock, and this process's own work."""
    for number in range(jobs):  # let all workers start
        pool.submit(number, number)
    while pool.next_done() is not None:
        pass
    for number in range(EMPTY):
        pool.submit(number, number % jobs)
    began, used = time.perf_counter(), time.process_time()
    while pool.next_done() is not None:
        pass
    took, worked = time.perf_counter() - began, time.process_time() - used
    pool.close()
    return {"ms_a_task": 1000 * took / EMPTY, "driver_ms_a_task": 1000 * worked / EMPTY}


def overheads() -> list[dict[str, Any]]:
    """Measure what an empty task costs."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(HERE), os.environ.get("PYTHONPATH")))
    )
    work = Remote("cluster", "nothing")
    rows: list[dict[str, Any]] = []
    for jobs in (1, 2):
        pool = Processes(jobs, work, (), preload=PRELOAD)
        rows.append({"executor": "processes", "jobs": jobs, **handed_out(pool, jobs)})
        print(shown(rows[-1]), flush=True)
    cluster.connect(None, 2)
    for jobs in (1, 2):
        remote = cluster.Cluster(jobs, work, (), computing_versions(), preload=PRELOAD)
        rows.append({"executor": "ray", "jobs": jobs, **handed_out(remote, jobs)})
        print(shown(rows[-1]), flush=True)
    rows.append({"executor": "ray", "jobs": WORKERS, **waiting(), **choosing()})
    print(shown(rows[-1]), flush=True)
    return rows


class Instant(Member):
    """A worker that is done at once."""

    def send(self, task: Any) -> None:
        """Do nothing with the task."""

    def end(self) -> None:
        """Do nothing."""


class Thousand(WorkerPool[Instant]):
    """A pool of a thousand of them: what remains is choosing who does what."""

    def _enlarge(self) -> None:
        if len(self._workers) < WORKERS:
            self._workers.append(Instant())

    def _heard(self, busy: Sequence[Instant]) -> tuple[Instant, Heard]:
        return busy[0], Heard(busy[0].task, "")


def choosing() -> dict[str, float]:
    """Time what a pool of a thousand workers does for each of their tasks."""
    pool = Thousand()
    for number in range(20 * WORKERS):
        pool.submit(number, number % 50)
    for _ in range(WORKERS):
        pool.next_done()
    used = time.process_time()
    count = 0
    while pool.next_done() is not None:
        count += 1
    return {"choose_ms": 1000 * (time.process_time() - used) / count}


def waiting() -> dict[str, float]:
    """Time how long finding the finished one among a thousand pending calls takes."""
    import ray

    @ray.remote(num_cpus=0)
    class Sleeper:
        def pause(self) -> None:
            time.sleep(60)

        def answer(self) -> int:
            return 1

    sleeping, awake = Sleeper.remote(), Sleeper.remote()
    ray.get(awake.answer.remote())
    pending = [sleeping.pause.remote() for _ in range(WORKERS - 1)]
    worked = []
    for _ in range(50):
        done = awake.answer.remote()
        ray.wait([done])
        used = time.process_time()
        ray.wait([*pending, done], num_returns=1, fetch_local=False)
        worked.append(time.process_time() - used)
    ray.kill(sleeping)
    return {"wait_ms": 1000 * statistics.median(worked)}


def main() -> None:
    """Print and keep a row a setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default="mlp,rnn")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    save("overheads", overheads())
    save("cluster", trainings(options.kinds.split(","), options.rounds))


if __name__ == "__main__":
    main()
