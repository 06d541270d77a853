"""Every data set dlcli knows, in the order in which they are listed.

A new data set is a function and its `DataEntry` in one of the modules gathered here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data.builtin import (
    keras_images,
    keras_tables,
    keras_texts,
    languages,
    other_digits,
    procedural,
    sktime_sequences,
    sunspots,
    toy,
)
from dlcli.data.own import forecast, images, npz, sequences, table, text
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from dlcli.data.description import DataDescription
    from dlcli.data.entry import DataEntry

TABLE: tuple[DataEntry, ...] = (
    *toy.DATASETS,
    *sktime_sequences.DATASETS,
    *languages.DATASETS,
    *sunspots.DATASETS,
    *other_digits.DATASETS,
    *procedural.DATASETS,
    *keras_images.DATASETS,
    *keras_texts.DATASETS,
    *keras_tables.DATASETS,
    *npz.DATASETS,
    *table.DATASETS,
    *sequences.DATASETS,
    *forecast.DATASETS,
    *text.DATASETS,
    *images.DATASETS,
)


def find(name: str) -> DataEntry:
    """Return the data set of that name.

    Raises:
        UserError: If there is none, with the nearest name there is.
    """
    by_name = {entry.name: entry for entry in TABLE}
    if name not in by_name:
        raise UserError(
            f"there is no data set '{name}'{did_you_mean(name, by_name)}",
            remedy="`dlcli data ls` lists them all.",
        )
    return by_name[name]


def offline_alternatives(entry: DataEntry) -> tuple[str, ...]:
    """Return the names of data sets with the same kind of input that need no network.

    Kinds are images, sequences, features, token ids. Where some of them have the same task, too,
    only those.
    """
    wanted = entry.describe()
    shipped = (other.describe() for other in TABLE if other.origin == "offline")
    same_kind = [other for other in shipped if _input_kind(other) == _input_kind(wanted)]
    same_task = [other for other in same_kind if other.task == wanted.task]
    return tuple(other.name for other in same_task or same_kind)


def _input_kind(description: DataDescription) -> list[tuple[int, str]]:
    return [(len(spec.shape), spec.dtype) for spec in description.inputs.values()]
