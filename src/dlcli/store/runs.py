"""Run folders: every file is written beside its place and renamed into it, and nothing is lost.

A run's state follows from what lies in its folder: `status.json` is written last, so a folder
without one was cut off half-way, unless its lock is held by a living process.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import InUseError, UserError, did_you_mean
from dlcli.store.comparisons import DEFAULT_FOLDER, find_named
from dlcli.store.copies import holds_copies
from dlcli.store.folder import (
    LOCK,
    Folder,
    check_new,
    explained_os_errors,
    new_folder,
    recency,
    slug,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = "config.yaml"
SOURCE = "source.yaml"
HISTORY = "history.csv"
METRICS = "metrics.json"
STATUS = "status.json"
ENVIRONMENT = "environment.json"
DATA = "data.json"
ADVICE = "advice.json"
SCALES = "scales.json"
CURVES = "learning_curves"
"""The figure of `dlcli report`, without the ending of its format."""
SCORES = "scores.tex"
FINISHED = "finished"
INTERRUPTED = "interrupted"
FAILED = "failed"
RUNNING = "running"
INCOMPLETE = "incomplete"

FILES = frozenset({
    CONFIG, SOURCE, ENVIRONMENT, DATA, HISTORY, METRICS, ADVICE, SCALES, STATUS,
    "checkpoint.npz", "model.keras", "predictions.npz", "report.html", SCORES, f"{CURVES}.svg",
    f"{CURVES}.png",
})  # fmt: skip
"""What dlcli writes into a run's folder, and therefore may delete."""

INSPECTION = "inspect"
"""The folder of `dlcli inspect` within a run's."""

_INSPECTED = r"(?:filters|feature-maps|hidden-states)-[^/]+\.(?:svg|png)"
_INSPECTED_TOGETHER = r"(?:invariance|gradients)\.(?:svg|png|csv)"

CALLBACK_PATHS = ("filename", "filepath", "log_dir")
"""The arguments of callbacks that name files, which lie in the run's folder."""


@dataclass(frozen=True)
class RunFolder(Folder):
    """The folder of one run."""

    @property
    def state(self) -> str:
        """`finished`, `interrupted`, `failed`, `running`, or `incomplete`: cut off half-way."""
        if self.is_locked():
            return RUNNING
        with contextlib.suppress(UserError):
            state = self.read_json(STATUS).get("state")
            if state in (FINISHED, INTERRUPTED, FAILED):
                return str(state)
        return INCOMPLETE

    def epochs_done(self) -> int:
        """Return how many epochs were trained and kept; the history tells what no status does."""
        with contextlib.suppress(UserError, KeyError, TypeError, ValueError, OverflowError):
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
            remedy = "Correct the config and start a new run."
            return UserError(
                f"{self.path} has no {lack}: its training failed: {reason}", remedy=remedy
            )
        if self.is_locked():
            message = f"{self.path} is being trained right now and has no {lack} yet"
            return InUseError(message, remedy="Wait for it to end.")
        message = f"{self.path} has no {lack}: the run is not {FINISHED}"
        return UserError(message, remedy=f"Continue with: dlcli train --resume {self.path}")

    def without(self, name: str) -> UserError:
        """Return the error of a run that lacks a file."""
        if name == STATUS:  # the state itself is read from it
            return UserError(f"{self.path} has no {name}: the run is not {FINISHED}")
        if self.state == FINISHED:
            message = f"{self.path} is {FINISHED} but has no {name}: the file was deleted"
            return UserError(message, remedy=f"Train it again: dlcli train {self.path / SOURCE}")
        return self.unfinished(name)

    def damaged(self, name: str) -> UserError:
        """Return the error of a file that holds something else than it should."""
        remedy = f"Train it again: dlcli train {self.path / SOURCE}"
        return UserError(f"{self.path / name} is damaged", remedy=remedy)

    def in_use(self) -> InUseError:
        """Return the error of a run that another process trains."""
        remedy = "wait for it to end, or stop it"
        return InUseError(f"{self.path} is being trained right now", remedy=remedy)

    def finish(self, state: str, **fields: Any) -> None:
        """Write status.json, the last file of a run."""
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        self.write_json(STATUS, {"state": state, "ended": ended, **fields})

    def reopen(self) -> None:
        """Forget how the run ended: it goes on."""
        (self.path / STATUS).unlink(missing_ok=True)

    def started(self) -> str:
        """Return when the run started, in ISO 8601, UTC; its folder's time if not recorded."""
        if recorded := self.start_of(ENVIRONMENT):
            return recorded
        changed = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        return changed.isoformat(timespec="seconds")


def create_run(root: Path, name: str, *, now: datetime) -> RunFolder:
    """Make the folder `<name>-<date>-<time>` below root; a taken name gets -2, -3, ..."""
    base = f"{slug(name)}-{now.astimezone():%Y%m%d-%H%M%S}"
    return RunFolder(new_folder(root, base))


def create_run_at(path: Path) -> RunFolder:
    """Make a folder for a run, or take an empty one.

    Raises:
        UserError: If it holds anything, or is no folder.
    """
    check_new(path)
    with explained_os_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return RunFolder(path)


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
        raise UserError(
            f"{root} is not a folder", remedy="Give the folder of the runs with --root."
        )
    runs = [RunFolder(path) for path in root.iterdir() if is_run(path)]
    return sorted(runs, key=lambda run: (recency(run.started()), run.name), reverse=True)


