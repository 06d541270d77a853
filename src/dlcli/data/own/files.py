"""The user's files and folders: what is there, and whether it has changed since."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dlcli.errors import DataError
from dlcli.runtime.files import is_special

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
    from pathlib import Path

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


def class_folders(path: Path) -> dict[str, dict[str, Path]]:
    """Return the folders of classes below a folder, by part and class.

    A folder with subfolders `train` and, if wanted, `validation` and `test` holds the classes of
    each part in there; any other holds the classes of all its examples, which count as `train`.

    Raises:
        DataError: If the folder is missing, holds no folders, or a part lacks a class or has
            one more.
    """
    check_file(path)
    if not path.is_dir():
        found = "is a file" if path.exists() else "is not there"
        message = f"{path} {found}, but should be a folder with a subfolder for each class"
        raise DataError(message, remedy="Check the path; name the folder above the classes.")
    folders = {child.name: child for child in _subfolders(path)}
    if "train" in folders and set(folders) <= set(PARTS):
        parts = {part: folders[part] for part in PARTS if part in folders}
        found_parts = {
            part: {child.name: child for child in _subfolders(place)}
            for part, place in parts.items()
        }
    else:
        found_parts = {"train": folders}
    classes = list(found_parts["train"])
    if len(classes) < 2:
        message = f"{path} holds {len(classes)} folder(s) of classes: there is nothing to learn"
        raise DataError(message, remedy="Give each class a folder, named after it.")
    for part, found_classes in found_parts.items():
        for name in found_classes:
            if name not in classes:
                message = f"{found_classes[name]}: train has no class '{name}'"
                raise DataError(message, remedy="Give the class training examples, or remove it.")
        found_parts[part] = dict(found_classes)
    return found_parts


def _subfolders(path: Path) -> list[Path]:
    try:
        return sorted(c for c in path.iterdir() if c.is_dir() and not c.name.startswith("."))
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise DataError(message, remedy="Check its permissions.") from None


def files_in(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files of some kinds below a folder, sorted; hidden ones are left out.

    Raises:
        DataError: If there are none, or one leads out of the folder by a symbolic link.
    """
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not found:
        kinds = ", ".join(suffixes)
        message = f"{folder} holds no files of these kinds: {kinds}"
        raise DataError(message, remedy="Put the class's files there, or remove the folder.")
    inside = folder.resolve()
    for path in found:
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            message = f"{path} is a symbolic link that leads outside its folder"
            raise DataError(message, remedy="Put a copy of the file there.")
    return found
