"""Raw examples with their targets become a data set, whatever kind of file they come from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data.description import DataDescription
from dlcli.data.grouping import groups_of
from dlcli.data.own.labels import (
    Labelled,
    as_targets,
    check_named,
    meaning_of,
    told_of_classes,
)
from dlcli.data.own.numbers import PLAIN
from dlcli.data.own.times import time_keys
from dlcli.data.splitting import RawParts, with_own_test
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Dataset, Encoder, TensorSpec
    from dlcli.data.own.goal import Goal
    from dlcli.data.own.labels import Meaning


class Beside(NamedTuple):
    """Columns that are read beside the target's, by what they are for.

    Attributes:
        group: What tells which examples belong together.
        weights: How much each training example counts.
        order: When each example is.
    """

    group: str | None = None
    weights: str | None = None
    order: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns there are."""
        return tuple(name for name in self if name is not None)

    def of(self, labelled: Labelled) -> dict[str, Labelled]:
        """Return each column by what it is for."""
        kinds = [kind for kind, name in zip(self._fields, self, strict=True) if name is not None]
        return {kind: labelled.cut(i)[1].cut(1)[0] for i, kind in enumerate(kinds)}


@dataclass(frozen=True)
class Found:
    """What was read, before anything is known of it.

    Attributes:
        name: Of the data set.
        file: What errors name.
        encoder: Turns raw examples into inputs.
        inputs: Their forms.
        raw: The examples of all parts.
        parts: The targets of `train` and, if there are, `validation` and `test`, in that order,
            and the columns beside them.
        columns: The target's.
        goal: What the user has said of the target.
        beside: The columns beside it.
        by: What an error calls the groups.
        vocabulary_size: Of token ids.
        told: What should be said of the way it was read.
        lengths: How many targets each example of a part has, one after the other, where that is
            one for each of its steps; empty for one target an example.
    """

    name: str
    file: str
    encoder: Encoder
    inputs: Mapping[str, TensorSpec]
    raw: Sequence[Any]
    parts: Mapping[str, Labelled]
    columns: tuple[str, ...]
    goal: Goal
    beside: Beside
    by: str = ""
    vocabulary_size: int | None = None
    told: tuple[str, ...] = ()
    lengths: Mapping[str, Sequence[int]] = field(default_factory=dict)


def assembled(found: Found) -> Dataset:
    """Find out what targets mean, and split the examples into their parts.

    Raises:
        DataError: If the targets have no meaning, or there are too few examples; it names the row.
    """
    if found.lengths:
        return _assembled_steps(found)
    positions, parts, dropped = _labelled_positions(found)
    goal, width = found.goal, len(found.columns)
    cut = {part: labelled.cut(width) for part, labelled in parts.items()}
    targets = {part: first for part, (first, _) in cut.items()}
    beside = {part: found.beside.of(second) for part, (_, second) in cut.items()}
    meaning = _meaning(found, targets["train"])
    y = {part: as_targets(found_, meaning, goal.separator) for part, found_ in targets.items()}
    return _split(found, _description(found, meaning), positions, y, beside, dropped)


def _meaning(found: Found, train: Labelled) -> Meaning:
    """Find out what targets mean."""
    goal = found.goal
    meaning = meaning_of(
        train.columns, found.columns, goal.task, found.file,
        positive=goal.positive, separator=goal.separator,
    )  # fmt: skip
    _check_scale(goal, meaning, found.file)
    return meaning


def _description(found: Found, meaning: Meaning) -> DataDescription:
    return DataDescription(
        found.name,
        meaning.task,
        found.inputs,
        meaning.classes,
        meaning.shape,
        vocabulary_size=found.vocabulary_size,
        targets=found.columns if found.goal.separator is None else meaning.classes,
        target_scale=found.goal.target_scale or "",
    )


def _split(
    found: Found,
    description: DataDescription,
    positions: Mapping[str, np.ndarray],
    y: Mapping[str, np.ndarray],
    beside: Mapping[str, Mapping[str, Labelled]],
    dropped: Sequence[str],
) -> Dataset:
    """Split examples into their parts, with what stands beside their targets."""
    groups = None
    if found.beside.group is not None:
        names = chain.from_iterable(check_named(kinds["group"]) for kinds in beside.values())
        groups = groups_of(found.by or f"column '{found.beside.group}'", list(names))
    told = (*found.told, *dropped, *told_of_classes(description, found.columns[0], found.file))
    times, more = _times(found, beside)
    raw = RawParts(found.raw, positions, y, _weights(found, beside), groups, times)
    return with_own_test(description, found.encoder, raw, (*told, *more))


def padded_targets(flat: np.ndarray, lengths: Sequence[int], longest: int) -> np.ndarray:
    """Return the targets of steps by sequence, padded with -1 (classes) or NaN (values).

    Args:
        flat: Of all steps, one sequence after the other, shape (steps,) or (steps, d).
        lengths: Of the sequences.
        longest: To which they are padded.
    """
    import numpy as np

    empty = np.nan if flat.dtype.kind == "f" else -1
    y = np.full((len(lengths), longest, *flat.shape[1:]), empty, flat.dtype)
    start = 0
    for row, length in zip(y, lengths, strict=True):
        row[:length] = flat[start : start + length]
        start += length
    return y


