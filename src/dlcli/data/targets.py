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
    """

    task: Task
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    parts: Mapping[str, np.ndarray]


def interpret(parts: Mapping[str, np.ndarray], task: OwnTask | None, file: str) -> Targets:
    """Find out what targets mean, check them, and bring them into the form of a `Split`.

    Without a given task: whole numbers are class labels, two classes making it binary; a matrix
    of 0 and 1 with a single 1 in each row is one-hot labels, any other matrix of 0 and 1 is
    multilabel; other fractional numbers are regression.

    Args:
        parts: Arrays (n,), (n, 1) or (n, k) of numbers by their keys, `y_train` the first.
        task: The task, if the user gave it.
        file: What an error names as the place of the keys.

    Raises:
        DataError: If the targets contradict the task, or each other.
    """
    parts = {key: _flat(y, f"{file}: {key}") for key, y in parts.items()}
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


def _flat(y: np.ndarray, where: str) -> np.ndarray:
    if y.ndim == 2 and y.shape[1] == 1:
        return y[:, 0]
    if y.ndim > 2:
        raise DataError(
            f"{where} has the shape {y.shape}, but a target is one number or one row of them",
            remedy="Give it the shape (n,) or (n, k).",
        )
    return y


def _infer(parts: Mapping[str, np.ndarray], file: str) -> str:
    """Return `classes`, `multilabel` or `regression`."""
    train = parts["y_train"]
    if train.ndim == 2 and all(_is_binary(y) for y in parts.values()):
        return "classes" if all(_is_one_hot(y) for y in parts.values()) else "multilabel"
    if train.dtype.kind == "f":
        return "regression"
    if train.ndim == 2:
        raise DataError(
            f"{file}: y_train is a matrix of whole numbers other than 0 and 1, which may be "
            "labels or amounts",
            remedy="Add task: regression for amounts; give class labels as one column.",
        )
    return "classes"


def _is_binary(y: np.ndarray) -> bool:
    return bool(((y == 0) | (y == 1)).all())


def _is_one_hot(y: np.ndarray) -> bool:
    return y.ndim == 2 and _is_binary(y) and bool((y.sum(axis=1) == 1).all())


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
    train = labels["y_train"]
    size = parts["y_train"].shape[1] if parts["y_train"].ndim == 2 else len(np.unique(train))
    _check_contiguous(train, size, f"{file}: y_train")
    for key, y in labels.items():
        _check_known(y, size, f"{file}: {key}")
    if task == "binary" and size != 2:
        raise DataError(
            f"{file}: y_train has {size} classes, but task: binary needs two",
            remedy="Leave the task out: it follows from the labels.",
        )
    found: Task = task or ("binary" if size == 2 else "multiclass")
    converted = {key: y.astype("int32") for key, y in labels.items()}
    return Targets(found, _names(size), (), converted)


def _sparse(y: np.ndarray, where: str) -> np.ndarray:
    """Return labels (n,), whole numbers, from labels or one-hot rows."""
    import numpy as np

    if y.ndim == 2:
        if not _is_one_hot(y):
            raise DataError(
                f"{where} has {y.shape[1]} columns, but its rows are not one-hot",
                remedy="Give each row a single 1 and otherwise 0, or one column of labels; "
                "where several labels may apply, task: multilabel.",
            )
        labels: np.ndarray = np.argmax(y, axis=1)
        return labels
    if y.dtype.kind == "f" and not (np.mod(y, 1) == 0).all():
        raise DataError(
            f"{where} holds numbers that are not whole, so they cannot be class labels",
            remedy="Give labels 0, 1, ..., k-1, or leave the task out for regression.",
        )
    return y


def _check_contiguous(train: np.ndarray, size: int, where: str) -> None:
    import numpy as np

    found = np.unique(train)
    if size < 2:
        raise DataError(
            f"{where} holds a single class, {found[0]}: there is nothing to learn",
            remedy="Give examples of two classes at least; for amounts, add task: regression.",
        )
    if not np.array_equal(found, np.arange(size)):
        shown = ", ".join(str(label) for label in found[:SHOWN_LABELS])
        dots = ", ..." if len(found) > SHOWN_LABELS else ""
        raise DataError(
            f"{where} must hold every label from 0 to the number of classes less one, "
            f"but it holds {shown}{dots}",
            remedy="Number the classes anew, y = numpy.unique(y, return_inverse=True)[1] over "
            "all parts together; for amounts, add task: regression.",
        )


def _check_known(y: np.ndarray, size: int, where: str) -> None:
    unknown = y[(y < 0) | (y >= size)]
    if len(unknown):
        raise DataError(
            f"{where} holds the class {unknown[0]}, of which y_train has no example "
            f"({(unknown == unknown[0]).sum()} here)",
            remedy="Move examples of this class into the training part, or leave it out.",
        )


def _names(size: int) -> tuple[str, ...]:
    return tuple(str(label) for label in range(size))
