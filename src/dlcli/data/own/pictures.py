"""Image files for a network that was trained on the images of a built-in data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data.description import INPUT, DataDescription, NewExamples, TensorSpec
from dlcli.data.entry import EIGHT_BITS
from dlcli.data.own.files import check_file, files_in, left_out
from dlcli.data.own.image_files import (
    BROKEN,
    SUFFIXES,
    Form,
    broken_images,
    looked_at,
    pixels,
)
from dlcli.data.own.mistakes import such
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from dlcli.data.entry import Pictures

CORNER, MARGIN = 8, 0.1
"""The part of a side that is a corner, and by how much corners are brighter than the middle of a
picture that looks inverted. No image of `digits` and `mnist_5k` does, one of 4000 of
`fashion_mnist`; of their negatives 98 % do."""


def is_picture(path: Path) -> bool:
    """Whether a path leads to a folder, or to a file with an image's suffix."""
    return path.is_dir() or path.suffix.lower() in SUFFIXES


def read_pictures(path: Path, description: DataDescription, scaling: Pictures) -> NewExamples:
    """Read an image, or those below a folder, as the data set's own examples are scaled.

    Args:
        path: The file or folder.
        description: Of the data set, whose only input are images.
        scaling: How its images are scaled.

    Raises:
        DataError: If there are none, or some are broken or of another size; all are counted.
    """
    import numpy as np

    check_file(path)
    if not path.exists():
        raise DataError(f"there is no file {path}", remedy="Check the path.")
    told: list[str] = []
    if path.is_dir():
        found = files_in(path, SUFFIXES, follow_links=True)
        files, names = found.files, [f.relative_to(path).as_posix() for f in found.files]
        if found.others:
            told.append(left_out(path, found.others))
    else:
        files, names = [path], [path.name]
    height, width, channels = _shape(description.inputs[INPUT])
    _check_sizes(files, (height, width), what_it_takes(description))
    form = Form(height, width, "L" if channels == 1 else "RGB", 2**16 - 1)
    x = _scaled(_read(files, form), scaling)
    if scaling.on_black and (inverted := _inverted(x, names)):
        told.append(inverted)
    return NewExamples(
        {INPUT: x}, np.zeros(len(x), int), columns={"file": names}, identity=("file",),
        told=tuple(told),
    )  # fmt: skip


def what_it_takes(description: DataDescription) -> str:
    """Say which images a network takes: `images of 28 x 28 pixels in grey`."""
    height, width, channels = _shape(description.inputs[INPUT])
    return f"images of {height} x {width} pixels in {'grey' if channels == 1 else 'color'}"


def _shape(spec: TensorSpec) -> tuple[int, int, int]:
    height, width, channels = (int(n or 0) for n in spec.shape)
    return height, width, channels


def _check_sizes(files: Sequence[Path], size: tuple[int, int], takes: str) -> None:
    """Make sure that all images have the size that the network takes.

    Raises:
        DataError: If some have not, or are broken; it counts them.
    """
    others = [
        (file, look.size)
        for file, look in zip(files, looked_at(files), strict=True)
        if look.size != size
    ]
    if others:
        file, (height, width) = others[0]
        more = such([other.name for other, _ in others], what="images", where="file")
        message = f"{file} has {height} x {width} pixels{more}; this run takes {takes}"
        raise DataError(message, remedy="Resize or crop the images to that size.")


def _read(files: Sequence[Path], form: Form) -> np.ndarray:
    """Return the pixels of images from 0 to 1, float32 (n, height, width, channels).

    Raises:
        DataError: If some are broken; it counts them.
    """
    import numpy as np

    found, broken = [], []
    for file in files:
        try:
            found.append(pixels(file, form))
        except BROKEN as error:
            broken.append((file, str(error) or type(error).__name__))
    if broken:
        raise broken_images(broken)
    return np.stack(found)


def _scaled(x: np.ndarray, scaling: Pictures) -> np.ndarray:
    """Return pixels rounded to the data set's own levels, if it has fewer than a file."""
    import numpy as np

    if scaling.white == EIGHT_BITS:
        return x
    levels = np.float32(scaling.white)
    rounded: np.ndarray = np.round(x * levels) / levels
    return rounded


def _inverted(x: np.ndarray, names: Sequence[str]) -> str:
    """Say which images have corners that are brighter than their middle; nothing if none has."""
    import numpy as np

    height, width = x.shape[1:3]
    rows, columns = max(1, height // CORNER), max(1, width // CORNER)
    at_top, at_left = np.r_[:rows, -rows:0], np.r_[:columns, -columns:0]
    corners = x[:, at_top][:, :, at_left].mean(axis=(1, 2, 3))
    middle = x[:, height // 4 : -(height // 4), width // 4 : -(width // 4)].mean(axis=(1, 2, 3))
    found = [names[int(i)] for i in np.flatnonzero(corners > middle + MARGIN)]
    if not found:
        return ""
    verb = "looks" if len(found) == 1 else "look"
    which = found[0] + such(found, what="images", where="file")
    return (
        f"warning: {which} {verb} inverted: the corners are brighter than the middle, but this run "
        "was trained on white on black; invert the image"
    )
