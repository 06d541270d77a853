"""Images of the user's own in a folder for each class, or with a file of labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Unpack

from dlcli.catalogue.signature import Bounds
from dlcli.data.description import INPUT, DataDescription, Dataset, TensorSpec
from dlcli.data.entry import DataEntry
from dlcli.data.grouping import groups_of
from dlcli.data.own.assembly import Beside, Found, assembled
from dlcli.data.own.files import (
    class_folders,
    files_in,
    group_in_path,
    left_out,
    stamp,
)
from dlcli.data.own.goal import Goal, RowOptions
from dlcli.data.own.image_encoder import ImageEncoder
from dlcli.data.own.image_files import (
    MODES,
    SUFFIXES,
    Look,
    looked_at,
)
from dlcli.data.own.image_labels import LabelFile
from dlcli.data.own.image_masks import (
    Masks,
    check_sizes,
    learned_classes,
    learned_picture,
    masked_parts,
    task_of,
)
from dlcli.data.own.labels import Labelled, Place
from dlcli.data.own.reading import Reading
from dlcli.data.own.tabular import TargetCells
from dlcli.data.splitting import RawParts, with_own_test
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    masks: Path | None = None,
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

    With `labels`, the images lie in one folder, and a file of rows tells the target of each. With
    `masks`, an image is predicted from each: the class of every pixel or, with `task: regression`,
    a picture.

    Images that belong together, such as those of one patient, are never on two sides of a split if
    `data.group` finds what tells: a regular expression on a file's path below its part's folder,
    such as '(patient\d+)_' for cat/patient12_3.png, or a column of `labels`.

    Args:
        path: The folder.
        size: Height and width to which every image is resized: one number, or [height, width];
            by default their own, if they all have the same.
        color: `grey` or `rgb` for all; `auto` is grey if all images are.
        labels: A file with a row for each image, such as labels.csv.
        masks: A folder with a mask for each image, of the same size and name (or ending in
            `_mask`): its grey levels, palette or colors are the classes, those named in `missing`
            do not count. The masks of `validation` and `test` lie in the same place beside them.
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
        None if masks is None else Masks.beside(Path(masks).expanduser(), Path(path).expanduser()),
    )  # fmt: skip
    return _load(asked, (*_stamp(path), *(_stamp(masks) if masks is not None else ())))


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
    masks: Masks | None = None


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
    if asked.masks is not None:
        return _load_masked(asked, asked.masks)
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


def _load_masked(asked: _Asked, masks: Masks) -> Dataset:
    """Find and look at images and the masks to predict from them.

    Raises:
        DataError: If they do not go together, or an option does not go with masks.
    """
    import numpy as np

    _check_masked(asked)
    folders = {part: Path(place[0]) for part, place in asked.parts}
    parts, told = masked_parts(
        folders, masks, asked.beside.group,
        drop=asked.goal.unlabeled == "drop", follow_links=asked.follow_links,
    )  # fmt: skip
    files = [file for part in parts.values() for file in part.images]
    looks = check_sizes(parts.values())
    size, mode = _form(files, looks, asked)
    learned = parts["train"].masks
    if asked.goal.task == "regression":
        masks = learned_picture(masks, learned)
    else:
        masks = learned_classes(masks, learned, size, asked.labels.reading.missing_words)
        masks = masks.with_positive(asked.goal.positive)
        told.append(masks.told(learned[0].parent))
    encoder = ImageEncoder(*size, mode, any(look.depth == "whole" for look in looks), masks=masks)
    y = {part: masks.targets(found.masks, size) for part, found in parts.items()}
    names = [name for found in parts.values() for name in found.groups]
    groups = groups_of(f"the paths' '{asked.beside.group}'", names) if names else None
    description = DataDescription(
        Path(asked.folder).expanduser().name or "images",
        task_of(masks, asked.goal.task),
        {INPUT: TensorSpec((*size, len(mode)), "float32")},
        masks.classes,
        tuple(y["train"].shape[1:]),
        target_scale=asked.goal.target_scale or "",
    )
    sizes = [len(found.images) for found in parts.values()]
    places = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    raw = RawParts(files, dict(zip(parts, places, strict=True)), y, groups=groups)
    return with_own_test(description, encoder, raw, (*told, *_told_of_depths(files, looks)))


def _check_masked(asked: _Asked) -> None:
    """Refuse options that say where targets are, beside masks."""
    goal = asked.goal
    wrong = {
        "labels": asked.has_labels,
        "target": bool(asked.labels.target.columns),
        "weights": goal.weights is not None,
        "separator": goal.separator is not None,
        "data.time": asked.beside.order is not None,
        "target_scale": goal.target_scale is not None and goal.task != "regression",
        "positive": goal.positive is not None and goal.task == "regression",
    }
    for name, is_given in wrong.items():
        if is_given:
            raise DataError(f"{name} does not go with masks", remedy="Leave one of them out.")


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


DATASETS = (DataEntry(images, _describe, "file", group="a pattern of paths, or a column of labels",
                      order="a column of labels"),)  # fmt: skip
