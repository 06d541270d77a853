"""What rules see of the examples: a bounded number of them, and a few statistics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dlcli.data.lengths import sequence_lengths

if TYPE_CHECKING:
    import numpy as np

    from dlcli.data.description import Dataset, Split

MOST: Final = 20_000
"""Examples of a part that are looked at."""

VALUES: Final = 4_000_000
"""Numbers that are looked at, if an example has many."""

HASHED: Final = 20
"""Times as many examples are compared by their hashes, which are read one by one."""


@dataclass(frozen=True)
class Examples:
    """A part of a data set's examples, evenly spread over it.

    Attributes:
        train: Training examples that are looked at.
        test: Test examples; None if there are none.
        train_size: How many training examples there are.
        targets: Of all training and validation examples.
        whole: The training part, of which `compared` examples are compared with those of the test.
        names: Of a table's columns, where they are known.
    """

    train: Split
    test: Split | None
    train_size: int
    targets: np.ndarray
    whole: Split
    names: tuple[str, ...] = ()

    @property
    def looked(self) -> str:
        """How many examples were looked at, in words."""
        if self.train.size == self.train_size:
            return f"{self.train_size:,} training examples"
        return f"{self.train.size:,} of {self.train_size:,} training examples"

    def is_table(self, name: str) -> bool:
        """Whether an input is a row of numbers."""
        array = self.train.x[name]
        return array.ndim == 2 and array.dtype.kind == "f"

    def is_sequence(self, name: str) -> bool:
        """Whether an input has steps of several numbers each."""
        array = self.train.x[name]
        return array.ndim == 3 and array.dtype.kind == "f"

    def features(self, name: str) -> np.ndarray:
        """Return an input's values by feature, float64 (n, features); padded steps are left out."""
        import numpy as np

        array = self.train.x[name]
        if array.ndim < 2:
            return np.asarray(array, np.float64).reshape(-1, 1)
        flat = np.asarray(array.reshape(-1, array.shape[-1]), np.float64)
        return flat[np.any(flat != 0, axis=1)] if self.is_sequence(name) else flat

    def column(self, number: int) -> str:
        """Return what a table's column is called in a sentence."""
        known = number < len(self.names)
        return f"'{self.names[number]}'" if known else f"column {number + 1}"

    def columns(self, numbers: np.ndarray, most: int = 4) -> str:
        """Return what some of a table's columns are called, shortened."""
        told = [self.column(int(number)) for number in numbers[:most]]
        more = len(numbers) - most
        return ", ".join(told) + (f" and {more} more" if more > 0 else "")

    @property
    def compared(self) -> int:
        """How many training examples are compared by their hashes."""
        return min(self.whole.size, HASHED * bound(self.whole))

    @cached_property
    def repeated(self) -> tuple[int, float]:
        """How many test examples occur in train, and the share of train that occurs twice there."""
        if self.test is None:
            return 0, 0.0
        train = [_hash(self.whole, i) for i in places(self.whole.size, self.compared)]
        known = set(train)
        count = sum(_hash(self.test, i) in known for i in range(self.test.size))
        return count, 1 - len(known) / max(len(train), 1)

    def padding(self, name: str) -> float:
        """Return the share of an input's steps that are padding."""
        array = self.train.x[name]
        if array.ndim < 2 or not len(array):
            return 0.0
        return float(1 - sequence_lengths(self.train.x, name).mean() / array.shape[1])


def look(
    dataset: Dataset,
    *,
    train_size: int | None = None,
    targets: np.ndarray | None = None,
    names: tuple[str, ...] = (),
) -> Examples:
    """Look at a data set's examples: not more of them than is quick.

    Args:
        dataset: Loaded and encoded, or a part of one.
        train_size: How many training examples there are, if the data set holds a part of them.
        targets: Of all examples to train and validate, likewise.
        names: Of a table's columns.
    """
    import numpy as np

    train, validation = dataset.train, dataset.validation
    if targets is None:
        targets = train.y if validation is None else np.concatenate([train.y, validation.y])
    return Examples(
        spread(train),
        None if dataset.test is None else spread(dataset.test),
        train_size or train.size,
        targets,
        train,
        names,
    )


def spread(split: Split) -> Split:
    """Return examples that are evenly spread over a part; all of a small one."""
    most = bound(split)
    return split if split.size <= most else split.take(places(split.size, most))


def bound(split: Split) -> int:
    """Return how many examples of a part are looked at, at most."""
    each = max((math.prod(array.shape[1:]) for array in split.x.values()), default=1)
    return max(1, min(MOST, VALUES // max(each, 1)))


def places(size: int, count: int) -> Any:
    """Return the positions of examples that are evenly spread, sorted integers (count,)."""
    import numpy as np

    return np.linspace(0, size - 1, min(count, size)).astype(np.int64)


def _hash(split: Split, index: int) -> int:
    return hash(tuple(array[index].tobytes() for array in split.x.values()))
