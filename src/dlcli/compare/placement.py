"""Where trials run: in which processes, and how many side by side."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlcli.compare.loading import load_data
from dlcli.compare.workers import PRELOAD, open_devices, open_workshop
from dlcli.errors import UserError
from dlcli.parallel import Processes, Serial
from dlcli.runtime.environment import computing_versions
from dlcli.runtime.memory import HINTS
from dlcli.runtime.quiet import load_tensorflow
from dlcli.runtime.xla_cache import remember_compiled

if TYPE_CHECKING:
    from dlcli.compare.plan.plan import Plan
    from dlcli.parallel import Executor


@dataclass(frozen=True)
class Placement:
    """Where trials run.

    Attributes:
        kind: In this process (`serial`), in `processes` of this machine, or on a `ray` cluster.
        jobs: How many side by side.
        gpus: Of each worker on a cluster.
    """

    kind: str
    jobs: int
    gpus: float = 0.0

    def executor(self, plan: Plan) -> Executor:
        """Return what does a plan's tasks."""
        if self.kind == "serial":
            remember_compiled()
            load_tensorflow()
            return Serial(open_workshop, (plan,))
        if self.kind == "processes":
            return Processes(self.jobs, open_workshop, (plan,), preload=PRELOAD)
        from dlcli.parallel.cluster import Cluster, Stored

        data = Stored([load_data(problem) for problem in plan.problems])
        return Cluster(
            self.jobs,
            open_workshop,
            (plan, data),
            computing_versions(),
            preload=PRELOAD,
            gpus=self.gpus,
        )


def place(
    kind: str, jobs: int | None = None, *, address: str | None = None, gpus: float | None = None
) -> Placement:
    """Decide where trials run; joins the cluster if they run on one.

    Args:
        kind: As `Placement` has it.
        jobs: Side by side; None for as many as there is room for.
        address: The cluster's, if there is one already.
        gpus: Of each worker on a cluster; None for one where the cluster has any.

    Raises:
        UserError: If there is no cluster, or it has no room.
    """
    if kind == "serial":
        return Placement(kind, 1)
    if kind == "processes":
        return Placement(kind, jobs or default_jobs())
    from dlcli.parallel.cluster import capacity, connect, has_gpus

    connect(address, jobs or _cores())
    needed = float(has_gpus()) if gpus is None else gpus
    room = capacity(needed)
    if not room:
        what = f"a processor and {needed:g} GPUs" if needed else "a processor"
        remedy = "add a node to it (`ray start`), or lower --ray-gpus"
        raise UserError(f"the Ray cluster has no node with {what}", remedy=remedy)
    return Placement(kind, min(jobs or room, room), needed)


def default_jobs() -> int:
    """Return the processors that this process may use, or 1 if TensorFlow computes on a GPU."""
    return 1 if any(Path(hint).exists() for hint in HINTS) and _sees_gpu() else _cores()


def _cores() -> int:
    """Return the processors that this process may use; not every system tells."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _sees_gpu() -> bool:
    """Ask TensorFlow, which this process does without; an old driver's GPU does not count."""
    pool = Processes(1, open_devices, (), preload=PRELOAD)
    try:
        pool.submit("GPU", None)
        done = pool.next_done()
        return bool(done and done.value)
    finally:
        pool.close()
