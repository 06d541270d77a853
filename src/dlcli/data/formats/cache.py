"""dlcli's own cache: data sets shipped in slow formats, converted once into `.npz`.

The cache only saves time: a file that is missing, damaged or cannot be written is never an error.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from dlcli.runtime.cachedir import cache_folder
from dlcli.runtime.files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np

ONE_PIECE = ("x", "y")
"""Inputs (n, ...) and targets (n, ...) of a data set that has no official test part."""

PARTS = ("x_train", "y_train", "x_test", "y_test")
"""The same of one that has."""


def location(name: str) -> Path:
    """Return where the arrays of a data set are cached."""
    return cache_folder() / "datasets" / f"{name}.npz"


def cached(
    name: str,
    convert: Callable[[], Mapping[str, np.ndarray]],
    arrays: Sequence[str] = ONE_PIECE,
) -> Mapping[str, np.ndarray]:
    """Return the arrays of a data set, converting them the first time only.

    Args:
        name: The data set's name.
        convert: Makes the arrays; called when there is no usable cached file.
        arrays: Their names; a cached file that lacks one is not usable.
    """
    path = location(name)
    content = _read(path, arrays)
    if content is None:
        content = convert()
        _write(path, content)
    return content


def _read(path: Path, arrays: Sequence[str]) -> Mapping[str, np.ndarray] | None:
    from dlcli.data.formats.plain_npz import open_plain

    try:
        with open_plain(path) as archive:
            return {name: archive[name] for name in arrays}
    except (OSError, ValueError, MemoryError):
        return None


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    import numpy as np

    with suppress(OSError), replacing(path) as stream:
        np.savez(stream, allow_pickle=False, **arrays)
