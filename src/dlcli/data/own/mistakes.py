"""All rows with the same mistake in one message: how many there are, and the first three."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 3
"""So many rows are named; the others are counted."""

LONGEST = 30
"""Characters of a cell that is shown."""


def such(
    places: Sequence[int | str], words: Sequence[str] = (), *, what: str, where: str = "line"
) -> str:
    """Return what follows the first mistake of a kind: ` (12 such cells: lines 3, 17, ...)`.

    Args:
        places: Of all of them, at least one: line numbers, or names.
        words: What stands there, one each; none if there is nothing to show.
        what: Has the mistake: `cells`.
        where: What a place is called.

    Returns:
        The text, in which three are named and the others counted; empty if there is one only.
    """
    if len(places) == 1:
        return ""
    shown = ", ".join(str(place) for place in places[:SHOWN])
    cells = ", ".join(f"'{_short(word)}'" for word in words[:SHOWN])
    more = len(places) - SHOWN
    told = f"{len(places):,} such {what}: {where}s {shown}{f' ({cells})' if cells else ''}"
    return f" ({told}{f' and {more:,} more' if more > 0 else ''})"


def such_places(places: Sequence[str], words: Sequence[str] = (), *, what: str) -> str:
    """Do the same for places such as `t.csv:3`, of which one file's lines are enough.

    Args:
        places: At least one.
        words: As `such` has it.
        what: Likewise.
    """
    found = [re.fullmatch(r"(.+):(\d+)", place) for place in places]
    files = {match[1] if match else None for match in found}
    if None not in files and len(files) == 1:
        return such([match[2] for match in found if match], words, what=what)
    return such(places, words, what=what, where="file" if files == {None} else "row")


def _short(word: str) -> str:
    text = word.strip()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
