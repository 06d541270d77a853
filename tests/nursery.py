"""A process that has imported TensorFlow, and forks one for each dlcli that a test runs.

What a test runs is a process as a user's is, with its own arguments, folder, environment, streams,
exit code and memory, but without the seconds that importing TensorFlow takes. The fork server of a
comparison is forked too, where a user's is started; all that it does from then on is the same.
A test of starting itself (what is imported and printed on the way, signals meanwhile, limits of
memory) does without: it takes `started_anew`.

`python -m tests.nursery DESCRIPTOR` is the process; a socket brings it what to run.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LARGEST = 1 << 20
"""Bytes of a message at most."""

NUMBER = struct.Struct("q")
"""How a process's number and its exit code come back."""


class Forked:
    """A running dlcli; `subprocess.Popen` has the same words for it.

    Args:
        arguments: Of the command line.
        given: The file that is its standard input.
        status: The pipe from which its number and its exit code come.
    """

    def __init__(self, arguments: Sequence[str], given: str, status: int) -> None:
        self.args = ["dlcli", *arguments]
        self.returncode: int | None = None
        self._status = status
        self.stdin = tempfile.TemporaryFile("w+")  # noqa: SIM115 (lives as long as this)
        self.stdout = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.stderr = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.stdin.write(given)
        self.stdin.seek(0)
        self.pid = 0

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return its exit code."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = self.heard()
            os.close(self._status)
        return self.returncode

    def poll(self) -> int | None:
        """Return its exit code, None as long as it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def told(self) -> str:
        """Return what it has written to its standard error so far."""
        return os.pread(self.stderr.fileno(), LARGEST, 0).decode()

    def heard(self) -> int:
        """Return the next number from the pipe."""
        return int(NUMBER.unpack(os.read(self._status, NUMBER.size))[0])

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end, and return what it has written to both streams."""
        self.wait(timeout)
        told = []
        for stream in (self.stdout, self.stderr):
            stream.seek(0)
            told.append(stream.read())
        self.close()
        return told[0], told[1]

    def close(self) -> None:
        """Close its streams; that they are closed already does not matter."""
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


