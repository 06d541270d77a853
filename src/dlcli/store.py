"""Run folders: every file is written beside its place and renamed into it, and nothing is lost.

A run's state follows from what lies in its folder: `status.json` is written last, so a folder
without one was cut off half-way, unless its lock is held by a living process.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import UserError, WorkError
from dlcli.plain import finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONFIG = "config.yaml"
STATUS = "status.json"
ENVIRONMENT = "environment.json"
LOCK = ".lock"
FINISHED = "finished"
INTERRUPTED = "interrupted"
FAILED = "failed"
RUNNING = "running"
INCOMPLETE = "incomplete"

PACKAGES = ("dlcli", "tensorflow", "keras", "numpy", "pandas", "scipy", "scikit-learn")


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def state(self) -> str:
        """`finished`, `interrupted`, `failed`, `running`, or `incomplete`: cut off half-way."""
        if self._is_locked():
            return RUNNING
        try:
            return str(self.read_json(STATUS)["state"])
        except (UserError, KeyError):
            return INCOMPLETE

    def _is_locked(self) -> bool:
        try:
            with (self.path / LOCK).open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run, so that no other process trains in it; freed however this one ends.

        Raises:
            UserError: If another process holds it.
        """
        with (self.path / LOCK).open("wb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                remedy = "wait for it to end, or stop it"
                raise UserError(f"{self.path} is being trained right now", remedy=remedy) from None
            yield

    @contextlib.contextmanager
    def replace_into(self, name: str) -> Iterator[Path]:
        """Yield a path to write to; it becomes the named file if the block succeeds."""
        with replacing(self.path / name) as path:
            yield path

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        with self.replace_into(name) as path:
            path.write_text(text, encoding="utf-8")

    def write_json(self, name: str, content: Any) -> None:
        """Write a JSON file; what is not a finite number becomes null."""
        self.write_text(name, json.dumps(finite(content), indent=1, ensure_ascii=False) + "\n")

    def read_text(self, name: str) -> str:
        """Read a text file.

        Raises:
            UserError: If it is missing or is not text.
        """
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            message = f"{self.path} has no {name}; it is {self._unchecked_state()}"
            remedy = f"go on with: dlcli train --resume {self.path}"
            raise UserError(message, remedy=remedy) from None
        except UnicodeDecodeError:
            raise UserError(f"{self.path / name} is damaged", remedy="train the run anew") from None

    def _unchecked_state(self) -> str:
        return FINISHED if (self.path / STATUS).exists() else INCOMPLETE

    def read_json(self, name: str) -> Any:
        """Read a JSON file.

        Raises:
            UserError: If it is missing or damaged.
        """
        text = self.read_text(name)
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            raise UserError(f"{self.path / name} is damaged", remedy="train the run anew") from None

    def finish(self, state: str, **fields: Any) -> None:
        """Write status.json, the last file of a run."""
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        self.write_json(STATUS, {"state": state, "ended": ended, **fields})

    def reopen(self) -> None:
        """Forget how the run ended: it goes on."""
        (self.path / STATUS).unlink(missing_ok=True)

    def started(self) -> str:
        """Return when the run started, in ISO 8601; its folder's time if that is not recorded."""
        try:
            return str(self.read_json(ENVIRONMENT)["started"])
        except (UserError, KeyError):
            changed = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
            return changed.isoformat(timespec="seconds")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` that is renamed onto it if the block succeeds.

    Raises:
        WorkError: If the disk is full.
        UserError: If the folder cannot be written to.
    """
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}{target.suffix}")
    try:
        with explained_os_errors(target):
            yield beside
            with beside.open("rb") as stream:
                os.fsync(stream.fileno())
            beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


@contextlib.contextmanager
def explained_os_errors(target: Path) -> Iterator[None]:
    """Turn a full disk or a read-only folder into an error that says so."""
    import errno

    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "free some space; what was written before is kept"
            raise WorkError(f"the disk is full: {target} was not written", remedy=remedy) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = "choose a folder you may write to: --out or --root"
            raise UserError(f"{target.parent} cannot be written to", remedy=remedy) from error
        raise


def create_run(root: Path, name: str, *, now: datetime) -> RunFolder:
    """Make the folder `<name>-<date>-<time>` below root; a taken name gets -2, -3, ..."""
    base = f"{slug(name)}-{now.astimezone():%Y%m%d-%H%M%S}"
    with explained_os_errors(root / base):
        root.mkdir(parents=True, exist_ok=True)
        for count in range(1, 10_000):
            path = root / (base if count == 1 else f"{base}-{count}")
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                return RunFolder(path)
    raise WorkError(f"no free name for {base} in {root}", remedy="clean the folder up")


def create_run_at(path: Path) -> RunFolder:
    """Make a folder for a run, or take an empty one.

    Raises:
        UserError: If it holds anything, or is no folder.
    """
    check_new(path)
    with explained_os_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path)


def check_new(path: Path) -> None:
    """Make sure that a folder can be filled.

    Raises:
        UserError: If it holds anything, or is no folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        remedy = "choose another folder; nothing is overwritten"
        raise UserError(f"{path} exists already", remedy=remedy)


def slug(name: str) -> str:
    """Make a name fit for a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100] or "run"


def is_run(path: Path) -> bool:
    """Whether a folder was made for a run."""
    return path.is_dir() and not path.is_symlink() and (path / CONFIG).is_file()


def list_runs(root: Path) -> list[RunFolder]:
    """Return the runs directly below a folder, the newest first."""
    if not root.is_dir():
        return []
    runs = [RunFolder(path) for path in root.iterdir() if is_run(path)]
    return sorted(runs, key=lambda run: (run.started(), run.name), reverse=True)


def find_run(root: Path, text: str) -> RunFolder:
    """Return the run of a path, a name below root, or the beginning of one name.

    Raises:
        UserError: If there is none, or several.
    """
    for path in (Path(text), root / text):
        if is_run(path):
            return RunFolder(path)
    found = [run for run in list_runs(root) if run.name.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(run.name for run in found[:5])
        raise UserError(f"'{text}' begins several runs: {names}", remedy="write more of the name")
    remedy = f"`dlcli runs ls --root {root}` lists them; `dlcli train CONFIG` makes one"
    raise UserError(f"there is no run '{text}' in {root}", remedy=remedy)


def newest_run(root: Path) -> RunFolder:
    """Return the newest finished run below a folder.

    Raises:
        UserError: If there is none.
    """
    for run in list_runs(root):
        if run.state == FINISHED:
            return run
    remedy = "make one: dlcli train CONFIG; `dlcli init` writes a config"
    raise UserError(f"there is no finished run in {root}", remedy=remedy)


def remove_run(run: RunFolder) -> None:
    """Delete a run's folder.

    Raises:
        UserError: If it is no run, or is being trained.
    """
    if not is_run(run.path):
        raise UserError(f"{run.path} is no run", remedy="`dlcli runs ls` lists them")
    with run.lock(), explained_os_errors(run.path):
        shutil.rmtree(run.path)


def environment(seed: int, command: Sequence[str], devices: Sequence[str]) -> dict[str, Any]:
    """Return what environment.json records: versions, seed, devices, command, start."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(command[0]).name, *command[1:]] if command else [],
        "seed": seed,
        "devices": list(devices),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": versions(),
    }


def versions() -> dict[str, str]:
    """Return the installed version of every package that matters, without importing it."""
    from importlib import metadata  # 20 ms that most commands need not spend

    found = {}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
