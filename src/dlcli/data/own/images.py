"""Images of the user's own in a folder for each class."""

from __future__ import annotations

import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.grouping import groups_of
from dlcli.data.own.encoding import room
from dlcli.data.own.files import check_file, class_folders, files_in, group_in_path, stamp
from dlcli.data.own.labels import Labelled, Place, as_targets, meaning_of
from dlcli.data.splitting import with_own_test
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Encoder

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
MODES = {"grey": "L", "rgb": "RGB"}
SHOWN_BROKEN = 5

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
"""PIL's names of what is read, whatever a file is called. Others are not even looked at: an EPS is
a program, for which PIL starts an interpreter."""

BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, OverflowError,
          AttributeError, ArithmeticError, struct.error, zlib.error)  # fmt: skip
"""What PIL raises for a broken file, depending on the format and the byte."""

LONGEST_SIDE = 4096

Pixels = Annotated[int, Bounds(minimum=1, maximum=4096)]
Colour = Literal["auto", "grey", "rgb"]


def images(
    group: str | None = None,
    *,
    path: Path,
    size: Pixels | list[int] | None = None,
    color: Colour = "auto",
    test: Path | None = None,
) -> Dataset:
    r"""Your own images from a folder with a subfolder for each class, named after it.

    PNG, JPEG, BMP, GIF (its first picture), WebP and TIFF; they become float32 from 0 to 1 of
    shape (height, width, channels). If the folder's subfolders are `train` and `test`, the
    classes are in those. Every file is looked at before training, and broken ones are named.
    More images than memory holds lie in a temporary file while they are used.

    Images that belong together, such as those of one patient, are never on two sides of a split if
    `data.group` finds what tells: a regular expression on a file's path below its part's folder,
    such as '(patient\d+)_' for cat/patient12_3.png.

    Args:
        path: The folder.
        size: Height and width to which every image is resized: one number, or [height, width];
            by default their own, if they all have the same.
        color: `grey` or `rgb` for all; `auto` is grey if all images are.
        test: A folder with the test images; without one, a fixed fifth of each class is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    test_stamp = _folder_stamp(test) if test else None
    return _load(_folder_stamp(path), _height_and_width(size), color, test_stamp, group)


def _describe(group: str | None = None, **options: Any) -> DataDescription:
    return images(group, **options).description


def _height_and_width(size: int | list[int] | None) -> tuple[int, int] | None:
    if size is None or isinstance(size, int):
        return None if size is None else (size, size)
    if len(size) != 2 or not all(0 < n <= LONGEST_SIDE for n in size):
        message = f"size is {size}, but an image has a height and a width up to {LONGEST_SIDE}"
        raise DataError(message, remedy="Write size: 64, or size: [48, 64].")
    return (size[0], size[1])


def _folder_stamp(path: Path) -> tuple[str, ...]:
    """Return what changes when files of a class folder come or go."""
    folder = Path(path).expanduser()
    try:
        inside = sorted(f for f in folder.glob("**/") if f.is_dir())
    except OSError:
        inside = []
    return (*stamp(folder), *(part for place in inside for part in stamp(place)))


@lru_cache(maxsize=2)
def _load(
    path: tuple[str, ...],
    size: tuple[int, int] | None,
    color: Colour,
    test: tuple[str, ...] | None,
    group: str | None,
) -> Dataset:
    """Find and look at the images; the last ones are kept for the next question."""
    folder = Path(path[0])
    parts = class_folders(folder)
    if test:
        parts["test"] = class_folders(Path(test[0]))["train"]
    found = {part: _files(classes) for part, classes in parts.items()}
    groups = group and groups_of(f"the paths' '{group}'", _group_names(parts, group))
    files = [file for labelled in found.values() for file, _ in labelled]
    size, mode = _form(files, size, color)
    names = [[label for _, label in labelled] for labelled in found.values()]
    places = [[Place(str(file)) for file, _ in labelled] for labelled in found.values()]
    meaning = meaning_of([names[0]], ["class"], None, str(folder))
    y = {
        part: as_targets(Labelled([labels], [where]), meaning)
        for part, labels, where in zip(found, names, places, strict=True)
    }
    description = DataDescription(
        folder.name or "images",
        meaning.task,
        {INPUT: TensorSpec((*size, 1 if mode == "L" else 3), "float32")},
        meaning.classes,
    )
    return with_own_test(description, ImageEncoder(*size, mode), files, y, groups or None)


def _group_names(parts: Mapping[str, Mapping[str, Path]], pattern: str) -> list[str]:
    """Return the group of each file, in the order of `_files`.

    Raises:
        DataError: If a file's path names none.
    """
    return [
        group_in_path(file, place.parent, pattern)
        for classes in parts.values()
        for place in classes.values()
        for file in files_in(place, SUFFIXES)
    ]


def _files(classes: Mapping[str, Path]) -> list[tuple[Path, str]]:
    return [(file, name) for name, place in classes.items() for file in files_in(place, SUFFIXES)]


def _form(
    files: Sequence[Path], size: tuple[int, int] | None, color: Colour
) -> tuple[tuple[int, int], str]:
    """Look at every image, and return the size (height, width) and PIL's mode for all.

    Raises:
        DataError: If some are broken, or of several sizes without a size to bring them to.
    """
    sizes: dict[tuple[int, int], Path] = {}
    broken: list[tuple[Path, str]] = []
    is_grey = True
    for file in files:
        try:
            found, grey = _look_at(file)
        except BROKEN as error:
            broken.append((file, str(error) or type(error).__name__))
            continue
        sizes.setdefault(found, file)
        is_grey = is_grey and grey
    if broken:
        _refuse_broken(broken)
    if size is None and len(sizes) > 1:
        (first, one), (second, other) = list(sizes.items())[:2]
        shown = [f"{height} x {width}" for height, width in (first, second)]
        message = f"{one} is {shown[0]} pixels (height x width), but {other} is {shown[1]}"
        raise DataError(message, remedy="Give the size to bring all images to: size: 64.")
    mode = MODES["grey" if is_grey else "rgb"] if color == "auto" else MODES[color]
    return size or next(iter(sizes)), mode


def _refuse_broken(broken: Sequence[tuple[Path, str]]) -> None:
    shown = "; ".join(f"{file} ({reason})" for file, reason in broken[:SHOWN_BROKEN])
    more = f"; and {len(broken) - SHOWN_BROKEN} more" if len(broken) > SHOWN_BROKEN else ""
    message = f"{len(broken)} image(s) cannot be read: {shown}{more}"
    raise DataError(message, remedy="Remove or replace these files; nothing was changed.")


def _look_at(file: Path) -> tuple[tuple[int, int], bool]:
    """Return an image's (height, width) and whether it is grey, once it is known to be whole.

    Raises:
        Exception: One of `BROKEN` if it is broken.
    """
    from PIL import Image

    with _opened(file) as image:
        image.verify()
        return (image.height, image.width), Image.getmodebase(image.mode) == "L"


def _opened(file: Path) -> Any:
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


@dataclass(frozen=True)
class ImageEncoder:
    """Turns image files into arrays.

    Attributes:
        height: In pixels.
        width: In pixels.
        mode: PIL's: `L` for grey levels, `RGB` for colours.
    """

    height: int
    width: int
    mode: str
    kind: ClassVar[str] = "images"

    def fit(self, raw: Sequence[Path], positions: np.ndarray) -> ImageEncoder:  # noqa: ARG002
        """Return the encoder itself: images need nothing learned."""
        return self

    def spec(self, known: TensorSpec) -> TensorSpec:
        """Return the form of the input, which does not depend on the training part."""
        return known

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's raw examples are images too."""
        return isinstance(other, ImageEncoder)

    def encode(self, raw: Sequence[Path], positions: np.ndarray) -> np.ndarray:
        """Return the images at some positions, float32 0 to 1, (m, height, width, channels)."""
        channels = 1 if self.mode == "L" else 3
        x = room((len(positions), self.height, self.width, channels), "float32")
        for pixels, i in zip(x, positions, strict=True):
            pixels[:] = self._pixels(raw[i])
        return x

    def _pixels(self, file: Path) -> np.ndarray:
        """Read, turn as the camera was held, resize and scale one image.

        Raises:
            DataError: If it cannot be read.
        """
        import numpy as np
        from PIL import Image, ImageOps

        try:
            with _opened(file) as opened:
                image = ImageOps.exif_transpose(_on_white(opened)).convert(self.mode)
        except BROKEN as error:
            raise DataError(f"{file} cannot be read: {error}", remedy="Replace it.") from None
        if image.size != (self.width, self.height):
            image = image.resize((self.width, self.height), Image.Resampling.BILINEAR)
        pixels = np.asarray(image, np.float32) / 255
        return pixels.reshape(self.height, self.width, -1)

    def read(
        self, path: Path, description: DataDescription, *, targets: bool
    ) -> tuple[list[Path], np.ndarray]:
        """Read an image, the images below a folder, or, for targets, those of class folders.

        Raises:
            DataError: If there are none.
        """
        import numpy as np

        if targets:
            labelled = _files(class_folders(path)["train"])
            files = [file for file, _ in labelled]
            where = [Place(str(file)) for file in files]
            written = Labelled([[label for _, label in labelled]], [where])
            return files, as_targets(written, description)
        check_file(path)
        if not path.exists():
            raise DataError(f"there is no file {path}", remedy="Check the path.")
        files = files_in(path, SUFFIXES) if path.is_dir() else [path]
        return files, np.zeros(len(files), int)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"height": self.height, "width": self.width, "mode": self.mode}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ImageEncoder:
        """Return the encoder of a JSON form."""
        return cls(int(values["height"]), int(values["width"]), str(values["mode"]))


def _on_white(image: Any) -> Any:
    """Return an image with what is transparent made white; 16-bit greys become 8-bit."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 257).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba)
    return image


DATASETS = (DataEntry(images, _describe, "file", group="a pattern of paths"),)
