"""Data sets: what there is, what is known without loading, and the arrays.

Example:
    source = Source("digits")
    describe(source).inputs  # shapes and dtypes, for building a model
    load(source, validation=0.1, seed=0).train.x  # arrays
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dlcli.data import keras_cache, splitting, table
from dlcli.data.cache import location
from dlcli.data.examples import read_examples
from dlcli.data.keras_cache import DownloadError
from dlcli.errors import UserError, WorkError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dlcli.data.description import DataDescription, Dataset, Source
    from dlcli.data.entry import DataEntry
    from dlcli.data.keras_cache import KerasFile, Progress
    from dlcli.signature import Entry

__all__ = ["describe", "entries", "fetch", "is_available", "load", "read_examples"]


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return what a config may name as its data set, with each one's options."""
    return tuple(entry.signature for entry in table.TABLE)


def describe(source: Source) -> DataDescription:
    """Return what is known of the data: at once for a built-in, from its headers for a file.

    Raises:
        UserError: For an unknown data set or option.
        DataError: For a file that cannot be used.
    """
    entry = table.find(source.name)
    entry.check_options(source.options)
    return entry.describe(**source.options)


def load(
    source: Source, *, validation: float = 0.1, seed: int = 0, progress: Progress | None = None
) -> Dataset:
    """Load a data set, downloading it if it must be, and take a validation part from train.

    Args:
        source: Which data set, with its options.
        validation: Share of train, 0 <= validation < 1: the same share of every class where
            there are classes, the latest of a time series. 0 takes none. A file's own validation
            part goes before.
        seed: Fixes which examples validate; the test part does not depend on it.
        progress: Told how a download goes.

    Raises:
        UserError: For an unknown data set or option, or an impossible share.
        DataError: For a file that cannot be used, or too few examples.
        WorkError: If a download fails.
    """
    entry = table.find(source.name)
    entry.check_options(source.options)
    missing = [file for file in entry.files if keras_cache.place(file) is None]
    _download(entry, missing, progress)
    return splitting.with_validation(entry.load(**source.options), validation, seed)


def fetch(name: str, progress: Progress | None = None) -> tuple[Path, ...]:
    """Bring a data set into its cache, checking what is there already.

    Args:
        name: The data set's name.
        progress: Told how each download goes.

    Returns:
        Where its files lie now.

    Raises:
        UserError: For an unknown name, or one that stands for a file of the user's own.
        DataError: If another file is in the place of one of the data set's.
        WorkError: If a download fails, or the cache cannot be written to.
    """
    entry = table.find(name)
    if entry.origin == "file":
        raise UserError(
            f"'{name}' reads a file of your own: there is nothing to fetch",
            remedy="`dlcli data ls` says which data sets are downloaded.",
        )
    if entry.origin == "offline":
        entry.load()
        if not location(name).is_file():
            raise WorkError(
                f"cannot write {location(name)}; the data set itself loads without it",
                remedy="Set DLCLI_CACHE_DIR to a folder you can write to, to make loading faster.",
            )
        return (location(name),)
    return _download(entry, entry.files, progress)


def is_available(entry: DataEntry) -> bool:
    """Return whether the data set can be loaded without a network, as far as one can see."""
    return entry.offline or all(keras_cache.place(file) for file in entry.files)


def _download(
    entry: DataEntry, files: Sequence[KerasFile], progress: Progress | None
) -> tuple[Path, ...]:
    try:
        return tuple(keras_cache.fetch(file, progress) for file in files)
    except DownloadError as error:
        names = ", ".join(table.offline_alternatives(entry))
        offline = f"Data sets of a similar kind that need no network: {names}." if names else ""
        raise DownloadError(error.message, remedy=f"{error.remedy}\n{offline}".strip()) from error
