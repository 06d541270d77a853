"""Ctrl-C where Python's own way would do harm: while much is imported, and while all is written.

Everywhere else it raises `KeyboardInterrupt`, which `dlcli.cli` turns into exit code 130.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXIT_CODE = 130


@contextlib.contextmanager
def _handling(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Handle Ctrl-C otherwise for a while, which only a process's main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def unheard_by_children() -> Iterator[None]:
    """Start processes that never hear Ctrl-C, nor do theirs; this one hears it after the block."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


@contextlib.contextmanager
def remembered() -> Iterator[list[int]]:
    """Raise Ctrl-C as ever, and yield a list that holds an item for each time.

    What is interrupted may be an import that turns it into an error of its own, or into nothing.
    """
    presses: list[int] = []

    def press(number: int, _frame: Any) -> None:
        presses.append(number)
        raise KeyboardInterrupt

    with _handling(press):
        yield presses


@contextlib.contextmanager
def never_swallowed() -> Iterator[Callable[[], None]]:
    """Make sure that Ctrl-C within the block comes out of it, whatever the block makes of it.

    Yields:
        What raises `KeyboardInterrupt` if Ctrl-C has come: a long block calls it now and then,
        since native code that asks Python something forgets what was raised meanwhile.
    """
    with remembered() as presses:

        def heed() -> None:
            if presses:
                raise KeyboardInterrupt

        try:
            yield heed
        except Exception:
            if presses:
                raise KeyboardInterrupt from None
            raise
    if presses:
        raise KeyboardInterrupt


@contextlib.contextmanager
def finishing(*, pressed: bool = False) -> Iterator[None]:
    """Write on after Ctrl-C, and end with 130 then; a second Ctrl-C ends the program at once.

    What is written by then is whole, since every file is renamed into its place.

    Args:
        pressed: The first one is why the block is entered; that is left to the caller to tell.

    Raises:
        KeyboardInterrupt: At the end of the block, if Ctrl-C came in it.
    """
    count = int(pressed)

    def press(_number: int, _frame: Any) -> None:
        nonlocal count
        count += 1
        if count > 1:
            _tell("interrupted")
            os._exit(EXIT_CODE)
        _tell("writing the results; press Ctrl-C again to quit at once")

    with _handling(press):
        yield
    if count and not pressed:
        raise KeyboardInterrupt


def _tell(text: str) -> None:
    """Write to the screen past Python's streams, which the signal may have found at work."""
    with contextlib.suppress(OSError):
        os.write(2, f"\n{text}\n".encode())
