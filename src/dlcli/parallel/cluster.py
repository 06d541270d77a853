"""Tasks on a Ray cluster, of one machine or of many.

A worker is a Ray actor with declared needs (one processor, perhaps a GPU) that keeps its compiled
programs between tasks; each trial is one call of it. What all workers need, the plan and the data,
is put into Ray's object store once, from which every node copies it once and its workers share it.
Results come back here, and only this process writes. A worker that dies is replaced wherever there
is room; one that was lost with its node does not cost its task a try.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import re
import socket
import time
from typing import TYPE_CHECKING, Any

from dlcli.errors import UserError, WorkError
from dlcli.parallel.pool import Heard, Member, WorkerPool
from dlcli.parallel.tasks import Failure, Remote, Worker, failure_of, packed
from dlcli.runtime.installation import install_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dlcli.parallel.tasks import Setup

FRESH = 2.0
"""Seconds for which the cluster's size is believed: nodes come and go."""

MOST_FAILURES = 5
"""Workers that may be lost before they begin, one after the other."""

ANSWER = 5.0
"""Seconds within which a cluster must answer."""


def connect(address: str | None, processors: int) -> None:
    """Join a cluster, or start one of this machine that ends with this process.

    Args:
        address: `host:port`, or `auto` for the one that `ray start` began here; `RAY_ADDRESS`
            stands for it. None or empty for one of this machine alone.
        processors: Of that.

    Raises:
        UserError: If Ray is not installed, or there is no such cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's coming default
    address = address or os.environ.get("RAY_ADDRESS")
    if address:
        os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "2")  # else it asks for ten minutes
    ray = _imported()
    if ray.is_initialized():
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    remedy = (
        "Run `ray status` to see the cluster; `--ray-address auto` uses one that `ray start` "
        "started on this machine."
    )
    if address and (problem := _unreachable(address)):
        raise UserError(f"the Ray cluster at {address} cannot be used: {problem}", remedy=remedy)
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            ray.init(address="local", num_cpus=processors, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"the Ray cluster at {address}" if address else "a Ray cluster on this machine"
        message = f"{where} cannot be used: {failure_of(error).message}"
        raise UserError(message, remedy=remedy) from None


def _unreachable(address: str) -> str:
    """Return why nothing answers at an address, before Ray tries for minutes; empty if it does."""
    if address == "auto":
        return ""
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdecimal():
        return "the address is not HOST:PORT"
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER).close()
    except (OSError, OverflowError) as error:
        return str(error)
    return ""


def _imported() -> Any:
    try:
        import ray
    except ImportError:
        raise UserError("Ray is not installed", remedy=install_command("ray")) from None
    return ray


def capacity(gpus: float) -> int:
    """Return how many workers the nodes have room for, each with a processor and so many GPUs."""
    found = _imported().cluster_resources()
    room = int(found.get("CPU", 0))
    return min(room, int(found.get("GPU", 0) / gpus + 1e-9)) if gpus else room


def has_gpus() -> bool:
    """Whether any node has a GPU."""
    return bool(_imported().cluster_resources().get("GPU"))


class Stored:
    """Values in the object store, fetched when one is needed.

    Args:
        values: Put into it once; workers get references.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        self._references = [_imported().put(value) for value in values]

    def __call__(self, number: int) -> Any:
        """Return a value; arrays in it lie in memory that the node's workers share."""
        return _imported().get(self._references[number])


class _Trainer:
    """The body of a worker: what Ray makes an actor of."""

    def __init__(
        self, setup: Setup, arguments: Sequence[Any], versions: Mapping[str, str], preload: str
    ) -> None:
        self._worker = Worker(_Checked(versions, setup, preload), tuple(arguments))

    def answer(self, task: Any) -> bytes:
        """Do a task."""
        return packed(self._worker.answer(task))

    def node(self) -> str:
        """Return the id of the node that it runs on."""
        found: str = _imported().get_runtime_context().get_node_id()
        return found


class _Checked:
    """A setup that refuses a node whose packages differ: its results would too.

    Args:
        versions: Of the packages that compute, where the comparison was started.
        setup: Is called if they are the node's own.
        preload: The module that is imported first.
    """

    def __init__(self, versions: Mapping[str, str], setup: Setup, preload: str) -> None:
        self._preload = preload
        self._versions = versions
        self._setup = setup

    def __call__(self, *arguments: Any) -> Any:
        """Check, import TensorFlow the fast way, and set the work up."""
        import importlib

        from dlcli.runtime.environment import computing_versions

        found = computing_versions()
        for name, wanted in self._versions.items():
            if found.get(name) != wanted:
                message = f"a node has {name} {found.get(name)}, but this one has {wanted}"
                raise UserError(message, remedy="Install the same versions on all nodes.")
        importlib.import_module(self._preload)
        return self._setup(*arguments)


