"""Copies of plugins in the folder of the run or comparison that has used them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.catalogue.plugins import FOLDER, NAME
from dlcli.store.folder import explained_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dlcli.catalogue.plugins import Plugin
    from dlcli.store.folder import Folder


def write_copies(folder: Folder, plugins: Iterable[Plugin]) -> None:
    """Keep the files of plugins in a folder; an installed one is known by its version."""
    for plugin in plugins:
        if plugin.source is None:
            continue
        place = folder.own(FOLDER)
        with explained_os_errors(place):
            place.mkdir(exist_ok=True)
        name = f"{FOLDER}/{plugin.name}.py"
        folder.own(name)
        with folder.replace_into(name) as path:
            path.write_bytes(plugin.source)


def holds_copies(path: Path) -> bool:
    """Whether a folder holds copies of plugins and nothing else."""
    return path.name == FOLDER and all(
        item.suffix == ".py" and NAME.fullmatch(item.stem) and item.is_file()
        for item in path.iterdir()
    )
