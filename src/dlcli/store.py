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
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import UserError, WorkError
from dlcli.files import replacing_path
from dlcli.plain import finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

CONFIG = "config.yaml"
SOURCE = "source.yaml"
HISTORY = "history.csv"
METRICS = "metrics.json"
STATUS = "status.json"
ENVIRONMENT = "environment.json"
LOCK = ".lock"
FINISHED = "finished"
INTERRUPTED = "interrupted"
FAILED = "failed"
RUNNING = "running"
INCOMPLETE = "incomplete"

FILES = frozenset({
    CONFIG, SOURCE, ENVIRONMENT, HISTORY, METRICS, STATUS,
    "checkpoint.npz", "model.keras", "predictions.npz",
})  # fmt: skip
"""What dlcli writes into a run's folder, and therefore may delete."""

CALLBACK_PATHS = ("filename", "filepath", "log_dir")
"""The arguments of callbacks that name files, which lie in the run's folder."""

LOOKS = 10
"""How often a held lock is looked at: `runs ls` holds one for an instant to see if it is free."""

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
        with contextlib.suppress(UserError):
            state = self.read_json(STATUS).get("state")
            if state in (FINISHED, INTERRUPTED, FAILED):
                return str(state)
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
        with explained_os_errors(self.path / LOCK):
            stream = (self.path / LOCK).open("wb")
        with stream:
            if not _take(stream):
                remedy = "wait for it to end, or stop it"
                raise UserError(f"{self.path} is being trained right now", remedy=remedy)
            yield

    @contextlib.contextmanager
    def replace_into(self, name: str) -> Iterator[Path]:
        """Yield a path to write to; it becomes the named file if the block succeeds.

        Raises:
            WorkError: If the disk is full.
            UserError: If the folder cannot be written to.
        """
        target = self.path / name
        with explained_os_errors(target), replacing_path(target) as path:
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
            UserError: If it is missing, cannot be read or is not text.
        """
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise self._without(name) from None
        except OSError as error:
            message = f"{self.path / name} cannot be read: {error.strerror}"
            raise UserError(message, remedy="check what lies there and its permissions") from None
        except UnicodeDecodeError:
            raise self._damaged(name) from None

    def epochs_done(self) -> int:
        """Return how many epochs were trained and kept; the history tells what no status does."""
        with contextlib.suppress(UserError, KeyError, TypeError, ValueError):
            return int(self.read_json(STATUS)["epochs_done"])
        with contextlib.suppress(UserError):
            return self._rows()
        return 0

    def _rows(self) -> int:
        """Return the rows of the history below its header."""
        return max(0, self.read_text(HISTORY).count("\n") - 1)

    def unfinished(self, lack: str) -> UserError:
        """Return the error of a run that lacks a file because it was not trained to its end."""
        if self.state == FAILED:
            reason = self.read_json(STATUS).get("message") or "no reason is recorded"
            remedy = "mend the config and start a new run"
            return UserError(
                f"{self.path} has no {lack}: its training failed: {reason}", remedy=remedy
            )
        message = f"{self.path} has no {lack}: the run is not {FINISHED}"
        return UserError(message, remedy=f"go on with: dlcli train --resume {self.path}")

    def _without(self, name: str) -> UserError:
        if name == STATUS:  # the state itself is read from it
            return UserError(f"{self.path} has no {name}: the run is not {FINISHED}")
        if self.state == FINISHED:
            message = f"{self.path} has no {name}, although it is {FINISHED}: the file was deleted"
            return UserError(message, remedy=f"train it anew: dlcli train {self.path / SOURCE}")
        return self.unfinished(name)

    def _damaged(self, name: str) -> UserError:
        remedy = f"train it anew: dlcli train {self.path / SOURCE}"
        return UserError(f"{self.path / name} is damaged", remedy=remedy)

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file.

        Raises:
            UserError: If it is missing or damaged.
        """
        text = self.read_text(name)
        with contextlib.suppress(json.JSONDecodeError):
            content = json.loads(text)
            if isinstance(content, dict):
                return content
        raise self._damaged(name)

    def finish(self, state: str, **fields: Any) -> None:
        """Write status.json, the last file of a run."""
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        self.write_json(STATUS, {"state": state, "ended": ended, **fields})

    def reopen(self) -> None:
        """Forget how the run ended: it goes on."""
        (self.path / STATUS).unlink(missing_ok=True)

    def started(self) -> str:
        """Return when the run started, in ISO 8601, UTC; its folder's time if not recorded."""
        with contextlib.suppress(UserError, KeyError, TypeError, ValueError, OverflowError):
            written = datetime.fromisoformat(self.read_json(ENVIRONMENT)["started"])
            return written.astimezone(UTC).isoformat(timespec="seconds")
        changed = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        return changed.isoformat(timespec="seconds")


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
            remedy = "free some space; what was written before is kept"
            raise WorkError(f"the disk is full: {target} was not written", remedy=remedy) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            remedy = "check its permissions, or choose another folder: --out or --root"
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
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100].rstrip("-.") or "run"