def _assembled_steps(found: Found) -> Dataset:
    """Do what `assembled` does where each step of a sequence has a target."""
    import numpy as np

    width = len(found.columns)
    cut = {part: labelled.cut(width) for part, labelled in found.parts.items()}
    told = []
    meaning = _meaning(found, cut["train"][0])
    if meaning.task == "multilabel" or found.goal.separator is not None:
        message = f"{found.file}: a step has one class or values, not labels that apply together"
        raise DataError(message, remedy="Name one target column, or leave per_step out.")
    longest = max(max(lengths) for lengths in found.lengths.values())
    y, beside, positions, start = {}, {}, {}, 0
    for part, (targets, others) in cut.items():
        lengths = found.lengths[part]
        filled = np.arange(sum(lengths))
        if found.goal.unlabeled == "drop":
            filled = _filled(found, targets)
        known = as_targets(targets.take(filled.tolist()), meaning)
        empty = np.nan if known.dtype.kind == "f" else -1
        flat = np.full((sum(lengths), *known.shape[1:]), empty, known.dtype)
        flat[filled] = known
        if len(filled) < len(flat):
            told.append(
                f"{found.file}: {len(flat) - len(filled):,} steps of the {part} part without a "
                "target do not count"
            )
        y[part] = padded_targets(flat, lengths, longest)
        firsts = np.cumsum([0, *lengths[:-1]])
        beside[part] = found.beside.of(others.take(firsts.tolist()))
        positions[part] = start + np.arange(len(lengths))
        start += len(lengths)
    description = _description(found, meaning)
    description = replace(description, target_shape=(None, *meaning.shape))
    return _split(found, description, positions, y, beside, told)


def _check_scale(goal: Goal, meaning: Meaning, file: str) -> None:
    if goal.target_scale is not None and meaning.task != "regression":
        message = f"{file}: target_scale is for regression, but this is a {meaning.task} task"
        raise DataError(message, remedy="Leave it out, or add task: regression for amounts.")


def _labelled_positions(
    found: Found,
) -> tuple[dict[str, np.ndarray], dict[str, Labelled], list[str]]:
    """Return the positions in the raw examples of those to use, their targets, and what to say.

    Raises:
        DataError: If no training example has a target.
    """
    import numpy as np

    positions, parts, told, start = {}, {}, [], 0
    for part, labelled in found.parts.items():
        size = len(labelled.columns[0])
        kept = _filled(found, labelled) if found.goal.unlabeled == "drop" else np.arange(size)
        if size and not len(kept):
            message = f"{found.file}: no example of the {part} part has a target"
            raise DataError(message, remedy="Is it the right column? Name it in target:.")
        if len(kept) < size:
            what = "examples" if part == "train" else f"examples of the {part} part"
            told.append(f"{found.file}: {size - len(kept):,} {what} without a target are left out")
        positions[part] = start + kept
        parts[part] = labelled if len(kept) == size else labelled.take(kept.tolist())
        start += size
    return positions, parts, told


def _filled(found: Found, labelled: Labelled) -> np.ndarray:
    """Return the positions of the examples that have every target."""
    import numpy as np

    columns = zip(*labelled.columns[: len(found.columns)], strict=True)
    return np.flatnonzero([all(cells) for cells in columns])


def _weights(found: Found, beside: Mapping[str, Mapping[str, Labelled]]) -> dict[str, np.ndarray]:
    """Return the weights of each part; only those of training examples are looked at.

    Raises:
        DataError: If one is no number from 0; it names the row.
    """
    import numpy as np

    if found.beside.weights is None:
        return {}
    made = {}
    for part, kinds in beside.items():
        (cells,), (places,) = kinds["weights"]
        values = [PLAIN.value(cell) for cell in cells]
        for value, cell, place in zip(values, cells, places, strict=True):
            if value is None or value < 0:
                message = f"{place} is '{cell}', but a weight is a number from 0"
                raise DataError(message, remedy="Fill it in; 1 is the weight of most examples.")
        made[part] = np.array(values, np.float32)
    if not made["train"].any():
        message = f"{found.file}: all weights in '{found.beside.weights}' are 0"
        raise DataError(message, remedy="Give the examples that count weights above 0.")
    return made


def _times(
    found: Found, beside: Mapping[str, Mapping[str, Labelled]]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return when each example is, and what should be said of the way that was read.

    Raises:
        DataError: If a cell is no time; it names the row.
    """
    import numpy as np

    if found.beside.order is None:
        return None, ()
    kinds = [kind["order"] for kind in beside.values()]
    cells = [cell for kind in kinds for cell in kind.columns[0]]
    places = [place.text for kind in kinds for place in kind.places[0]]
    keys, told = time_keys(cells, places, found.beside.order, None)
    return np.array(keys, np.float64), told
