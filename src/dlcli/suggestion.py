"""The known word that was probably meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

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
