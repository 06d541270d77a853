"""Tasks in, results out as they finish: in this process, or in several that share one import.

The processes come from a fork server that has imported TensorFlow once; each computes with one
thread, which is faster than one process with as many threads, and makes a result independent of
how many there are. A worker that dies costs only its task, which is tried once more.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver, resource_tracker
from typing import TYPE_CHECKING, Any, Protocol

from dlcli.errors import DlcliError
from dlcli.interrupts import unheard_by_children

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from multiprocessing.context import ForkServerContext, ForkServerProcess

    Work = Callable[[Any], Any]
    """Does a task. A `DlcliError` that it raises ends everything; other exceptions, its task."""

    Setup = Callable[..., Work]
    """Is called once in every process and returns the work."""

PRELOAD = "dlcli.preload"
TRIES = 2

SHORT = 1.0
"""Seconds below which a task is not worth beginning a group for."""


@dataclass(frozen=True)
class Done:
    """A task that is over.

    Attributes:
        task: As it was submitted.
        value: What the work returned; None if it failed.
        error: Why it failed, empty if it did not.
        crashed: Its process died of it.
    """

    task: Any
    value: Any
    error: str = ""
    crashed: bool = False


class Executor(Protocol):
    """Does tasks in any order."""

    def submit(self, task: Any, group: Hashable) -> None:
        """Queue a task; a worker goes on with tasks of its last group where it can."""

    def next_done(self) -> Done | None:
        """Wait for a task that is over; None if there is none left."""

    def cancel(self) -> list[Any]:
        """Forget the tasks that have not begun, and return them."""

    def close(self) -> None:
        """Stop at once."""


class Queue:
    """Tasks by group, first come first served.

    Attributes:
        seconds: How long a group's last task took.
    """

    def __init__(self) -> None:
        self._groups: dict[Hashable, deque[Any]] = {}
        self.seconds: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return sum(len(tasks) for tasks in self._groups.values())

    def put(self, task: Any, group: Hashable) -> None:
        """Append a task to its group."""
        self._groups.setdefault(group, deque()).append(task)

    def take(
        self, known: Sequence[Hashable] = (), busy: Sequence[Hashable] = ()
    ) -> tuple[Any, Hashable] | None:
        """Return a task for a worker: of its last group, of one nobody works at, of the longest.

        A single short task is left to who works at its group: beginning a group takes time too.

        Args:
            known: The groups that the worker has worked at, the last one last.
            busy: The groups that others work at.
        """
        waiting = [group for group, tasks in self._groups.items() if tasks]
        if known and known[-1] in waiting:
            group = known[-1]
        elif free := [group for group in waiting if group not in busy]:
            group = free[0]
        elif worthy := [g for g in waiting if g in known or not self._is_single_and_short(g)]:
            group = max(worthy, key=lambda group: len(self._groups[group]))
        else:
            return None
        return self._groups[group].popleft(), group

    def _is_single_and_short(self, group: Hashable) -> bool:
        return len(self._groups[group]) == 1 and self.seconds.get(group, math.inf) < SHORT

    def clear(self) -> list[Any]:
        """Forget all tasks, and return them."""
        tasks = [task for group in self._groups.values() for task in group]
        self._groups.clear()
        return tasks


class Serial:
    """Does tasks in this process, one after another: for debugging.

    Args:
        setup: Returns the work.
        arguments: Of the setup.
    """

    def __init__(self, setup: Setup, arguments: tuple[Any, ...]) -> None:
        self._setup = setup
        self._arguments = arguments
        self._work: Work | None = None
        self._queue = Queue()
        self._known: list[Hashable] = []

    def submit(self, task: Any, group: Hashable) -> None:
        """Queue a task."""
        self._queue.put(task, group)

    def next_done(self) -> Done | None:
        """Do the next task."""
        found = self._queue.take(self._known)
        if found is None:
            return None
        task, group = found
        self._known = [group]
        if self._work is None:
            self._work = self._setup(*self._arguments)
        return self._done(task, self._work)

    def _done(self, task: Any, work: Work) -> Done:
        error = ""
        for _ in range(TRIES):
            try:
                return Done(task, work(task))
            except DlcliError:
                raise
            except Exception as failure:  # noqa: BLE001 (a task's failure must not stop the rest)
                error = _told(failure)
        return Done(task, None, error)

    def cancel(self) -> list[Any]:
        """Forget the tasks that have not begun, and return them."""
        return self._queue.clear()

    def close(self) -> None:
        """Forget everything."""
        self._queue.clear()


def _told(failure: BaseException) -> str:
    try:
        text = " ".join(str(failure).split())
    except Exception:  # noqa: BLE001 (an exception may be unable to say what it is)
        text = ""
    return f"{type(failure).__name__}: {text[:300]}" if text else type(failure).__name__


@dataclass(frozen=True)
class Remote:
    """A function by its name, so that only the process that calls it imports its module."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        """Import the module and call the function."""
        return getattr(importlib.import_module(self.module), self.name)(*arguments)


def start_fork_server() -> ForkServerContext:
    """Let a server import TensorFlow while this process reads configs and data."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOAD])
    resource_tracker.ensure_running()  # the first time, it lets Ctrl-C through again
    with unheard_by_children():  # Ctrl-C is this process's business, while they import too
        forkserver.ensure_running()
    return context


