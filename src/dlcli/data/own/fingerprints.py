"""What files of the user's own hold, so that a change is noticed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DIGITS = 20
"""Hexadecimal digits of a folder's hash: 80 bits."""


def content_hash(path: Path) -> str:
    """Hash a file, or the names and contents of all files below a folder."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    files = sorted(file for file in path.rglob("*") if file.is_file())
    content = [(str(file.relative_to(path)), content_hash(file)) for file in files]
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def fingerprint(path: Path) -> dict[str, Any]:
    """Return what tells whether a file or folder has changed: sizes, times, and a hash."""
    return {"path": str(path), **_look(path), "hash": content_hash(path)}


def _look(path: Path) -> dict[str, Any]:
    """Return what can be seen without reading: how many files, their bytes, the last change."""
    files = [path] if path.is_file() else _files_below(path)
    found = [os.stat(file) for file in files if os.path.isfile(file)]  # noqa: PTH113, PTH116 (fast)
    return {
        "files": len(found),
        "bytes": sum(one.st_size for one in found),
        "changed": max((one.st_mtime_ns for one in found), default=0),
    }


def _files_below(path: Path) -> list[str]:
    return [
        os.path.join(place, name)  # noqa: PTH118 (fast)
        for place, _, names in os.walk(path)
        for name in names
    ]


def differences(saved: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each file or folder that is not what it was; missing ones are left out.

    Args:
        saved: From `fingerprint`.
    """
    return [told for entry in saved if (told := _difference(entry))]


def _difference(saved: Mapping[str, Any]) -> str:
    path = Path(str(saved["path"]))
    if not path.exists():
        return ""
    now = _look(path)
    if all(now[name] == saved.get(name) for name in now):
        return ""
    if content_hash(path) == saved["hash"]:
        return ""
    for name in ("files", "bytes"):
        if now[name] != saved.get(name):
            return f"{path} has {now[name]:,} {name} now, but had {saved.get(name, 0):,}"
    return f"{path} has the same size, but another content"
