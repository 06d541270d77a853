"""Targets and model outputs in one form, whatever form they came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dlcli.errors import DataError

if TYPE_CHECKING:
    import numpy as np

OutputKind = Literal["probabilities", "logits", "margins", "scores", "values"]
"""What a model's outputs are. Logits become probabilities by a softmax or sigmoid. A margin decides
for the second of two classes above 0; other scores above one half, or for the class with the
largest. Values are no classes."""

CLASS_TASKS = ("multiclass", "binary")
LABEL_TASKS = (*CLASS_TASKS, "multilabel")

SINGLE = 2.0**-23
"""Spacing of single-precision numbers at 1: the precision of a model's outputs."""

DOUBLE = 2.0**-52
"""Spacing of double-precision numbers at 1: the precision of what is made of logits here."""


@dataclass(frozen=True)
class Batch:
    """Some examples, as the metrics see them: of NumPy arrays, or of Keras tensors; float64.

    Attributes:
        xp: The module whose functions fit the arrays: `numpy` or `keras.ops`.
        truth: Shape (n, classes), one-hot, for classes; (n, labels) of 0 and 1 for multilabel;
            (n, d) values for regression.
        output: Probabilities of the same shape; predicted values for regression. A binary task
            has two columns.
        guess: One-hot of the likeliest class (the lowest index among equals), or 0 and 1 of the
            labels above one half; the output itself for regression.
        epsilon: Smallest probability that a logarithm is taken of (the dtype's, as scikit-learn).
        owner: Where an example has a row for each step or pixel: of NumPy arrays, of which example
            each row is; of tensors, which leave padding in, 1 for each row that counts, else 0;
            shape (n,). None where a row is an example.
    """

    xp: Any
    task: str
    truth: Any
    output: Any
    guess: Any
    epsilon: float
    owner: Any = None


def probabilities(outputs: np.ndarray, *, from_logits: bool, task: str = "") -> np.ndarray:
    """Turn raw outputs into probabilities.

    Args:
        outputs: Shape (n, units), or (n,) for a single unit.
        from_logits: Whether a softmax (several units) or a sigmoid (one unit, or a multilabel
            task) is still to be applied.
        task: `multilabel` asks for a sigmoid of each unit.

    Returns:
        The same shape; float64 where logits were given. Logits that are no finite numbers give
        NaN.
    """
    if not from_logits:
        return outputs
    import numpy as np
    from scipy.special import expit, softmax

    wide = outputs.astype("float64")
    if outputs.ndim == 1 or outputs.shape[-1] == 1 or task == "multilabel":
        made: np.ndarray = expit(wide)
    else:
        with np.errstate(invalid="ignore"):  # of a diverged model's infinite logits
            made = softmax(wide, axis=-1)
    return made


def batch_of_arrays(y_true: np.ndarray, y_prob: np.ndarray, *, task: str, classes: int) -> Batch:
    """Bring arrays into the common form.

    Where each step of a sequence or pixel of an image has a class, each counts as an example.

    Args:
        y_true: Labels (n,) or (n, 1), or one-hot (n, classes); 0/1 (n, labels); values (n[, d]);
            labels (n, steps) where `y_prob` is (n, steps, classes), and so with more axes.
        y_prob: Probabilities (n, classes); for a binary task also (n,) or (n, 1), those of class
            1; predicted values (n[, d]). More columns than classes are classes that never occur.
        task: The task.
        classes: Number of classes or labels; 0 if unknown.

    Raises:
        DataError: If the two do not fit each other, or a label is no class.
    """
    import numpy as np

    y_true, y_prob = np.asarray(y_true), np.asarray(y_prob)
    if len(y_true) != len(y_prob):
        message = f"there are {len(y_true)} targets but {len(y_prob)} predictions"
        raise DataError(message, remedy="Score predictions of the same examples.")
    owner = None
    if y_prob.ndim > 2:
        y_true, y_prob, owner = _rows_of_places(y_true, y_prob, task)
    epsilon = float(np.finfo(y_prob.dtype).eps) if y_prob.dtype.kind == "f" else DOUBLE
    output = _two_dimensional(y_prob.astype(np.float64))
    if task not in CLASS_TASKS:
        truth = _two_dimensional(y_true.astype(np.float64))
        _check_width(truth.shape[1], output.shape[1], task, exact=True)
        if task == "multilabel":
            return Batch(np, task, truth, output, (output > 0.5).astype(np.float64), epsilon)
        truth, output = _centred(truth, output)
        return Batch(np, task, truth, output, output, epsilon, owner)
    output = _both_columns(output, np) if output.shape[1] == 1 else output
    width = output.shape[1]
    _check_width(classes, width, task, exact=False)
    labels = labels_of(y_true)
    if len(labels) != len(output):
        message = f"there are {len(labels)} targets but {len(output)} predictions"
        raise DataError(message, remedy="Give each prediction one class.")
    truth = np.eye(width)[_checked(labels, min(classes or width, width))]
    guess = np.eye(width)[np.argmax(output, axis=1)]
    return Batch(np, task, truth, output, guess, epsilon, owner)


