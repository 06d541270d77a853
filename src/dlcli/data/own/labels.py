"""Targets written as text: what they mean, and how they become the numbers of a `Split`."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from dlcli.data.own.mistakes import such_places
from dlcli.data.own.numbers import PLAIN, canonical, number
from dlcli.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import DataDescription, Task
    from dlcli.data.targets import OwnTask

MOST_CLASSES = 1000
FEW_NUMBERS = 20
"""Up to so many different whole numbers are class labels, unless the task says otherwise."""


class Place(NamedTuple):
    """Where a target is written, for messages: `file:line`, or the file of an example.

    Attributes:
        text: The file, and its line.
        column: The target's.
        word: What is written there in place of a target, such as NA.
    """

    text: str
    column: str = ""
    word: str = ""

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

    def cut(self, number: int) -> tuple[Labelled, Labelled]:
        """Return the first columns, and the others."""
        first = Labelled(self.columns[:number], self.places[:number])
        return first, Labelled(self.columns[number:], self.places[number:])

    def take(self, positions: Sequence[int]) -> Labelled:
        """Return the targets of the examples at some positions."""
        return Labelled(
            [[column[i] for i in positions] for column in self.columns],
            [[places[i] for i in positions] for places in self.places],
        )


def check_named(groups: Labelled) -> list[str]:
    """Return the group of each example.

    Args:
        groups: A single column.

    Raises:
        DataError: If an example has none; it names the row.
    """
    (names,), (where,) = groups
    for group, place in zip(names, where, strict=True):
        if not group:
            remedy = "Fill in which group the example belongs to, or remove it."
            raise DataError(f"{place} is empty, but names the group", remedy=remedy)
    return names


class Meaning(NamedTuple):
    """What targets mean: the part of a description that is about them."""

    task: Task
    classes: tuple[str, ...]
    shape: tuple[int, ...]


def meaning_of(
    columns: Sequence[Sequence[str]],
    names: Sequence[str],
    task: OwnTask | None,
    file: str,
    *,
    positive: str | None = None,
    separator: str | None = None,
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
        positive: The class that comes second of two, so that precision, recall and F1 are about
            it; None for the second in the order of the names.
        separator: What separates the labels of a cell that holds several.

    Raises:
        DataError: If there is only one class, if there are too many, or the task does not fit.
    """
    if separator is not None:
        return _of_tags(columns, names, task, separator, file)
    if len(columns) > 1:
        _check_positive(positive, (), file)
        return _of_several(columns, names, task, file)
    values = {text for text in columns[0] if text}
    if task == "multilabel":
        message = f"{file}: task: multilabel needs a target column for each label"
        remedy = (
            "Name them all: target: [first, second]; or say what separates the labels of a cell: "
            "separator: '|'."
        )
        raise DataError(message, remedy=remedy)
    if task == "regression" or (task is None and _are_amounts(values)):
        _check_positive(positive, (), file)
        return Meaning("regression", (), ())
    classes = tuple(sorted(values, key=_label_order))
    _check_classes(classes, names[0], file)
    if task == "binary" and len(classes) != 2:
        message = f"{file}: '{names[0]}' has {len(classes)} classes, but task: binary needs two"
        raise DataError(message, remedy="Leave the task out: it follows from the labels.")
    classes = _with_positive(positive, classes, file)
    return Meaning(task or ("binary" if len(classes) == 2 else "multiclass"), classes, ())


def _with_positive(positive: str | None, classes: tuple[str, ...], file: str) -> tuple[str, ...]:
    """Return the classes, of which the positive one comes last."""
    _check_positive(positive, classes, file)
    if positive is None:
        return classes
    last = canonical(positive, PLAIN)
    return (*(name for name in classes if name != last), last)


def _check_positive(positive: str | None, classes: Sequence[str], file: str) -> None:
    """Make sure that a positive class is one of two.

    Raises:
        DataError: If it is not.
    """
    if positive is None:
        return
    if len(classes) != 2:
        message = f"{file}: positive is '{positive}', but there are not two classes"
        raise DataError(message, remedy="Leave it out: it says which of two classes is positive.")
    if canonical(positive, PLAIN) not in classes:
        message = f"{file}: positive is '{positive}', which is no class"
        near = did_you_mean(positive, classes)
        raise DataError(message + near, remedy=f"The classes are: {', '.join(classes)}.")


def tags_of(cell: str, separator: str) -> list[str]:
    """Return the tags of a cell, each once, in their order."""
    return list(dict.fromkeys(tag for part in cell.split(separator) if (tag := part.strip())))


def _of_tags(
    columns: Sequence[Sequence[str]],
    names: Sequence[str],
    task: OwnTask | None,
    separator: str,
    file: str,
) -> Meaning:
    if len(columns) > 1 or task not in (None, "multilabel"):
        message = f"{file}: separator is for one target column of labels that may apply together"
        raise DataError(message, remedy="Leave separator out, or name that column alone.")
    found = {tag for cell in columns[0] for tag in tags_of(cell, separator)}
    classes = tuple(sorted(found, key=_label_order))
    _check_classes(classes, names[0], file)
    return Meaning("multilabel", classes, (len(classes),))


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


