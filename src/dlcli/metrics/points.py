"""Targets and probabilities become scores without intervals, and what chance would score."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dlcli import metrics
from dlcli.errors import DataError
from dlcli.metrics.families import Matrix, RankMetric, ranked_mean
from dlcli.metrics.predictions import CLASS_TASKS, PADDING, Batch, batch_of_arrays
from dlcli.runtime.files import finite

if TYPE_CHECKING:
    from collections.abc import Sequence

GUESSES = 10
MOST_PLACES = 100_000
"""Steps or pixels of which chance is worked out."""

"""Random guesses of all classes, whose scores are averaged to know what chance is worth."""


def point(
    y_true: np.ndarray, y_prob: np.ndarray, names: Sequence[str], *, task: str, classes: int
) -> dict[str, Any]:
    """Return the metrics' values alone, without intervals; None where one is undefined.

    Raises:
        UserError: For an unknown metric.
        DataError: If there are no examples, or targets and predictions do not fit.
    """
    batch = checked_batch(y_true, y_prob, task, classes)
    usable = is_finite(batch)
    return {name: value_of(batch, metrics.parse(name)) if usable else None for name in names}


def without_parts(
    y_true: np.ndarray,
    y_prob: np.ndarray,
    name: str,
    kept: Sequence[np.ndarray],
    *,
    task: str,
    classes: int,
) -> list[Any]:
    """Return a metric of several parts of the same examples: as `point`, but prepared once.

    Args:
        y_true: As for `point`.
        y_prob: As for `point`.
        name: The metric as typed.
        kept: Which examples count, shape (n,) each.
        task: The task.
        classes: Number of classes or labels.
    """
    batch = checked_batch(y_true, y_prob, task, classes)
    if not is_finite(batch):
        return [None] * len(kept)
    owner = np.arange(len(y_true)) if batch.owner is None else batch.owner
    request = metrics.parse(name)
    return [value_of(_part_of(batch, mask[owner]), request) for mask in kept]


def _part_of(batch: Batch, mask: np.ndarray) -> Batch:
    parts = {part: getattr(batch, part)[mask] for part in ("truth", "output", "guess")}
    return replace(batch, **parts)


def places_of(y_true: np.ndarray, *, task: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return the targets of steps or pixels as those of examples, without padding.

    Of more than `MOST_PLACES`, as many are taken, evenly spread.

    Args:
        y_true: Of all examples; returned as it is where an example has a single target.
        task: The task.
        shape: Of the targets of an example.
    """
    rows: np.ndarray
    if task in CLASS_TASKS and shape:
        rows = y_true.reshape(-1)
        rows = rows[rows != PADDING]
    elif None in shape:
        rows = y_true.reshape(-1, *y_true.shape[2:])
        rows = rows[~np.isnan(rows.reshape(len(rows), -1)).any(axis=1)]
    else:
        return y_true
    spread: np.ndarray = rows[:: max(1, -(-len(rows) // MOST_PLACES))]
    return spread


def chance(y_true: np.ndarray, names: Sequence[str], *, task: str, classes: int) -> dict[str, Any]:
    """Return the metrics of a model that has learned nothing but how frequent the classes are.

    It predicts the same for every example: the frequencies of the classes or labels, or the mean
    of the values (scikit-learn's DummyClassifier with `prior`, DummyRegressor with `mean`). Or it
    guesses classes at random (`stratified` and `uniform`), where that scores better, as it does by
    F1: a constant prediction never finds the rare classes.

    Args:
        y_true: As for `score`.
        names: Metrics as typed.
        task: The task.
        classes: Number of classes or labels.

    Raises:
        UserError: For an unknown metric.
        DataError: If there are no examples, or a label is no class.
    """
    nothing = np.zeros((len(y_true), classes))
    targets = checked_batch(y_true, nothing, task, classes).truth if task in CLASS_TASKS else y_true
    same = np.broadcast_to(np.mean(targets, axis=0), np.shape(targets)) if len(y_true) else nothing
    found = point(y_true, same, names, task=task, classes=classes)
    if task not in CLASS_TASKS or classes < 2:
        return found
    rng = np.random.default_rng(GUESSES)
    for shares in (np.asarray(same[0], float), np.full(classes, 1 / classes)):
        draws = [
            point(y_true, np.eye(classes)[rng.choice(classes, len(y_true), p=shares)], names,
                  task=task, classes=classes)
            for _ in range(GUESSES)
        ]  # fmt: skip
        for name in names:
            found[name] = _better(name, found[name], [draw[name] for draw in draws])
    return found


def _better(name: str, constant: Any, guessed: Sequence[Any]) -> Any:
    """Return a constant prediction's score, or the mean of random guesses' if that is better.

    Better by more than the guesses' own luck: three standard errors.
    """
    greater = metrics.parse(name).metric.greater_is_better
    if greater is None or any(not isinstance(value, float) for value in (constant, *guessed)):
        return constant
    mean, error = float(np.mean(guessed)), float(np.std(guessed, ddof=1)) / len(guessed) ** 0.5
    lead = (mean - constant) if greater else (constant - mean)
    return mean if lead > 3 * error else constant


def checked_batch(y_true: np.ndarray, y_prob: np.ndarray, task: str, classes: int) -> Batch:
    """Return targets and probabilities in one form.

    Raises:
        DataError: If there are no examples, or targets and predictions do not fit.
    """
    if not len(y_true):
        raise DataError("there are no examples to score", remedy="Choose another part of the data.")
    return batch_of_arrays(y_true, y_prob, task=task, classes=classes)


def is_finite(batch: Batch) -> bool:
    """Whether all outputs are finite numbers; those of a diverged model are not."""
    return bool(np.isfinite(batch.output).all())


def value_of(batch: Batch, request: metrics.Request) -> Any:
    """Return one metric: a number, a list, or None where it is undefined."""
    family = request.family(batch.task)
    if isinstance(family, Matrix):
        return confusion_matrix(batch).tolist()
    if isinstance(family, RankMetric):
        return plain_value(ranked_mean([family], batch, np.ones((len(batch.truth), 1)))[0, 0])
    return plain_value(family.finish(family.statistics(batch).sum(axis=0), np))


def confusion_matrix(batch: Batch) -> np.ndarray:
    """Return how often each class (row) was taken for each (column), shape (c, c)."""
    matrix: np.ndarray = np.rint(batch.truth.T @ batch.guess).astype(int)
    return matrix


def plain_value(value: Any) -> Any:
    """Turn arrays into lists, and what is not a finite number into None."""
    return finite(np.asarray(value, dtype=float).tolist())
