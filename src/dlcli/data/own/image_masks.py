"""Images to predict from images: a class for each pixel, or a picture, in a file of the same name.

A class is a grey level, an index of a palette (whose colors are for the eye alone) or a color.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data.own.encoding import room
from dlcli.data.own.files import files_in, group_in_path, left_out, parts_below
from dlcli.data.own.image_files import (
    BROKEN,
    MODES,
    SUFFIXES,
    Form,
    Look,
    bits_of,
    broken_images,
    looked_at,
    opened,
    pixels,
    upright,
)
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Task

ENDING = re.compile(r"[_-](masks?|labels?|gt|l|seg|segmentation|matte|target)$", re.IGNORECASE)
"""What a mask's name may have after its image's."""

SHOWN_MISSING, MOST_CLASSES = 10, 256
COLOR = 2**40
"""What is added to colors, so that they are other numbers than grey levels."""

UNCOUNTED = -1
"""Stands for a pixel that does not count."""


class Pair(NamedTuple):
    """An image, and the image to predict from it."""

    image: Path
    mask: Path | None


@dataclass(frozen=True)
class Masks:
    """Where masks are, and what is in them.

    Attributes:
        place: Their folder, from that of the images.
        values: The grey level, index or color of each class, in their order; empty for pictures.
        uncounted: Those of pixels that do not count.
        mode: PIL's, of pictures to predict; empty for classes.
        bits: Of pictures of whole numbers of more than 8 bits.
    """

    place: str
    values: tuple[int, ...] = ()
    uncounted: tuple[int, ...] = ()
    mode: str = ""
    bits: int = 16

    @classmethod
    def beside(cls, folder: Path, images: Path) -> Masks:
        """Return those of a folder, of which nothing is known yet."""
        return cls(os.path.relpath(folder.absolute(), images.absolute()))

    def pairs(
        self, images: Path, *, follow_links: bool
    ) -> tuple[list[Pair], list[str], Counter[str]]:
        """Return the images below a folder with their masks.

        Returns:
            The pairs, in the order of the images; the masks that belong to no image; and how many
            files of other kinds there are.

        Raises:
            DataError: If two masks belong to one image.
        """
        folder = Path(os.path.normpath(images / self.place))
        is_same = os.path.normpath(self.place) == os.curdir
        if not folder.is_dir():
            message = f"there is no folder of masks {folder}"
            raise DataError(message, remedy="Check masks; each image has one of its name there.")
        found = files_in(images, SUFFIXES, follow_links=follow_links)
        inside = found if is_same else files_in(folder, SUFFIXES, follow_links=follow_links)
        masks: dict[str, Path] = {}
        for file in inside.files:
            name = _name_of_image(file.relative_to(folder))
            if is_same and not ENDING.search(file.stem):
                continue
            if name in masks:
                message = f"{masks[name]} and {file} are masks of one image"
                raise DataError(message, remedy="Leave one of them.")
            masks[name] = file
        own = set(masks.values())
        pairs = [
            Pair(file, masks.pop(_stem(file.relative_to(images)), None))
            for file in found.files
            if file not in own
        ]
        return pairs, [str(file) for file in masks.values()], found.others

    def with_positive(self, positive: str | None) -> Masks:
        """Return masks of two classes of which the positive one comes second.

        Raises:
            DataError: If it is none of two.
        """
        if positive is None:
            return self
        if positive not in self.classes or len(self.classes) != 2:
            message = f"positive is '{positive}', which is none of two classes"
            raise DataError(message, remedy=f"The classes are: {', '.join(self.classes[:20])}.")
        first = tuple(value for value in self.values if name_of(value) != positive)
        return replace(self, values=(*first, value_of(positive)))

    def told(self, folder: Path) -> str:
        """Say which classes the masks hold, and what does not count."""
        kind = "colors" if self.values[-1] >= COLOR else "grey levels or indices"
        more = ", ".join(name_of(value) for value in self.uncounted)
        count = f"; pixels of {more} do not count" if more else ""
        shown = ", ".join(self.classes[:8]) + (", ..." if len(self.classes) > 8 else "")
        return f"{folder}: the {kind} of the masks are {len(self.classes)} classes: {shown}{count}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes: grey levels and indices as numbers, colors as `#ff8000`."""
        return tuple(name_of(value) for value in self.values)

    def read(self, file: Path, size: tuple[int, int]) -> np.ndarray:
        """Return the target of one image.

        Returns:
            int32 (height, width), or float32 (height, width, channels) for pictures.

        Raises:
            DataError: If a pixel has no known class.
            Exception: One of `BROKEN` if the file is broken.
        """
        import numpy as np

        if self.mode:
            return pixels(file, Form(*size, self.mode, 2**self.bits - 1))
        found = written_values(file, size)
        order = np.argsort(self.values)
        known = np.array(self.values)[order]
        at = np.minimum(np.searchsorted(known, found), len(known) - 1)
        labels = order[at].astype("int32")
        strange = known[at] != found
        left = strange & np.isin(found, self.uncounted)
        if (strange & ~left).any():
            value = name_of(int(found[strange & ~left][0]))
            message = f"{file} holds '{value}', which is no class"
            remedy = f"The classes of the training masks are: {', '.join(self.classes[:20])}."
            raise DataError(message, remedy=remedy)
        labels[left] = UNCOUNTED
        return labels

    def targets(self, files: Sequence[Path], size: tuple[int, int]) -> np.ndarray:
        """Return the targets of images, shape (n, height, width) or (..., channels).

        Raises:
            DataError: If files are broken, all of which it names, or a pixel has no known class.
        """
        import numpy as np

        places = (*size, len(self.mode)) if self.mode else size
        y = room((len(files), *places), "float32" if self.mode else "int32")
        broken = []
        for row, file in zip(y, files, strict=True):
            try:
                row[:] = self.read(file, size)
            except BROKEN as error:
                broken.append((file, str(error) or type(error).__name__))
        if broken:
            raise broken_images(broken)
        if not self.mode and np.all(y == UNCOUNTED):
            raise DataError("no pixel of the masks counts", remedy="Check missing.")
        return y

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        made: dict[str, Any] = {"place": self.place}
        if self.mode:
            return {**made, "mode": self.mode, "bits": self.bits}
        return {**made, "values": list(self.values), "uncounted": list(self.uncounted)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Masks:
        """Return what a JSON form says."""
        return cls(
            str(values["place"]),
            tuple(int(value) for value in values.get("values", ())),
            tuple(int(value) for value in values.get("uncounted", ())),
            str(values.get("mode", "")),
            int(values.get("bits", 16)),
        )


def _stem(below: Path) -> str:
    return below.with_suffix("").as_posix()


def _name_of_image(below: Path) -> str:
    return below.with_name(ENDING.sub("", below.stem)).as_posix()


def name_of(value: int) -> str:
    """Return the name of a grey level, an index of a palette, or a color."""
    return str(value) if value < COLOR else f"#{value - COLOR:06x}"


def value_of(name: str) -> int:
    """Return what has a name; the other way round than `name_of`."""
    return COLOR + int(name[1:], 16) if name.startswith("#") else int(name)


def written_values(file: Path, size: tuple[int, int]) -> np.ndarray:
    """Return the grey levels, indices or colors of an image, int64 (height, width).

    An image is brought to a size without mixing neighbors: each pixel stays one of those there.

    Raises:
        ValueError: If it holds fractions.
        Exception: One of `BROKEN` if it is broken.
    """
    import numpy as np
    from PIL import Image

    with opened(file) as source:
        image = upright(source)
        if image.mode == "F":
            raise ValueError("it holds fractions, not classes")
        if image.mode in ("LA", "PA"):
            image = image.getchannel(0)
        if image.mode not in ("1", "L", "P") and image.mode[0] != "I":
            image = image.convert("RGB")
        if image.size != size[::-1]:
            image = image.resize(size[::-1], Image.Resampling.NEAREST)
        values = np.asarray(image).astype(np.int64)
    if values.ndim == 2:
        return values
    packed: np.ndarray = values @ np.array([2**16, 2**8, 1])
    return packed + COLOR


def learned_classes(
    masks: Masks, files: Sequence[Path], size: tuple[int, int], missing: Iterable[str]
) -> Masks:
    """Return masks that know the classes in some files, which are those of the training images.

    Args:
        masks: Without classes.
        files: To learn from.
        size: To which they are brought.
        missing: Names of what does not count.

    Raises:
        DataError: If there is a single class or hundreds, or files are broken.
    """
    import numpy as np

    seen: dict[int, Path] = {}
    broken = []
    for file in files:
        try:
            values = np.unique(written_values(file, size)).tolist()
        except BROKEN as error:
            broken.append((file, str(error) or type(error).__name__))
            continue
        for value in values:
            seen.setdefault(value, file)
        _check_few(file, values, seen)
    if broken:
        raise broken_images(broken)
    _check_alike(seen)
    uncounted = tuple(sorted(value for value in seen if name_of(value) in set(missing)))
    values = tuple(sorted(value for value in seen if value not in uncounted))
    if len(values) < 2:
        shown = name_of(values[0]) if values else "nothing"
        message = f"the masks in {files[0].parent} hold a single class, {shown}"
        raise DataError(message, remedy="There is nothing to learn; check masks.")
    return replace(masks, values=values, uncounted=uncounted)


def _check_few(file: Path, values: Sequence[int], seen: Mapping[int, Path]) -> None:
    """Make sure that masks hold classes.

    Raises:
        DataError: If they do not: they are photographs, or masks that were saved as such.
    """
    is_lossy = file.suffix.lower() in (".jpg", ".jpeg") and len(values) > 2
    if len(seen) <= MOST_CLASSES and not is_lossy:
        return
    message = f"{file} holds {len(values)} grey levels or colors: too many for classes"
    if is_lossy:
        message = f"{file} holds {len(values)} grey levels or colors, as JPEG blurs what it saves"
    remedy = "Save masks as PNG, a number or color for each class; for pictures add "
    raise DataError(message, remedy=remedy + "task: regression.")


def _check_alike(seen: Mapping[int, Path]) -> None:
    """Make sure that masks are all grey levels or indices, or all colors.

    Raises:
        DataError: If not; it names one of each.
    """
    colored = next((file for value, file in seen.items() if value >= COLOR), None)
    grey = next((file for value, file in seen.items() if value < COLOR), None)
    if colored is not None and grey is not None:
        message = f"{colored} tells classes by colors, but {grey} by grey levels or a palette"
        raise DataError(message, remedy="Save all masks in one way.")


class MaskedPart(NamedTuple):
    """The images of one part, and the masks of them.

    Attributes:
        images: Their files.
        masks: As many.
        groups: Of the images; empty if nothing tells.
    """

    images: list[Path]
    masks: list[Path]
    groups: list[str]


def masked_parts(
    folders: Mapping[str, Path], masks: Masks, group: str | None, drop: bool, follow_links: bool
) -> tuple[dict[str, MaskedPart], list[str]]:
    """Return the images of each part with their masks, and what should be said.

    Args:
        folders: Of the images of each part; that of `train` may hold folders of the parts.
        masks: Where they are, from the folder of images.
        group: The pattern of paths that tells what belongs together.
        drop: Whether images without a mask are left out.
        follow_links: Whether symbolic links may lead out of a folder.

    Raises:
        DataError: If images have no mask.
    """
    parts: dict[str, MaskedPart] = {}
    told: list[str] = []
    for name, folder in folders.items():
        pairs, unused, others = masks.pairs(folder, follow_links=follow_links)
        below = parts_below(folder) if name == "train" else {}
        told += [left_out(folder, others)] if others else []
        if unused:
            told.append(f"{len(unused):,} masks without an image are left out, such as {unused[0]}")
        told += _check_all_masked(folder, pairs, drop=drop)
        for pair in pairs:
            part, place = _part_of(pair.image, below) or (name, folder)
            if pair.mask is None:
                continue
            found = parts.setdefault(part, MaskedPart([], [], []))
            found.images.append(pair.image)
            found.masks.append(pair.mask)
            if group is not None:
                found.groups.append(group_in_path(pair.image, place, group))
    return {part: parts[part] for part in ("train", "validation", "test") if part in parts}, told


def _part_of(image: Path, below: Mapping[str, Path]) -> tuple[str, Path] | None:
    return next((found for found in below.items() if image.is_relative_to(found[1])), None)


def _check_all_masked(folder: Path, pairs: Sequence[Pair], *, drop: bool) -> list[str]:
    """Make sure that each image has a mask, or say how many are left out.

    Raises:
        DataError: If some have none; it names them.
    """
    lacking = [pair.image for pair in pairs if pair.mask is None]
    if not lacking:
        return []
    if drop and len(lacking) < len(pairs):
        return [f"{folder}: {len(lacking):,} images without a mask are left out"]
    shown = ", ".join(image.name for image in lacking[:SHOWN_MISSING])
    more = len(lacking) - SHOWN_MISSING
    message = f"{folder}: {len(lacking):,} of {len(pairs):,} images have no mask: {shown}"
    message += f" and {more:,} more" if more > 0 else ""
    remedy = "Give a mask the name of its image; unlabeled: drop leaves these images out."
    raise DataError(message, remedy=remedy)


def check_sizes(parts: Iterable[MaskedPart]) -> list[Look]:
    """Make sure that each mask is as large as its image; return what is seen of the images.

    Raises:
        DataError: If one is not, or files are broken.
    """
    found: list[Look] = []
    for part in parts:
        images, masks = looked_at(part.images), looked_at(part.masks)
        for image, mask, one, other in zip(part.images, part.masks, images, masks, strict=True):
            if one.size != other.size:
                shown = [f"{height} x {width}" for height, width in (one.size, other.size)]
                message = f"{image} is {shown[0]} pixels (height x width), but {mask} is {shown[1]}"
                raise DataError(message, remedy="Give each image a mask of its own size.")
        found += images
    return found


def learned_picture(masks: Masks, files: Sequence[Path]) -> Masks:
    """Return masks that are pictures to predict, grey or in colors, as the training ones are."""
    looks = looked_at(files)
    mode = MODES["grey" if all(look.is_grey for look in looks) else "rgb"]
    has_depth = any(look.depth == "whole" for look in looks)
    return replace(masks, mode=mode, bits=bits_of(files) if has_depth else 16)


def task_of(masks: Masks, asked: str | None) -> Task:
    """Return the task of predicting masks.

    Raises:
        DataError: If the user asked for one that does not go with them.
    """
    if masks.mode:
        return "regression"
    size = len(masks.values)
    if asked == "multilabel" or (asked == "binary" and size != 2):
        message = f"the masks tell {size} classes, one for each pixel, but the task is {asked}"
        raise DataError(message, remedy="Leave task out.")
    return "multiclass" if asked == "multiclass" or size != 2 else "binary"
