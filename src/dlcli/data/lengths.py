"""How long padded sequences are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def lengths_of(array: np.ndarray) -> np.ndarray:
    """Return the steps of each sequence before its padding, int32 (n,), 1 at least.

    A step is padding if it and all after it are zero.

    Args:
        array: Shape (n, steps), or (n, steps, ...).
    """
    import numpy as np

    filled = np.any(array.reshape(*array.shape[:2], -1) != 0, axis=2)
    steps = filled.shape[1] - np.argmax(filled[:, ::-1], axis=1)
    lengths: np.ndarray = np.where(filled.any(axis=1), steps, 1).astype(np.int32)
    return lengths