def is_run(path: Path) -> bool:
    """Whether a folder was made for a run: it holds a config both as written and resolved.

    One of the two is not enough, since many a project has a `config.yaml` of its own.
    """
    marks = (path / CONFIG, path / SOURCE)
    return path.is_dir() and not path.is_symlink() and all(mark.is_file() for mark in marks)


def list_runs(root: Path) -> list[RunFolder]:
    """Return the runs directly below a folder, the newest first; none if there is no folder.

    Raises:
        UserError: If root is a file.
    """
    if not root.exists():
        return []
    if not root.is_dir():
        raise UserError(f"{root} is no folder", remedy="--root names the folder of the runs")
    runs = [RunFolder(path) for path in root.iterdir() if is_run(path)]
    return sorted(runs, key=lambda run: (run.started(), run.name), reverse=True)


def find_run(root: Path, text: str) -> RunFolder:
    """Return the run of a path, a name below root, or the beginning of one name.

    Raises:
        UserError: If there is none, or several.
    """
    remedy = f"`dlcli runs ls --root {root}` lists them; `dlcli train CONFIG` makes one"
    if not text:
        raise UserError("an empty name names no run", remedy=remedy)
    for path in (Path(text), root / text):
        if is_run(path):
            return RunFolder(path)
    found = [run for run in list_runs(root) if run.name.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(run.name for run in found[:5]) + (", ..." if len(found) > 5 else "")
        raise UserError(f"'{text}' begins several runs: {names}", remedy="write more of the name")
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
    """Delete a run's folder: what dlcli and the run's callbacks wrote, never anything else.

    Raises:
        UserError: If it is no run, is being trained, or holds what dlcli did not write.
    """
    if not is_run(run.path):
        raise UserError(f"{run.path} is no run", remedy="`dlcli runs ls` lists them")
    patterns = _callback_patterns(run)
    if strangers := sorted(p.name for p in run.path.iterdir() if not _is_own(p, patterns)):
        names = ", ".join(strangers[:5]) + (", ..." if len(strangers) > 5 else "")
        remedy = "move that elsewhere first; nothing was deleted"
        raise UserError(f"{run.path} also holds what dlcli did not write: {names}", remedy=remedy)
    with run.lock(), explained_os_errors(run.path / CONFIG):
        for path in sorted(run.path.iterdir(), key=_removal_rank):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        run.path.resolve().rmdir()


def _is_own(path: Path, patterns: Sequence[str]) -> bool:
    """Whether dlcli wrote a file, or a callback a file or folder that matches a pattern.

    Hidden files of dlcli are its lock and writes that were cut off.
    """
    if any(re.fullmatch(pattern, path.name) for pattern in patterns):
        return True
    is_file = path.is_symlink() or not path.is_dir()
    return is_file and (path.name in FILES | {LOCK} or _is_cut_off_write(path.name))


def _callback_patterns(run: RunFolder) -> list[str]:
    """Return patterns of what the callbacks of a run write directly into its folder.

    Keras fills in numbers, such as `{epoch:02d}`; a config that is damaged names no callbacks.
    """
    from dlcli.config.rendering import flatten
    from dlcli.config.yaml_text import read_plain

    settings: dict[str, Any] = {}
    with contextlib.suppress(UserError):
        settings = flatten(read_plain(run.read_text(CONFIG)))
    key = re.compile(rf"fit\.callbacks\[\d+\]\.\w+\.({'|'.join(CALLBACK_PATHS)})")
    paths = [str(value) for name, value in settings.items() if key.fullmatch(name) and value]
    number = r"[-+]?(?:\d[-+.\de]*|nan|inf)"
    return [
        number.join(re.escape(literal) for literal in re.split(r"\{[^}]*\}", part))
        for path in paths
        for part in Path(path).parts[:1]
    ]


def _is_cut_off_write(name: str) -> bool:
    return any(
        re.fullmatch(rf"\.{re.escape(Path(own).stem)}\.[0-9a-f]{{8}}\.part\.\w+", name)
        for own in FILES
    )


def _removal_rank(path: Path) -> int:
    """First how the run ended, last what makes it a run: half a deletion is an incomplete run."""
    return {STATUS: 0, CONFIG: 2, SOURCE: 2}.get(path.name, 1)


def environment(seed: int, command: Sequence[str], devices: Sequence[str]) -> dict[str, Any]:
    """Return what environment.json records: versions, seed, devices, command, start."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(command[0]).name, *command[1:]] if command else [],
        "seed": seed,
        "devices": list(devices),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "memory_bytes": _memory_bytes(),
        "packages": versions(),
    }


def _processor() -> str:
    """Return the processor's model, or at least its architecture."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int | None:
    """Return the size of the main memory, if the system tells it."""
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def versions() -> dict[str, str]:
    """Return the installed version of every package that matters, without importing it."""
    from importlib import metadata  # 20 ms that most commands need not spend

    found = {}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
