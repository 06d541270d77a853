"""Comparison folders: tables of all trials, and a folder for each finished trial.

A finished trial is never trained again: its folder is named after the hash of all that decides its
result, and its `trial.json` is written last. A comparison of the same problems goes on in its
folder; one of changed problems gets a folder of its own beside it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcli.errors import InUseError, UserError, did_you_mean
from dlcli.runtime.files import is_cut_off_write, remove_cut_off_writes
from dlcli.store.copies import holds_copies
from dlcli.store.folder import LOCK, Folder, explained_os_errors, new_folder, recency, slug

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

CONFIG = "config.yaml"
ENVIRONMENT = "environment.json"
TRIALS = "trials"
TRIAL = "trial.json"
HISTORY = "history.csv"
TABLE = "trials.csv"
SUMMARY = "summary.csv"
RESULTS = "results.json"
BEST = "best.yaml"
EARLIER = "earlier"
FIGURES = "figures"
FORMER = "made by the former protocol (one split, one search)"
"""What is said of a folder that names no protocol."""

PROBLEMS = "problems"
"""The entry of environment.json that identifies what is compared on."""

DEFAULT_FOLDER = "comparisons"
"""Of comparisons, where no other is named."""


def config_name(number: int) -> str:
    """Return the file of a problem's config: `config.yaml`, `config-2.yaml`, ..."""
    return CONFIG if number == 1 else CONFIG.replace(".", f"-{number}.")