@dataclass
class _Worker:
    process: ForkServerProcess
    pipe: connection.Connection
    lifeline: connection.Connection
    task: Any = None
    tries: int = 0
    groups: list[Hashable] = field(default_factory=list)
    began: float = 0.0

    @property
    def is_busy(self) -> bool:
        return self.tries > 0

    @property
    def group(self) -> Hashable:
        """The group that it has worked at last."""
        return self.groups[-1] if self.groups else None

    def assign(self, task: Any, group: Hashable, tries: int) -> None:
        """Send it a task."""
        self.task, self.tries, self.began = task, tries, time.monotonic()
        if group in self.groups:
            self.groups.remove(group)
        self.groups.append(group)
        with contextlib.suppress(OSError):  # a worker that has just died is met when read from
            self.pipe.send(task)


class Processes:
    """Does tasks in several processes.

    Args:
        jobs: How many processes at most; they are started as tasks come.
        setup: Returns the work; called in each process, so it must be importable there.
        arguments: Of the setup; pickled.
    """

    def __init__(self, jobs: int, setup: Setup, arguments: tuple[Any, ...]) -> None:
        self._context = start_fork_server()
        self._jobs = jobs
        self._setup = (setup, arguments)
        self._queue = Queue()
        self._again: deque[tuple[Any, Hashable]] = deque()
        self._workers: list[_Worker] = []

    def submit(self, task: Any, group: Hashable) -> None:
        """Queue a task."""
        self._queue.put(task, group)

    def next_done(self) -> Done | None:
        """Wait for a task that is over; None if there is none left.

        Raises:
            DlcliError: That the work raised: it concerns all tasks, not one.
        """
        while True:
            self._hand_out()
            waiting = {w.pipe: w for w in self._workers if w.is_busy}
            if not waiting:
                return None
            pipe = connection.wait(list(waiting))[0]
            done = self._received(waiting[pipe])  # type: ignore[index]  # wait returns what it got
            if done is not None:
                self._hand_out()  # the worker goes on while the caller keeps the result
                return done

    def _hand_out(self) -> None:
        while self._again or len(self._queue):
            idle = [worker for worker in self._workers if not worker.is_busy]
            if not idle and len(self._workers) < self._jobs:
                idle = [self._started()]
            if not any(self._assign(worker) for worker in idle):
                return

    def _assign(self, worker: _Worker) -> bool:
        """Give a worker a task, if there is one for it."""
        if self._again:
            worker.assign(*self._again.popleft(), TRIES)
            return True
        busy = [w.group for w in self._workers if w.is_busy]
        found = self._queue.take(worker.groups, busy)
        if found is None:
            return False
        worker.assign(*found, 1)
        return True

    def _started(self) -> _Worker:
        pipe, theirs = self._context.Pipe()
        lifeline, end = self._context.Pipe()
        setup, arguments = self._setup
        process = self._context.Process(
            target=_work, args=(theirs, end, setup, arguments), daemon=True
        )
        process.start()
        theirs.close()
        end.close()
        worker = _Worker(process, pipe, lifeline)
        self._workers.append(worker)
        return worker

    def _received(self, worker: _Worker) -> Done | None:
        """Read what a worker has to say; None if its task is tried again."""
        task, group, tries = worker.task, worker.group, worker.tries
        crashed = False
        try:
            value, error = worker.pipe.recv()
        except (EOFError, OSError):
            value, error, crashed = None, self._bury(worker), True
        worker.task, worker.tries = None, 0
        self._queue.seconds[group] = time.monotonic() - worker.began
        if isinstance(error, DlcliError):
            raise error
        if error and tries < TRIES:
            self._again.append((task, group))
            return None
        return Done(task, value, error, crashed)

    def _bury(self, worker: _Worker) -> str:
        """Forget a dead worker and return what it died of."""
        self._workers.remove(worker)
        worker.pipe.close()
        worker.lifeline.close()
        worker.process.join()
        code = worker.process.exitcode or 0
        if code >= 0:
            return f"its process ended with exit code {code}"
        name = signal.Signals(-code).name
        memory = " (out of memory?)" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{memory}"

    def cancel(self) -> list[Any]:
        """Forget the tasks that have not begun, and return them."""
        again = [task for task, _ in self._again]
        self._again.clear()
        return [*again, *self._queue.clear()]

    def close(self) -> None:
        """Stop the processes at once."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
            worker.lifeline.close()
        self._workers.clear()


def _work(
    pipe: connection.Connection,
    lifeline: connection.Connection,
    setup: Setup,
    arguments: tuple[Any, ...],
) -> None:
    """Do tasks until there are no more; the body of a worker's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    work: Work | None = None
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                if work is None:
                    work = setup(*arguments)
                answer: tuple[Any, str | DlcliError] = (work(task), "")
            except DlcliError as error:
                answer = (None, error)
            except Exception as failure:  # noqa: BLE001 (told to the main process)
                answer = (None, _told(failure))
            _send(pipe, answer)


def _send(pipe: connection.Connection, answer: tuple[Any, str | DlcliError]) -> None:
    """Send an answer; one that cannot travel becomes an error that can."""
    try:
        packed = pickle.dumps(answer)
    except Exception as failure:  # noqa: BLE001 (told to the main process)
        packed = pickle.dumps((None, _told(failure)))
    pipe.send_bytes(packed)


def _end_with(lifeline: connection.Connection) -> None:
    """End this process when the main one does, however that ends, in the middle of a task too."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)
