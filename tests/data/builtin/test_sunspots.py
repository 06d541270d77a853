"""Forecasts are of the future: nothing that is tested on was known in training."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.datasets import sunspots as published

from dlcli import data
from dlcli.data.builtin import sunspots
from dlcli.data.description import INPUT, Source

OPTIONS = [(12, 1), (1, 1), (24, 5), (100, 20)]


@pytest.fixture(scope="module")
def numbers():
    """The number of sunspots in each year from 1700."""
    table = published.load_pandas().data
    assert list(table["YEAR"]) == list(range(1700, 2009))
    return table["SUNACTIVITY"].to_numpy("float32")


@pytest.mark.parametrize(("window", "horizon"), OPTIONS)
def test_the_data_set_keeps_what_its_description_promises(window, horizon):
    (entry,) = sunspots.DATASETS
    options = {"window": window, "horizon": horizon}
    dataset, known = entry.load(**options), entry.describe(**options)
    assert dataset.description == known
    assert known.task == "forecasting"
    assert (dataset.train.size, dataset.test.size) == (known.train_size, known.test_size)
    for part in (dataset.train, dataset.test):
        assert part.x[INPUT].shape[1:] == known.inputs[INPUT].shape == (window, 1)
        assert part.y.shape[1:] == known.target_shape == ((horizon,) if horizon > 1 else ())
        assert (part.x[INPUT].dtype, part.y.dtype) == ("float32", "float32")


@pytest.mark.parametrize(("window", "horizon"), OPTIONS)
def test_each_target_follows_its_window(numbers, window, horizon):
    dataset = sunspots.sunspots(window=window, horizon=horizon)
    starts = {"train": 0, "test": len(numbers) - 62 - window}
    for name, start in starts.items():
        part = getattr(dataset, name)
        targets = part.y.reshape(part.size, -1)
        for i in range(part.size):
            first = start + i
            np.testing.assert_array_equal(part.x[INPUT][i, :, 0], numbers[first : first + window])
            future = numbers[first + window : first + window + horizon]
            np.testing.assert_array_equal(targets[i], future)


@pytest.mark.parametrize(("window", "horizon"), OPTIONS)
def test_train_ends_before_the_first_year_that_is_tested(numbers, window, horizon):
    dataset = sunspots.sunspots(window=window, horizon=horizon)
    last_train_year = 1700 + dataset.train.size - 1 + window + horizon - 1
    first_test_year = 2008 - horizon + 1 - (dataset.test.size - 1)
    assert (last_train_year, first_test_year) == (1946, 1947)


@pytest.mark.parametrize(("window", "horizon"), OPTIONS)
def test_validation_is_the_end_of_train_and_shares_no_target_with_it(window, horizon):
    source = Source("sunspots", {"window": window, "horizon": horizon})
    whole = sunspots.sunspots(window=window, horizon=horizon).train
    parts = data.load(source, validation=0.2, seed=3)
    size = parts.validation.size
    assert size == round(0.2 * whole.size)
    np.testing.assert_array_equal(parts.validation.y, whole.y[-size:])
    np.testing.assert_array_equal(parts.train.y, whole.y[: parts.train.size])
    last_trained = parts.train.size - 1 + horizon - 1
    first_validated = whole.size - size
    assert last_trained == first_validated - 1


def test_the_seed_does_not_move_a_time_series():
    first, second = (data.load(Source("sunspots"), seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(first.validation.y, second.validation.y)