@dataclass(frozen=True)
class ComparisonFolder(Folder):
    """The folder of one comparison."""

    def problems(self) -> str | None:
        """Return the hash of the problems, None if the folder is no comparison."""
        with contextlib.suppress(UserError):
            found = self.read_json(ENVIRONMENT).get(PROBLEMS)
            return found if isinstance(found, str) else None
        return None

    @property
    def is_damaged(self) -> bool:
        """Whether it holds trials, but what says of which problems is missing or damaged."""
        return self.problems() is None and (self.path / TRIALS).is_dir()

    def holds_any(self, keys: Collection[str]) -> bool:
        """Whether one of these trials lies in the folder, whole or pruned."""
        with contextlib.suppress(OSError):
            names = os.listdir(self.path / TRIALS)  # noqa: PTH208 (names are wanted)
            return not {name.partition("-")[0] for name in names}.isdisjoint(keys)
        return False

    def without(self, name: str) -> UserError:
        """Return the error of a comparison that lacks a file."""
        if self.is_locked():
            message = f"{self.path} is being compared right now and has no {name} yet"
            remedy = (
                "Wait for it to end, or press Ctrl-C there: it then writes the tables of its "
                "finished trials."
            )
            return InUseError(message, remedy=remedy)
        remedy = "Run the same `dlcli compare-optimizers` again to finish it."
        return UserError(
            f"{self.path} has no {name}: the comparison was interrupted", remedy=remedy
        )

    def damaged(self, name: str) -> UserError:
        """Return the error of a file that holds something else than it should."""
        remedy = (
            "Run the same `dlcli compare-optimizers` again to write it again; its trials are kept."
        )
        return UserError(f"{self.path / name} is damaged", remedy=remedy)

    def check_inside(self) -> None:
        """Make sure that what is read and written below it lies in it.

        Raises:
            UserError: If a symbolic link leads out of it.
        """
        for name in (TRIALS, FIGURES, EARLIER):
            self.own(name)

    def started(self) -> str:
        """Return when it was started last, in ISO 8601, UTC; empty if that is not recorded."""
        return self.start_of(ENVIRONMENT)

    @property
    def is_former(self) -> bool:
        """Whether it was made by the former protocol: one split of the data, one search of rates.

        Such a folder names no protocol, and holds no `results.json`.
        """
        with contextlib.suppress(UserError):
            named = self.read_json(ENVIRONMENT).get("protocol")
            return named is None and not os.path.lexists(self.path / RESULTS)
        return False

    @property
    def is_interrupted(self) -> bool:
        """Whether its tables are those of a comparison that was stopped before its end."""
        with contextlib.suppress(UserError):
            return self.read_json(RESULTS).get("interrupted") is True
        return False

    def summary(self) -> list[dict[str, str]]:
        """Return the rows of the summary as text, the best first; none if there are none yet."""
        with contextlib.suppress(UserError, csv.Error):
            return list(csv.DictReader(io.StringIO(self.read_text(SUMMARY))))
        return []

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the comparison.

        Raises:
            InUseError: If another process holds it.
            UserError: If a link would lead what is written out of it.
        """
        self.check_inside()
        with super().lock():
            yield

    def in_use(self) -> InUseError:
        """Return the error of a comparison that another process goes on with."""
        remedy = "Wait for it to end, or start a new one beside it with --fresh."
        return InUseError(f"{self.path} is being compared right now", remedy=remedy)

    def write_trial(
        self, key: str, content: Mapping[str, Any], history: Sequence[Mapping[str, Any]]
    ) -> None:
        """Keep a finished trial.

        It is not waited for that it lies on the disk, which takes longer than many a training: only
        a power failure can damage it, and damaged trials are trained again.

        Args:
            key: The hash of all that decides its result.
            content: Plain data; `epochs`, the length of the history, is added.
            history: A row an epoch.
        """
        place = Folder(self.path / TRIALS / key)
        with explained_os_errors(place.path / TRIAL):
            try:
                place.path.mkdir(parents=True)
            except FileExistsError:
                self._make_way(place.path)
                place.path.mkdir(exist_ok=True)
                remove_cut_off_writes(place.path)
        place.write_text(HISTORY, to_csv(history), synced=False)
        place.write_json(TRIAL, {**content, "epochs": len(history)}, synced=False)

    def read_trial(self, key: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """Return a finished trial with its history, None if there is none.

        Raises:
            UserError: If its files are damaged, or lie elsewhere.
        """
        place = Folder(self.path / TRIALS / key)
        if not (place.path / TRIAL).exists():
            return None
        if os.path.islink(place.path):  # noqa: PTH114 (half the time, for each of many trials)
            raise UserError(f"{place.path} is a symbolic link")
        content = place.read_json(TRIAL)
        history = from_csv(place.read_text(HISTORY))
        if content.get("epochs") != len(history):
            raise place.damaged(HISTORY)
        return content, history

    def set_aside(self, keys: Collection[str]) -> Path | None:
        """Move the tables away if they hold trials that their successors will not.

        Args:
            keys: Of the trials in the tables that are about to be written.

        Returns:
            Where the old tables are now; None if nothing would have been lost.
        """
        return self._moved() if self.would_lose(keys) else None

    def would_lose(self, keys: Collection[str]) -> bool:
        """Whether the tables hold a trial that is not among these; damaged ones hold nothing."""
        with contextlib.suppress(UserError, csv.Error):
            whole = self.read_text(TABLE).rpartition("\n")[0]  # without a row that was cut off
            found = {row.get("key") for row in csv.DictReader(io.StringIO(whole))}
            return bool(found - {None} - set(keys))
        return False

    def _moved(self) -> Path:
        with explained_os_errors(self.path / EARLIER / TABLE):
            place = self._free_place()
            place.mkdir()
            for path in sorted(self.path.iterdir()):
                tables = (".csv", ".md", ".tex", ".html")
                if path.suffix in tables or path.name in (FIGURES, RESULTS, BEST):
                    path.rename(place / path.name)
        return place

    def _make_way(self, trial: Path) -> None:
        """Move away what lies where a trial's folder or files will be and is none."""
        spoilt = not trial.is_dir() or any((trial / name).is_dir() for name in (TRIAL, HISTORY))
        if trial.is_symlink() or (trial.exists() and spoilt):
            trial.rename(self._free_place(f"-{trial.name}"))

    def _free_place(self, suffix: str = "") -> Path:
        """Return where something can be moved to: `earlier/1`, or the next number that is free."""
        earlier = self.own(EARLIER)
        earlier.mkdir(exist_ok=True)
        taken = {path.name.partition("-")[0] for path in earlier.iterdir()}
        number = next(str(n) for n in itertools.count(1) if str(n) not in taken)
        return earlier / f"{number}{suffix}"

    def kept_trials(self) -> int:
        """Return how many trials are finished."""
        return sum(1 for _ in (self.path / TRIALS).glob(f"*/{TRIAL}"))


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows that have the same columns; floats keep all their digits, None is empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]) if rows else ["epoch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def from_csv(text: str) -> list[dict[str, Any]]:
    """Read what `to_csv` wrote of numbers.

    Raises:
        UserError: If a cell is no number, or a row is cut off.
    """
    try:
        return [
            {name: _number(cell) for name, cell in row.items()}
            for row in csv.DictReader(io.StringIO(text), strict=True)
        ]
    except (ValueError, TypeError, csv.Error) as error:
        raise UserError(f"a trial's history is damaged: {error}") from None


def _number(cell: str) -> float | int | None:
    if cell == "":
        return None
    number = float(cell)
    return int(cell) if cell.lstrip("+-").isdecimal() else number


def open_comparison(
    root: Path, name: str, problems: str, keys: Collection[str] = (), *, fresh: bool
) -> ComparisonFolder:
    """Return the newest folder of the same problems, or a new one beside the others.

    Args:
        root: Folder of the comparisons; made if needed.
        name: Of the comparison; a taken one gets -2, -3, ...
        problems: Identifies what is compared on.
        keys: Of trials of such a comparison, as `find_comparison` has it.
        fresh: Take a new one in any case.
    """
    found = None if fresh else find_comparison(root, name, problems, keys)
    if found is not None:
        return found
    # One that is bare was cut off before it said what it is.
    return ComparisonFolder(new_folder(root, slug(name), usable=_is_bare))


def _is_bare(path: Path) -> bool:
    """Whether a folder holds at most what a write that was cut off has left."""
    return path.is_dir() and all(
        entry.name == LOCK or is_cut_off_write(entry) for entry in path.iterdir()
    )


def find_comparison(
    root: Path, name: str, problems: str, keys: Collection[str] = ()
) -> ComparisonFolder | None:
    """Return the newest folder of a name that holds a comparison of these problems.

    Args:
        root: Folder of the comparisons.
        name: Of the comparison.
        problems: Identifies what is compared on.
        keys: Of trials of such a comparison, by which one whose environment.json is damaged is
            known.

    Raises:
        UserError: If it holds links that lead out of it.
    """
    for folder in reversed(_numbered(root, slug(name))):
        if folder.problems() == problems or (folder.is_damaged and folder.holds_any(keys)):
            folder.check_inside()
            return folder
    return None


def damaged_comparisons(root: Path, name: str) -> list[ComparisonFolder]:
    """Return the folders of a name that hold trials of problems that nothing tells any more."""
    return [folder for folder in _numbered(root, slug(name)) if folder.is_damaged]


def newest_comparison(root: Path, name: str) -> ComparisonFolder | None:
    """Return the newest comparison of a name, whatever its problems; None if there is none."""
    found = (each for each in reversed(_numbered(root, slug(name))) if each.problems() is not None)
    return next(found, None)


def _numbered(root: Path, base: str) -> list[ComparisonFolder]:
    """Return the folders base, base-2, base-3, ... that exist, in this order."""
    found = []
    for path in root.glob(f"{base}*") if root.is_dir() else ():
        number = re.fullmatch(rf"{re.escape(base)}(?:-(\d+))?", path.name)
        if number and path.is_dir():
            found.append((int(number.group(1) or 1), path))
    return [ComparisonFolder(path) for _, path in sorted(found)]


def is_comparison(path: Path) -> bool:
    """Whether a folder was made for a comparison; its environment.json may be damaged since."""
    folder = ComparisonFolder(path)
    if not path.is_dir() or path.is_symlink():
        return False
    return folder.problems() is not None or (
        folder.is_damaged and os.path.lexists(path / ENVIRONMENT)
    )


def list_comparisons(root: Path) -> list[ComparisonFolder]:
    """Return the comparisons directly below a folder, the newest first."""
    found = [ComparisonFolder(path) for path in root.iterdir()] if root.is_dir() else []
    kept = [folder for folder in found if is_comparison(folder.path)]
    return sorted(kept, key=lambda folder: (recency(folder.started()), folder.name), reverse=True)


def find_named(root: Path, text: str) -> ComparisonFolder | None:
    """Return the comparison of a path, or of a name below root; None if there is none."""
    for path in (Path(text), root / text) if text else ():
        if is_comparison(path):
            return ComparisonFolder(path)
    return None


def find_comparison_named(root: Path, text: str) -> ComparisonFolder:
    """Return the comparison of a path, or of a name below root.

    Raises:
        UserError: If there is none; it offers those that there are.
    """
    found = find_named(root, text)
    if found is not None:
        return found
    names = [folder.name for folder in list_comparisons(root)]
    remedy = f"There are: {', '.join(names)}." if names else "`dlcli compare-optimizers` makes one."
    raise UserError(f"there is no comparison '{text}'{did_you_mean(text, names)}", remedy=remedy)


def remove_comparison(folder: ComparisonFolder) -> None:
    """Delete a comparison: what dlcli wrote, never anything else.

    Raises:
        UserError: If it is being compared, or holds what dlcli did not write.
    """
    strangers = sorted(p.name for p in folder.path.iterdir() if not _is_own(p))
    strangers += sorted(
        p.name
        for p in (folder.path / TRIALS).glob("*")
        if not re.fullmatch(KEY, p.name) or not p.is_dir()
    )
    if strangers:
        raise folder.holding(strangers)
    with folder.lock(), explained_os_errors(folder.path / CONFIG):
        shutil.rmtree(folder.path)


KEY = r"[0-9a-f]+(-pruned-[0-9a-f]+)?"
"""The name of a trial's folder."""

_OWN_FILE = re.compile(
    r"config(-\d+)?\.yaml|best\.yaml|(environment|results|beside)\.json|\w+\.(csv|md|tex|html)|\.lock|\..*\.part\..*"
)


def _is_own(path: Path) -> bool:
    if path.is_symlink():
        return False
    if path.is_dir():
        return path.name in (TRIALS, FIGURES, EARLIER) or holds_copies(path)
    return bool(_OWN_FILE.fullmatch(path.name))
