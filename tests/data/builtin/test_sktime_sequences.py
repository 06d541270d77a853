"""The sequences are those of sktime's loaders, in the archives' official parts."""

from __future__ import annotations

import numpy as np
import pytest
from sktime import datasets

from dlcli.data.builtin import sktime_sequences
from dlcli.data.description import INPUT
from dlcli.data.formats.cache import location

LOADERS = {
    "japanese_vowels": datasets.load_japanese_vowels,
    "basic_motions": datasets.load_basic_motions,
    "italy_power_demand": datasets.load_italy_power_demand,
    "gunpoint": datasets.load_gunpoint,
    "arrow_head": datasets.load_arrow_head,
    "osu_leaf": datasets.load_osuleaf,
    "plaid": datasets.load_plaid,
    "covid3month": datasets.load_covid_3month,
}
CLASSES = {name: loader for name, loader in LOADERS.items() if name != "covid3month"}


def lengths(x: np.ndarray) -> np.ndarray:
    """How many steps each sequence has before its padding."""
    return x.shape[1] - np.argmax(np.any(x[:, ::-1] != 0, axis=2), axis=1)


@pytest.mark.parametrize("entry", sktime_sequences.DATASETS, ids=lambda entry: entry.name)
def test_a_data_set_keeps_what_its_description_promises(entry):
    dataset, known = entry.load(), entry.describe()
    assert dataset.description == known
    assert (dataset.train.size, dataset.test.size) == (known.train_size, known.test_size)
    steps, channels = known.inputs[INPUT].shape
    for part in (dataset.train, dataset.test):
        x = part.x[INPUT]
        assert x.dtype == known.inputs[INPUT].dtype
        assert x.shape[1] == (steps or dataset.train.x[INPUT].shape[1])
        assert x.shape[2] == channels
        assert np.isfinite(x).all()
        assert part.y.dtype == ("int32" if known.classes else "float32")
        if known.classes:
            assert set(part.y) == set(range(len(known.classes)))


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("part", ["train", "test"])
def test_every_sequence_is_sktimes_and_zero_after_its_end(name, part):
    published, _ = LOADERS[name](split=part)
    x = getattr(getattr(sktime_sequences, name)(), part).x[INPUT]
    assert len(x) == len(published)
    for row, channels in zip(x, published.to_numpy(), strict=True):
        values = np.stack(list(channels), axis=-1).astype("float32")
        np.testing.assert_array_equal(row[: len(values)], values)
        assert not row[len(values) :].any()


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("part", ["train", "test"])
def test_labels_are_sktimes_one_for_one(name, part):
    _, published = CLASSES[name](split=part)
    pairs = set(zip(published, getattr(getattr(sktime_sequences, name)(), part).y, strict=True))
    assert len(pairs) == len({label for label, _ in pairs}) == len({label for _, label in pairs})
    if name == "basic_motions":
        names = sktime_sequences.basic_motions().description.classes
        assert {(names[label], label) for _, label in pairs} == pairs
    else:
        ordered = sorted(pairs, key=lambda pair: int(pair[0]))
        assert [label for _, label in ordered] == list(range(len(pairs)))


def test_rates_of_death_are_sktimes():
    for part in ("train", "test"):
        _, published = datasets.load_covid_3month(split=part)
        y = getattr(sktime_sequences.covid3month(), part).y
        np.testing.assert_array_equal(y, published)
        assert 0 <= y.min() < y.max() < 0.2


def test_japanese_vowels_are_the_published_ones():
    dataset = sktime_sequences.japanese_vowels()
    steps = [lengths(part.x[INPUT]) for part in (dataset.train, dataset.test)]
    assert [(s.min(), s.max()) for s in steps] == [(7, 26), (7, 29)]
    assert list(np.bincount(dataset.train.y)) == [30] * 9
    # As its authors list the sizes of the blocks of ae.test.
    assert list(np.bincount(dataset.test.y)) == [31, 35, 88, 44, 29, 24, 40, 50, 29]


def test_appliances_are_as_published_and_of_different_length():
    dataset = sktime_sequences.plaid()
    steps = [lengths(part.x[INPUT]) for part in (dataset.train, dataset.test)]
    assert [(s.min(), s.max()) for s in steps] == [(100, 1344), (134, 1000)]
    assert dataset.test.x[INPUT].max() == pytest.approx(470.56)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("basic_motions", [10] * 4),
        ("italy_power_demand", [34, 33]),
        ("gunpoint", [24, 26]),
        ("arrow_head", [12] * 3),
        ("osu_leaf", [34, 29, 33, 53, 36, 15]),
    ],
)
def test_classes_have_as_many_training_examples_as_in_the_archive(name, counts):
    assert list(np.bincount(getattr(sktime_sequences, name)().train.y)) == counts


def test_in_winter_italy_needs_most_in_the_evening():
    """Tells that the two halves of the year have not changed names."""
    train = sktime_sequences.italy_power_demand().train
    winter, summer = (train.x[INPUT][train.y == label, :, 0].mean(axis=0) for label in (0, 1))
    assert np.argmax(winter) == 19
    assert np.argmax(summer) in (10, 11)


def test_a_data_set_is_converted_into_the_cache_and_read_back_the_same():
    first = sktime_sequences.gunpoint()
    place = location("gunpoint")
    assert place.is_file()
    place.unlink()
    again = sktime_sequences.gunpoint()
    np.testing.assert_array_equal(first.train.x[INPUT], again.train.x[INPUT])
    np.testing.assert_array_equal(first.test.y, again.test.y)
    assert place.is_file()
