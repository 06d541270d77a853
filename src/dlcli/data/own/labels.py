"""Targets written as text: what they mean, and how they become the numbers of a `Split`."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import DataDescription, Task
    from dlcli.data.targets import OwnTask

MOST_CLASSES = 1000
FEW_NUMBERS = 20
"""Up to so many different whole numbers are class labels, unless the task says otherwise."""


class Place(NamedTuple):
    """Where a target is written, for messages: `file:line`, or the file of an example."""

    text: str
    column: str = ""

    def __str__(self) -> str:
        return self.text + (f": '{self.column}'" if self.column else "")


class Labelled(NamedTuple):
    """Targets as they are written.

    Attributes:
        columns: A list for each target column; what is missing is empty.
        places: Where each is written.
    """

    columns: list[list[str]]
    places: list[list[Place]]


def split_off_groups(labelled: Labelled) -> tuple[Labelled, list[str]]:
    """Return targets without their last column, which names groups, and that column.

    Raises:
        DataError: If an example has no group; it names the row.
    """
    *columns, groups = labelled.columns
    *places, where = labelled.places
    for group, place in zip(groups, where, strict=True):
        if not group:
            remedy = "Fill in which group the example belongs to, or remove it."
            raise DataError(f"{place} is empty, but names the group", remedy=remedy)
    return Labelled(columns, places), groups


class Meaning(NamedTuple):
    """What targets mean: the part of a description that is about them."""

    task: Task
    classes: tuple[str, ...]
    shape: tuple[int, ...]


def meaning_of(
    columns: Sequence[Sequence[str]], names: Sequence[str], task: OwnTask | None, file: str
) -> Meaning:
    """Find out what targets mean.

    Without a given task: words, and up to 20 different whole numbers, are classes, two of which
    make it binary; other numbers are for regression. Several columns of 0 and 1 are labels that
    may apply together (multilabel); several columns of other numbers are for regression.

    Args:
        columns: The training examples' targets, a list for each target column.
        names: The columns' names.
        task: The task, if the user gave it.
        file: What an error names.

    Raises:
        DataError: If there is only one class, if there are too many, or the task does not fit.
    """
    if len(columns) > 1:
        return _of_several(columns, names, task, file)
    values = {text for text in columns[0] if text}
    if task == "multilabel":
        message = f"{file}: task: multilabel needs a target column for each label"
        raise DataError(message, remedy="Name them all: target: [first, second].")
    if task == "regression" or (task is None and _are_amounts(values)):
        return Meaning("regression", (), ())
    classes = tuple(sorted(values, key=_label_order))
    _check_classes(classes, names[0], file)
    if task == "binary" and len(classes) != 2:
        message = f"{file}: '{names[0]}' has {len(classes)} classes, but task: binary needs two"
        raise DataError(message, remedy="Leave the task out: it follows from the labels.")
    return Meaning(task or ("binary" if len(classes) == 2 else "multiclass"), classes, ())


def _of_several(
    columns: Sequence[Sequence[str]], names: Sequence[str], task: OwnTask | None, file: str
) -> Meaning:
    flags = all(number(text) in (0.0, 1.0) for column in columns for text in column if text)
    if task in ("multiclass", "binary"):
        message = f"{file}: task: {task} has one target column, but target names {len(names)}"
        raise DataError(message, remedy="Name one column, or leave the task out.")
    if task == "multilabel" or (task is None and flags):
        return Meaning("multilabel", tuple(names), (len(names),))
    return Meaning("regression", (), (len(names),))


def _are_amounts(values: set[str]) -> bool:
    numbers = [number(text) for text in values]
    if not numbers or any(n is None for n in numbers):
        return False
    whole = all(n is not None and n == int(n) for n in numbers)
    return not whole or len(values) > FEW_NUMBERS


def _label_order(text: str) -> tuple[float, str]:
    """Order labels as numbers where they are numbers, else as text."""
    value = number(text)
    return (math.inf if value is None else value, text)


def _check_classes(classes: Sequence[str], name: str, file: str) -> None:
    if len(classes) < 2:
        found = f"a single class, '{classes[0]}'" if classes else "nothing"
        message = f"{file}: '{name}' holds {found}: there is nothing to learn"
        remedy = "Give examples of two classes at least; for amounts, add task: regression."
        raise DataError(message, remedy=remedy)
    if len(classes) > MOST_CLASSES:
        message = f"{file}: '{name}' has {len(classes):,} different values, too many for classes"
        remedy = "Name the column of the classes as target; for amounts, add task: regression."
        raise DataError(message, remedy=remedy)


def number(text: str) -> float | None:
    """Return the finite number a text stands for, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def as_targets(labelled: Labelled, meaning: Meaning | DataDescription) -> np.ndarray:
    """Turn targets into numbers: labels (n,), 0/1 (n, labels), or values (n,) or (n, d).

    Args:
        labelled: The targets as they are written.
        meaning: From `meaning_of`, or a description made of it.

    Raises:
        DataError: For a target that is missing, no number, or no known class; it names the row.
    """
    import numpy as np

    labels = {name: label for label, name in enumerate(meaning.classes)}
    if meaning.task in ("multiclass", "binary"):
        _check_known(labelled, labels)
    rows = [
        [_value(text, place, meaning, labels) for text, place in zip(column, where, strict=True)]
        for column, where in zip(*labelled, strict=True)
    ]
    dtype = "float32" if meaning.task == "regression" else "int32"
    stacked = np.array(rows, dtype=dtype).T
    return stacked[:, 0] if len(labelled.columns) == 1 else stacked


def _value(
    text: str, place: Place, meaning: Meaning | DataDescription, labels: Mapping[str, int]
) -> float:
    if not text:
        remedy = "Fill it in, or remove the example."
        raise DataError(f"{place} is empty, but is the target", remedy=remedy)
    if meaning.task in ("multiclass", "binary"):
        return labels[text]
    value = number(text)
    if value is None or abs(value) > 3e38:
        remedy = "Give a finite number, or leave task: regression out if these are classes."
        raise DataError(f"{place} is '{text}', which is no finite number", remedy=remedy)
    if meaning.task == "multilabel" and value not in (0.0, 1.0):
        remedy = "Give 1 where the label applies, else 0."
        raise DataError(f"{place} is '{text}', but a label is 0 or 1", remedy=remedy)
    return value


def _check_known(labelled: Labelled, labels: Mapping[str, int]) -> None:
    """Make sure that every class has a training example.

    Raises:
        DataError: Naming the first class that has none, where it is, and how many there are.
    """
    written = [
        (text, place)
        for column, where in zip(*labelled, strict=True)
        for text, place in zip(column, where, strict=True)
        if text and text not in labels
    ]
    if not written:
        return
    counts = Counter(text for text, _ in written)
    (first, place), *_ = written
    examples = "1 example" if counts[first] == 1 else f"{counts[first]:,} examples"
    others = len(counts) - 1
    more = f"; {others:,} more such class{'es' if others > 1 else ''}" if others else ""
    message = (
        f"{place} is the class '{first}', of which there is no training example "
        f"({examples} here{more})"
    )
    shown = ", ".join(list(labels)[:10]) + (", ..." if len(labels) > 10 else "")
    remedy = f"Add training examples of '{first}', or leave it out. The classes are: {shown}."
    raise DataError(message, remedy=remedy)
