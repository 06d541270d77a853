"""Examples that belong together, such as images of one patient: never on two sides of a split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dlcli.data.streams import shuffler
from dlcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dlcli.data.streams import Seed

SCALE = 2**20
"""Weights are whole numbers, so that every machine takes the same groups."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which examples belong together.

    Attributes:
        by: What tells, such as `column 'patient'`.
        numbers: The group of each example, shape (n,), in the order train, validation, test.
        names: Of the groups, by their numbers.
    """

    by: str
    numbers: NDArray[np.intp]
    names: Sequence[object]

    def take(self, positions: np.ndarray) -> Groups:
        """Return the groups of the examples at some positions, in that order."""
        return replace(self, numbers=self.numbers[positions])

    @property
    def count(self) -> int:
        """The number of groups."""
        return len(self.names)


def groups_of(by: str, names: Sequence[str]) -> Groups:
    """Return the groups of examples by the name of each one's group."""
    import numpy as np

    found, numbers = np.unique(np.asarray(names), return_inverse=True)
    return Groups(by, numbers, tuple(map(str, found)))


def check_apart(groups: Groups, parts: dict[str, NDArray[np.intp]], name: str) -> None:
    """Make sure that no group is in two parts.

    Args:
        groups: Of all examples.
        parts: The positions of each part by its name.
        name: The data set's, for the message.

    Raises:
        DataError: If one is: with the first such group, its examples, and how many there are.
    """
    import numpy as np

    counts = {
        part: np.bincount(groups.numbers[positions], minlength=groups.count)
        for part, positions in parts.items()
    }
    torn = np.flatnonzero(sum((c > 0).astype(int) for c in counts.values()) > 1)
    if len(torn) == 0:
        return
    places = [f"{count[torn[0]]} in {part}" for part, count in counts.items() if count[torn[0]]]
    raise DataError(
        f"data set '{name}': {len(torn)} of {groups.count} groups (by {groups.by}) are in more "
        f"than one part, such as '{groups.names[torn[0]]}' with examples {' and '.join(places)}",
        remedy="Move each group into one part, or leave the test part out: dlcli then takes a "
        "fifth of the groups. compare-optimizers splits such data with compare.split: resample.",
    )


def by_group(
    labels: np.ndarray | None, groups: np.ndarray, fraction: float, seed: Seed
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split positions so that no group is on both sides.

    Groups are looked at in random order, and one is taken if that brings what is taken closer to
    the wanted number of examples of every class and in all: the sum of squared differences, each
    relative to the number there is. So no size of group is preferred but by what still fits. A
    class never gives up its last group.

    scikit-learn's `StratifiedGroupKFold` follows the same aim, but only knows shares of 1/k, takes
    groups in the order of their spread instead of at random, and splits otherwise in other
    versions; `GroupShuffleSplit` heeds neither classes nor the sizes of groups.

    Args:
        labels: Class labels, integers, shape (n,); None for targets that are no classes.
        groups: The number of each example's group, shape (n,).
        fraction: Share of the examples to take out, 0 < fraction < 1.
        seed: Fixes which groups are taken.

    Returns:
        The positions kept and those taken out, both sorted integer arrays; none is taken if every
        group has a class of its own.
    """
    import numpy as np

    found, members = np.unique(groups, return_inverse=True)
    content = _Content(labels, members)
    taken = np.zeros(len(found), bool)
    order = shuffler(seed).permutation(len(found))
    missing = [round(fraction * total) for total in content.totals]
    left = list(content.totals)
    spare: list[tuple[int, int]] = []
    for group in order.tolist():
        counts = content.of(group)
        if any(left[kind] == count for kind, count in counts):
            continue
        change = sum(
            content.weights[kind] * count * (count - 2 * missing[kind]) for kind, count in counts
        )
        spare.append((change, group))
        if change < 0:
            taken[group] = True
            for kind, count in counts:
                missing[kind] -= count
                left[kind] -= count
    if spare and not taken.any():  # all are larger than twice what is wanted
        taken[min(spare)[1]] = True
    out = taken[members]
    return np.flatnonzero(~out), np.flatnonzero(out)


class _Content:
    """How many examples of each class a group holds; the last kind counts all its examples.

    Args:
        labels: Class labels, shape (n,), or None.
        members: The group of each example, 0 to k-1, shape (n,).
    """

    def __init__(self, labels: np.ndarray | None, members: np.ndarray) -> None:
        import numpy as np

        kinds = np.zeros(len(members), np.intp)
        if labels is not None:
            _, kinds = np.unique(labels, return_inverse=True)
        classes = int(kinds.max()) + 1
        pairs, counts = np.unique(members * classes + kinds, return_counts=True)
        owners, self._kinds = np.divmod(pairs, classes)
        self._counts = counts
        self._starts = np.searchsorted(owners, np.arange(members.max() + 2))
        self.totals: list[int] = [*np.bincount(kinds).tolist(), len(members)]
        self.weights = [max(SCALE // total, 1) for total in self.totals]

    def of(self, group: int) -> list[tuple[int, int]]:
        """Return the kinds of a group's examples with their numbers."""
        run = slice(self._starts[group], self._starts[group + 1])
        counts = self._counts[run].tolist()
        last = (len(self.totals) - 1, sum(counts))
        return [*zip(self._kinds[run].tolist(), counts, strict=True), last]
