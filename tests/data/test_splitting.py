"""Splits are disjoint, stratified, and fixed by their seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.description import INPUT, DataDescription, Dataset, Split, Task, TensorSpec
from dlcli.data.pool import Pool
from dlcli.data.splitting import (
    at_random,
    keras_orders,
    latest,
    stratified,
    train_size_left,
    with_fixed_test,
    with_keras_test,
)
from dlcli.errors import DataError, UserError

labels = st.lists(st.integers(0, 6), min_size=1, max_size=80).map(np.array)
fractions = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**40)


def dataset(y: np.ndarray, task: Task = "multiclass") -> Dataset:
    description = DataDescription("toy", task, {INPUT: TensorSpec((1,), "float32")})
    x = np.arange(len(y), dtype="float32")[:, None]
    return Dataset(description, Split({INPUT: x}, y), None, None)


def with_validation(whole: Dataset, fraction: float, seed: int) -> Dataset:
    pool = Pool(whole)
    return pool.dataset(pool.parts(seed, fraction, resample=False))


@given(labels, fractions, seeds)
def test_a_stratified_split_parts_the_examples_without_loss(y, fraction, seed):
    kept, taken = stratified(y, fraction, seed)
    assert sorted([*kept, *taken]) == list(range(len(y)))


@given(labels, fractions, seeds)
def test_every_class_gives_up_its_share_to_within_one_example_and_keeps_one(y, fraction, seed):
    kept, taken = stratified(y, fraction, seed)
    for label, count in zip(*np.unique(y, return_counts=True), strict=True):
        assert (y[kept] == label).sum() >= 1
        assert abs((y[taken] == label).sum() - fraction * count) <= 1


@given(labels, fractions, seeds)
def test_the_total_is_the_rounded_share_unless_single_examples_forbid_it(y, fraction, seed):
    _, taken = stratified(y, fraction, seed)
    wanted = max(round(fraction * len(y)), 1)
    spare = len(y) - len(np.unique(y))
    assert len(taken) <= wanted
    if fraction <= 0.5 and np.unique(y, return_counts=True)[1].min() > 1:
        assert len(taken) == min(wanted, spare)


@given(labels, fractions, seeds)
def test_the_same_seed_takes_the_same_examples(y, fraction, seed):
    first, second = stratified(y, fraction, seed), stratified(y, fraction, seed)
    assert np.array_equal(first[1], second[1])


def test_another_seed_takes_other_examples():
    y = np.repeat([0, 1], 50)
    assert not np.array_equal(stratified(y, 0.2, 0)[1], stratified(y, 0.2, 1)[1])


@given(st.integers(2, 50), fractions, seeds)
def test_a_random_split_parts_the_examples_without_loss(n, fraction, seed):
    kept, taken = at_random(np.zeros(n), fraction, seed)
    assert sorted([*kept, *taken]) == list(range(n))
    assert len(kept) >= 1
    assert len(taken) >= 1


def test_classes_with_a_single_example_stay_in_train():
    whole = dataset(np.array([0] * 8 + [1, 2]))
    parts = with_validation(whole, 0.2, seed=3)
    assert set(parts.train.y) == {0, 1, 2}
    assert list(parts.validation.y) == [0, 0]


def test_validation_of_classes_is_stratified_and_of_amounts_is_not():
    y = np.repeat([0, 1, 2, 3, 4], 10)
    assert list(np.bincount(with_validation(dataset(y), 0.2, seed=1).validation.y)) == [2] * 5
    drawn = {
        tuple(np.bincount(with_validation(dataset(y, "regression"), 0.2, seed).validation.y))
        for seed in range(5)
    }
    assert len(drawn) > 1


def test_inputs_stay_with_their_targets():
    parts = with_validation(dataset(np.arange(20) % 2), 0.3, seed=5)
    for part in (parts.train, parts.validation):
        assert np.array_equal(part.x[INPUT][:, 0] % 2, part.y)


def test_a_share_of_zero_takes_no_validation():
    assert with_validation(dataset(np.array([0, 1])), 0, seed=0).validation is None


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_an_impossible_share_is_the_users_error(share):
    with pytest.raises(UserError, match="validation is"):
        with_validation(dataset(np.array([0, 1])), share, seed=0)


@pytest.mark.parametrize("task", ["multiclass", "regression", "forecasting"])
def test_too_few_examples_to_validate_is_a_clear_error(task):
    with pytest.raises(DataError, match="'toy' has too few training examples"):
        with_validation(dataset(np.array([0]), task), 0.5, seed=0)


def test_a_validation_part_of_its_own_goes_before():
    whole = dataset(np.array([0, 1, 0, 1]))
    own = Split({INPUT: np.zeros((1, 1))}, np.array([1]))
    given_own = Dataset(whole.description, whole.train, own, None)
    parts = with_validation(given_own, 0.5, seed=0)
    assert (parts.train, parts.validation) == (whole.train, own)


def test_the_fixed_test_part_never_changes():
    """A change would let saved models meet, in the test part, what they were trained on."""
    whole = dataset(np.array([]))
    parts = with_fixed_test(whole.description, np.arange(20)[:, None], np.repeat([0, 1], 10))
    assert list(parts.test.x[INPUT][:, 0]) == [16, 9, 5, 19]
    assert list(parts.train.x[INPUT][:4, 0]) == [6, 0, 3, 8]


@given(st.integers(1, 30), st.integers(1, 30))
def test_keras_orders_are_those_of_its_shuffles(first, second):
    shuffler = np.random.RandomState(113)
    expected = []
    for size in (first, second):
        indices = np.arange(size)
        shuffler.shuffle(indices)
        expected.append(indices.tolist())
    assert [order.tolist() for order in keras_orders(first, second)] == expected


def test_keras_tests_on_the_last_fifth():
    whole = dataset(np.array([]))
    parts = with_keras_test(whole.description, np.arange(10)[:, None], np.arange(10))
    assert list(parts.train.y) == list(range(8))
    assert list(parts.test.y) == [8, 9]


@given(st.integers(2, 60), fractions, st.integers(1, 6))
def test_a_time_series_gives_up_its_end_and_trains_on_none_of_its_targets(n, fraction, horizon):
    y = np.arange(n)[:, None] + np.arange(horizon)
    kept, taken = latest(y if horizon > 1 else y[:, 0], fraction)
    assert len(taken) == min(max(round(fraction * n), 1), n - 1)
    assert [*kept, *taken] == sorted({*kept, *taken})
    assert taken[-1] == n - 1
    assert not set(y[kept].ravel()) & set(y[taken].ravel())
    # No more is left out than has to be.
    assert len(kept) == max(n - len(taken) - horizon + 1, 0)


@given(st.integers(4, 60), st.floats(0.01, 0.5), st.integers(1, 3))
def test_what_validation_leaves_is_known_before_loading(n, fraction, horizon):
    for task, y in (
        ("regression", np.arange(n)),
        ("multiclass", np.arange(n) % 2),
        ("forecasting", np.zeros((n, horizon)) if horizon > 1 else np.zeros(n)),
    ):
        whole = dataset(y, task)
        known = replace(whole.description, train_size=n, target_shape=y.shape[1:])
        left = with_validation(whole, fraction, seed=0).train.size
        assert train_size_left(known, fraction) == left
        assert train_size_left(known, 0) == n
    assert train_size_left(whole.description, fraction) is None
