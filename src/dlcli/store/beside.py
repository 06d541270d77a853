"""Why a comparison has a folder of its own beside one of the same name: `beside.json`."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.store.folder import Folder

BESIDE = "beside.json"

KEPT = 20
"""Differences that are written down; of a changed network there may be hundreds."""

SHOWN = 3
"""Differences that are told."""

LONGEST = 40
"""Characters of a value that is told."""


@dataclass(frozen=True)
class Beside:
    """What a comparison differs in from the one whose name it would have had.

    Attributes:
        name: Of the other one's folder.
        differs: Path -> its value and that of this comparison, as plain data; None stands for what
            is not there.
        count: How many paths differ; `differs` holds the first of them.
    """

    name: str
    differs: Mapping[str, tuple[Any, Any]]
    count: int

    def text(self) -> str:
        """Return the first differences: `fit.epochs 4 -> 5, seed 1 -> 2, and 3 more`."""
        told = [f"{path} {_short(old)} -> {_short(new)}" for path, (old, new) in self.first()]
        more = self.count - len(told)
        return ", ".join([*told, *([f"and {more} more"] if more > 0 else [])])

    def first(self) -> list[tuple[str, tuple[Any, Any]]]:
        """Return the differences that are told."""
        return list(self.differs.items())[:SHOWN]

    def write(self, folder: Folder) -> None:
        """Write it into the folder of the comparison."""
        differs = {path: list(pair) for path, pair in list(self.differs.items())[:KEPT]}
        folder.write_json(BESIDE, {"name": self.name, "differs": differs, "count": self.count})


def read_beside(folder: Folder) -> Beside | None:
    """Return what a folder says of this, None if it says nothing or is damaged."""
    with contextlib.suppress(UserError, LookupError, TypeError, ValueError, AttributeError):
        found = folder.read_json(BESIDE)
        differs = {str(path): (old, new) for path, (old, new) in found["differs"].items()}
        return Beside(str(found["name"]), differs, int(found["count"]))
    return None


def _short(value: Any) -> str:
    """Write a value as JSON, the end cut off if it is long; what is not there is `nothing`."""
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
