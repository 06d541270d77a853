"""A share of the training examples: of every class, in whole groups, nested, or the latest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data import load
from dlcli.data.description import Source
from dlcli.data.fraction import share_of, size_of
from dlcli.errors import UserError

labels = st.lists(st.integers(0, 4), min_size=20, max_size=90).map(np.array)
fractions = st.floats(0.01, 1.0)
seeds = st.integers(0, 2**40)


@given(labels, fractions, fractions, seeds)
def test_a_smaller_share_lies_within_a_larger_one(y, one, two, seed):
    small, large = (share_of("multiclass", y, f, seed) for f in sorted((one, two)))
    assert {*small} <= {*large}


@given(labels, fractions, seeds)
def test_every_class_has_its_share_to_within_one_example(y, fraction, seed):
    taken = share_of("multiclass", y, fraction, seed)
    assert [*taken] == sorted({*taken})
    classes, counts = np.unique(y, return_counts=True)
    assert len(taken) == max(size_of(len(y), fraction), len(classes))
    for label, count in zip(classes, counts, strict=True):
        kept = int((y[taken] == label).sum())
        assert kept >= 1
        if len(taken) > 2 * len(classes):
            # Every class keeps an example, so the others may lack one each of their quota.
            assert abs(kept - fraction * count) <= len(classes)


def test_shares_of_classes_are_exact_where_they_can_be():
    y = np.repeat([0, 1, 2], [600, 300, 100])
    for fraction in (0.1, 0.3, 0.5):
        kept = np.bincount(y[share_of("multiclass", y, fraction, 0)])
        assert kept.tolist() == [round(n * fraction) for n in (600, 300, 100)]


@given(labels, fractions, fractions, seeds)
def test_groups_stay_whole_and_nested(y, one, two, seed):
    groups = np.arange(len(y)) // 3
    small, large = (share_of("multiclass", y, f, seed, groups) for f in sorted((one, two)))
    assert {*small} <= {*large}
    for taken in (small, large):
        left = np.setdiff1d(np.arange(len(y)), taken)
        assert not {*groups[taken]} & {*groups[left]}
        assert {*y[taken]} == {*y}


def test_the_share_of_a_series_is_its_end():
    assert share_of("forecasting", np.zeros((10, 2)), 0.3, 0).tolist() == [7, 8, 9]


def test_the_latest_examples_are_taken_and_those_of_one_time_stay_together():
    times = np.array([3, 3, 3, 1, 1, 2, 2, 2, 9, 0])
    assert share_of("binary", np.arange(10) % 2, 0.3, 0, times=times).tolist() == [0, 1, 2, 8]


def test_another_seed_takes_other_examples_of_targets_that_are_no_classes():
    y = np.linspace(0, 1, 100)
    first, second = (share_of("regression", y, 0.2, seed) for seed in (0, 1))
    assert len(first) == len(second) == 20
    assert first.tolist() != second.tolist()
    assert first.tolist() == share_of("regression", y, 0.2, 0).tolist()


@pytest.mark.parametrize("fraction", [0, -0.1, 1.5, float("nan")])
def test_what_is_no_share_is_refused(fraction):
    with pytest.raises(UserError, match=r"data\.fraction"):
        share_of("regression", np.arange(4.0), fraction, 0)


def test_validation_and_test_parts_stay_the_same():
    whole, part = (load(Source("iris"), validation=0.2, fraction=f, seed=4) for f in (1, 0.5))
    assert part.train.size == 48
    assert np.bincount(part.train.y).tolist() == [16, 16, 16]
    for name in ("validation", "test"):
        np.testing.assert_array_equal(getattr(part, name).x["input"],
                                      getattr(whole, name).x["input"])  # fmt: skip
    rows = {row.tobytes() for row in whole.train.x["input"]}
    assert all(row.tobytes() in rows for row in part.train.x["input"])
