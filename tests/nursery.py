"""A process that has imported TensorFlow, and forks one for each dlcli that a test runs.

What a test runs is a process as a user's is, with its own arguments, folder, environment, streams,
exit code and memory, but without the seconds that importing TensorFlow takes. A test of starting
itself (what is imported and printed on the way, signals meanwhile, limits of memory, the workers of
a comparison) does without: it takes `started_anew`.

`python -m tests.nursery DESCRIPTOR` is the process; a socket brings it what to run.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LARGEST = 1 << 20
"""Bytes of a message at most."""


class Nursery:
    """Starts the process when first needed; it ends when its end of the socket is closed."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)

    def close(self) -> None:
        """Let the process end."""
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.wait()

    def run(
        self, arguments: Sequence[str], *, cwd: Path, stdin: str | None, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run dlcli; return the finished process with text output."""
        with (
            tempfile.TemporaryFile("w+") as given,
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as told,
        ):
            given.write(stdin or "")
            given.seek(0)
            streams = [stream.fileno() for stream in (given, out, told)]
            code = self._answer([*map(str, arguments)], str(cwd), streams, timeout)
            out.seek(0)
            told.seek(0)
            return subprocess.CompletedProcess(arguments, code, out.read(), told.read())

    def _answer(
        self, arguments: Sequence[str], cwd: str, streams: list[int], timeout: float
    ) -> int:
        if self._socket is None:
            self._socket, self._process = _start()
        asked = {"arguments": arguments, "cwd": cwd, "environment": dict(os.environ)}
        socket.send_fds(self._socket, [json.dumps(asked).encode()], streams)
        child = json.loads(self._socket.recv(LARGEST))
        self._socket.settimeout(timeout)
        try:
            return int(json.loads(self._socket.recv(LARGEST)))
        except TimeoutError:
            os.kill(child, 9)
            self._socket.settimeout(None)
            self._socket.recv(LARGEST)
            raise subprocess.TimeoutExpired(["dlcli", *arguments], timeout) from None
        finally:
            self._socket.settimeout(None)


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
        message, streams, *_ = socket.recv_fds(connection, LARGEST, 3)
        if not message:
            return
        child = os.fork()
        if child == 0:
            connection.close()
            _live(json.loads(message), streams)
        for stream in streams:
            os.close(stream)
        connection.send(json.dumps(child).encode())
        _, status = os.waitpid(child, 0)
        connection.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())


def _live(asked: dict[str, object], streams: list[int]) -> NoReturn:
    """Be dlcli."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    sys.argv = ["dlcli", *asked["arguments"]]
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        errors = "backslashreplace" if name == "stderr" else "strict"
        line_buffered = {"buffering": 1} if name == "stderr" else {}
        opened = open(descriptor, mode, encoding="utf-8", errors=errors, **line_buffered)  # noqa: PTH123, SIM115
        setattr(sys, name, opened)
    from dlcli.__main__ import main
    from dlcli.runtime.memory import limit_to_machine

    limit_to_machine()
    main()
    raise AssertionError("dlcli has not left")


def _prepare() -> None:
    """Import what most commands do; nothing is computed, so that forking is safe."""
    import importlib

    from dlcli.cli import COMMANDS
    from dlcli.runtime.quiet import OPTIONAL, sparing, uncollected

    with sparing(OPTIONAL):
        import tensorflow as tf  # noqa: F401
    with uncollected():
        for command in COMMANDS.values():
            importlib.import_module(f"dlcli.cli.{command.place.partition(':')[0]}")
        for name in ("dlcli.train.session", "dlcli.train.fit"):
            importlib.import_module(name)


if __name__ == "__main__":
    _prepare()
    _serve(socket.socket(fileno=int(sys.argv[1])))
