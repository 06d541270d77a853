"""Texts by the cells that they take of a terminal, which are not always as many as letters."""

from __future__ import annotations

from rich.cells import cell_len


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text with blanks after it, or before it, so that it takes so many cells."""
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def cut(text: str, width: int) -> str:
    """Return a text that takes at most so many cells; a tilde is where it was cut."""
    if cell_len(text) <= width:
        return text
    while cell_len(text) > width - 1:
        text = text[:-1]
    return text + "~"


def cut_middle(text: str, width: int) -> str:
    """Return a text that takes at most so many cells; a tilde is where its middle was cut out."""
    if cell_len(text) <= width:
        return text
    head = cut(text, width // 2)
    tail = cut(text[::-1], width - cell_len(head) + 1)[:-1]
    return head + tail[::-1]
