"""Images of the user's own in a folder for each class, or with a file of labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Unpack

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, NewRaw, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.own.assembly import Beside, Found, assembled
from dlcli.data.own.encoding import room
from dlcli.data.own.files import (
    check_file,
    class_folders,
    files_in,
    group_in_path,
    left_out,
    stamp,
)
from dlcli.data.own.goal import Goal, RowOptions
from dlcli.data.own.image_files import (
    BROKEN,
    SUFFIXES,
    Form,
    Look,
    bits_of,
    broken_images,
    looked_at,
    pixels,
)
from dlcli.data.own.image_labels import LabelFile
from dlcli.data.own.labels import Labelled, Place, as_targets
from dlcli.data.own.reading import Reading
from dlcli.data.own.tabular import TargetCells
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Encoder

MODES = {"grey": "L", "rgb": "RGB"}
LONGEST_SIDE = 4096

Pixels = Annotated[int, Bounds(minimum=1, maximum=4096)]
Colour = Literal["auto", "grey", "rgb"]


def images(
    group: str | None = None,
    order: str | None = None,
    *,
    path: Path,
    size: Pixels | list[int] | None = None,
    color: Colour = "auto",
    labels: Path | None = None,
    file: str | None = None,
    target: str | list[str] | None = None,
    follow_links: bool = False,
    validation: Path | None = None,
    test: Path | None = None,
    **options: Unpack[RowOptions],
) -> Dataset:
    r"""Your own images from a folder with a subfolder for each class, or with a file of labels.

    PNG, JPEG, BMP, GIF (its first picture), WebP and TIFF; they become float32 from 0 to 1 of
    shape (height, width, channels), turned as the camera was held. Images of 16 or 32 bits are
    divided by the largest number of the bits that the training images use (4095 for 12 bits);
    those of fractions stay as they are. If the folder's subfolders are `train`, `val` and `test`,
    the classes are in those. Every file is looked at before training, broken ones are named, and
    what is left out is counted. More images than memory holds lie in a temporary file.

    With `labels`, the images lie in one folder, and a file of rows tells the target of each.

    Images that belong together, such as those of one patient, are never on two sides of a split if
    `data.group` finds what tells: a regular expression on a file's path below its part's folder,
    such as '(patient\d+)_' for cat/patient12_3.png, or a column of `labels`.

    Args:
        path: The folder.
        size: Height and width to which every image is resized: one number, or [height, width];
            by default their own, if they all have the same.
        color: `grey` or `rgb` for all; `auto` is grey if all images are.
        labels: A file with a row for each image, such as labels.csv.
        file: The column of `labels` that names the files, with or without their suffix; by
            default the one in which most names are files of the folder.
        target: The column of `labels` to predict, or a list of them; by default `label`, or the
            only other column.
        follow_links: Whether symbolic links may lead out of the folder.
        validation: A folder, or file of labels, of the validation images; else `data.validation`
            takes a share.
        test: A folder, or file of labels, of the test images; without one, a fixed fifth is taken.

    Licence:
        Yours
    Citation:
        Yours
    """
    named = {"train": labels or path, "validation": validation, "test": test}
    stamps = tuple((part, _stamp(place)) for part, place in named.items() if place is not None)
    goal, reading = Goal.of(options), Reading.of(options)
    columns = (target,) if isinstance(target, str) else tuple(target or ())
    cells = TargetCells(columns, missing=reading.missing_words, separator=goal.separator)
    asked = _Asked(
        str(path), stamps, labels is not None, _height_and_width(size), color, follow_links,
        LabelFile(file, cells, reading), goal, Beside(group, goal.weights, order),
    )  # fmt: skip
    return _load(asked, _stamp(path))


def _describe(
    group: str | None = None, order: str | None = None, **options: Any
) -> DataDescription:
    return images(group, order, **options).description


class _Asked(NamedTuple):
    """The options; hashable, so that what was loaded can be kept by them."""

    folder: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    has_labels: bool
    size: tuple[int, int] | None
    color: Colour
    follow_links: bool
    labels: LabelFile
    goal: Goal
    beside: Beside


def _height_and_width(size: int | list[int] | None) -> tuple[int, int] | None:
    if size is None or isinstance(size, int):
        return None if size is None else (size, size)
    if len(size) != 2 or not all(0 < n <= LONGEST_SIDE for n in size):
        message = f"size is {size}, but an image has a height and a width up to {LONGEST_SIDE}"
        raise DataError(message, remedy="Write size: 64, or size: [48, 64].")
    return (size[0], size[1])


def _stamp(path: Path) -> tuple[str, ...]:
    """Return what changes when a file changes, or files of a class folder come or go."""
    folder = Path(path).expanduser()
    try:
        inside = sorted(f for f in folder.glob("**/") if f.is_dir())
    except OSError:
        inside = []
    return (*stamp(folder), *(part for place in inside for part in stamp(place)))


class _Part(NamedTuple):
    """The images of one part, their targets and what stands beside those."""

    files: list[Path]
    labelled: Labelled


@lru_cache(maxsize=2)
def _load(asked: _Asked, stamp: tuple[str, ...]) -> Dataset:  # noqa: ARG001 (the cache's key)
    """Find and look at the images; the last ones are kept for the next question."""
    told: list[str] = []
    parts = _parts(asked, told)
    files = [file for part in parts.values() for file in part.files]
    looks = looked_at(files)
    size, mode = _form(files, looks, asked)
    labels = asked.labels.settled(Path(asked.parts[0][1][0])) if asked.has_labels else None
    encoder = ImageEncoder(*size, mode, has_depth=any(look.depth == "whole" for look in looks))
    encoder = replace(encoder, labels=labels)
    told += _told_of_depths(files, looks)
    in_paths = asked.beside.group is not None and not asked.has_labels
    return assembled(
        Found(
            name=Path(asked.folder).expanduser().name or "images",
            file=asked.parts[0][1][0],
            encoder=encoder,
            inputs={INPUT: TensorSpec((*size, 1 if mode == "L" else 3), "float32")},
            raw=files,
            parts={name: part.labelled for name, part in parts.items()},
            columns=labels.target.columns if labels is not None else ("class",),
            goal=asked.goal,
            beside=asked.beside,
            by=f"the paths' '{asked.beside.group}'" if in_paths else "",
            told=tuple(dict.fromkeys(told)),
        )
    )


def _parts(asked: _Asked, told: list[str]) -> dict[str, _Part]:
    """Return the images of each part."""
    found: dict[str, _Part] = {}
    folder = Path(asked.folder).expanduser()
    for name, place in asked.parts:
        path = Path(place[0])
        if asked.has_labels and (name == "train" or path.is_file()):
            files, labelled, more = asked.labels.read(
                path, folder, asked.beside, follow_links=asked.follow_links
            )
            found[name] = _Part(files, labelled)
            told += more
        else:
            folders = class_folders(path)
            told += folders.told
            used = folders.parts if name == "train" else {name: folders.parts["train"]}
            for part, classes in used.items():
                found[part] = _of_classes(classes, asked, told)
    return {part: found[part] for part in ("train", "validation", "test") if part in found}


def _of_classes(classes: Mapping[str, Path], asked: _Asked, told: list[str]) -> _Part:
    """Return the images below the folders of classes, their classes, and the groups in paths.

    Raises:
        DataError: If a column is asked for, or a file's path names no group.
    """
    if asked.beside.weights is not None or asked.beside.order is not None:
        message = f"the images of {asked.folder} have no columns for weights or data.time"
        raise DataError(message, remedy="Name a file that has: labels: labels.csv.")
    files: list[Path] = []
    names: list[str] = []
    groups: list[str] = []
    others: Counter[str] = Counter()
    for name, folder in classes.items():
        found = files_in(folder, SUFFIXES, follow_links=asked.follow_links)
        files += found.files
        names += [name] * len(found.files)
        others += found.others
        if asked.beside.group is not None:
            groups += [group_in_path(f, folder.parent, asked.beside.group) for f in found.files]
    if others:
        told.append(left_out(asked.folder, others))
    columns = [names] if asked.beside.group is None else [names, groups]
    places = [Place(str(file)) for file in files]
    return _Part(files, Labelled(columns, [places] * len(columns)))


def _form(
    files: Sequence[Path], looks: Sequence[Look], asked: _Asked
) -> tuple[tuple[int, int], str]:
    """Return the size (height, width) and PIL's mode for all images.

    Raises:
        DataError: If they are of several sizes without a size to bring them to.
    """
    sizes: dict[tuple[int, int], Path] = {}
    for file, look in zip(files, looks, strict=True):
        sizes.setdefault(look.size, file)
    if asked.size is None and len(sizes) > 1:
        (first, one), (second, other) = list(sizes.items())[:2]
        shown = [f"{height} x {width}" for height, width in (first, second)]
        message = f"{one} is {shown[0]} pixels (height x width), but {other} is {shown[1]}"
        raise DataError(message, remedy="Give the size to bring all images to: size: 64.")
    is_grey = all(look.is_grey for look in looks)
    mode = MODES["grey" if is_grey else "rgb"] if asked.color == "auto" else MODES[asked.color]
    return asked.size or next(iter(sizes)), mode


def _told_of_depths(files: Sequence[Path], looks: Sequence[Look]) -> list[str]:
    """Say that images of fractions stay as they are."""
    fractions = [file for file, look in zip(files, looks, strict=True) if look.depth == "float"]
    if not fractions:
        return []
    told = (
        f"{len(fractions):,} images of fractions, such as {fractions[0]}, stay as they are; begin "
        "with Normalization if they are not from 0 to 1"
    )
    return [told]


@dataclass(frozen=True)
class ImageEncoder:
    """Turns image files into arrays.

    Attributes:
        height: In pixels.
        width: In pixels.
        mode: PIL's: `L` for grey levels, `RGB` for colors.
        has_depth: Whether some images have whole numbers of more than 8 bits.
        bits: How many bits those of the training images use.
        labels: How a file of labels is read; None for folders of classes.
    """

    height: int
    width: int
    mode: str
    has_depth: bool = False
    bits: int = 16
    labels: LabelFile | None = None
    kind: ClassVar[str] = "images"

    def fit(self, raw: Sequence[Path], positions: np.ndarray) -> ImageEncoder:
        """Find out how many bits the training images use; images of 8 bits need nothing learned."""
        if not self.has_depth:
            return self
        return replace(self, bits=bits_of(raw[i] for i in positions))

    def specs(self, known: Mapping[str, TensorSpec]) -> Mapping[str, TensorSpec]:
        """Return the form of the input, which does not depend on the training part."""
        return known

    def accepts(self, other: Encoder) -> bool:
        """Whether the other encoder's raw examples are images too."""
        return isinstance(other, ImageEncoder)

    def encode(self, raw: Sequence[Path], positions: np.ndarray) -> np.ndarray:
        """Return the images at some positions, float32 0 to 1, (m, height, width, channels).

        Raises:
            DataError: If some images are broken; it names all of them, at other positions too.
        """
        form = Form(self.height, self.width, self.mode, 2**self.bits - 1)
        channels = 1 if self.mode == "L" else 3
        x = room((len(positions), self.height, self.width, channels), "float32")
        for row, i in zip(x, positions, strict=True):
            try:
                row[:] = pixels(raw[i], form)
            except BROKEN:
                raise _all_broken(raw, form) from None
        return x

    def told(self, raw: Sequence[Path], positions: np.ndarray) -> tuple[str, ...]:  # noqa: ARG002
        """Return how images of more than 8 bits are scaled."""
        if not self.has_depth:
            return ()
        told = (
            f"images of more than 8 bits: {2**self.bits - 1:,} becomes 1, since the training "
            f"images use {self.bits} bits"
        )
        return (told,)

    def read(self, path: Path, description: DataDescription, *, targets: bool) -> NewRaw:
        """Read an image, the images below a folder, or, for targets, those of class folders.

        Raises:
            DataError: If there are none.
        """
        import numpy as np

        check_file(path)
        if targets:
            return self._labelled(path, description)
        if not path.exists():
            raise DataError(f"there is no file {path}", remedy="Check the path.")
        if not path.is_dir():
            return NewRaw([path], np.zeros(1, int), {"file": [path.name]}, ("file",))
        found = files_in(path, SUFFIXES, follow_links=True)
        names = [file.relative_to(path).as_posix() for file in found.files]
        told = (left_out(path, found.others),) if found.others else ()
        return NewRaw(found.files, np.zeros(len(names), int), {"file": names}, ("file",), told)

    def _labelled(self, path: Path, description: DataDescription) -> NewRaw:
        """Read the images of class folders, or of a file of labels, with their targets."""
        if self.labels is not None and path.is_file():
            files, labelled, told = self.labels.read(path, path.parent, Beside(), follow_links=True)
            separator = self.labels.target.separator
            return NewRaw(files, as_targets(labelled, description, separator), told=tuple(told))
        folders = class_folders(path)
        pairs = [
            (file, name)
            for name, place in folders.parts["train"].items()
            for file in files_in(place, SUFFIXES, follow_links=True).files
        ]
        files = [file for file, _ in pairs]
        where = [Place(str(file)) for file in files]
        written = Labelled([[name for _, name in pairs]], [where])
        return NewRaw(files, as_targets(written, description), told=folders.told)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        made: dict[str, Any] = {"height": self.height, "width": self.width, "mode": self.mode}
        if self.has_depth:
            made |= {"has_depth": True, "bits": self.bits}
        return made if self.labels is None else {**made, "labels": self.labels.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ImageEncoder:
        """Return the encoder of a JSON form."""
        labels = values.get("labels")
        return cls(
            int(values["height"]),
            int(values["width"]),
            str(values["mode"]),
            bool(values.get("has_depth", False)),
            int(values.get("bits", 16)),
            None if labels is None else LabelFile.from_dict(labels),
        )


def _all_broken(raw: Sequence[Path], form: Form) -> DataError:
    """Return the error that names every image that cannot be read."""
    broken = []
    for file in raw:
        try:
            pixels(file, form)
        except BROKEN as error:
            broken.append((file, str(error) or type(error).__name__))
    return broken_images(broken)


DATASETS = (DataEntry(images, _describe, "file", group="a pattern of paths, or a column of labels",
                      order="a column of labels"),)  # fmt: skip
