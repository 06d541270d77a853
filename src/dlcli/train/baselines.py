"""What simple predictions, which need no model, come to: a model should be better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from dlcli.metrics.points import point
from dlcli.train.saved import BASELINE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import Dataset, Split

Scores = dict[str, dict[str, dict[str, Any]]]
"""Values by the baseline's name, part and metric."""


def baseline_scores(model: keras.Model, dataset: Dataset, names: Sequence[str]) -> Scores:
    """Score the simple predictions that come with a data set.

    Args:
        model: Compiled; its loss scores them too, if it has a single output.
        dataset: Loaded.
        names: Metrics as typed.
    """
    made: Scores = {}
    task, classes = dataset.description.task, len(dataset.description.classes)
    for part, found in dataset.baselines.items():
        split: Split = getattr(dataset, part)
        for name, predicted in found.items():
            scores = point(split.y, predicted, names, task=task, classes=classes)
            loss = {"loss": _loss(model, split.y, predicted)} if len(model.outputs) == 1 else {}
            made.setdefault(name, {})[part] = loss | scores
    return made


def _loss(model: keras.Model, y: np.ndarray, predicted: np.ndarray) -> float:
    """Return a model's loss of predictions that it has not made."""
    shape = (*y.shape, 1) if y.ndim == 1 else y.shape
    value = model.loss(y.reshape(shape), predicted.reshape(shape))
    return float(keras.ops.convert_to_numpy(value))


def saved_arrays(baselines: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return simple predictions as they stand in a run's file of predictions."""
    return {f"{BASELINE}{name}": values for name, values in baselines.items()}
