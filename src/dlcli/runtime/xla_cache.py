"""What XLA has compiled, kept for the next process: compiling takes seconds, reading it none."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
from pathlib import Path

from dlcli.runtime.cachedir import cache_folder
from dlcli.runtime.environment import processor

FLAGS = "TF_XLA_FLAGS"
OPTION = "--tf_xla_persistent_cache_directory"

MOST_FILES = 400
"""Kept at most, a third of a megabyte each; the oldest go first."""


def remember_compiled() -> None:
    """Let XLA keep its work in dlcli's cache folder; to be called before TensorFlow is imported.

    A user's own `TF_XLA_FLAGS` stay, and win.
    """
    flags = os.environ.get(FLAGS, "")
    if OPTION in flags:
        return
    place = folder()
    if len(str(place).split()) > 1:  # the flags end at a space, and know no quotes
        return
    with contextlib.suppress(OSError):  # without a cache, all is compiled anew
        place.mkdir(parents=True, exist_ok=True)
        os.environ[FLAGS] = f"{flags} {OPTION}={place}".strip()
        _remove(_by_age(place)[MOST_FILES:])


def folder() -> Path:
    """Return where it is kept: machine code of one processor, made by one TensorFlow.

    That is known by its file's time, because asking for its version takes 50 ms.
    """
    spec = importlib.util.find_spec("tensorflow")
    installed = Path(spec.origin).stat().st_mtime_ns if spec and spec.origin else 0
    made_for = f"{processor()} {installed}"
    return cache_folder() / "xla" / hashlib.sha256(made_for.encode()).hexdigest()[:16]


def forget_compiled() -> bool:
    """Remove it all: XLA gives up on a damaged file instead of compiling anew.

    Returns:
        Whether there was anything.
    """
    with contextlib.suppress(OSError):
        return _remove(_by_age(folder()))
    return False


def _by_age(place: Path) -> list[Path]:
    """Return the files, the newest first."""
    return sorted(place.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)


def _remove(files: list[Path]) -> bool:
    for path in files:
        path.unlink(missing_ok=True)  # another process may clean up too
    return bool(files)
