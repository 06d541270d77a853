"""A loaded data set as the draw of a replication."""

from __future__ import annotations

import numpy as np

from dlcli.data.description import Dataset, Split
from dlcli.data.draw import Draw
from dlcli.data.pool import Parts


def draw_of(dataset: Dataset) -> Draw:
    """Return a data set as one draw of itself; sequences are padded to the longest of all parts."""
    given = [p for p in (dataset.train, dataset.validation, dataset.test) if p is not None]
    x = {name: joined([part.x[name] for part in given]) for name in dataset.train.x}
    ends = iter(np.cumsum([part.size for part in given]))
    train, validation, test = (
        None if part is None else np.arange((end := int(next(ends))) - part.size, end)
        for part in (dataset.train, dataset.validation, dataset.test)
    )
    examples = Split(x, np.concatenate([part.y for part in given]))
    return Draw(dataset.description, examples, Parts(train, validation, test))


def joined(arrays: list[np.ndarray]) -> np.ndarray:
    """Join arrays whose second axis may differ, padded with zeros."""
    if arrays[0].ndim < 2:
        return np.concatenate(arrays)
    steps = max(array.shape[1] for array in arrays)
    rest = [(0, 0)] * (arrays[0].ndim - 2)
    return np.concatenate(
        [np.pad(array, [(0, 0), (0, steps - array.shape[1]), *rest]) for array in arrays]
    )
