"""Targets and model outputs in one form, whatever form they came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

CLASS_TASKS = ("multiclass", "binary")


@dataclass(frozen=True)
class Batch:
    """Some examples, as the metrics see them: of NumPy arrays, or of Keras tensors.

    Attributes:
        xp: The module whose functions fit the arrays: `numpy` or `keras.ops`.
        truth: Shape (n, classes), one-hot, for classes; (n, labels) of 0 and 1 for multilabel;
            (n, d) values for regression.
        output: Probabilities of the same shape; predicted values for regression. A binary task
            has two columns.
        guess: One-hot of the likeliest class (the lowest index among equals), or 0 and 1 of the
            labels above one half; the output itself for regression.
        epsilon: Smallest probability that a logarithm is taken of (the dtype's, as scikit-learn).
    """

    xp: Any
    task: str
    truth: Any
    output: Any
    guess: Any
    epsilon: float


def probabilities(outputs: np.ndarray, *, from_logits: bool, task: str = "") -> np.ndarray:
    """Turn raw outputs into probabilities.

    Args:
        outputs: Shape (n, units).
        from_logits: Whether a softmax (several units) or a sigmoid (one unit, or a multilabel
            task) is still to be applied.
        task: `multilabel` asks for a sigmoid of each unit.
    """
    if not from_logits:
        return outputs
    from scipy.special import expit, softmax

    wide = outputs.astype("float64")
    if outputs.shape[-1] == 1 or task == "multilabel":
        made: np.ndarray = expit(wide)
    else:
        made = softmax(wide, axis=-1)
    return made


def batch_of_arrays(y_true: np.ndarray, y_prob: np.ndarray, *, task: str, classes: int) -> Batch:
    """Bring arrays into the common form.

    Args:
        y_true: Labels (n,) or (n, 1), or one-hot (n, classes); 0/1 (n, labels); values (n[, d]).
        y_prob: Probabilities (n, classes); for a binary task also (n,) or (n, 1), those of class
            1; predicted values (n[, d]).
        task: The task.
        classes: Number of classes or labels.
    """
    import numpy as np

    epsilon = float(np.finfo(y_prob.dtype).eps) if y_prob.dtype.kind == "f" else 1e-15
    output = _two_dimensional(np.asarray(y_prob, dtype=np.float64))
    if task in CLASS_TASKS:
        output = _both_columns(output, np) if output.shape[1] == 1 else output
        labels = labels_of(y_true)
        width = max(classes, output.shape[1])
        truth = np.eye(width)[labels]
        guess = np.eye(width)[np.argmax(output, axis=1)]
        return Batch(np, task, truth, output, guess, epsilon)
    truth = _two_dimensional(np.asarray(y_true, dtype=np.float64))
    guess = (output > 0.5).astype(np.float64) if task == "multilabel" else output
    return Batch(np, task, truth, output, guess, epsilon)


def labels_of(y_true: np.ndarray) -> np.ndarray:
    """Return integer labels (n,) from labels (n,), (n, 1) or one-hot (n, classes)."""
    import numpy as np

    y_true = np.asarray(y_true)
    one_hot = y_true.ndim == 2 and y_true.shape[1] > 1
    labels: np.ndarray = np.argmax(y_true, axis=1) if one_hot else y_true.reshape(-1)
    return labels.astype(np.int64)


def batch_of_tensors(
    y_true: Any, y_pred: Any, *, task: str, classes: int, from_logits: bool
) -> Batch:
    """Bring the tensors of a training step into the common form (see `batch_of_arrays`)."""
    from keras import ops

    output = ops.cast(y_pred, "float32")
    output = ops.reshape(output, (-1, 1)) if len(output.shape) == 1 else output
    if from_logits:
        single = output.shape[-1] == 1 or task == "multilabel"
        output = ops.sigmoid(output) if single else ops.softmax(output)
    if task not in CLASS_TASKS:
        truth = ops.reshape(ops.cast(y_true, "float32"), ops.shape(output))
        guess = ops.cast(output > 0.5, "float32") if task == "multilabel" else output
        return Batch(ops, task, truth, output, guess, 1.2e-7)
    output = _both_columns(output, ops) if output.shape[-1] == 1 else output
    width = max(classes, int(output.shape[-1]))
    sparse = len(y_true.shape) < 2 or y_true.shape[-1] == 1
    truth = (
        ops.one_hot(ops.reshape(ops.cast(y_true, "int32"), (-1,)), width)
        if sparse
        else ops.cast(y_true, "float32")
    )
    guess = ops.one_hot(ops.argmax(output, axis=-1), width)
    return Batch(ops, task, truth, output, guess, 1.2e-7)


def _both_columns(output: Any, xp: Any) -> Any:
    """Add the column of class 0 to the probabilities of class 1, (n, 1)."""
    return xp.concatenate([1 - output, output], axis=-1)


def _two_dimensional(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1)
