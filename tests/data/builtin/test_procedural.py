"""Generated tasks are those of the literature, and always the same."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli import data
from dlcli.data.builtin import procedural
from dlcli.data.description import INPUT, Source
from dlcli.errors import UserError

TASKS = (procedural.adding, procedural.temporal_order, procedural.copy_memory)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_a_task_keeps_what_its_description_promises(task):
    made = task(train_size=300, test_size=50)
    source = Source(task.__name__, {"train_size": 300, "test_size": 50})
    assert made.description == data.describe(source)
    (spec,) = made.description.inputs.values()
    for part, size in ((made.train, 300), (made.test, 50)):
        assert part.x[INPUT].shape == (size, *spec.shape)
        assert part.x[INPUT].dtype == spec.dtype
        assert part.y.shape == (size, *made.description.target_shape)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_a_task_is_always_the_same_and_its_parts_share_nothing(task):
    first, second = task(train_size=200, test_size=200), task(train_size=200, test_size=200)
    assert np.array_equal(first.train.x[INPUT], second.train.x[INPUT])
    assert np.array_equal(first.test.y, second.test.y)
    seen = {example.tobytes() for example in first.train.x[INPUT]}
    assert not seen & {example.tobytes() for example in first.test.x[INPUT]}


@pytest.mark.parametrize("length", [2, 3, 100])
def test_adding_marks_one_number_in_each_half(length):
    made = procedural.adding(length=length, train_size=2000).train
    numbers, marks = made.x[INPUT][..., 0], made.x[INPUT][..., 1]
    assert set(np.unique(marks)) <= {0, 1}
    assert (marks[:, : length // 2].sum(axis=1) == 1).all()
    assert (marks[:, length // 2 :].sum(axis=1) == 1).all()
    assert (numbers.min() >= 0) & (numbers.max() <= 1)
    np.testing.assert_allclose(made.y, (numbers * marks).sum(axis=1), rtol=1e-6)


def test_addings_baseline_is_a_sixth():
    y = procedural.adding(train_size=100_000, length=2).train.y
    assert np.mean(y) == pytest.approx(1, abs=0.005)
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, abs=0.002)


@pytest.mark.parametrize("length", [10, 100])
def test_temporal_orders_classes_are_the_order_of_x_and_y(length):
    made = procedural.temporal_order(length=length, train_size=2000).train
    x = made.x[INPUT]
    assert (x[:, 0] == 1).all()
    assert (x[:, -1] == 2).all()
    marked = [row[row >= 7] - 7 for row in x]
    assert all(len(pair) == 2 for pair in marked)
    assert [2 * first + second for first, second in marked] == list(made.y)
    places = np.array([np.flatnonzero(row >= 7) for row in x])
    tenth = length // 10
    assert set(places[:, 0]) == set(range(tenth, 2 * tenth))
    assert set(places[:, 1]) == set(range(5 * tenth, 6 * tenth))
    assert set(x[x < 7]) == set(range(1, 7))
    assert np.bincount(made.y).min() > 400


def test_copy_memory_asks_for_the_symbols_after_the_sign():
    made = procedural.copy_memory(delay=7, train_size=2000)
    x, y = made.train.x[INPUT], made.train.y
    assert x.shape == y.shape == (2000, 27)
    assert (x[:, 16] == 9).all()
    assert not x[:, 10:16].any()
    assert not x[:, 17:].any()
    assert np.array_equal(y[:, 17:], x[:, :10])
    assert not y[:, :17].any()
    assert set(np.unique(x[:, :10])) == set(range(1, 9))


def test_copy_memorys_baselines_are_those_of_forgetting():
    delay, y = 50, procedural.copy_memory().train.y
    blank = np.array([1.0] + [0.0] * 8)
    symbols = np.array([0.0] + [1 / 8] * 8)
    probability = np.where(np.arange(delay + 20)[:, None] < delay + 10, blank, symbols)
    of_truth = probability[np.arange(delay + 20), y]
    assert -np.log(of_truth).mean() == pytest.approx(10 * np.log(8) / (delay + 20))
    assert of_truth.mean() == pytest.approx((delay + 11.25) / (delay + 20))


@pytest.mark.parametrize(
    ("name", "options", "shape", "fraction"),
    [
        ("adding", {}, (10_000,), 0.1),
        ("copy_memory", {"delay": 5}, (10_000, 25), 0.1),
    ],
)
def test_validation_is_taken_at_random(name, options, shape, fraction):
    loaded = data.load(Source(name, options), validation=fraction)
    assert loaded.train.y.shape == (shape[0] * 9 // 10, *shape[1:])


def test_there_is_nothing_to_fetch():
    with pytest.raises(UserError, match="'adding' is generated when used"):
        data.fetch("adding")
