"""What the targets of a user's own data mean: the task, the classes, and the checks on both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from dlcli.data.description import Task

OwnTask = Literal["multiclass", "binary", "multilabel", "regression"]

SHOWN_LABELS = 8
"""How many labels an error names before it trails off."""


class Targets(NamedTuple):
    """Targets as a `Split` holds them.

    Attributes:
        task: The given one, or the one their type and values tell.
        classes: Class or label names, "0" to "k-1"; empty for regression.
        shape: Of one target.
        parts: The converted arrays, under the keys they came by.
        told: What should be said of the way they were read, a sentence each.
    """

    task: Task
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    parts: Mapping[str, np.ndarray]
    told: tuple[str, ...] = ()


def interpret(parts: Mapping[str, np.ndarray], task: OwnTask | None, file: str) -> Targets:
    """Find out what targets mean, check them, and bring them into the form of a `Split`.

    Without a given task: whole numbers are class labels, two classes making it binary; a matrix
    of 0 and 1 with a single 1 in each row is one-hot labels, any other matrix of 0 and 1 is
    multilabel; other fractional numbers are regression. An array with more axes holds a class for
    each step or pixel: whole numbers, or one-hot along the last axis.

    Args:
        parts: Arrays (n,), (n, 1), (n, k) or (n, ...) of numbers by their keys, `y_train` the
            first.
        task: The task, if the user gave it.
        file: What an error names as the place of the keys.

    Raises:
        DataError: If the targets contradict the task, or each other.
    """
    if parts["y_train"].ndim > 2:
        return _of_positions(parts, task, file)
    parts = {key: _flat(y) for key, y in parts.items()}
    match task or _infer(parts, file):
        case "regression":
            return _regression(parts, file)
        case "multilabel":
            return _multilabel(parts, file)
        case _:
            return _classes(parts, task, file)


def check_finite(array: np.ndarray, where: str) -> None:
    """Refuse NaN and infinities.

    Args:
        array: Floating-point numbers, shape (n, ...).
        where: The file and key, for the message.

    Raises:
        DataError: Naming the first example that holds one.
    """
    import numpy as np

    bad = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))
    if len(bad):
        raise DataError(
            f"{where} holds NaN, infinity or a number beyond float32 in {len(bad)} of "
            f"{len(array)} examples, the first at index {bad[0]}",
            remedy="Remove these examples or fill in their values, then save the file again.",
        )


def _flat(y: np.ndarray) -> np.ndarray:
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _of_positions(parts: Mapping[str, np.ndarray], task: OwnTask | None, file: str) -> Targets:
    """Find out what targets mean of which there is one for each step or pixel of an example.

    Raises:
        DataError: If nothing tells.
    """
    train = parts["y_train"]
    if task == "regression":
        return _regression({key: _as_values(y) for key, y in parts.items()}, file)
    if task == "multilabel":
        raise DataError(
            f"{file}: y_train has the shape {train.shape}, but task: multilabel is for a row of "
            "labels",
            remedy="Give one column for each label, 1 where it applies.",
        )
    if all(_is_one_hot(y) for y in parts.values()):
        size = train.shape[-1]
        labels = {key: y.argmax(axis=-1).astype("int32") for key, y in parts.items()}
        return Targets(_of_classes(size), _names(size), train.shape[1:-1], labels)
    squeezed = {key: y[..., 0] if y.shape[-1] == 1 else y for key, y in parts.items()}
    if task is None and train.dtype.kind == "f":
        raise DataError(
            f"{file}: y_train has the shape {train.shape} and holds fractional numbers that are "
            "not one-hot",
            remedy="Add task: regression for values, task: multiclass for a class at each place.",
        )
    return _classes(squeezed, task, file)


def _as_values(y: np.ndarray) -> np.ndarray:
    """Return values for regression; images of 8 bits become 0 to 1, as inputs do."""
    import numpy as np

    return y / np.float32(255) if y.dtype == np.uint8 and y.ndim > 2 else y


def _of_classes(size: int) -> Task:
    return "binary" if size == 2 else "multiclass"


def _infer(parts: Mapping[str, np.ndarray], file: str) -> str:
    """Return `classes`, `multilabel` or `regression`."""
    train = parts["y_train"]
    if train.ndim == 2 and all(_is_binary(y) for y in parts.values()):
        return "classes" if all(_is_one_hot(y) for y in parts.values()) else "multilabel"
    if train.dtype.kind == "f":
        return "classes" if _are_two_labels(train) else "regression"
    if train.ndim == 2:
        raise DataError(
            f"{file}: y_train is a matrix of whole numbers other than 0 and 1, which may be "
            "labels or amounts",
            remedy="Add task: regression for amounts, task: multiclass for a class at each step; "
            "give class labels as one column.",
        )
    return "classes"


def _are_two_labels(y: np.ndarray) -> bool:
    """Whether fractional numbers are 0 and 1, or -1 and 1, often enough to be labels."""
    import numpy as np

    found = np.unique(y)
    return y.ndim == 1 and len(y) >= 2 * SEEN and found.tolist() in ([0, 1], [-1, 1])


SEEN, FEW = 2, 20
"""Numbers that are not 0 to k-1 are labels if there are few of them, each that often on average."""


def _is_binary(y: np.ndarray) -> bool:
    return bool(((y == 0) | (y == 1)).all())


def _is_one_hot(y: np.ndarray) -> bool:
    return y.ndim > 1 and _is_binary(y) and bool((y.sum(axis=-1) == 1).all())


def _regression(parts: Mapping[str, np.ndarray], file: str) -> Targets:
    import numpy as np

    converted = {}
    for key, y in parts.items():
        with np.errstate(over="ignore"):  # found by the check below
            converted[key] = y.astype("float32")
        check_finite(converted[key], f"{file}: {key}")
    return Targets("regression", (), parts["y_train"].shape[1:], converted)


def _multilabel(parts: Mapping[str, np.ndarray], file: str) -> Targets:
    for key, y in parts.items():
        if y.ndim != 2 or not _is_binary(y):
            raise DataError(
                f"{file}: {key} is not a matrix of 0 and 1, as task: multilabel needs it",
                remedy="Give one column for each label, 1 where the label applies.",
            )
    width = parts["y_train"].shape[1]
    converted = {key: y.astype("int32") for key, y in parts.items()}
    return Targets("multilabel", _names(width), (width,), converted)


def _classes(parts: Mapping[str, np.ndarray], task: OwnTask | None, file: str) -> Targets:
    import numpy as np

    labels = {key: _sparse(y, f"{file}: {key}") for key, y in parts.items()}
    train, written = labels["y_train"], parts["y_train"]
    is_one_hot = written.ndim == 2 and train.ndim == 1
    found = np.arange(written.shape[1]) if is_one_hot else np.unique(train)
    size = len(found)
    _check_labels(train, found, f"{file}: y_train")
    for key, y in labels.items():
        _check_known(y, found, f"{file}: {key}")
    if task == "binary" and size != 2:
        raise DataError(
            f"{file}: y_train has {size} classes, but task: binary needs two",
            remedy="Leave the task out: it follows from the labels.",
        )
    names = tuple(shown_label(float(label)) for label in found)
    converted = {key: np.searchsorted(found, y).astype("int32") for key, y in labels.items()}
    told = []
    if train.dtype.kind == "f" and task is None:
        told.append(f"{file}: the numbers {' and '.join(names)} in y_train are read as two classes")
    elif names != _names(size):
        shown = ", ".join(names[:SHOWN_LABELS]) + (", ..." if size > SHOWN_LABELS else "")
        told.append(f"{file}: the labels in y_train are read as the classes {shown}")
    shape = train.shape[1:]
    return Targets(task or _of_classes(size), names, shape, converted, tuple(told))


def with_positive(targets: Targets, positive: str | None, file: str) -> Targets:
    """Return targets of two classes of which the positive one comes second.

    Raises:
        DataError: If it is none of two.
    """
    if positive is None:
        return targets
    if len(targets.classes) != 2 or targets.task not in ("binary", "multiclass"):
        raise DataError(
            f"{file}: positive is '{positive}', but there are not two classes",
            remedy="Leave it out: it says which of two classes is positive.",
        )
    if positive not in targets.classes:
        raise DataError(
            f"{file}: positive is '{positive}', which is no class",
            remedy=f"The classes are: {', '.join(targets.classes)}.",
        )
    if positive == targets.classes[1]:
        return targets
    flipped = {key: (1 - y).astype("int32") for key, y in targets.parts.items()}
    return targets._replace(classes=targets.classes[::-1], parts=flipped)


def shown_label(label: float) -> str:
    """Return a label as text: whole numbers without a fraction."""
    return str(int(label))


def _sparse(y: np.ndarray, where: str) -> np.ndarray:
    """Return labels (n, ...), whole numbers, from labels or one-hot rows."""
    import numpy as np

    if y.ndim == 2 and _is_one_hot(y):
        labels: np.ndarray = np.argmax(y, axis=1)
        return labels
    if y.ndim == 2 and (_is_binary(y) or y.size < SEEN * len(np.unique(y))):
        raise DataError(
            f"{where} has {y.shape[1]} columns, but its rows are not one-hot",
            remedy="Give each row a single 1 and otherwise 0, or one column of labels; "
            "where several labels may apply, task: multilabel.",
        )
    if y.dtype.kind == "f" and not (np.mod(y, 1) == 0).all():
        raise DataError(
            f"{where} holds numbers that are not whole, so they cannot be class labels",
            remedy="Give labels 0, 1, ..., k-1, or leave the task out for regression.",
        )
    return y


def _check_labels(train: np.ndarray, found: np.ndarray, where: str) -> None:
    """Make sure that labels are 0 to k-1, or others that occur often enough to be labels."""
    import numpy as np

    size = len(found)
    present = np.unique(train)
    if size < 2 or len(present) < 2:
        raise DataError(
            f"{where} holds a single class, {present[0]}: there is nothing to learn",
            remedy="Give examples of two classes at least; for amounts, add task: regression.",
        )
    if np.array_equal(present, np.arange(size)):
        return
    run = len(present) == size and float(present[-1]) - float(present[0]) == size - 1
    often = len(present) == size and train.size >= SEEN * size
    if not often or not (run or size <= FEW):
        shown = ", ".join(str(label) for label in present[:SHOWN_LABELS])
        dots = ", ..." if len(present) > SHOWN_LABELS else ""
        raise DataError(
            f"{where} must hold every label from 0 to the number of classes less one, "
            f"but it holds {shown}{dots}",
            remedy="Number the classes anew, y = numpy.unique(y, return_inverse=True)[1] over "
            "all parts together; for amounts, add task: regression.",
        )


def _check_known(y: np.ndarray, found: np.ndarray, where: str) -> None:
    import numpy as np

    unknown = y[~np.isin(y, found)]
    if len(unknown):
        raise DataError(
            f"{where} holds the class {unknown[0]}, of which y_train has no example "
            f"({(unknown == unknown[0]).sum()} here)",
            remedy="Move examples of this class into the training part, or leave it out.",
        )


def _names(size: int) -> tuple[str, ...]:
    return tuple(str(label) for label in range(size))
