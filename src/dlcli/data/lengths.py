"""How long padded sequences are: told by the data where they know it, else by their zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy as np

SUFFIX = "_steps"
"""Ends the name of the array that holds the lengths of an input's sequences."""


def lengths_name(name: str) -> str:
    """Return under which name a split holds the lengths of an input's sequences."""
    return f"{name}{SUFFIX}"


def base_of(name: str, names: Collection[str]) -> str | None:
    """Return which of some inputs a name holds the lengths of; None if it is an input itself."""
    base = name.removesuffix(SUFFIX)
    return base if base != name and base in names else None


def sequence_lengths(x: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return the steps of each sequence of an input before its padding, int32 (n,).

    Args:
        x: The arrays of a split.
        name: The input's.
    """
    known = x.get(lengths_name(name))
    return lengths_of(x[name]) if known is None else known


def lengths_of(array: np.ndarray) -> np.ndarray:
    """Return the steps of each sequence before its padding, int32 (n,), 1 at least.

    A step is padding if it and all after it are zero, so real steps of zeros at the end count as
    padding too: where the data know their lengths, ask `sequence_lengths`.

    Args:
        array: Shape (n, steps), or (n, steps, ...).
    """
    import numpy as np

    filled = np.any(array.reshape(*array.shape[:2], -1) != 0, axis=2)
    steps = filled.shape[1] - np.argmax(filled[:, ::-1], axis=1)
    lengths: np.ndarray = np.where(filled.any(axis=1), steps, 1).astype(np.int32)
    return lengths