class _Actor(Member):
    """An actor, and the answer that it owes.

    Args:
        kind: The actor's class with its needs.
        arguments: Of its constructor.

    Attributes:
        node: A reference to the id of its node, which is there when it has found one.
        owed: A reference to its answer.
    """

    def __init__(self, kind: Any, arguments: tuple[Any, ...]) -> None:
        super().__init__()
        self._handle = kind.remote(*arguments)
        self.node = self._handle.node.remote()
        self.owed: Any = None

    def send(self, task: Any) -> None:
        """Call it."""
        self.owed = self._handle.answer.remote(task)

    def listen(self) -> Heard:
        """Fetch the answer, or find out what it died of."""
        ray = _imported()
        try:
            answer = ray.get(self.owed)
        except ray.exceptions.RayError as error:
            self.end()
            return Heard(None, Failure(_cause(error)), crashed=True, lost=self._is_lost(error))
        heard = Heard(*pickle.loads(answer))  # noqa: S301 (of a worker of our own)
        if heard.is_out_of_memory:
            self.end()
        return heard

    def _is_lost(self, error: Exception) -> bool:
        """Whether its node is gone, not its process alone."""
        ray = _imported()
        if isinstance(error, ray.exceptions.NodeDiedError) or _says_node_died(error):
            return True
        node = ray.get(self.node)
        return all(n["NodeID"] != node for n in ray.nodes() if n["Alive"])

    def end(self) -> None:
        """Kill it."""
        ray = _imported()
        with contextlib.suppress(ray.exceptions.RayError, ValueError):
            ray.kill(self._handle)


def _says_node_died(error: Exception) -> bool:
    """Whether Ray says that a node died: an actor lost with it is an `ActorDiedError` of any kind.

    Ray tells why an actor died in its message alone.
    """
    return "node has died" in str(error)


def _says_module_missing(error: Exception) -> bool:
    """Whether Ray says that a node cannot import an actor's class.

    The node's `ModuleNotFoundError` comes back as text, within an error of Ray's own.
    """
    return "No module named" in str(error)


def _cause(error: Exception) -> str:
    """Say in a line what a worker died of; Ray says it in many, most of them ids."""
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [line for line in lines if line and not re.match(r"\w+: \S+$", line)]
    return f"its worker was lost: {' '.join(kept)[:300]}"


class Cluster(WorkerPool[_Actor]):
    """Does tasks on the cluster that was connected to.

    Args:
        jobs: How many workers at most.
        setup: Returns the work; importable on every node.
        arguments: Of the setup; put into the object store once.
        versions: Of the packages that compute: nodes must have the same.
        preload: The module that each worker imports before anything else.
        gpus: Of each worker; a fraction shares one.
    """

    def __init__(
        self,
        jobs: int,
        setup: Remote,
        arguments: tuple[Any, ...],
        versions: Mapping[str, str],
        *,
        preload: str,
        gpus: float = 0.0,
    ) -> None:
        super().__init__()
        ray = _imported()
        self._jobs = jobs
        self._gpus = gpus
        self._kind = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0)(_Trainer)
        self._arguments = (setup, ray.put(arguments), dict(versions), preload)
        self._starting: list[_Actor] = []  # they have found no node yet, and may find none
        self._failures = 0
        self._seen = (-FRESH, 0)

    def _enlarge(self) -> None:
        wanted = len(self._queue) + len(self._again)
        for _ in range(min(wanted - len(self._starting), self._room())):
            self._starting.append(_Actor(self._kind, self._arguments))

    def _room(self) -> int:
        now = time.monotonic()
        if now - self._seen[0] > FRESH:
            self._seen = now, capacity(self._gpus)
        most = min(self._jobs, max(1, self._seen[1]))  # one waits where all nodes are gone
        return most - len(self._workers) - len(self._starting)

    def _expects(self) -> bool:
        return bool(self._starting) and bool(self._again or len(self._queue))

    def _heard(self, busy: Sequence[_Actor]) -> tuple[_Actor, Heard] | None:
        owed = {worker.owed: worker for worker in busy}
        found = {worker.node: worker for worker in self._starting}
        (ready, *_), _ = _imported().wait([*owed, *found], num_returns=1, fetch_local=False)
        if ready in found:
            self._welcome(found[ready])
            return None
        return owed[ready], owed[ready].listen()

    def _welcome(self, worker: _Actor) -> None:
        """Take a worker on that has found its node, or been lost on the way.

        Raises:
            UserError: If nodes lack dlcli.
            WorkError: If one after the other is lost.
        """
        ray = _imported()
        self._starting.remove(worker)
        try:
            ray.get(worker.node)
        except ray.exceptions.RayError as error:
            if _says_module_missing(error):
                remedy = f"On each node: {install_command('ray')}"
                raise UserError("dlcli is not installed on a node", remedy=remedy) from None
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                remedy = "Run `ray status`, and read the logs of the nodes."
                raise WorkError(
                    f"no worker could be started: {_cause(error)}", remedy=remedy
                ) from None
            return
        self._failures = 0
        self._workers.append(worker)

    def close(self) -> None:
        """Stop the workers at once."""
        super().close()
        for worker in self._starting:
            worker.end()
        self._starting.clear()