def as_targets(
    labelled: Labelled, meaning: Meaning | DataDescription, separator: str | None = None
) -> np.ndarray:
    """Turn targets into numbers: labels (n,), 0/1 (n, labels), or values (n,) or (n, d).

    Args:
        labelled: The targets as they are written.
        meaning: From `meaning_of`, or a description made of it.
        separator: What separates the labels of a cell that holds several.

    Raises:
        DataError: For a target that is missing, no number, or no known class; it names the row.
    """
    import numpy as np

    labels = {name: label for label, name in enumerate(meaning.classes)}
    if separator is not None:
        return _multi_hot(labelled, labels, separator)
    is_class = meaning.task in ("multiclass", "binary")
    if is_class:
        _check_known(labelled, labels)
    _check_values(labelled, meaning)
    rows = [
        [labels[text] if is_class else number(text) for text in column]
        for column in labelled.columns
    ]
    dtype = "float32" if meaning.task == "regression" else "int32"
    stacked = np.array(rows, dtype=dtype).T
    return stacked[:, 0] if len(labelled.columns) == 1 else stacked


def _multi_hot(labelled: Labelled, labels: Mapping[str, int], separator: str) -> np.ndarray:
    """Return 1 for every label of a cell, else 0; an empty cell has none."""
    import numpy as np

    ((cells,), (places,)) = labelled
    written = [tags_of(cell, separator) for cell in cells]
    flat = [(tag, place) for tags, place in zip(written, places, strict=True) for tag in tags]
    _check_known(Labelled([[tag for tag, _ in flat]], [[place for _, place in flat]]), labels)
    y = np.zeros((len(cells), len(labels)), "int32")
    for row, tags in zip(y, written, strict=True):
        row[[labels[tag] for tag in tags]] = 1
    return y


class _Mistake(NamedTuple):
    """What is wrong with a target.

    Attributes:
        kind: Targets with the same one are counted together.
        message: Said after its place.
        remedy: What to do about it.
    """

    kind: Literal["empty", "word", "number", "flag"]
    message: str
    remedy: str


def _mistake(text: str, place: Place, meaning: Meaning | DataDescription) -> _Mistake | None:
    """Return what is wrong with a target; None if nothing is, or it is of an unknown class."""
    if not text:
        remedy = "Fill it in, or leave such examples out: unlabeled: drop."
        if not place.word:
            return _Mistake("empty", "is empty, but is the target", remedy)
        told = f"is '{place.word}', which stands for a missing target"
        return _Mistake("word", told, f"{remedy} If it is a class, add missing: [].")
    if meaning.task in ("multiclass", "binary"):
        return None
    value = number(text)
    if value is None or abs(value) > 3e38:
        remedy = "Give a finite number, or leave task: regression out if these are classes."
        return _Mistake("number", f"is '{text}', which is no finite number", remedy)
    if meaning.task == "multilabel" and value not in (0.0, 1.0):
        remedy = "Give 1 where the label applies, else 0."
        return _Mistake("flag", f"is '{text}', but a label is 0 or 1", remedy)
    return None


def _check_values(labelled: Labelled, meaning: Meaning | DataDescription) -> None:
    """Make sure that targets are what their task takes.

    Raises:
        DataError: For the first mistake in the first column that has any: how many examples have
            one of its kind, and which are the first three.
    """
    for column, where in zip(*labelled, strict=True):
        found = [
            (mistake, text or place.word, place)
            for text, place in zip(column, where, strict=True)
            if (mistake := _mistake(text, place, meaning))
        ]
        if not found:
            continue
        first, _, place = found[0]
        alike = [(word, at.text) for mistake, word, at in found if mistake.kind == first.kind]
        words = [word for word, _ in alike if word]
        others = such_places([at for _, at in alike], words, what="examples")
        raise DataError(f"{place} {first.message}{others}", remedy=first.remedy)


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


SEPARATORS = "|;/,+&"
"""What people separate tags by."""


def told_of_classes(meaning: Meaning | DataDescription, name: str, file: str) -> tuple[str, ...]:
    """Return what should be said of classes that may not be meant so, a sentence each."""
    if meaning.task not in ("multiclass", "binary"):
        return ()
    told = []
    if variants := case_variants(meaning.classes):
        told.append(
            f"{file}: '{name}': {variants} are different classes that differ in capital letters "
            "only; write them alike if they are one"
        )
    if found := _combined(meaning.classes):
        separator, example = found
        told.append(
            f"{file}: '{name}' has classes such as '{example}', whose parts other classes have "
            f"too; add separator: '{separator}' if they are tags that apply together"
        )
    return tuple(told)


def _combined(classes: Sequence[str]) -> tuple[str, str] | None:
    """Return a separator of tags, and a class that combines some, if classes seem to do so.

    They do if half of the parts are in several classes.
    """
    for separator in SEPARATORS:
        combined = [name for name in classes if len(tags_of(name, separator)) > 1]
        counts = Counter(tag for name in classes for tag in tags_of(name, separator))
        if len(combined) > 1 and 2 * sum(count > 1 for count in counts.values()) >= len(counts):
            return separator, combined[0]
    return None


def case_variants(words: Sequence[str]) -> str:
    """Return the words that differ in capital letters only, in groups; empty if there are none."""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word.casefold(), []).append(word)
    return "; ".join(", ".join(group) for group in groups.values() if len(group) > 1)
