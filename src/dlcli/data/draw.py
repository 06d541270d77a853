"""All examples of a data set, and which of them one replication trains on, validates and tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlcli.data.description import Split
from dlcli.data.pool import Parts

if TYPE_CHECKING:
    from dlcli.data.description import DataDescription, Dataset
    from dlcli.data.pool import Pool


@dataclass(frozen=True)
class Draw:
    """One replication's data: a split is an index into the examples, not a copy of them.

    Attributes:
        description: Of the data.
        examples: All of them. Replications of data that come as arrays share one object; data of
            the user's own are prepared anew by each replication's training part.
        parts: Positions in the examples.
        is_shared: Whether all replications have these examples.
    """

    description: DataDescription
    examples: Split
    parts: Parts
    is_shared: bool = True

    @property
    def train(self) -> Split:
        """A copy of the training examples."""
        return self.examples.take(self.parts.train)


def drawn(pool: Pool, parts: Parts) -> Draw:
    """Return a pool's examples in some parts, prepared by what the training part says."""
    description, examples = pool.prepared(parts)
    return Draw(description, examples, parts, is_shared=not pool.is_encoded)


def draw_of(dataset: Dataset) -> Draw:
    """Return a loaded data set as one draw of itself."""
    import numpy as np

    parts = (dataset.train, dataset.validation, dataset.test)
    given = [part for part in parts if part is not None]
    x = {name: np.concatenate([part.x[name] for part in given]) for name in dataset.train.x}
    ends = iter(np.cumsum([part.size for part in given]))
    train, validation, test = (
        None if part is None else np.arange((end := int(next(ends))) - part.size, end)
        for part in parts
    )
    assert train is not None  # noqa: S101 (a data set has a training part)
    examples = Split(x, np.concatenate([part.y for part in given]))
    return Draw(dataset.description, examples, Parts(train, validation, test))
