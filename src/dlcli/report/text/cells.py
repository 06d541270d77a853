"""How many cells of a terminal a text takes: Chinese letters take two, accents set apart none.

Tests hold it against `rich.cells`, which commands that only look things up do not import.
"""

from __future__ import annotations

import unicodedata


def cell_width(text: str) -> int:
    """Return the cells that a text takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text with blanks after it, or before it, so that it takes so many cells."""
    blanks = " " * (width - cell_width(text))
    return blanks + text if right else text + blanks


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many cells; a tilde is where it was cut."""
    if cell_width(text) <= width:
        return text
    while cell_width(text) > width - 1:
        text = text[:-1]
    return text + "~"


def cut_middle(text: str, width: int) -> str:
    """Return a text that takes at most so many cells; a tilde is where its middle was cut out."""
    if cell_width(text) <= width:
        return text
    head = cut(text, width // 2)
    tail = cut(text[::-1], width - cell_width(head) + 1)[:-1]
    return head + tail[::-1]


def _width(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
