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
"""What weights are whole multiples of a fraction of."""

MOST_EXCHANGED, PASSES = 512, 10
"""So many groups of either side may be exchanged, the first in random order, so many times each:
more groups come closer without."""


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
    first = torn[0]
    places = [f"{count[first]} in {part}" for part, count in counts.items() if count[first]]
    raise DataError(
        f"data set '{name}': {len(torn)} of {groups.count} groups (by {groups.by}) are in more "
        f"than one part, such as '{groups.names[first]}' (examples: {', '.join(places)})",
        remedy="Move each group into one part, or leave the test part out: dlcli then takes a "
        "fifth of the groups. compare-optimizers splits such data with compare.split: resample.",
    )


def by_group(
    labels: np.ndarray | None, groups: np.ndarray, fraction: float, seed: Seed
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split positions so that no group is on both sides.

    What is wanted is `fraction` of the examples of every class and in all; the distance from it is
    the sum of squared differences, each relative to the number there is. Groups are looked at in
    random order, and one is taken if that lowers the distance; then groups that are taken and
    groups that are not are exchanged while that lowers it. A class never gives up its last group.

    scikit-learn's `StratifiedGroupKFold` has the same aim, but only knows shares of 1/k, lets the
    composition of a group rather than chance decide which comes first, and splits differently in
    different versions. `GroupShuffleSplit` takes neither classes nor sizes into account.

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
    order = shuffler(seed).permutation(len(found))
    choice = _Choice(content, len(found), fraction)
    choice.take_one_by_one(order.tolist())
    choice.exchange(order)
    taken = choice.taken
    out = taken[members]
    return np.flatnonzero(~out), np.flatnonzero(out)


class _Content:
    """How many examples of each class a group holds; the last kind counts all its examples.

    All numbers are whole, so that every machine takes the same groups.

    Args:
        labels: Class labels, shape (n,), or None.
        members: The group of each example, 0 to k-1, shape (n,).

    Attributes:
        totals: Examples of each kind.
        weights: Of a kind's squared difference, in proportion to 1 / its total; that of all
            examples counts as much as all classes together.
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
        self.weights[-1] = max(SCALE * classes // len(members), 1)

    def of(self, group: int) -> list[tuple[int, int]]:
        """Return the kinds of a group's examples with their numbers."""
        run = slice(self._starts[group], self._starts[group + 1])
        counts = self._counts[run].tolist()
        last = (len(self.totals) - 1, sum(counts))
        return [*zip(self._kinds[run].tolist(), counts, strict=True), last]

    def rows(self, groups: np.ndarray) -> NDArray[np.int64]:
        """Return the numbers of groups' examples, shape (m, kinds)."""
        import numpy as np

        rows = np.zeros((len(groups), len(self.totals)), np.int64)
        for row, group in zip(rows, groups, strict=True):
            for kind, count in self.of(group):
                row[kind] = count
        return rows


class _Choice:
    """Which groups are taken.

    Args:
        content: Of the groups.
        groups: How many there are.
        fraction: Share of the examples that is wanted.

    Attributes:
        taken: Whether each group is taken, shape (groups,).
    """

    def __init__(self, content: _Content, groups: int, fraction: float) -> None:
        import numpy as np

        self.taken = np.zeros(groups, bool)
        self._content = content
        self._missing = [round(fraction * total) for total in content.totals]
        self._left = list(content.totals)

    def take_one_by_one(self, order: list[int]) -> None:
        """Look at every group once, and take it if that lowers the distance.

        If all are larger than twice what is wanted, the one that raises it least is taken.
        """
        spare: list[tuple[int, int]] = []
        for group in order:
            counts = self._content.of(group)
            if any(self._left[kind] == count for kind, count in counts):
                continue
            change = self._change(counts)
            spare.append((change, group))
            if change < 0:
                self._take(group, counts)
        if spare and not self.taken.any():
            group = min(spare)[1]
            self._take(group, self._content.of(group))

    def _change(self, counts: list[tuple[int, int]]) -> int:
        """Return by how much a group with such numbers of each kind changes the distance."""
        return sum(
            self._content.weights[kind] * count * (count - 2 * self._missing[kind])
            for kind, count in counts
        )

    def _take(self, group: int, counts: list[tuple[int, int]]) -> None:
        self.taken[group] = True
        for kind, count in counts:
            self._missing[kind] -= count
            self._left[kind] -= count

    def exchange(self, order: np.ndarray) -> None:
        """Exchange groups that are taken for others while that lowers the distance.

        Args:
            order: The groups in random order, shape (groups,).
        """
        import numpy as np

        inside, outside = (
            order[self.taken[order] == side][:MOST_EXCHANGED] for side in (True, False)
        )
        ours, theirs = self._content.rows(inside), self._content.rows(outside)
        weights, left = np.array(self._content.weights), np.array(self._left)
        missing = np.array(self._missing)
        for _ in range(PASSES if len(outside) else 0):
            before = missing
            for i in range(len(inside)):
                gained = theirs - ours[i]  # by taking one of theirs instead
                change = (gained * (gained - 2 * missing)) @ weights
                change[(gained >= left).any(axis=1)] = 0
                best = int(np.argmin(change))
                if change[best] >= 0:
                    continue
                missing, left = missing - gained[best], left - gained[best]
                self.taken[inside[i]], self.taken[outside[best]] = False, True
                inside[i], outside[best] = outside[best], inside[i]
                ours[i], theirs[best] = theirs[best].copy(), ours[i].copy()
            if missing is before:
                return
