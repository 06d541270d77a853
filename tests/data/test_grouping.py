"""Whole groups are split off, as near the wanted share of every class as they allow."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.grouping import by_group, check_apart, groups_of
from dlcli.errors import DataError

fractions = st.floats(0.01, 0.9)
seeds = st.integers(0, 2**40)
grouped = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=80).map(
    lambda rows: tuple(np.array(rows).T)
)


@given(grouped, fractions, seeds)
def test_no_group_is_on_both_sides_and_no_example_is_lost(rows, fraction, seed):
    groups, labels = rows
    kept, taken = by_group(labels, groups, fraction, seed)
    assert sorted([*kept, *taken]) == list(range(len(groups)))
    assert not set(groups[kept]) & set(groups[taken])
    assert [*kept] == sorted(kept)
    assert [*taken] == sorted(taken)


@given(grouped, fractions, seeds)
def test_a_class_never_gives_up_its_last_group(rows, fraction, seed):
    groups, labels = rows
    kept, taken = by_group(labels, groups, fraction, seed)
    assert set(labels[kept]) == set(labels)
    shared = [
        g
        for g in set(groups)
        if all((labels[groups != g] == label).any() for label in labels[groups == g])
    ]
    assert bool(len(taken)) == bool(shared)


@given(grouped, fractions, seeds)
def test_the_same_seed_takes_the_same_groups_whatever_their_numbers(rows, fraction, seed):
    groups, labels = rows
    _, taken = by_group(labels, groups, fraction, seed)
    _, again = by_group(labels * 3 + 1, groups * 7 - 2, fraction, seed)
    assert np.array_equal(taken, again)


@given(st.integers(4, 60), st.integers(1, 9), fractions, seeds)
def test_groups_of_one_size_come_within_half_a_group_of_the_share(count, size, fraction, seed):
    groups = np.repeat(np.arange(count), size)
    _, taken = by_group(None, groups, fraction, seed)
    wanted = min(max(round(fraction * len(groups)), size / 2), len(groups) - size)
    assert abs(len(taken) - wanted) <= size / 2


def patients(seed: int, count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Groups of very different sizes, and labels of which each has a mixture of its own."""
    stream = np.random.RandomState(seed)
    sizes = 1 + stream.geometric(0.05, count)
    mixtures = stream.dirichlet([0.7] * 3, count)
    labels = [stream.choice(3, size, p=p) for size, p in zip(sizes, mixtures, strict=True)]
    return np.repeat(np.arange(count), sizes), np.concatenate(labels)


def test_shares_are_at_least_as_near_as_those_of_scikit_learn():
    from sklearn.model_selection import StratifiedGroupKFold

    ours, theirs = [], []
    for seed in range(20):
        groups, labels = patients(seed)

        def farthest(taken: np.ndarray) -> float:
            totals = np.bincount(labels)  # noqa: B023 - used at once
            return np.abs(np.bincount(labels[taken], minlength=3) / totals - 0.2).max()  # noqa: B023

        ours.append(farthest(by_group(labels, groups, 0.2, seed)[1]))
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        with warnings.catch_warnings(action="ignore"):
            theirs.append(farthest(next(folds.split(labels, labels, groups))[1]))
    assert np.mean(ours) <= np.mean(theirs)
    assert np.mean(ours) < 0.02


def test_every_group_has_its_chance_whatever_its_size():
    sizes = np.repeat([5, 15], 20)
    groups = np.repeat(np.arange(40), sizes)
    labels = np.arange(len(groups)) % 2
    taken = np.zeros(40)
    for seed in range(200):
        taken[np.unique(groups[by_group(labels, groups, 0.2, seed)[1]])] += 1
    small, large = taken[sizes == 5].mean() / 200, taken[sizes == 15].mean() / 200
    assert small == pytest.approx(0.2, abs=0.05)
    assert large == pytest.approx(0.2, abs=0.05)


def test_the_groups_of_a_seed_never_change():
    """A change would let saved models meet, in the test part, what they were trained on."""
    groups, labels = patients(0)
    _, taken = by_group(labels, groups, 0.2, 7)
    assert sorted(set(groups[taken].tolist())) == [3, 7, 11, 15, 21, 23, 25, 26, 34, 37]


def test_a_torn_group_is_named_with_its_examples():
    groups = groups_of("column 'patient'", ["a", "b", "b", "b", "c", "c"])
    check_apart(groups, {"train": np.array([0, 1, 2, 3]), "test": np.array([4, 5])}, "toy")
    with pytest.raises(DataError) as caught:
        check_apart(groups, {"train": np.array([0, 1, 2, 4]), "test": np.array([3, 5])}, "toy")
    assert caught.value.message == (
        "data set 'toy': 2 of 3 groups (by column 'patient') are in more than one part, such as "
        "'b' (examples: 2 in train, 1 in test)"
    )
    assert "compare.split: resample" in caught.value.remedy
