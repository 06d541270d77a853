"""Batches of sequences of similar length, cut to it: what is not padded need not be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dlcli.data.lengths import base_of
from dlcli.data.lengths import sequence_lengths as lengths_of_input

if TYPE_CHECKING:
    from dlcli.data.description import Split

POOL = 50
"""Batches whose examples are sorted by length together: the more, the less padding is left, and
the more alike is what meets in a batch, epoch after epoch."""

BOUNDARIES = 8
"""Lengths to which batches are cut: for each, TensorFlow plans anew."""


def sequence_lengths(split: Split) -> np.ndarray:
    """Return the steps of each example before its padding in every input, int32 (n,)."""
    names = [name for name in split.x if base_of(name, split.x) is None]
    longest: np.ndarray = np.max([lengths_of_input(split.x, name) for name in names], axis=0)
    return longest


def cut_lengths(lengths: np.ndarray) -> np.ndarray:
    """Return the lengths that batches are cut to: quantiles of the examples', (k,) rising."""
    shares = np.arange(1, BOUNDARIES + 1) / BOUNDARIES
    return np.unique(np.quantile(lengths, shares, method="higher")).astype(np.int32)


def bucketed_order(
    lengths: np.ndarray, batch_size: int, seed: int, epoch: int, *, shuffle: bool = True
) -> np.ndarray:
    """Return an order of the examples in which those of a batch have similar lengths, int32 (n,).

    The examples are shuffled and sorted by length within pools of some batches; then the batches
    are shuffled, so that no length comes first. Each example occurs once. Only the last batch is
    short, if any is, whatever its length.

    Args:
        lengths: Of each example, shape (n,).
        batch_size: Examples of a batch.
        seed: With the epoch it decides the order.
        epoch: From 0.
        shuffle: False sorts all examples by length, in the data's order where it is the same.
    """
    if not shuffle:
        return np.argsort(lengths, kind="stable").astype(np.int32)
    stream = np.random.RandomState(np.random.MT19937([seed, epoch]))
    shuffled = stream.permutation(len(lengths))
    pool = batch_size * POOL
    pools = [shuffled[start : start + pool] for start in range(0, len(shuffled), pool)]
    ordered = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in pools])
    whole = len(ordered) // batch_size * batch_size
    batches = ordered[:whole].reshape(-1, batch_size)
    mixed = batches[stream.permutation(len(batches))].ravel()
    return np.concatenate([mixed, ordered[whole:]]).astype(np.int32)
