"""Tasks in this process, one after another: for debugging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlcli.errors import DlcliError
from dlcli.parallel.tasks import TRIES, Done, Failure, Queue, Worker

if TYPE_CHECKING:
    from collections.abc import Hashable

    from dlcli.parallel.tasks import Setup


class Serial:
    """Does tasks in this process.

    Args:
        setup: Returns the work.
        arguments: Of the setup.
    """

    def __init__(self, setup: Setup, arguments: tuple[Any, ...]) -> None:
        self._worker = Worker(setup, arguments)
        self._queue = Queue()
        self._known: list[Hashable] = []

    def submit(self, task: Any, group: Hashable, stage: tuple[int, ...] = ()) -> None:
        """Queue a task."""
        self._queue.put(task, group, stage)

    def next_done(self) -> Done | None:
        """Do the next task; None if there is none left.

        Raises:
            DlcliError: That the work raised: it concerns all tasks, not one.
        """
        found = self._queue.take(self._known)
        if found is None:
            return None
        task, group = found
        self._known = [group]
        failure = Failure("")
        for _ in range(TRIES):
            value, error = self._worker.answer(task)
            if error is None:
                return Done(task, value)
            if isinstance(error, DlcliError):
                raise error
            failure = error
        return Done(task, None, failure.message, out_of_memory=failure.out_of_memory)

    def cancel(self) -> list[Any]:
        """Forget the tasks that have not begun, and return them."""
        return self._queue.clear()

    def close(self) -> None:
        """Forget everything."""
        self._queue.clear()
