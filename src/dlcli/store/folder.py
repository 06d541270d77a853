"""A folder whose files are written beside their place and renamed into it, and that can be held."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import stat
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dlcli.errors import FullDiskError, InUseError, UserError, WorkError
from dlcli.runtime.files import finite, remove_cut_off_writes, replacing_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

LOCK = ".lock"

MOST_FOLDERS = 10_000
"""Of one name, beside each other."""

LOOKS = 10
"""How often a held lock is looked at: `runs ls` holds one for an instant to see if it is free."""


@dataclass(frozen=True)
class Folder:
    """A folder of results."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    def is_locked(self) -> bool:
        """Whether a living process holds the folder."""
        try:
            with open(self.path / LOCK, "rb", opener=_opened_as_it_is) as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder, so that no other process works in it; freed however this one ends.

        Raises:
            InUseError: If another process holds it.
        """
        self.own(LOCK)
        with explained_os_errors(self.path / LOCK):
            stream = open(self.path / LOCK, "ab", opener=_opened_as_it_is)  # noqa: SIM115 (held below)
        with stream:
            if not _take(stream):
                raise self.in_use()
            with explained_os_errors(self.path / LOCK):
                remove_cut_off_writes(self.path)
            yield

    @contextlib.contextmanager
    def replace_into(self, name: str, *, synced: bool = True) -> Iterator[Path]:
        """Yield a path to write to; it becomes the named file if the block succeeds.

        Args:
            name: The file's.
            synced: As `files.replacing_path` has it.

        Raises:
            FullDiskError: If it is so.
            UserError: If the folder cannot be written to.
        """
        target = self.path / name
        with explained_os_errors(target), replacing_path(target, synced=synced) as path:
            yield path

    def write_text(self, name: str, text: str, *, synced: bool = True) -> None:
        """Write a text file."""
        with self.replace_into(name, synced=synced) as path:
            path.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        with explained_os_errors(self.path / name):
            (self.path / name).unlink(missing_ok=True)

    def write_json(self, name: str, content: Any, *, synced: bool = True) -> None:
        """Write a JSON file; what is not a finite number becomes null."""
        text = json.dumps(finite(content), indent=1, ensure_ascii=False) + "\n"
        self.write_text(name, text, synced=synced)

    def own(self, name: str) -> Path:
        """Return the path of a file or folder of this one, which lies in it if it exists.

        A folder may come from somebody else: a link in it could lead to a secret, which a report
        would show, or to what should not be written to, and reading a pipe would never end.

        Raises:
            UserError: If it is a symbolic link that leads out of the folder, or a pipe.
        """
        path = self.path / name
        with contextlib.suppress(OSError):
            if os.sep not in name and stat.S_ISREG(path.lstat().st_mode):
                return path
        try:
            real = path.resolve()
            is_inside = real.is_relative_to(self.path.resolve())
        except (OSError, RuntimeError):  # a link that leads to itself
            is_inside = False
        if not is_inside:
            remedy = (
                "Remove the link. To trust its target, replace the link with a copy of the target."
            )
            message = f"{path} is a symbolic link that leads outside its folder"
            raise UserError(message, remedy=remedy)
        if real.exists() and not (real.is_file() or real.is_dir()):
            raise UserError(f"{path} is a pipe or a device", remedy="Remove it, and try again.")
        return path

    def read_text(self, name: str) -> str:
        """Read a text file.

        Raises:
            UserError: If it is missing, cannot be read, is not text, or lies elsewhere.
        """
        try:
            return self.own(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise self.without(name) from None
        except OSError as error:
            message = f"{self.path / name} cannot be read: {error.strerror}"
            raise UserError(message, remedy="Check the file and its permissions.") from None
        except UnicodeDecodeError:
            raise self.damaged(name) from None

    def without(self, name: str) -> UserError:
        """Return the error of a missing file."""
        return UserError(f"{self.path} has no {name}")

    def damaged(self, name: str) -> UserError:
        """Return the error of a file that holds something else than it should."""
        return UserError(f"{self.path / name} is damaged")

    def holding(self, strangers: Sequence[str]) -> UserError:
        """Return the error of a folder that cannot be deleted because of what is not dlcli's."""
        names = ", ".join(strangers[:5]) + (", ..." if len(strangers) > 5 else "")
        message = f"{self.path} also contains files that dlcli did not write: {names}"
        return UserError(message, remedy="Move these files elsewhere first; nothing was deleted.")

    def start_of(self, name: str) -> str:
        """Return the start that a JSON file records, in ISO 8601, UTC; empty if it does not."""
        with contextlib.suppress(UserError, KeyError, TypeError, ValueError, OverflowError):
            written = datetime.fromisoformat(self.read_json(name)["started"])
            return written.astimezone(UTC).isoformat(timespec="seconds")
        return ""

    def in_use(self) -> InUseError:
        """Return the error of a folder that another process holds."""
        remedy = "wait for it to end, or stop it"
        return InUseError(f"{self.path} is in use right now", remedy=remedy)

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file.

        Raises:
            UserError: If it is missing or damaged.
        """
        text = self.read_text(name)
        # Of a number of thousands of digits json says ValueError.
        with contextlib.suppress(ValueError, RecursionError):
            content = json.loads(text)
            if "\\u" in text:  # half a character is no text
                json.dumps(content, ensure_ascii=False).encode()
            if isinstance(content, dict):
                return content
        raise self.damaged(name)


def _opened_as_it_is(path: str, flags: int) -> int:
    """Open a file, but never what a symbolic link leads to, and never wait for a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def _take(stream: BinaryIO) -> bool:
    """Lock a file until it is closed; tell whether that worked."""
    for _ in range(LOOKS):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


@contextlib.contextmanager
def explained_os_errors(target: Path) -> Iterator[None]:
    """Turn a full disk or a read-only folder into an error that says so."""
    import errno

    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = f"the disk is full: {target} was not written"
            remedy = "Free some space and try again; earlier files are kept."
            raise FullDiskError(message, remedy=remedy) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = "Make it writable, choose another folder (--root, --out), or work on a copy."
            raise UserError(f"{target.parent} cannot be written to", remedy=remedy) from error
        raise


def slug(name: str) -> str:
    """Make a name fit for a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100].rstrip("-.") or "run"


def new_folder(root: Path, base: str, *, usable: Callable[[Path], bool] | None = None) -> Path:
    """Make a folder below root, which is made if needed: base, or base-2, base-3, ...

    Args:
        root: Where.
        base: Its name, if that is free.
        usable: Whether a folder that exists will do as well.

    Raises:
        FullDiskError: If it is so.
        UserError: If root cannot be written to.
        WorkError: If no name is free.
    """
    with explained_os_errors(root / base):
        root.mkdir(parents=True, exist_ok=True)
        for count in range(1, MOST_FOLDERS):
            path = root / (base if count == 1 else f"{base}-{count}")
            if usable is not None and usable(path):
                return path
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                return path
    raise WorkError(f"{root} has no free name for {base}", remedy="Delete old folders there.")


def check_new(path: Path) -> None:
    """Make sure that a folder can be filled.

    Raises:
        UserError: If it holds anything, or is no folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        remedy = "Choose another folder; nothing is overwritten."
        raise UserError(f"{path} exists already", remedy=remedy)


def recency(started: str) -> tuple[bool, str]:
    """Return what sorts starts (ISO 8601, UTC) by age; one in the future comes first, as oldest.

    The clock was wrong then, or was set back since: what is dated now is the newer.
    """
    soon = datetime.now(UTC) + timedelta(minutes=5)  # clocks of several machines differ a little
    return started <= soon.isoformat(timespec="seconds"), started
