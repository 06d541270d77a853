"""The shipped data sets are the real ones."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets

from dlcli.data.builtin import toy
from dlcli.data.description import INPUT
from dlcli.data.formats.cache import location


def everything(dataset):
    """All examples as sorted rows, whatever part they are in."""
    parts = (dataset.train, dataset.test)
    x = np.concatenate([part.x[INPUT].reshape(part.size, -1) for part in parts])
    y = np.concatenate([part.y for part in parts])
    return sorted(map(tuple, np.column_stack([x, y])))


@pytest.mark.parametrize("entry", toy.DATASETS, ids=lambda entry: entry.name)
def test_a_data_set_keeps_what_its_description_promises(entry):
    dataset, known = entry.load(), entry.describe()
    assert dataset.description == known
    assert dataset.train.size == known.train_size
    assert dataset.test.size == known.test_size
    for part in (dataset.train, dataset.test):
        x, spec = part.x[INPUT], known.inputs[INPUT]
        assert x.shape[1:] == spec.shape
        assert x.dtype == spec.dtype
        assert part.y.dtype == "int32"
        assert set(part.y) == set(range(len(known.classes)))


@pytest.mark.parametrize("entry", toy.DATASETS, ids=lambda entry: entry.name)
def test_the_test_part_is_a_stratified_fifth(entry):
    dataset = entry.load()
    test, train = np.bincount(dataset.test.y), np.bincount(dataset.train.y)
    assert np.all(np.abs(test - 0.2 * (test + train)) < 1)


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "iris", "wine"])
def test_no_example_of_scikit_learns_is_lost_or_changed(name):
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x = (x / 16 if name == "digits" else x).astype("float32")
    expected = sorted(map(tuple, np.column_stack([x, y])))
    assert everything(getattr(toy, name)()) == expected


def test_class_names_are_scikit_learns():
    for name in ("breast_cancer", "iris", "wine"):
        published = getattr(datasets, f"load_{name}")().target_names
        entry = next(entry for entry in toy.DATASETS if entry.name == name)
        assert entry.describe().classes == tuple(published)


def test_digits_are_grey_levels_from_0_to_1_and_no_class_is_rare():
    dataset = toy.digits()
    assert (dataset.train.x[INPUT].min(), dataset.train.x[INPUT].max()) == (0, 1)
    assert np.bincount(dataset.train.y).min() > 130


def test_mnist_5k_has_500_of_each_digit_in_mixed_order():
    dataset = toy.mnist_5k()
    assert list(np.bincount(dataset.train.y)) == [400] * 10
    assert list(np.bincount(dataset.test.y)) == [100] * 10
    assert (dataset.train.x[INPUT].min(), dataset.train.x[INPUT].max()) == (0, 1)
    assert len(set(dataset.train.y[:50])) > 5


def test_the_parts_of_digits_share_no_example():
    dataset = toy.digits()
    train, test = (
        {row.tobytes() for row in part.x[INPUT]} for part in (dataset.train, dataset.test)
    )
    assert not train & test


def test_a_data_set_is_converted_into_the_cache():
    toy.iris()
    assert location("iris").is_file()
