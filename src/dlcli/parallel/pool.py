"""Tasks shared out among workers, wherever those are: who gets which, and who died of one."""

from __future__ import annotations

import abc
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from dlcli.errors import DlcliError
from dlcli.parallel.tasks import TRIES, Done, Failure, Queue

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


class Heard(NamedTuple):
    """What came from a worker.

    Attributes:
        value: What the work returned.
        error: What went wrong with the task, or with everything; None if nothing did.
        crashed: The worker is dead, of its task for all one knows.
        lost: It is dead because its machine is: the task has nothing to do with it.
    """

    value: Any
    error: Failure | DlcliError | None = None
    crashed: bool = False
    lost: bool = False

    @property
    def is_out_of_memory(self) -> bool:
        """Whether it found no memory: it is ended then, so that what it held is free."""
        return isinstance(self.error, Failure) and self.error.out_of_memory


class Member(abc.ABC):
    """A worker, as the pool sees it.

    Attributes:
        task: What it is doing.
        tries: The how many-th time this task is tried; 0 while it does nothing.
        groups: What it has worked at, the last one last.
    """

    def __init__(self) -> None:
        self.task: Any = None
        self.tries = 0
        self.groups: list[Hashable] = []
        self.began = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether it has a task."""
        return self.tries > 0

    @property
    def group(self) -> Hashable:
        """The group that it has worked at last."""
        return self.groups[-1] if self.groups else None

    def assign(self, task: Any, group: Hashable, tries: int) -> None:
        """Give it a task."""
        self.task, self.tries, self.began = task, tries, time.monotonic()
        if group in self.groups:
            self.groups.remove(group)
        self.groups.append(group)
        self.send(task)

    @abc.abstractmethod
    def send(self, task: Any) -> None:
        """Let it begin; a worker that has just died is met when it is listened to."""

    @abc.abstractmethod
    def end(self) -> None:
        """Stop it at once."""


M = TypeVar("M", bound=Member)


class WorkerPool(abc.ABC, Generic[M]):
    """Does tasks by workers that are started as tasks come.

    A worker goes on with its last group where it can. One that dies costs only its task, which is
    tried once more; one that was lost with its machine does not even cost a try.
    """

    def __init__(self) -> None:
        self._queue = Queue()
        self._again: deque[tuple[Any, Hashable, int]] = deque()
        self._workers: list[M] = []

    @abc.abstractmethod
    def _enlarge(self) -> None:
        """Start another worker if there is room; it need not be ready at once."""

    @abc.abstractmethod
    def _heard(self, busy: Sequence[M]) -> tuple[M, Heard] | None:
        """Wait for the first of the busy workers that is done or dead; None if one is new."""

    def _expects(self) -> bool:
        """Whether a worker will be ready soon that was not at once."""
        return False

    def submit(self, task: Any, group: Hashable, stage: tuple[int, ...] = ()) -> None:
        """Queue a task."""
        self._queue.put(task, group, stage)

    def next_done(self) -> Done | None:
        """Wait for a task that is over; None if there is none left.

        Raises:
            DlcliError: That the work raised: it concerns all tasks, not one.
        """
        while True:
            self._hand_out()
            busy = [worker for worker in self._workers if worker.is_busy]
            if not busy and not self._expects():
                return None
            heard = self._heard(busy)
            done = self._received(*heard) if heard else None
            if done is not None:
                self._hand_out()  # the worker goes on while the caller keeps the result
                return done

    def _hand_out(self) -> None:
        while self._again or len(self._queue):
            if not self._idle():
                self._enlarge()
            if not any(self._assign(worker) for worker in self._idle()):
                return

    def _idle(self) -> list[M]:
        return [worker for worker in self._workers if not worker.is_busy]

    def _assign(self, worker: M) -> bool:
        """Give a worker a task, if there is one for it."""
        if self._again:
            worker.assign(*self._again.popleft())
            return True
        busy = [w.group for w in self._workers if w.is_busy]
        found = self._queue.take(worker.groups, busy)
        if found is None:
            return False
        worker.assign(*found, 1)
        return True

    def _received(self, worker: M, heard: Heard) -> Done | None:
        """Note what a worker had to say; None if its task is tried again."""
        task, group, tries = worker.task, worker.group, worker.tries
        worker.task, worker.tries = None, 0
        if heard.crashed or heard.lost or heard.is_out_of_memory:
            self._workers.remove(worker)
        self._queue.seconds[group] = time.monotonic() - worker.began
        if isinstance(heard.error, DlcliError):
            raise heard.error
        if heard.lost:
            self._again.append((task, group, tries))
            return None
        if heard.error and tries < TRIES:
            self._again.append((task, group, tries + 1))
            return None
        if heard.error is None:
            return Done(task, heard.value)
        return Done(task, None, heard.error.message, heard.crashed, heard.error.out_of_memory)

    def cancel(self) -> list[Any]:
        """Forget the tasks that have not begun, and return them."""
        again = [task for task, *_ in self._again]
        self._again.clear()
        return [*again, *self._queue.clear()]

    def close(self) -> None:
        """Stop the workers at once."""
        workers = list(self._workers)
        self._workers.clear()
        for worker in workers:
            worker.end()
