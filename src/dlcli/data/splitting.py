"""Taking examples out of a data set: at random, or the same share of every class.

The shuffles come from `numpy.random.RandomState`, whose stream NumPy has promised never to change
(NEP 19): a model scored after an upgrade of NumPy must not meet its training examples in the test
part.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from dlcli.data.description import INPUT, Dataset, Split
from dlcli.data.fraction import size_of
from dlcli.data.grouping import by_group
from dlcli.data.streams import shuffler
from dlcli.errors import DataError, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from dlcli.data.description import DataDescription, Encoder, Task
    from dlcli.data.grouping import Groups
    from dlcli.data.streams import Seed

TEST_FRACTION = 0.2
TEST_SEED = 20240229
"""Fixes the test part of data sets that come without an official one; no user's seed moves it."""

KERAS_SEED = 113
"""The seed with which `keras.datasets` shuffles what comes in one piece."""


def with_fixed_test(description: DataDescription, x: np.ndarray, y: np.ndarray) -> Dataset:
    """Split a data set that has no official test part 80/20, always the same way.

    The split is stratified by class. Both parts are shuffled, because such data sets are often
    sorted by class.

    Args:
        description: Of a classification data set with one input.
        x: Inputs, shape (n, ...).
        y: Class labels, shape (n,).
    """
    (name,) = description.inputs
    order = shuffler(TEST_SEED).permutation(len(y))
    everything = Split({name: x}, y).take(order)
    train, test = stratified(everything.y, TEST_FRACTION, TEST_SEED)
    return Dataset(description, everything.take(train), None, everything.take(test))


class RawParts(NamedTuple):
    """Raw examples of the user's own, by their positions.

    Attributes:
        raw: The examples of all parts.
        positions: Of `train` and, if there are, `validation` and `test`, in that order.
        targets: The same parts, shape (n, ...) each.
        weights: The same parts, shape (n,) each; empty if all examples count alike.
        groups: Of the positions of all parts; None for independent examples.
        times: Of the positions of all parts; see `Dataset`.
    """

    raw: Sequence[Any]
    positions: Mapping[str, np.ndarray]
    targets: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray] = {}
    groups: Groups | None = None
    times: np.ndarray | None = None


def with_own_test(
    description: DataDescription, encoder: Encoder, found: RawParts, told: Sequence[str] = ()
) -> Dataset:
    """Split raw examples of the user's own into their parts.

    Without test examples a fifth of train is taken, always the same: stratified where there are
    classes, whole groups where there are groups, the latest where there are times.

    Args:
        description: Its sizes are filled in here.
        encoder: Turns raw examples into inputs.
        found: The examples.
        told: What should be said of the way they were read.

    Raises:
        DataError: If there are too few examples or groups.
    """
    import numpy as np

    parts = {
        part: Split({INPUT: found.positions[part]}, y, found.weights.get(part))
        for part, y in found.targets.items()
    }
    ends = np.cumsum([part.size for part in parts.values()])
    order = dict(zip(parts, np.split(np.arange(ends[-1]), ends[:-1]), strict=True))
    if "test" not in parts:
        kept, taken = _fixed_fifth(parts["train"], description, found)
        order |= {"train": order["train"][kept], "test": order["train"][taken]}
        parts["test"] = parts["train"].take(taken)
        parts["train"] = parts["train"].take(kept)
    train, validation, test = parts["train"], parts.get("validation"), parts["test"]
    sized = replace(description, train_size=train.size, test_size=test.size)
    index = np.concatenate([order[part] for part in PARTS if part in order])
    return Dataset(
        sized, train, validation, test, encoder, found.raw,
        None if found.groups is None else found.groups.take(index),
        times=None if found.times is None else found.times[index],
        told=tuple(told),
    )  # fmt: skip


PARTS = ("train", "validation", "test")


