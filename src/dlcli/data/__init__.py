"""Data sets: what there is, what is known without loading, and the arrays.

Example:
    source = Source("digits")
    describe(source).inputs  # shapes and dtypes, for building a model
    load(source, validation=0.1, seed=0).train.x  # arrays
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data import table
from dlcli.data.description import INPUT, DataDescription, NewExamples
from dlcli.data.entry import check_split
from dlcli.data.formats import keras_cache
from dlcli.data.formats.cache import location
from dlcli.data.formats.keras_cache import DownloadError
from dlcli.data.own import examples
from dlcli.data.own.columns import Column, few_whole_numbers
from dlcli.data.own.encoding import read_encoded
from dlcli.data.own.fingerprints import content_hash, differences, fingerprint
from dlcli.data.own.pictures import is_picture, read_pictures
from dlcli.data.own.saved import encoder_from_dict, encoder_to_dict
from dlcli.data.pool import Parts, Pool
from dlcli.errors import UserError, WorkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dlcli.catalogue.signature import Entry
    from dlcli.data.description import Dataset, Encoder, Source
    from dlcli.data.entry import DataEntry, Pictures
    from dlcli.data.formats.keras_cache import KerasFile, Progress

__all__ = [
    "Column",
    "Form",
    "Parts",
    "Pool",
    "changes",
    "content_hash",
    "dataset_options",
    "describe",
    "entries",
    "feature_names",
    "fetch",
    "fingerprints",
    "form_of",
    "form_of_source",
    "is_available",
    "load",
    "load_pool",
    "maybe_categories",
    "own_files",
    "path_options",
    "read_examples",
    "read_form",
    "words",
]


@functools.cache
def own_files() -> tuple[str, ...]:
    """Return the names of the data sets that are the user's own files."""
    return tuple(entry.name for entry in table.TABLE if entry.origin == "file")


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Return what a config may name as its data set, with each one's options."""
    return tuple(entry.signature for entry in table.TABLE)


def dataset_options(source: Source) -> tuple[str, ...]:
    """Return the names of the options that a source's data set has."""
    return tuple(table.find(source.name).signature.by_name)


def path_options(source: Source) -> tuple[str, ...]:
    """Return the names of a source's options that are files or folders."""
    known = table.find(source.name).signature.by_name
    return tuple(
        name
        for name, value in source.options.items()
        if value is not None and any(kind.name == "path" for kind in known[name].types)
    )


def fingerprints(source: Source) -> list[dict[str, Any]]:
    """Return what tells whether the user's own files of a source have changed."""
    from pathlib import Path

    paths = [Path(source.options[name]) for name in path_options(source)]
    return [fingerprint(path) for path in paths if path.exists()]