def _rows_of_places(
    y_true: np.ndarray, y_prob: np.ndarray, task: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a row for each step or pixel, and of which example each is; padding is left out."""
    import numpy as np

    units = int(np.shape(y_prob)[-1])
    outputs: np.ndarray = y_prob.reshape(-1, units)
    owner = np.repeat(np.arange(len(y_prob)), len(outputs) // max(1, len(y_prob)))
    targets: np.ndarray = y_true.reshape(len(outputs), -1) if len(outputs) else y_true.reshape(-1)
    if task in CLASS_TASKS:
        targets = targets[:, 0] if np.ndim(targets) == 2 and np.shape(targets)[1] == 1 else targets
        real = targets != PADDING if targets.ndim == 1 else np.ones(len(targets), bool)
    else:
        real = ~np.isnan(targets).any(axis=1)
    return targets[real], outputs[real], owner[real]


PADDING = -1
"""Stands for the class of a step that is padding; among values NaN does."""


def labels_of(y_true: np.ndarray) -> np.ndarray:
    """Return integer labels (n,) from labels (n,), (n, 1) or one-hot (n, classes)."""
    import numpy as np

    y_true = np.asarray(y_true)
    one_hot = y_true.ndim == 2 and y_true.shape[1] > 1
    labels: np.ndarray = np.argmax(y_true, axis=1) if one_hot else y_true.reshape(-1)
    return labels.astype(np.int64)


def places_as_examples(y_true: Any, output: Any, task: str) -> tuple[Any, Any, Any]:
    """Return tensors with a row for each step or pixel of an example.

    Returns:
        Labels (n * places,) or values (n * places, d), outputs (n * places, units), and 1 for each
        row that is no padding, shape (n * places,), which is otherwise 0; None instead of it where
        an example is one row.
    """
    from keras import ops

    if len(output.shape) < 3:
        return y_true, output, None
    outputs = ops.reshape(output, (-1, output.shape[-1]))
    if task in CLASS_TASKS:
        labels = ops.reshape(y_true, (-1,))
        real = ops.not_equal(labels, ops.cast(PADDING, labels.dtype))
        return ops.where(real, labels, ops.zeros_like(labels)), outputs, ops.cast(real, "float64")
    values = ops.reshape(y_true, (-1, output.shape[-1]))
    real = ops.logical_not(ops.any(ops.isnan(values), axis=-1))
    shown = ops.where(ops.expand_dims(real, -1), values, ops.zeros_like(values))
    return shown, outputs, ops.cast(real, "float64")


def batch_of_tensors(
    y_true: Any, y_pred: Any, *, task: str, classes: int, from_logits: bool
) -> Batch:
    """Bring the tensors of a training step into the common form (see `batch_of_arrays`).

    In double precision, so that ties and the edges of bins fall as they do over a whole split.
    """
    from keras import ops

    output = activated(ops.cast(y_pred, "float64"), task, from_logits=from_logits)
    epsilon = DOUBLE if from_logits else SINGLE
    y_true, output, real = places_as_examples(y_true, output, task)
    if task not in CLASS_TASKS:
        truth = ops.reshape(ops.cast(y_true, "float64"), ops.shape(output))
        guess = ops.cast(output > 0.5, "float64") if task == "multilabel" else output
        return Batch(ops, task, truth, output, guess, epsilon, real)
    output = _both_columns(output, ops) if output.shape[-1] == 1 else output
    width = int(output.shape[-1])
    _check_width(classes, width, task, exact=False)
    truth = ops.cast(one_hot(y_true, width), "float64")
    guess = ops.one_hot(ops.argmax(output, axis=-1), width, dtype="float64")
    return Batch(ops, task, truth, output, guess, epsilon, real)


def activated(output: Any, task: str, *, from_logits: bool) -> Any:
    """Return a tensor of outputs as probabilities, shape (n, units); see `probabilities`."""
    from keras import ops

    output = ops.reshape(output, (-1, 1)) if len(output.shape) == 1 else output
    if not from_logits:
        return output
    single = output.shape[-1] == 1 or task == "multilabel"
    return ops.sigmoid(output) if single else ops.softmax(output)


def one_hot(y_true: Any, width: int) -> Any:
    """Return a tensor of labels, (n,), (n, 1) or already one-hot, as one-hot (n, width)."""
    from keras import ops

    if len(y_true.shape) < 2 or y_true.shape[-1] == 1:
        return ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), width)
    return y_true


def _both_columns(output: Any, xp: Any) -> Any:
    """Add the column of class 0 to the probabilities of class 1, (n, 1)."""
    return xp.concatenate([1 - output, output], axis=-1)


def _two_dimensional(array: np.ndarray) -> np.ndarray:
    return array if array.ndim == 2 else array.reshape(len(array), -1 if array.size else 1)


def _centred(truth: np.ndarray, output: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move both by the targets' mean: no error changes, and sums of squares lose no digits."""
    if not len(truth):
        return truth, output
    middle = truth.mean(axis=0)
    return truth - middle, output - middle


def _check_width(wanted: int, width: int, task: str, *, exact: bool) -> None:
    if width < wanted or (exact and width != wanted):
        what = "targets an example" if exact else "classes"
        message = f"the model gives {width} outputs, but the {task} data has {wanted} {what}"
        raise DataError(message, remedy="Give the model's last layer one unit for each.")


def _checked(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the labels; negative ones would silently count from the end."""
    import numpy as np

    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        first = int(wrong[0])
        message = f"target {first} is {labels[first]}, which is not a class: classes are 0 to"
        raise DataError(f"{message} {classes - 1}", remedy="Number the classes from 0.")
    return labels