def find_run(root: Path, text: str, *, beside: Sequence[str] = ()) -> RunFolder:
    """Return the run of a path, a name below root, or the beginning of one name.

    Args:
        root: Folder of the runs.
        text: What was written.
        beside: Names of what else may have been meant, for the error.

    Raises:
        UserError: If there is none, or several; or a comparison has this name.
    """
    remedy = (
        f"List the runs with `dlcli runs ls --root {root}`, or make one with `dlcli train CONFIG`."
    )
    if not text:
        raise UserError("the name of the run is empty", remedy=remedy)
    for path in (Path(text), root / text):
        if is_run(path):
            return RunFolder(path)
    found = [run for run in list_runs(root) if run.name.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(run.name for run in found[:5]) + (", ..." if len(found) > 5 else "")
        raise UserError(
            f"'{text}' is the beginning of several runs: {names}", remedy="Write more of the name."
        )
    if comparison := find_named(Path(DEFAULT_FOLDER), text):
        raise UserError(
            f"{comparison.path} is a comparison, not a run",
            remedy=f"Train what it recommends: dlcli train --from {comparison.path}",
        )
    meant = did_you_mean(text, [*(run.name for run in list_runs(root)), *beside])
    raise UserError(f"there is no run '{text}' in {root}{meant}", remedy=remedy)


def newest_run(root: Path) -> RunFolder:
    """Return the newest finished run below a folder.

    Raises:
        UserError: If there is none.
    """
    for run in list_runs(root):
        if run.state == FINISHED:
            return run
    remedy = "Train one with `dlcli train CONFIG`; `dlcli init` writes a config."
    raise UserError(f"there is no finished run in {root}", remedy=remedy)


def remove_run(run: RunFolder) -> None:
    """Delete a run's folder: what dlcli and the run's callbacks wrote, never anything else.

    Raises:
        UserError: If it is no run, is being trained, or holds what dlcli did not write.
    """
    if not is_run(run.path):
        raise UserError(f"{run.path} is not a run", remedy="List the runs with `dlcli runs ls`.")
    patterns = _callback_patterns(run)
    if strangers := sorted(p.name for p in run.path.iterdir() if not _is_own(p, patterns)):
        raise run.holding(strangers)
    with run.lock(), explained_os_errors(run.path / CONFIG):
        for path in sorted(run.path.iterdir(), key=_removal_rank):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        run.path.resolve().rmdir()


def _is_own(path: Path, patterns: Sequence[Sequence[str]]) -> bool:
    """Whether dlcli wrote a file, or a callback a file or folder that matches a pattern.

    Hidden files of dlcli are its lock and writes that were cut off.
    """
    if any(_fits(path.name, pattern) for pattern in patterns):
        return True
    is_file = path.is_symlink() or not path.is_dir()
    if not is_file and holds_copies(path):
        return True
    if path.name == INSPECTION and not is_file:
        known = re.compile(f"{_INSPECTED}|{_INSPECTED_TOGETHER}")
        return all(known.fullmatch(item.name) for item in path.iterdir())
    return is_file and (path.name in FILES | {LOCK} or _is_cut_off_write(path.name))


def _callback_patterns(run: RunFolder) -> list[list[str]]:
    """Return patterns of what the callbacks of a run write directly into its folder.

    A pattern is what stands between the numbers that Keras fills in, such as `{epoch:02d}`; a
    config that is damaged names no callbacks.
    """
    from dlcli.config.conversion.rendering import flatten
    from dlcli.config.yaml.text import read_plain

    settings: dict[str, Any] = {}
    with contextlib.suppress(UserError):
        settings = flatten(read_plain(run.read_text(CONFIG)))
    key = re.compile(rf"fit\.callbacks\[\d+\]\.\w+\.({'|'.join(CALLBACK_PATHS)})")
    paths = [str(value) for name, value in settings.items() if key.fullmatch(name) and value]
    return [re.split(r"\{[^}]*\}", part) for path in paths for part in Path(path).parts[:1]]


_NUMBER = re.compile(r"[-+]?(?:\d[-+.\de]*|nan|inf)")


def _fits(name: str, pattern: Sequence[str]) -> bool:
    """Whether a name is a pattern's literals with a number between each two.

    One regular expression of several numbers could take for ever on a name of digits.
    """
    first, *others = pattern
    ends = {len(first)} if name.startswith(first) else set()
    for literal in others:
        starts = range(min(ends, default=len(name)), len(name) + 1)
        ends = {
            place + len(literal)
            for place in starts
            if name.startswith(literal, place)
            and any(_NUMBER.fullmatch(name, end, place) for end in ends if end < place)
        }
    return len(name) in ends


def _is_cut_off_write(name: str) -> bool:
    return any(
        re.fullmatch(rf"\.{re.escape(Path(own).stem)}\.[0-9a-f]{{8}}\.part\.\w+", name)
        for own in FILES
    )


def _removal_rank(path: Path) -> int:
    """First how the run ended, last what makes it a run: half a deletion is an incomplete run."""
    return {STATUS: 0, CONFIG: 2, SOURCE: 2}.get(path.name, 1)
