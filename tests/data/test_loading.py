"""The package's own functions: entries, describe, load, fetch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dlcli import data
from dlcli.data import table
from dlcli.data.builtin import keras_images
from dlcli.data.description import INPUT, Source
from dlcli.data.formats import keras_cache
from dlcli.errors import DataError, UserError, WorkError

HEAVY = (
    "tensorflow", "keras", "numpy", "pandas", "scipy", "sklearn", "mlxtend", "matplotlib",
    "sktime", "statsmodels", "emoji",
)  # fmt: skip


@pytest.fixture
def no_network(monkeypatch):
    """Every download fails at once, as without a network."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


def test_entries_and_descriptions_of_built_ins_import_nothing_heavy():
    program = f"""
import sys
from dlcli import data
from dlcli.data import table
from dlcli.data.description import Source
for entry in data.entries():
    if entry.name not in data.own_files():
        data.describe(Source(entry.name))
found = [name for name in {HEAVY} if name in sys.modules]
sys.exit(str(found) if found else 0)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_entries_carry_the_options_with_their_bounds():
    entries = {entry.name: entry for entry in data.entries()}
    vocabulary = entries["imdb"].by_name["vocabulary"]
    assert (vocabulary.default, vocabulary.types[0].minimum) == (20000, 4)
    assert [kind.name for kind in entries["imdb"].by_name["max_length"].types] == [
        "integer",
        "null",
    ]
    assert entries["npz"].by_name["path"].required


def test_parts_are_disjoint_stratified_and_whole():
    dataset = data.load(Source("mnist_5k"), validation=0.1, seed=7)
    parts = (dataset.train, dataset.validation, dataset.test)
    assert [part.size for part in parts] == [3600, 400, 1000]
    assert list(np.bincount(dataset.validation.y)) == [40] * 10
    seen = [image.tobytes() for part in parts for image in part.x[INPUT]]
    assert len(set(seen)) == 5000


def test_the_seed_moves_validation_and_never_test():
    first, second = (data.load(Source("iris"), validation=0.2, seed=seed) for seed in (0, 1))
    assert np.array_equal(first.test.x[INPUT], second.test.x[INPUT])
    assert not np.array_equal(first.validation.x[INPUT], second.validation.x[INPUT])


def test_unknown_names_and_options_are_the_users_errors():
    with pytest.raises(UserError, match="did you mean 'digits'"):
        data.load(Source("digit"))
    with pytest.raises(UserError, match="did you mean 'vocabulary'"):
        data.describe(Source("imdb", {"vocab": 100}))


@pytest.mark.usefixtures("no_network")
def test_without_a_network_the_error_names_file_place_and_alternatives(keras_folder):
    with pytest.raises(WorkError, match=r"cannot download https://.*/mnist\.npz") as caught:
        data.load(Source("mnist"))
    assert str(keras_folder / "mnist.npz") in caught.value.remedy
    assert "need no network: digits, mnist_5k." in caught.value.remedy
    assert list(keras_folder.iterdir()) == []


@pytest.mark.usefixtures("no_network")
def test_where_nothing_similar_is_offline_no_alternative_is_named(monkeypatch):
    monkeypatch.setattr(table, "TABLE", (table.find("california_housing"),))
    with pytest.raises(WorkError) as caught:
        data.fetch("california_housing")
    assert "need no network" not in caught.value.remedy


def test_fetching_a_shipped_data_set_fills_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path))
    assert data.fetch("iris") == (tmp_path / "datasets" / "iris.npz",)
    assert (tmp_path / "datasets" / "iris.npz").is_file()


def test_fetching_into_a_cache_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "file"))
    assert data.load(Source("iris")).train.size == 108
    with pytest.raises(WorkError, match="cannot write") as caught:
        data.fetch("iris")
    assert "DLCLI_CACHE_DIR" in caught.value.remedy


def test_a_file_of_ones_own_cannot_be_fetched():
    with pytest.raises(UserError, match="nothing to fetch"):
        data.fetch("npz")


@pytest.mark.usefixtures("no_network")
def test_a_file_in_the_cache_makes_its_data_set_available_once_it_is_right(keras_folder):
    mnist = table.find("mnist")
    assert not data.is_available(mnist)
    keras_folder.mkdir(parents=True)
    (keras_folder / "mnist.npz").write_bytes(b"other")
    assert data.is_available(mnist)
    with pytest.raises(DataError, match="is not the file Keras publishes"):
        data.fetch("mnist")
    assert (keras_folder / "mnist.npz").read_bytes() == b"other"


def test_offline_data_sets_are_always_available():
    assert data.is_available(table.find("digits"))


@pytest.mark.usefixtures("no_network")
def test_unpacked_batches_are_enough(keras_folder):
    place = keras_folder / keras_images.CIFAR10.unpacked[0]
    place.mkdir(parents=True)
    assert data.fetch("cifar10") == (place,)
    assert keras_cache.place(keras_images.CIFAR10) == place
