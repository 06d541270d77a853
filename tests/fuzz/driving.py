"""dlcli run in this process on one example, and what must be true of its end."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.cli import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECONDS = 120
"""What takes longer hangs, on however busy a machine: an example is a few kilobytes."""

BUG = "unexpected error: "
_LOG = re.compile(r"/\S*dlcli-\S+\.log")


class Hang(BaseException):
    """An example took too long; no `except Exception` stops it."""


@dataclass(frozen=True)
class End:
    """How a command ended.

    Attributes:
        code: The exit code; None after a hang.
        told: All that it wrote, and the traceback of a bug.
    """

    code: int | None
    told: str

    @property
    def problem(self) -> str:
        """What is wrong with the end; empty if nothing is."""
        if self.code is None:
            return "hangs"
        if BUG in self.told:
            return "bug"
        if "Traceback" in self.told:
            return "traceback"
        return "" if self.code in (0, 1, 2) else f"exit code {self.code}"


def drive(arguments: Sequence[str], stdin: bytes = b"") -> End:
    """Run a command as `dlcli` does, with a watchdog."""
    told = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace", write_through=True)
    code: int | None = None
    with (
        _input(stdin),
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(told),
        contextlib.suppress(Hang),
        warnings.catch_warnings(),
        _watched(),
    ):
        warnings.simplefilter("ignore")
        code = run(arguments)
    buffer: Any = told.buffer
    return End(code, _with_traceback(buffer.getvalue().decode("utf-8")))


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    def bite(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, bite)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _input(content: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(content), "utf-8")
    try:
        yield
    finally:
        sys.stdin = before


def _with_traceback(told: str) -> str:
    """Append the traceback that a bug leaves in a file, and delete the file."""
    if BUG in told and (found := _LOG.search(told)):
        log = Path(found[0])
        if log.is_file():
            told += log.read_text("utf-8", "replace")
            log.unlink()
    return told