def _fixed_fifth(
    split: Split, description: DataDescription, found: RawParts
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions kept in a training part, and those taken for the test."""
    if split.size < 2:
        raise DataError(
            f"data set '{description.name}' has a single example",
            remedy="Give some for training and some for the test.",
        )
    numbers = None if found.groups is None else found.groups.numbers[: split.size]
    times = None if found.times is None else found.times[: split.size]
    kept, taken = chosen(description.task, split.y, TEST_FRACTION, TEST_SEED, numbers, times)
    if found.groups is not None:
        check_taken(taken, description, found.groups)
    return kept, taken


def check_taken(taken: np.ndarray, description: DataDescription, groups: Groups | None) -> None:
    """Make sure that a part that was split off holds something.

    Raises:
        DataError: If it does not.
    """
    if len(taken):
        return
    if groups is not None:
        raise DataError(
            f"data set '{description.name}' cannot be split by its {groups.count} groups "
            f"(by {groups.by}): whichever is taken out, no example of some class is left",
            remedy="Name what tells groups apart that share their classes, or leave data.group "
            "out; examples of every class are needed in two groups at least.",
        )
    raise DataError(
        f"data set '{description.name}' has too few examples to split",
        remedy="Set validation: 0, or give more examples of each class.",
    )


def with_keras_test(description: DataDescription, x: np.ndarray, y: np.ndarray) -> Dataset:
    """Make the last fifth the test part, as `keras.datasets` does after shuffling.

    Args:
        description: Of a data set with one input.
        x: Inputs in the order of `keras_orders`, shape (n, ...).
        y: Targets, shape (n,).
    """
    (name,) = description.inputs
    boundary = int(len(y) * (1 - TEST_FRACTION))
    train = Split({name: x[:boundary]}, y[:boundary])
    return Dataset(description, train, None, Split({name: x[boundary:]}, y[boundary:]))


def keras_orders(*sizes: int) -> list[np.ndarray]:
    """Return the orders, one for each part, into which `keras.datasets` shuffles examples."""
    import numpy as np

    shuffler = np.random.RandomState(KERAS_SEED)
    return [shuffler.permutation(size) for size in sizes]


def check_share(fraction: float) -> None:
    """Refuse a validation share that is none.

    Raises:
        UserError: If it is below 0, 1 or more, or not a number.
    """
    if not 0 <= fraction < 1:
        raise UserError(
            f"validation is {fraction}, but must be a share of the training data",
            remedy="Give a number from 0 (no validation) to below 1, such as 0.1.",
        )


def train_size_left(
    description: DataDescription, validation: float, fraction: float = 1.0
) -> int | None:
    """Return how many training examples there are, as far as one knows without loading.

    Whole groups may make it a few more or less.

    Args:
        description: Of the data.
        validation: Share that validation takes.
        fraction: Share of the rest that is used.
    """
    size = _left(description, validation)
    return size if size is None or fraction == 1 else size_of(size, fraction)


def _left(description: DataDescription, validation: float) -> int | None:
    """Return how many training examples validation leaves."""
    size = description.train_size
    if size is None or validation == 0:
        return size
    steps = [n for n in description.target_shape if n is not None]
    gap = math.prod(steps) - 1 if description.task == "forecasting" else 0
    return max(size - max(round(validation * size), 1) - gap, 0)


def chosen(
    task: Task,
    y: np.ndarray,
    fraction: float,
    seed: Seed,
    groups: np.ndarray | None = None,
    times: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Split positions as suits a task.

    The part taken out holds the latest examples where there are times, and of a forecasting task;
    whole groups where there are groups; the same share of every class where there are classes;
    and examples drawn at random otherwise.

    Args:
        task: What the targets are for.
        y: Targets, shape (n, ...).
        fraction: Share to take out, 0 < fraction < 1.
        seed: Fixes which examples are taken.
        groups: The number of each example's group, shape (n,); None for independent examples.
        times: When each example is; see `Dataset`.

    Returns:
        The positions kept and those taken out, both sorted integer arrays.
    """
    has_classes = task in ("multiclass", "binary") and y.ndim == 1
    if times is not None:
        return latest_by_time(times, fraction)
    if groups is not None:
        return by_group(y if has_classes else None, groups, fraction, seed)
    if has_classes:
        return stratified(y, fraction, seed)
    if task == "forecasting":
        return latest(y, fraction)
    return at_random(y, fraction, seed)


def stratified(y: np.ndarray, fraction: float, seed: Seed) -> tuple[np.ndarray, np.ndarray]:
    """Split positions so that every class gives up the same share of its examples.

    Each class gives `fraction` of its examples, rounded down; the examples still missing from
    the total come from the classes with the largest remainders. The total is
    `round(fraction * n)`, but at least one example. A class never gives up its last example.

    Args:
        y: Class labels, integers, shape (n,).
        fraction: Share to take out, 0 < fraction < 1.
        seed: Fixes which examples are taken.

    Returns:
        The positions kept and those taken out, both sorted integer arrays.
    """
    import numpy as np

    _, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    quotas = _quotas(counts, fraction)
    # In shuffled order, the first of each class are taken.
    order = shuffler(seed).permutation(len(y))
    by_class = order[np.argsort(labels[order], kind="stable")]
    rank = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    taken = by_class[rank < np.repeat(quotas, counts)]
    return _complement(taken, len(y)), np.sort(taken)


def at_random(y: np.ndarray, fraction: float, seed: Seed) -> tuple[np.ndarray, np.ndarray]:
    """Split positions at random, for targets that are no classes.

    Args:
        y: Targets, shape (n, ...).
        fraction: Share to take out, 0 < fraction < 1.
        seed: Fixes which examples are taken.

    Returns:
        The positions kept and those taken out, both sorted integer arrays; one is kept at least.
    """
    import numpy as np

    n = len(y)
    size = min(max(round(fraction * n), 1), n - 1)
    taken = shuffler(seed).permutation(n)[:size]
    return _complement(taken, n), np.sort(taken)


def latest(y: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Take the end of a time series out, for to be drawn at random it is too much like the rest.

    Examples whose targets reach into the part taken out are left out of both, since a model that
    trained on them would have seen what it is validated on.

    Args:
        y: Targets in the order of time, a step apart: (n,), or (n, horizon) for several steps.
        fraction: Share to take out, 0 < fraction < 1.

    Returns:
        The positions kept and those taken out, both sorted integer arrays.
    """
    import numpy as np

    n, gap = len(y), math.prod(y.shape[1:]) - 1
    size = min(max(round(fraction * n), 1), n - 1)
    return np.arange(max(n - size - gap, 0)), np.arange(n - size, n)


def latest_by_time(times: np.ndarray, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Take the latest examples out; those of one time stay together.

    Examples whose targets reach into the part taken out are left out of both, as by `latest`.

    Args:
        times: When each example is, shape (n,), or from when to when its target is, (n, 2).
        fraction: Share to take out, 0 < fraction < 1; the nearest one that times allow is taken.

    Returns:
        The positions kept and those taken out, both sorted integer arrays.

    Raises:
        DataError: If all examples are of one time.
    """
    import numpy as np

    begins, ends = (times, times) if times.ndim == 1 else (times[:, 0], times[:, 1])
    moments, counts = np.unique(begins, return_counts=True)
    if len(moments) < 2:
        raise DataError(
            "all examples have the same time, so there is no later part",
            remedy="Name the column of the time in data.time, or leave it out.",
        )
    after = np.cumsum(counts[::-1])[::-1][1:]
    boundary = moments[1:][np.argmin(np.abs(after - fraction * len(begins)))]
    return np.flatnonzero(ends < boundary), np.flatnonzero(begins >= boundary)


def _quotas(counts: np.ndarray, fraction: float) -> np.ndarray:
    """Return how many examples each class gives up (largest remainder method)."""
    import numpy as np

    ideal = counts * fraction
    quotas: np.ndarray = np.minimum(np.floor(ideal).astype(int), counts - 1)
    missing = max(round(fraction * counts.sum()), 1) - quotas.sum()
    candidates = np.argsort(quotas - ideal, kind="stable")
    candidates = candidates[quotas[candidates] < counts[candidates] - 1]
    quotas[candidates[:missing]] += 1
    return quotas


def _complement(taken: np.ndarray, n: int) -> np.ndarray:
    import numpy as np

    kept = np.ones(n, dtype=bool)
    kept[taken] = False
    return np.flatnonzero(kept)