def changes(values: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each file that has changed since a run saved its form.

    Args:
        values: The run's `data.json`.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: If it is none.
    """
    return differences(values.get("files", ()))


def describe(
    source: Source,
    *,
    group: str | None = None,
    time: str | None = None,
    validation: float = 0.1,
    fraction: float = 1.0,
    seed: int = 0,
) -> DataDescription:
    """Return what is known of the data: at once for a built-in, from its headers for a file.

    Args:
        source: Which data set, with its options.
        group: What tells which examples belong together, and is no feature.
        time: What tells when each example is; it is no feature either.
        validation: As for `load`: the features of a table follow from its training part.
        fraction: As for `load`.
        seed: As for `load`.

    Raises:
        UserError: For an unknown data set or option, an impossible share, or a group for a
            built-in.
        DataError: For a file that cannot be used.
    """
    entry = table.find(source.name)
    entry.check_options(source.options)
    if not entry.learns_inputs:
        return entry.describe(**check_split(entry, group, time), **source.options)
    pool = load_pool(source, group=group, time=time)
    return pool.described(pool.parts(seed, validation, resample=False, fraction=fraction))


def load(
    source: Source,
    *,
    validation: float = 0.1,
    fraction: float = 1.0,
    seed: int = 0,
    group: str | None = None,
    time: str | None = None,
    progress: Progress | None = None,
    encoder: Encoder | None = None,
) -> Dataset:
    """Load a data set, downloading it if it must be, and take a validation part from train.

    Args:
        source: Which data set, with its options.
        validation: Share of train, 0 <= validation < 1: the same share of every class where
            there are classes, the latest of a time series. 0 takes none. A file's own validation
            part goes before.
        fraction: Share of what is left of train that is used: see `Pool.parts`.
        seed: Fixes which examples validate and which are used; the test part does not depend on it.
        group: What tells which examples of own data belong together: see `load_pool`.
        time: What tells when each example is: see `load_pool`.
        progress: Told how a download goes.
        encoder: Of a model that was trained on the data: it prepares raw examples as it prepared
            them then. Without one, the preparation is learned from the training part.

    Raises:
        UserError: For an unknown data set or option, or an impossible share.
        DataError: For a file that cannot be used, or too few examples.
        WorkError: If a download fails.
    """
    pool = load_pool(source, group=group, time=time, progress=progress)
    parts = pool.parts(seed, validation, resample=False, fraction=fraction)
    return pool.dataset(parts, encoder)


def load_pool(
    source: Source,
    *,
    group: str | None = None,
    time: str | None = None,
    progress: Progress | None = None,
) -> Pool:
    """Read all examples of a data set, downloading it if it must be.

    Args:
        source: Which data set, with its options.
        group: What tells which examples of own data belong together, so that no group is on two
            sides of a split: a column of tables, sequences and texts, an array of an .npz, a
            regular expression on the paths of images. None for independent examples.
        time: The column or key that tells when each example is: the latest validate and test.
        progress: Told how a download goes.

    Raises:
        UserError: For an unknown data set or option, or a group for a built-in.
        DataError: For a file that cannot be used, or an unknown group.
        WorkError: If a download fails.
    """
    entry = table.find(source.name)
    entry.check_options(source.options)
    grouped = check_split(entry, group, time)
    missing = [file for file in entry.files if keras_cache.place(file) is None]
    _download(entry, missing, progress)
    read = entry.unprepared or entry.load
    return Pool(read(**grouped, **source.options))


def words(source: Source, encoder: Encoder | None) -> tuple[str, ...]:
    """Return what token ids stand for, from the padding's 0 on; empty if that is not known.

    Args:
        source: Which data set, with its options.
        encoder: That its texts went through, if they did.
    """
    fitted = getattr(encoder, "vocabulary", ())
    if fitted:
        return ("-", "?", *fitted)
    entry = table.find(source.name)
    return entry.words(**source.options) if entry.words else ()


def columns(encoder: Encoder | None) -> tuple[Column, ...]:
    """Return the columns of a table or of sequences of the user's own; empty for other data."""
    found = getattr(getattr(encoder, "steps", encoder), "columns", ())
    return tuple(column for column in found if isinstance(column, Column))


def maybe_categories(loaded: Dataset) -> dict[str, int]:
    """Return columns of a table that may stand for categories, with how many values each has."""
    known = columns(loaded.encoder)
    return few_whole_numbers(known, loaded.train.x[INPUT]) if INPUT in loaded.train.x else {}


def feature_names(encoder: Encoder | None) -> tuple[str, ...]:
    """Return what the features of a row or step of own data are called; empty if not known."""
    made: list[str] = []
    for column in columns(encoder):
        gap = [f"{column.name} (missing)"] if column.has_gaps else []
        words = [f"{column.name}={word}" for word in column.categories or ()]
        made += [column.name, *gap] if column.categories is None else words
    return tuple(made)


class Form(NamedTuple):
    """What a trained model must know of its data to take new examples.

    Attributes:
        description: Of the data it was trained on.
        encoder: How raw examples become inputs; None if they come as arrays.
        pictures: How image files are scaled for a network of a built-in data set's images.
    """

    description: DataDescription
    encoder: Encoder | None = None
    pictures: Pictures | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        encoder = self.encoder and encoder_to_dict(self.encoder)
        return {"description": self.description.to_dict(), "encoder": encoder}


def form_of_source(
    source: Source,
    *,
    group: str | None = None,
    time: str | None = None,
    validation: float = 0.1,
    fraction: float = 1.0,
    seed: int = 0,
) -> Form:
    """Return the form of data that no run has saved; the arguments are those of `describe`.

    Raises:
        UserError: As `describe` does.
        DataError: Likewise.
    """
    description = describe(
        source, group=group, time=time, validation=validation, fraction=fraction, seed=seed
    )
    return Form(description, pictures=table.find(source.name).pictures)


def form_of(dataset: Dataset) -> Form:
    """Return the form of a loaded data set."""
    return Form(dataset.description, dataset.encoder)


def read_form(values: Mapping[str, Any]) -> Form:
    """Return the form of a JSON form.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: If it is none.
    """
    encoder = values["encoder"]
    return Form(
        DataDescription.from_dict(values["description"]),
        None if encoder is None else encoder_from_dict(encoder),
    )


def read_examples(path: Path, form: Form, *, targets: bool) -> NewExamples:
    """Read examples that a trained model has not met.

    Args:
        path: Of the kind that the model was trained on: a file of a table, sequences or texts, an
            image or a folder of images; else an .npz or .csv file of numbers, or images for a
            network of a built-in data set's images.
        form: What the model knows of its data.
        targets: Whether targets are needed; without them `y` is all zeros.

    Raises:
        DataError: If the file is missing or does not fit; it names the row.
    """
    if form.encoder is not None and path.suffix.lower() != ".npz":
        return read_encoded(form.encoder, path, form.description, targets=targets)
    if form.pictures is not None and is_picture(path) and not targets:
        return read_pictures(path, form.description, form.pictures)
    found = examples.read_examples(path, form.description, targets=targets)
    return NewExamples(found.x, found.y)


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
    if entry.origin in ("file", "generated"):
        what = "reads a file of your own" if entry.origin == "file" else "is generated when used"
        raise UserError(
            f"'{name}' {what}: there is nothing to fetch",
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
