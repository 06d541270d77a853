"""What environment.json records: where, when and with which versions something was computed."""

from __future__ import annotations

import contextlib
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.runtime.memory import machine_bytes
from dlcli.runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "scipy", "scikit-learn")

COMPUTING = ("dlcli", "tensorflow", "keras", "numpy")
"""Those whose versions decide a trial's result."""


def environment(seed: int, command: Sequence[str], devices: Sequence[str]) -> dict[str, Any]:
    """Return what environment.json records: versions, seed, devices, command, start."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(command[0]).name, *command[1:]] if command else [],
        "seed": seed,
        "devices": list(devices),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "memory_bytes": machine_bytes(swap=False),
        "packages": versions(),
    }


def processor() -> str:
    """Return the processor's model, or at least its architecture."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Return the version of dlcli, and of every installed package that matters.

    dlcli's comes from the code that runs: what is installed as `dlcli` may be another project.
    """
    from importlib import metadata  # 20 ms that most commands need not spend

    found = {"dlcli": __version__}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def computing_versions() -> dict[str, str]:
    """Return the versions that decide a trial's result."""
    return {name: version for name, version in versions().items() if name in COMPUTING}
