"""Writing a file beside its place and renaming it into it, so that no half of it is ever seen."""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def is_special(path: Path) -> bool:
    """Whether a path leads to a pipe, a socket or a device, which may never begin, or never end."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # it leads nowhere, or is a name that no file can have
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def replacing_path(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """Yield the path of a temporary file, with the same suffix, that becomes `path` at the end.

    After an exception, Ctrl-C included, `path` is as it was before and the temporary file is gone.

    Args:
        path: The file.
        synced: Wait until it is on the disk, so that it is whole even if the power fails. Else a
            failure of the power, and nothing less, may leave it empty.

    Raises:
        OSError: If the folder cannot be written to.
    """
    # Not tempfile: its files are private to the user, and Keras's cache may be shared.
    part = path.with_name(f".{path.stem}.{os.urandom(4).hex()}.part{path.suffix}")
    try:
        yield part
        if synced:
            with part.open("rb") as stream:
                os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes `path` when the block ends; missing folders are made.

    Raises:
        OSError: If the folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing_path(path) as part, part.open("xb") as stream:
        yield stream
        stream.flush()


def is_cut_off_write(path: Path) -> bool:
    """Whether a file is what a process that was killed had begun to write."""
    return bool(re.fullmatch(r"\..*\.[0-9a-f]{8}\.part(\.\w+)?", path.name)) and path.is_file()


def remove_cut_off_writes(folder: Path) -> None:
    """Remove what killed processes have left; call it where no other process may be writing."""
    for path in folder.glob(".*.part*"):
        if is_cut_off_write(path):
            path.unlink(missing_ok=True)


def finite(content: Any) -> Any:
    """Replace every number that is not finite by None, which JSON can hold."""
    if isinstance(content, float):
        return content if content - content == 0 else None
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    return content
