"""Every error dlcli raises on purpose, each with the exit code it ends the program with.

An error says what is wrong in its message and what to do about it in its remedy; `dlcli.cli`
prints both as one block and never a traceback. `did_you_mean` suggests the word that was probably
meant.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class DlcliError(Exception):
    """Base of dlcli's errors.

    Args:
        message: What is wrong, one sentence, naming the file, row or argument.
        remedy: What the user can do about it; may be empty.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class WorkError(DlcliError):
    """The input was right but the work failed: a download, a full disk, a crashed trial."""

    exit_code = 1


class FullDiskError(WorkError):
    """The disk is full; what was written before is kept."""


class UserError(DlcliError):
    """The user's input is wrong: an unknown name, a missing file, an impossible value."""

    exit_code = 2


class InUseError(UserError):
    """Another process works in the folder; once it has ended, this can be done."""


class DataError(UserError):
    """A data file or data-set option that cannot be used as given."""


class InterruptedRunError(DlcliError):
    """The user pressed Ctrl-C; what was done so far is kept."""

    exit_code = 130


CUTOFF = 0.6
"""Similarity (Ratcliff & Obershelp) below which two words have nothing to do with each other."""

LONGEST = 200
"""Characters of a word that is compared: the time it takes grows with their square."""


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word most like a word, whatever its case, or an empty string."""
    if len(word) > LONGEST:
        return ""
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.lower(), name)
    matches = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=CUTOFF)
    return folded[matches[0]] if matches else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the known word most like a word, or an empty string."""
    meant = closest(word, known)
    return f"; did you mean '{meant}'?" if meant else ""
