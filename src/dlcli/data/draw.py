"""All examples of a data set, and which of them one replication trains on, validates and tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlcli.data.description import DataDescription, Split
    from dlcli.data.pool import Parts, Pool


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
