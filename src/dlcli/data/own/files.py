"""The user's files and folders: what is there, and whether it has changed since."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dlcli.errors import DataError
from dlcli.runtime.files import is_special

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PARTS = ("train", "validation", "test")


def check_file(path: Path) -> None:
    """Make sure that a path leads to no pipe and no device, of which reading might never end.

    Raises:
        DataError: If it does.
    """
    if is_special(path):
        remedy = "Name a file; what another program writes has to be saved as one first."
        raise DataError(f"{path} is a pipe or a device, not a file", remedy=remedy)


def stamp(path: Path | str) -> tuple[str, ...]:
    """Return a file's path, with its size and time of change, by which a cache knows it."""
    place = Path(path).expanduser()
    try:
        found = place.stat()
    except (OSError, ValueError):  # a name that no file can have
        return (str(place),)
    return (str(place), str(found.st_size), str(found.st_mtime_ns))


def group_in_path(file: Path, part: Path, pattern: str) -> str:
    """Return the group that a file's path names.

    Args:
        file: Somewhere below the part's folder.
        part: The folder of train, validation or test, or the one that holds the classes.
        pattern: A regular expression, found anywhere in the path below the part's folder, with
            `/` between folders. Its first group in parentheses is the name, else all it finds.

    Raises:
        DataError: If it is no regular expression, or finds nothing in the path.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        message = f"group: '{pattern}' is no regular expression: {error}"
        remedy = r"Write one such as '(patient\d+)_'; a \ before ( ) [ ] . * + ? means the sign."
        raise DataError(message, remedy=remedy) from None
    below = file.relative_to(part).as_posix()
    found = compiled.search(below)
    name = found and found[1 if compiled.groups else 0]
    if not name:
        message = f"group: '{pattern}' finds no group in {below} (in {part})"
        remedy = r"Match the path of every file, such as '(patient\d+)_', or rename the file."
        raise DataError(message, remedy=remedy)
    return name


class FolderParts(NamedTuple):
    """The folders of classes below a folder.

    Attributes:
        parts: The folder of each class, by part and class.
        told: What should be said of what else was found.
    """

    parts: dict[str, dict[str, Path]]
    told: tuple[str, ...] = ()


def class_folders(path: Path) -> FolderParts:
    """Return the folders of classes below a folder, by part and class.

    A folder with subfolders named after parts (`train`, `val`, `Testing` and the like) holds the
    classes of each part in those; any other holds the classes of all its examples, which count as
    `train`.

    Raises:
        DataError: If the folder is missing, holds no folders, holds parts beside other folders, or
            a part has a class that train lacks.
    """
    check_file(path)
    if not path.is_dir():
        found = "is a file" if path.exists() else "is not there"
        message = f"{path} {found}, but should be a folder with a subfolder for each class"
        raise DataError(message, remedy="Check the path; name the folder above the classes.")
    folders = {child.name: child for child in _subfolders(path)}
    parts = _parts_among(path, folders)
    found_parts = (
        {part: {child.name: child for child in _subfolders(place)} for part, place in parts.items()}
        if parts
        else {"train": folders}
    )
    classes = list(found_parts["train"])
    if len(classes) < 2:
        message = f"{path} holds {len(classes)} folder(s) of classes: there is nothing to learn"
        remedy = (
            "Give each class a folder, named after it; for images with a file of labels add "
            "labels: labels.csv."
        )
        raise DataError(message, remedy=remedy)
    for found_classes in found_parts.values():
        for name in found_classes:
            if name not in classes:
                message = f"{found_classes[name]}: train has no class '{name}'"
                raise DataError(message, remedy="Give the class training examples, or remove it.")
    told = _told_of_parts(path, parts)
    return FolderParts(found_parts, told)


def _told_of_parts(path: Path, parts: dict[str, Path]) -> tuple[str, ...]:
    """Say which folders are which parts, where their names are not those of parts."""
    renamed = [f"{place.name} is {part}" for part, place in parts.items() if place.name != part]
    return (f"{path}: {', '.join(renamed)}",) if renamed else ()


PART_NAMES = {
    "train": "train", "training": "train", "trn": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "tst": "test",
}  # fmt: skip
"""Names of folders that hold a part, in small letters."""


def _parts_among(path: Path, folders: dict[str, Path]) -> dict[str, Path]:
    """Return the folder of each part, or nothing if the folders are those of classes.

    A class may be called like a part, such as `train` beside `bus`: a part holds folders, a class
    files.

    Raises:
        DataError: If parts and other folders are mixed, or two folders are one part.
    """
    named = {name: part for name in folders if (part := PART_NAMES.get(name.lower()))}
    holding = [name for name in named if _subfolders(folders[name])]
    if not holding and (len(named) < 2 or "train" not in named.values()):
        return {}
    shown = ", ".join(sorted(folders))
    if len(holding) < len(folders):
        others = sorted(name for name in folders if name not in holding)
        lacking = [name for name in others if name in named]
        what = f"{', '.join(lacking)} without folders of classes" if lacking else ", ".join(others)
        message = f"{path} holds {shown}: parts of the data, and {what}"
        remedy = (
            "Put the classes of each part into train, validation and test, and move what is no "
            "part; or name the folders: path: .../train, validation: .../val, test: .../test."
        )
        raise DataError(message, remedy=remedy)
    parts: dict[str, Path] = {}
    for name, part in named.items():
        if part in parts:
            message = f"{path} holds {shown}: {parts[part].name} and {name} are both {part}"
            raise DataError(
                message, remedy="Leave one of them, or name it: path, validation, test."
            )
        parts[part] = folders[name]
    if "train" not in parts:
        message = f"{path} holds {shown}, but no folder train"
        raise DataError(message, remedy="Add train, or name the folder of the training part.")
    return {part: parts[part] for part in PARTS if part in parts}


def parts_below(path: Path) -> dict[str, Path]:
    """Return the folders of the parts below a folder; nothing if none is called like `train`.

    Raises:
        DataError: If parts and other folders are mixed, or two folders are one part.
    """
    folders = {child.name: child for child in _subfolders(path)}
    parts: dict[str, Path] = {}
    if not any(PART_NAMES.get(name.lower()) == "train" for name in folders):
        return parts
    shown = ", ".join(sorted(folders))
    for name, place in folders.items():
        part = PART_NAMES.get(name.lower())
        if part is None or part in parts:
            what = f"{name} is no part" if part is None else f"two folders are {part}"
            message = f"{path} holds {shown}: {what} of the data"
            raise DataError(message, remedy="Leave train, validation and test there, or name them.")
        parts[part] = place
    return parts


RUBBISH = frozenset({
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "lost+found",
    "system volume information", "__pycache__", "icon\r",
})  # fmt: skip
"""Names in small letters of what systems and archives leave in folders."""


def is_rubbish(name: str) -> bool:
    """Whether a file or folder is hidden, or left by a system or an archive."""
    return name.startswith(".") or name.lower() in RUBBISH


def _subfolders(path: Path) -> list[Path]:
    try:
        return sorted(c for c in path.iterdir() if c.is_dir() and not is_rubbish(c.name))
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise DataError(message, remedy="Check its permissions.") from None


class FoundFiles(NamedTuple):
    """The files of some kinds below a folder.

    Attributes:
        files: Sorted.
        others: How many files of other kinds were left out, by suffix in small letters.
    """

    files: list[Path]
    others: Counter[str]


def files_in(folder: Path, suffixes: Sequence[str], *, follow_links: bool = False) -> FoundFiles:
    """Return the files of some kinds below a folder; hidden ones and rubbish are left out.

    Args:
        folder: The folder.
        suffixes: Of the kinds, in small letters.
        follow_links: Whether symbolic links may lead out of the folder.

    Raises:
        DataError: If there are none, or one leads out of the folder by a symbolic link.
    """
    found: list[Path] = []
    others: Counter[str] = Counter()
    for path in sorted(_below(folder, follow_links=follow_links)):
        if path.suffix.lower() in suffixes:
            found.append(path)
        else:
            others[path.suffix.lower() or "no suffix"] += 1
    if not found:
        kinds = ", ".join(suffixes)
        message = f"{folder} holds no files of these kinds: {kinds}"
        if others:
            message += f", but {counted_kinds(others)}"
        raise DataError(message, remedy="Put the class's files there, or remove the folder.")
    if not follow_links:
        _check_links(folder, found)
    return FoundFiles(found, others)


def _below(folder: Path, *, follow_links: bool) -> Iterator[Path]:
    """Yield the files below a folder; folders that links lead to are entered where allowed."""
    for place, folders, names in os.walk(folder, followlinks=follow_links):
        folders[:] = sorted(name for name in folders if not is_rubbish(name))
        for name in names:
            path = Path(place) / name
            if not is_rubbish(name) and path.is_file():
                yield path


def _check_links(folder: Path, found: Sequence[Path]) -> None:
    inside = folder.resolve()
    for path in found:
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            message = f"{path} is a symbolic link that leads outside its folder"
            remedy = (
                "Put a copy of the file there, or add follow_links: true if you trust the links."
            )
            raise DataError(message, remedy=remedy)


def counted_kinds(others: Counter[str]) -> str:
    """Return how many files there are of each kind: `6 .heic and 6 .jfif`."""
    kinds = [f"{count:,} {kind}" for kind, count in others.most_common()]
    shown = kinds if len(kinds) <= 4 else [*kinds[:3], f"{len(kinds) - 3} other kinds"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def left_out(folder: Path | str, others: Counter[str]) -> str:
    """Say how many files of which kinds were left out of a folder."""
    total = others.total()
    files = "file is" if total == 1 else "files are"
    convertible = {".heic", ".heif", ".jfif", ".jp2", ".avif", ".svg", ".dcm", ".nii", ".psd"}
    how = "; save them as .png or .jpg to use them" if set(others) & convertible else ""
    return f"{folder}: {total:,} {files} left out: {counted_kinds(others)}{how}"