class Nursery:
    """Starts the process when first needed; it ends when its end of the socket is closed."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._running: list[Forked] = []
        atexit.register(self.close)

    def close(self) -> None:
        """Let the process end."""
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.wait()

    def end(self) -> None:
        """Kill what a test that failed has left running: it would slow all others down."""
        for running in self._running:
            running.kill()
            running.wait()
            running.close()
        self._running.clear()

    def start(
        self, arguments: Sequence[str], *, cwd: Path, stdin: str | None = None, alone: bool = True
    ) -> Forked:
        """Start dlcli, and return it.

        Args:
            arguments: Of the command line.
            cwd: Its working folder.
            stdin: What it can read.
            alone: In a process group of its own.
        """
        if self._socket is None:
            self._socket, self._process = _start()
        ours, theirs = os.pipe()
        started = Forked([*map(str, arguments)], stdin or "", ours)
        asked = {
            "arguments": started.args, "cwd": str(cwd), "environment": dict(os.environ),
            "alone": alone,
        }  # fmt: skip
        streams = (started.stdin, started.stdout, started.stderr)
        numbers = [*(stream.fileno() for stream in streams), theirs]
        socket.send_fds(self._socket, [json.dumps(asked).encode()], numbers)
        os.close(theirs)
        started.pid = started.heard()
        self._running.append(started)
        return started

    def run(
        self, arguments: Sequence[str], *, cwd: Path, stdin: str | None, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run dlcli; return the finished process with text output."""
        process = self.start(arguments, cwd=cwd, stdin=stdin, alone=False)
        try:
            out, told = process.communicate(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(arguments, process.wait(), out, told)


def _start() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery", str(theirs.fileno())],
            cwd=_ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
    return ours, process


_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120


def _serve(connection: socket.socket) -> None:
    while True:
        message, given, *_ = socket.recv_fds(connection, LARGEST, 4)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass  # those that have told of an end since
        if not message:
            return
        if os.fork() == 0:
            connection.close()
            _mind(json.loads(message), given[:3], given[3])
        for number in given:
            os.close(number)


def _mind(asked: dict[str, object], streams: list[int], status: int) -> NoReturn:
    """Start a dlcli and tell of its end, while the nursery goes on."""
    child = os.fork()
    if child == 0:
        os.close(status)
        _live(asked, streams)
    if asked["alone"]:  # by now, not only when the child comes to it
        with contextlib.suppress(ProcessLookupError):
            os.setpgid(child, child)
    for stream in streams:
        os.close(stream)
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more
        os.write(status, NUMBER.pack(child))
        _, ended = os.waitpid(child, 0)
        os.write(status, NUMBER.pack(os.waitstatus_to_exitcode(ended)))
    os._exit(0)


def _live(asked: dict[str, object], streams: list[int]) -> NoReturn:
    """Be dlcli."""
    if asked["alone"]:
        os.setpgid(0, 0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    sys.argv = asked["arguments"]
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        errors = "backslashreplace" if name == "stderr" else "strict"
        line_buffered = {"buffering": 1} if name == "stderr" else {}
        opened = open(descriptor, mode, encoding="utf-8", errors=errors, **line_buffered)  # noqa: PTH123, SIM115
        setattr(sys, name, opened)
    from multiprocessing import util

    from dlcli import __main__
    from dlcli.runtime.memory import limit_to_machine

    sys.modules["__main__"] = __main__
    util.spawnv_passfds = _forking(util.spawnv_passfds)
    limit_to_machine()
    __main__.main()
    raise AssertionError("dlcli has not left")


def _forking(spawn):
    """Return what starts a Python for multiprocessing, but forks the one that is a fork server."""

    def start(path: str, arguments: list[str], passed: list[int]) -> int:
        code = arguments[-1]
        if not code.startswith("from multiprocessing.forkserver import main"):
            return spawn(path, arguments, passed)
        return os.fork() or _be_fork_server(code, passed)

    return start


def _be_fork_server(code: str, passed: list[int]) -> NoReturn:
    """Run the code of a fork server, in the state of a process that has just been started."""
    from multiprocessing import forkserver, resource_tracker

    import threadpoolctl

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 (names are wanted)
            if number > 2 and number not in passed:
                with contextlib.suppress(OSError):  # the folder that was listed
                    os.close(number)
        for single in (forkserver._forkserver, resource_tracker._resource_tracker):
            single.__init__()
        # What it preloads says this in the environment, which those that are imported have read.
        threadpoolctl.threadpool_limits(1)
        exec(code, {})  # noqa: S102 (what a new process would run)
    except SystemExit:
        os._exit(0)
    except BaseException:  # noqa: BLE001 (nothing may go on with what the caller was doing)
        sys.excepthook(*sys.exc_info())
    os._exit(1)


def _prepare() -> None:
    """Import what most commands do; nothing is computed, so that forking is safe."""
    import importlib

    from dlcli.cli import COMMANDS
    from dlcli.runtime.quiet import OPTIONAL, sparing, uncollected

    with sparing(OPTIONAL):
        import tensorflow as tf  # noqa: F401
    with uncollected():
        for command in COMMANDS.values():
            importlib.import_module(f"dlcli.cli.commands.{command.place.partition(':')[0]}")
        for name in LATER:
            importlib.import_module(f"dlcli.{name}")


LATER = (
    "__main__", "train.session", "train.fit", "train.saved", "compare.comparison",
    "compare.reading", "compare.recommended", "compare.results", "compare.worker",
    "inspection", "report.figures.comparison", "report.writing", "parallel.processes",
)  # fmt: skip
"""What commands import when they have begun."""


if __name__ == "__main__":
    _prepare()
    _serve(socket.socket(fileno=int(sys.argv[1])))
