"""Tasks in several processes of this machine, which share one import of TensorFlow.

They come from a fork server that has imported TensorFlow once; each computes with one thread,
which is faster than one process with as many threads, and makes a result independent of how many
there are.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing import connection, forkserver, resource_tracker
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dlcli.parallel.pool import Heard, Member, WorkerPool
from dlcli.parallel.tasks import Failure, Worker, packed
from dlcli.runtime.interrupts import unheard_by_children
from dlcli.runtime.memory import OUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.context import ForkServerContext

    from dlcli.parallel.tasks import Setup

SHORTAGE = ("SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS")
"""What a lack of memory may end a process with: the system kills who uses too much; TensorFlow, and
what it computes with, aborts or falls where it gets none."""


def start_fork_server(preload: str) -> ForkServerContext:
    """Let a server import a module, TensorFlow with it, while this process reads configs and data.

    Args:
        preload: The module's name; workers are forked once it is imported.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    resource_tracker.ensure_running()  # the first time, it lets Ctrl-C through again
    with unheard_by_children():  # Ctrl-C is this process's business, while they import too
        forkserver.ensure_running()
    return context


class _Process(Member):
    """A process, and a pipe to it.

    Args:
        context: Starts it.
        setup: Returns the work; pickled.
        arguments: Of the setup; pickled.
    """

    def __init__(
        self, context: ForkServerContext, setup: Setup, arguments: tuple[Any, ...]
    ) -> None:
        super().__init__()
        self.pipe, theirs = context.Pipe()
        self._lifeline, end = context.Pipe()
        self.process = context.Process(
            target=_work, args=(theirs, end, setup, arguments), daemon=True
        )
        with _main_left_alone():
            self.process.start()
        theirs.close()
        end.close()

    def send(self, task: Any) -> None:
        """Write the task into the pipe."""
        with contextlib.suppress(OSError):
            self.pipe.send(task)

    def listen(self) -> Heard:
        """Read the answer, or find out what it died of."""
        try:
            value, error = self.pipe.recv()
        except (EOFError, OSError):
            return Heard(None, self._cause_of_death(), crashed=True)
        heard = Heard(value, error)
        if heard.is_out_of_memory:
            self.end()
        return heard

    def _cause_of_death(self) -> Failure:
        self._part()
        self.process.join()
        code = self.process.exitcode or 0
        if code >= 0:
            return Failure(f"its process ended with exit code {code}")
        name = signal.Signals(-code).name
        if name not in SHORTAGE:
            return Failure(f"its process was ended by {name}")
        return Failure(f"its process was ended by {name} ({OUT}?)", out_of_memory=True)

    def _part(self) -> None:
        self.pipe.close()
        self._lifeline.close()

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.join()
        self._part()


@contextlib.contextmanager
def _main_left_alone() -> Iterator[None]:
    """Keep a new process from running the main script again, which may be a user's.

    multiprocessing would do that for what is defined there; tasks are all in modules.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class Processes(WorkerPool[_Process]):
    """Does tasks in several processes.

    Args:
        jobs: How many processes at most.
        setup: Returns the work; called in each process, so it must be importable there.
        arguments: Of the setup; pickled.
        preload: The module that workers share; see `start_fork_server`.
    """

    def __init__(
        self, jobs: int, setup: Setup, arguments: tuple[Any, ...], *, preload: str
    ) -> None:
        super().__init__()
        self._context = start_fork_server(preload)
        self._jobs = jobs
        self._setup = (setup, arguments)

    def _enlarge(self) -> None:
        if len(self._workers) < self._jobs:
            self._workers.append(_Process(self._context, *self._setup))

    def _heard(self, busy: Sequence[_Process]) -> tuple[_Process, Heard]:
        pipes = {worker.pipe: worker for worker in busy}
        pipe = connection.wait(list(pipes))[0]
        worker = pipes[pipe]  # type: ignore[index]  # wait returns what it got
        return worker, worker.listen()


def _work(
    pipe: connection.Connection,
    lifeline: connection.Connection,
    setup: Setup,
    arguments: tuple[Any, ...],
) -> None:
    """Do tasks until there are no more; the body of a worker's process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    worker = Worker(setup, arguments)
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(packed(worker.answer(pipe.recv())))


def _end_with(lifeline: connection.Connection) -> None:
    """End this process when the main one does, however that ends, in the middle of a task too."""
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)
