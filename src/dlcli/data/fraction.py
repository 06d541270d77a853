"""A share of the training examples: how a network learns from less data.

The examples are put into an order that a seed fixes, and a share is its beginning. So of one seed
every smaller share lies within every larger one, and what is compared at several shares is paired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.data.streams import shuffler
from dlcli.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlcli.data.description import Task
    from dlcli.data.streams import Seed


def check_fraction(fraction: float) -> None:
    """Refuse a share of the training part that is none.

    Raises:
        UserError: If it is 0 or less, above 1, or not a number.
    """
    if not 0 < fraction <= 1:
        raise UserError(
            f"data.fraction is {fraction}, but must be a share of the training part",
            remedy="Give a number above 0, up to 1 for all of it, such as 0.3.",
        )


def size_of(size: int, fraction: float) -> int:
    """Return how many of so many training examples a share holds.

    Classes, whole groups and examples of the same time may make it a few more or less.
    """
    return max(round(fraction * size), min(size, 1))


def share_of(
    task: Task,
    y: np.ndarray,
    fraction: float,
    seed: Seed,
    groups: np.ndarray | None = None,
    times: np.ndarray | None = None,
) -> NDArray[np.intp]:
    """Return which training examples a share consists of.

    The latest ones where there are times, and of a forecasting task; whole groups where there are
    groups; the same share of every class where there are classes, of each at least one; examples
    drawn at random otherwise. For one seed, a share holds all examples of every smaller one.

    Args:
        task: What the targets are for.
        y: Targets, shape (n, ...).
        fraction: The share, 0 < fraction <= 1.
        seed: Fixes which examples are taken.
        groups: The number of each example's group, shape (n,); None for independent examples.
        times: When each example is, shape (n,), or from when to when its target is, (n, 2).

    Returns:
        Positions, a sorted integer array; those of whole groups, or of whole moments where times
        say when examples are, whose number comes closest to the share.

    Raises:
        UserError: If the fraction is none.
    """
    import numpy as np

    check_fraction(fraction)
    n = len(y)
    if fraction == 1 or n == 0:
        return np.arange(n)
    if times is not None or task == "forecasting":
        begins = np.arange(n) if times is None else times if times.ndim == 1 else times[:, 0]
        _, members = np.unique(begins, return_inverse=True)
        return _beginning(members, np.arange(members.max() + 1)[::-1], fraction, at_least=1)
    has_classes = task in ("multiclass", "binary") and y.ndim == 1
    labels = np.unique(y, return_inverse=True)[1] if has_classes else np.zeros(n, np.intp)
    members = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    order, needed = _stratified_order(labels, members, seed)
    return _beginning(members, order, fraction, at_least=needed)


def _beginning(
    members: NDArray[np.intp], order: NDArray[np.intp], fraction: float, *, at_least: int
) -> NDArray[np.intp]:
    """Return the examples of the first units of an order: so many that the share is closest.

    Args:
        members: The unit of each example, 0 to k-1, shape (n,): a group, a moment or itself.
        order: Of the units, shape (k,).
        fraction: The share.
        at_least: So many units are taken in any case.
    """
    import numpy as np

    held = np.cumsum(np.bincount(members)[order])
    wanted = size_of(len(members), fraction)
    count = max(int(np.argmin(np.abs(held - wanted))) + 1, at_least)
    taken = np.zeros(len(order), bool)
    taken[order[:count]] = True
    return np.flatnonzero(taken[members])


def _stratified_order(
    labels: NDArray[np.intp], members: NDArray[np.intp], seed: Seed
) -> tuple[NDArray[np.intp], int]:
    """Return an order of units whose every beginning holds about the same share of each class.

    Within a class, units come in random order, each at the middle of the share of the class that
    it takes; the classes are merged by that place (the method of Webster and Sainte-Laguë, whose
    quotas never shrink when the total grows, as those of the largest remainders can). A group is
    placed within the class that most of its examples have. The first unit of every class comes
    before all that.

    Args:
        labels: Class labels, 0 to c-1, shape (n,).
        members: The unit of each example, 0 to k-1, shape (n,).
        seed: Fixes the order.

    Returns:
        The order of the units, and how many at its beginning hold an example of every class.
    """
    import numpy as np

    classes = int(labels.max()) + 1
    sizes = np.bincount(members)
    pairs, counts = np.unique(members * classes + labels, return_counts=True)
    owners, kinds = np.divmod(pairs, classes)
    main = np.zeros(len(sizes), np.intp)
    by_count = np.lexsort((-kinds, counts))  # the most frequent class of a unit comes last
    main[owners[by_count]] = kinds[by_count]

    shuffled = shuffler(seed).permutation(len(sizes))
    by_class = shuffled[np.argsort(main[shuffled], kind="stable")]
    ends = np.cumsum(sizes[by_class])
    totals = np.bincount(main, weights=sizes, minlength=classes).astype(np.int64)
    before = np.cumsum(totals) - totals
    middles = (ends - before[main[by_class]] - sizes[by_class] / 2) / totals[main[by_class]]
    # Classes whose units lie at the same places take turns in random order.
    turns = np.argsort(shuffled)[by_class]
    order = by_class[np.lexsort((turns, middles))]

    rank = np.argsort(order)
    first = np.full(classes, len(order))
    np.minimum.at(first, kinds, rank[owners])
    needed = np.unique(first)
    return np.concatenate([order[needed], np.delete(order, needed)]), len(needed)
