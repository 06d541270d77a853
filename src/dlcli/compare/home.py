"""The folder of a comparison: that of the same problems, or a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.compare.beside import beside
from dlcli.compare.session import first_keys_of, problems_key_of
from dlcli.store.comparisons import (
    ENVIRONMENT,
    damaged_comparisons,
    find_comparison,
    newest_comparison,
    open_comparison,
)

if TYPE_CHECKING:
    from pathlib import Path

    from dlcli.compare.plan.plan import Plan
    from dlcli.store.beside import Beside
    from dlcli.store.comparisons import ComparisonFolder


class Home:
    """Where a comparison goes; nothing is made before it is known that it can be trained.

    Args:
        plan: Of the comparison.
        name: Of its folder; None for the names of its problems.
        root: Folder of the comparisons.

    Attributes:
        remarks: What the user should know of the folder that was opened.
        beside: How it differs from the comparison that has its name, if a new one was made for
            that reason.
    """

    def __init__(self, plan: Plan, name: str | None, root: Path) -> None:
        self._plan = plan
        self._name = name or "-".join(problem.name for problem in plan.problems)
        self._root = root
        self._key = problems_key_of(plan)
        self._damaged = damaged_comparisons(root, self._name)
        self._trials = first_keys_of(plan) if self._damaged else frozenset[str]()
        self.remarks: list[str] = []
        self.beside: Beside | None = None

    def found(self) -> ComparisonFolder | None:
        """Return the folder of the same problems, if there is one."""
        return find_comparison(self._root, self._name, self._key, self._trials)

    def opened(self, *, fresh: bool) -> ComparisonFolder:
        """Return that folder, or a new one; what is damaged is told."""
        taken = None if fresh or self.found() else newest_comparison(self._root, self._name)
        folder = open_comparison(self._root, self._name, self._key, self._trials, fresh=fresh)
        if taken is not None and taken.path != folder.path:
            self._tell_beside(taken, folder)
        for each in () if fresh else self._damaged:
            what = f"{each.path / ENVIRONMENT} is missing or damaged"
            if each.path == folder.path:
                self.remarks.append(f"{what}: it is written anew, and the finished trials are kept")
            else:
                self.remarks.append(
                    f"{what}, and none of these trials lies there: it is left as it is"
                )
        return folder

    def _tell_beside(self, taken: ComparisonFolder, folder: ComparisonFolder) -> None:
        """Say why a comparison does not go on in the folder that has its name."""
        self.beside = beside(self._plan, taken)
        told = f"; different: {self.beside.text()}" if self.beside else ""
        self.remarks.append(
            f"{taken.path} holds another comparison{told}. This one goes to {folder.path}"
        )
