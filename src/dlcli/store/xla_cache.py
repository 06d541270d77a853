"""What XLA has compiled, kept for the next process: compiling takes seconds, reading it none."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from dlcli.data import cache
from dlcli.store.environment import processor, versions

if TYPE_CHECKING:
    from pathlib import Path

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
        _prune(place)
        os.environ[FLAGS] = f"{flags} {OPTION}={place}".strip()


def folder() -> Path:
    """Return where it is kept: machine code of one processor, made by one version."""
    made_for = f"{processor()} {versions()['tensorflow']}"
    return cache.folder() / "xla" / hashlib.sha256(made_for.encode()).hexdigest()[:16]


def forget_compiled() -> bool:
    """Remove it all: XLA gives up on a damaged file instead of compiling anew.

    Returns:
        Whether there was anything.
    """
    removed = False
    with contextlib.suppress(OSError):
        for path in folder().iterdir():
            path.unlink()
            removed = True
    return removed


def _prune(place: Path) -> None:
    files = sorted(place.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[MOST_FILES:]:
        path.unlink()
