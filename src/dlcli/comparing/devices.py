"""How many trials run side by side if nobody says it."""

from __future__ import annotations

import os
from pathlib import Path

from dlcli.executors import Processes, Remote

HINTS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Files of the drivers of NVIDIA, AMD, and of Windows below Linux: without any, there is no GPU."""


def default_jobs() -> int:
    """Return the processors that this process may use, or 1 if TensorFlow computes on a GPU."""
    return 1 if any(Path(hint).exists() for hint in HINTS) and _sees_gpu() else _cores()


def _cores() -> int:
    """Return the processors that this process may use; not every system tells."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _sees_gpu() -> bool:
    """Ask TensorFlow, which this process does without; an old driver's GPU does not count."""
    pool = Processes(1, Remote("dlcli.workshop", "open_devices"), ())
    try:
        pool.submit("GPU", None)
        done = pool.next_done()
        return bool(done and done.value)
    finally:
        pool.close()
