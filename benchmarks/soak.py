"""Comparisons in a loop: memory, processes, file descriptors and temporary files must not grow.

Run `python benchmarks/soak.py [--minutes 60]`. All comparisons run in this one process, with two
workers each, as a program would that imports dlcli; every tenth one is interrupted by Ctrl-C.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import io
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from itertools import count, cycle
from pathlib import Path
from typing import Any

from harness import HERE, save, shown

from dlcli.cli import run

CONFIGS = HERE.parent / "configs"
NAMES = ("digits_mlp", "iris_mlp", "digits_cnn", "italy_power_demand_cnn", "mnist_5k_rnn")
INTERRUPTED, EVERY = 130, 10


def megabytes(process: int) -> float:
    """Return a process's resident memory; 0 if it has just gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def descendants(process: int) -> list[int]:
    """Return the processes that a process has started, and theirs."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (place / "stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
            parents[int(place.name)] = int(fields[1])
    found, waiting = [], [process]
    while waiting:
        parent = waiting.pop()
        children = [child for child, of in parents.items() if of == parent]
        found += children
        waiting += children
    return found


def measured(temporary: Path) -> dict[str, Any]:
    """Return what this process holds."""
    return {
        "megabytes": megabytes(os.getpid()),
        "processes": len(descendants(os.getpid())),
        "server_megabytes": max(map(megabytes, descendants(os.getpid())), default=0.0),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "temporary": len(list(temporary.iterdir())),
        "shared_memory": len(list(Path("/dev/shm").iterdir())),  # noqa: S108 (it is looked at)
        "threads": threading.active_count(),
    }


def compare(name: str, place: Path, *, interrupt: bool) -> int:
    """Run one comparison anew, and return its exit code."""
    arguments = [
        "compare-optimizers", str(CONFIGS / f"{name}.yaml"), "--optimizers", "SGD,Adam",
        "--learning-rates", "0.001,0.01,0.1", "--seeds", "6", "--epochs", "3", "--jobs", "2",
        "--root", str(place),
    ]  # fmt: skip
    timer = threading.Timer(2.5, os.kill, (os.getpid(), signal.SIGINT))
    if interrupt:
        timer.start()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = run(arguments)
    timer.cancel()
    shutil.rmtree(place, ignore_errors=True)
    return code


def main() -> None:
    """Print and keep what is held after every tenth comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    temporary = Path(tempfile.mkdtemp(prefix="soak-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)  # first in, last out
    os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
    rows: list[dict[str, Any]] = []
    for number, name in zip(count(1), cycle(NAMES)):
        interrupt = number % EVERY == 0
        code = compare(name, temporary / "comparisons", interrupt=interrupt)
        if code not in ((0, INTERRUPTED) if interrupt else (0,)):
            sys.exit(f"{name} ended with {code}")
        if number % EVERY == 0 or number == 1:
            rows.append({"comparisons": number, **measured(temporary)})
            print(shown(rows[-1]), flush=True)
        if time.monotonic() > end:
            break
    save("soak", rows)


if __name__ == "__main__":
    main()
