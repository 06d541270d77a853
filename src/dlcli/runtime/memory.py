"""Memory that is not there: how much there is, how its lack shows, and what to do about it."""

from __future__ import annotations

import contextlib
import mmap
import os
import resource
from pathlib import Path

OUT = "out of memory"
"""How a message begins that tells of it."""

REMEDY = "lower data.batch_size or make the network smaller"

HINTS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Files of the drivers of NVIDIA, AMD, and of Windows below Linux: without any, there is no GPU."""

THREADS_BYTES = 2**27
"""Room for the stacks of the threads that TensorFlow starts as it needs them (128 MiB)."""

STACKS_BYTES = 2**25
"""Addresses that the stacks of TensorFlow's threads take for each processor, most of which nobody
writes to: four threads of 8 MiB. A small container on a large machine has many processors."""

_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container says how much of the machine's memory is its own."""


def is_short(error: BaseException) -> bool:
    """Whether an error says that memory is out: Python's own, or one of TensorFlow's, by its name.

    The library of Intel's that TensorFlow computes with says that an operation received an
    exception, whose number tells little; it is that of a lack of memory, or of what came of it.
    """
    name = type(error).__name__
    if name == "AbortedError":
        return "Operation received an exception" in str(error)
    return isinstance(error, MemoryError) or name == "ResourceExhaustedError"


def check_room(size: int) -> None:
    """Make sure that so many bytes can still be had, and some for TensorFlow's threads.

    Where it cannot start one, it ends the process, and nothing could be told. Nothing is used up:
    memory that nobody writes to is only promised.

    Raises:
        MemoryError: If they cannot.
    """
    flags, writable = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE
    try:
        mmap.mmap(-1, size + THREADS_BYTES, flags=flags, prot=writable).close()
    except (OSError, ValueError, OverflowError):
        message = f"there are no {size / 1e6:,.0f} MB for the gradients of its weights"
        raise MemoryError(message) from None


def limit_to_machine() -> None:
    """Let this process, and those that it starts, ask for no more memory than there is.

    The system promises more than it has, and kills who uses it without a word; what is refused
    instead is an error that can be told. A GPU's driver reserves addresses as if they were memory,
    so that where there is one nothing is limited.
    """
    if any(Path(hint).exists() for hint in HINTS):
        return
    memory = machine_bytes()
    there_is = None if memory is None else memory + STACKS_BYTES * (os.cpu_count() or 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if there_is is not None and (soft == resource.RLIM_INFINITY or there_is < soft):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (there_is, hard))


def machine_bytes(*, swap: bool = True) -> int | None:
    """Return the memory of the machine, or of the container; None where the system does not tell.

    Args:
        swap: Of a machine, its swap counts.
    """
    found = [size for size in (_physical_bytes(swap=swap), *map(_group_bytes, _GROUPS)) if size]
    return min(found, default=None)


def free_bytes() -> float:
    """Return the memory that is free, or all there is; infinity where the system does not tell."""
    known = (_told_bytes("MemAvailable"), machine_bytes(swap=False))
    return min((size for size in known if size is not None), default=float("inf"))


def _physical_bytes(*, swap: bool = True) -> int | None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return physical + (_swap_bytes() if swap else 0)
    return None


def _swap_bytes() -> int:
    return _told_bytes("SwapTotal") or 0


def _told_bytes(name: str) -> int | None:
    """Return what Linux tells of its memory under a name."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None


def _group_bytes(path: str) -> int | None:
    with contextlib.suppress(OSError, ValueError):  # a group without a limit says "max"
        return int(Path(path).read_text(encoding="utf-8"))
    return None
