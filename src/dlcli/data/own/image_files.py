"""Image files: what is in them, and their pixels as numbers."""

from __future__ import annotations

import struct
import warnings
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
SHOWN_BROKEN = 20

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
"""PIL's names of what is read, whatever a file is called. Others are not even looked at: an EPS is
a program, for which PIL starts an interpreter."""

BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, OverflowError,
          AttributeError, ArithmeticError, struct.error, zlib.error)  # fmt: skip
"""What PIL raises for a broken file, depending on the format and the byte."""

ORIENTATION, TURNED = 274, (5, 6, 7, 8)
"""The EXIF tag that tells how a camera was held, and its values for upright pictures."""

MODES = {"grey": "L", "rgb": "RGB"}
"""PIL's names of what images become."""

BITS = (8, 10, 12, 14, 16, 24, 31)
"""Depths of whole numbers that cameras and microscopes write into files of 16 or 32 bits."""


class Look(NamedTuple):
    """What an image is, without its pixels.

    Attributes:
        size: Height and width, turned as the camera was held.
        is_grey: Whether it has a single channel.
        depth: `whole` for numbers of more than 8 bits, `float` for fractions, else empty.
    """

    size: tuple[int, int]
    is_grey: bool
    depth: str


def opened(file: Path) -> Any:
    """Open an image without reading its pixels.

    Raises:
        OSError: If it is no image, or so large that it may be meant to fill the memory.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # PIL warns of what is beyond its limit, and refuses only what is twice as large.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # of damaged metadata, which is not used
            return Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = Image.MAX_IMAGE_PIXELS or 0
        raise OSError(f"more than {limit:,} pixels, which may fill the memory") from None
    except UnidentifiedImageError:
        raise OSError("no image in a format that is known") from None


def look_at(file: Path) -> Look:
    """Return what an image is, once its structure is known to be whole.

    Raises:
        Exception: One of `BROKEN` if it is broken.
    """
    from PIL import Image

    with opened(file) as image:
        size, mode = (image.height, image.width), image.mode
        may_be_turned = image.format != "PNG" or "exif" in image.info
        image.verify()
    if may_be_turned:
        with opened(file) as image:
            size = size[::-1] if image.getexif().get(ORIENTATION) in TURNED else size
    depth = {"F": "float", "I": "whole"}.get(mode[:1], "")
    return Look(size, Image.getmodebase(mode) == "L", depth)


def looked_at(files: Iterable[Path]) -> list[Look]:
    """Look at images.

    Raises:
        DataError: If some are broken; it names all of them.
    """
    found, broken = [], []
    for file in files:
        try:
            found.append(look_at(file))
        except BROKEN as error:
            broken.append((file, str(error) or type(error).__name__))
    if broken:
        raise broken_images(broken)
    return found


def broken_images(broken: Sequence[tuple[Path, str]]) -> DataError:
    """Return the error that counts broken images, and says what is wrong with the first."""
    remedy = "Remove or replace these files; nothing was changed."
    if len(broken) == 1:
        file, reason = broken[0]
        return DataError(f"{file} cannot be read: {reason}", remedy=remedy)
    shown = "; ".join(f"{file} ({reason})" for file, reason in broken[:SHOWN_BROKEN])
    more = f"; and {len(broken) - SHOWN_BROKEN:,} more" if len(broken) > SHOWN_BROKEN else ""
    return DataError(f"{len(broken):,} images cannot be read: {shown}{more}", remedy=remedy)


class Form(NamedTuple):
    """What all images are brought to.

    Attributes:
        height: In pixels.
        width: In pixels.
        mode: PIL's: `L` for grey levels, `RGB` for colors.
        top: What becomes 1 of whole numbers of more than 8 bits.
    """

    height: int
    width: int
    mode: str
    top: int


def upright(source: Any) -> Any:
    """Return an image turned as the camera was held."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(source)


def pixels(file: Path, form: Form) -> np.ndarray:
    """Read, turn as the camera was held, resize and scale one image.

    Returns:
        float32, shape (height, width, channels): 0 to 1, but of images of fractions, which stay
        as they are.

    Raises:
        Exception: One of `BROKEN` if it is broken.
    """
    import numpy as np
    from PIL import Image

    with opened(file) as source:
        image = upright(source)
        if image.mode[:1] in ("F", "I"):
            return _deep(image, form)
        image = _on_white(image).convert(form.mode)
    if image.size != (form.width, form.height):
        image = image.resize((form.width, form.height), Image.Resampling.BILINEAR)
    values: np.ndarray = np.asarray(image, np.float32) / 255
    return values.reshape(form.height, form.width, -1)


def _deep(image: Any, form: Form) -> np.ndarray:
    """Return the pixels of an image of whole numbers of many bits, or of fractions."""
    import numpy as np
    from PIL import Image

    whole = image.mode[:1] == "I"
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it holds pixels that are no finite numbers")
    if whole and values.min() < 0:
        raise ValueError("it holds negative whole numbers")
    if values.shape != (form.height, form.width):
        fraction = Image.fromarray(values)
        fraction = fraction.resize((form.width, form.height), Image.Resampling.BILINEAR)
        values = np.asarray(fraction, np.float32)
    scaled = values[..., None] / np.float32(form.top if whole else 1)
    return np.repeat(scaled, 1 if form.mode == "L" else 3, axis=-1)


def bits_of(files: Iterable[Path]) -> int:
    """Return the bits that the largest pixel of images of whole numbers needs: 8, 10, 12, ...

    Raises:
        DataError: If some images are broken; it names all of them.
    """
    largest, broken = 0, []
    for file in files:
        try:
            with opened(file) as image:
                if image.mode[:1] == "I":
                    largest = max(largest, int(image.getextrema()[1]))
        except BROKEN as error:
            broken.append((file, str(error) or type(error).__name__))
    if broken:
        raise broken_images(broken)
    return next(bits for bits in BITS if largest < 2**bits)


def _on_white(image: Any) -> Any:
    """Return an image with what is transparent made white."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba)
    return image
