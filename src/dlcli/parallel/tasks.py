"""What a task is for who does it: a queue of them by group, and how each one ended."""

from __future__ import annotations

import gc
import heapq
import importlib
import math
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dlcli.errors import DlcliError
from dlcli.runtime.memory import OUT, is_short

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    Work = Callable[[Any], Any]
    """Does a task. A `DlcliError` that it raises ends everything; other exceptions, its task."""

    Setup = Callable[..., Work]
    """Is called once in every process and returns the work."""

    Answer = tuple[Any, "Failure | DlcliError | None"]
    """What the work returned, and what went wrong: nothing, the task, or everything."""

TRIES = 2

SHORT = 1.0
"""Seconds below which a task is not worth beginning a group for."""


class Failure(NamedTuple):
    """Why a task failed.

    Attributes:
        message: In a line.
        out_of_memory: A lack of memory is the reason, or, of a process that died, may be.
    """

    message: str
    out_of_memory: bool = False


@dataclass(frozen=True)
class Done:
    """A task that is over.

    Attributes:
        task: As it was submitted.
        value: What the work returned; None if it failed.
        error: Why it failed, empty if it did not.
        crashed: Its process died of it.
        out_of_memory: It failed of a lack of memory, or may have.
    """

    task: Any
    value: Any
    error: str = ""
    crashed: bool = False
    out_of_memory: bool = False


class Executor(Protocol):
    """Does tasks in any order."""

    def submit(self, task: Any, group: Hashable, stage: tuple[int, ...] = ()) -> None:
        """Queue a task; a worker goes on with tasks of its own groups, lower stages first."""

    def next_done(self) -> Done | None:
        """Wait for a task that is over; None if there is none left."""

    def cancel(self) -> list[Any]:
        """Forget the tasks that have not begun, and return them."""

    def close(self) -> None:
        """Stop at once."""


@dataclass(frozen=True)
class Remote:
    """A function by its name, so that only the process that calls it imports its module."""

    module: str
    name: str

    def __call__(self, *arguments: Any) -> Any:
        """Import the module and call the function."""
        return getattr(importlib.import_module(self.module), self.name)(*arguments)


class Queue:
    """Tasks by group; those of the lowest stage come first, and of one stage, who came first.

    Attributes:
        seconds: How long a group's last task took.
    """

    def __init__(self) -> None:
        self._groups: dict[
            Hashable, list[tuple[tuple[int, ...], int, Any]]
        ] = {}  # heaps: stage, number, task
        self._size = self._number = 0
        self.seconds: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return self._size

    def put(self, task: Any, group: Hashable, stage: tuple[int, ...] = ()) -> None:
        """Add a task to its group."""
        heapq.heappush(self._groups.setdefault(group, []), (stage, self._number, task))
        self._number += 1
        self._size += 1

    def take(
        self, known: Sequence[Hashable] = (), busy: Sequence[Hashable] = ()
    ) -> tuple[Any, Hashable] | None:
        """Return a task for a worker, of the lowest stage that suits it.

        A worker's own groups suit it, its last one best, and those that nobody works at; else it
        helps with the longest. A single short task is left to who works at its group: beginning a
        group takes time too.

        Args:
            known: The groups that the worker has worked at, the last one last.
            busy: The groups that others work at.
        """
        waiting = [group for group, tasks in self._groups.items() if tasks]
        suitable = [g for g in waiting if g in known or g not in busy]
        worthy = [g for g in waiting if not self._is_single_and_short(g)]
        if suitable:
            last = known[-1] if known else None
            group = min(suitable, key=lambda g: (self._groups[g][0][0], g != last, g not in known))
        elif worthy:
            group = max(worthy, key=lambda group: len(self._groups[group]))
        else:
            return None
        self._size -= 1
        return heapq.heappop(self._groups[group])[2], group

    def _is_single_and_short(self, group: Hashable) -> bool:
        return len(self._groups[group]) == 1 and self.seconds.get(group, math.inf) < SHORT

    def clear(self) -> list[Any]:
        """Forget all tasks, and return them."""
        tasks = [task for group in self._groups.values() for _, _, task in sorted(group)]
        self._groups.clear()
        self._size = 0
        return tasks


class Worker:
    """The work in the process that does it: set up with the first task."""

    def __init__(self, setup: Setup, arguments: tuple[Any, ...]) -> None:
        self._setup = setup
        self._arguments = arguments
        self._work: Work | None = None

    def answer(self, task: Any) -> Answer:
        """Do a task, and say how that went."""
        try:
            if self._work is None:
                self._work = self._setup(*self._arguments)
            return self._work(task), None
        except DlcliError as error:
            return None, error
        except Exception as error:  # noqa: BLE001 (a task's failure must not stop the rest)
            failure = failure_of(error)
        if failure.out_of_memory:
            gc.collect()  # what the task held, the next one may need
        return None, failure


def packed(answer: Answer) -> bytes:
    """Make an answer fit to travel; one that cannot becomes an error that can."""
    try:
        return pickle.dumps(answer)
    except Exception as error:  # noqa: BLE001 (told to the main process)
        return pickle.dumps((None, failure_of(error)))


def failure_of(error: BaseException) -> Failure:
    """Return what an exception says, in a line, and whether it is a lack of memory."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 (an exception may be unable to say what it is)
        text = ""
    is_out = is_short(error)
    name = OUT if is_out else type(error).__name__
    return Failure(f"{name}: {text[:300]}" if text else name, is_out)
