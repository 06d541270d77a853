"""Keras's images are read from its own files."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from dlcli.data.builtin import keras_images
from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.conftest import Malicious, publish, python2_pickle

random = np.random.default_rng(0)


def idx(array: np.ndarray) -> bytes:
    axes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + axes + array.tobytes()


def pixels(*shape: int) -> np.ndarray:
    return random.integers(0, 256, shape, dtype="uint8")


def assert_images(part, images: np.ndarray, labels: np.ndarray) -> None:
    assert np.array_equal(part.x[INPUT], (images / np.float32(255)).astype("float32"))
    assert part.x[INPUT].dtype == "float32"
    assert part.x[INPUT].flags.c_contiguous
    assert np.array_equal(part.y, labels)
    assert part.y.dtype == "int32"


def test_fashion_mnist_is_read_from_idx_files(monkeypatch):
    arrays = [pixels(5, 28, 28), pixels(5), pixels(3, 28, 28), pixels(3)]
    files = tuple(
        publish(file, gzip.compress(idx(array)), idx(array))
        for file, array in zip(keras_images.FASHION_MNIST, arrays, strict=True)
    )
    monkeypatch.setattr(keras_images, "FASHION_MNIST", files)
    dataset = keras_images.fashion_mnist()
    assert_images(dataset.train, arrays[0][..., None], arrays[1])
    assert_images(dataset.test, arrays[2][..., None], arrays[3])


def real_keras_home() -> Path | None:
    """A folder with the whole of Fashion-MNIST: named, or beside the checkout."""
    beside = Path(__file__).resolve().parents[3].glob("*/keras_home")
    named = os.environ.get("DLCLI_TEST_KERAS_HOME")
    homes = [Path(named)] if named else [*beside]
    return next((home for home in homes if (home / "datasets" / "fashion-mnist").is_dir()), None)


if real_keras_home():

    def test_the_real_fashion_mnist_passes_its_hashes_and_is_balanced(monkeypatch):
        monkeypatch.setenv("KERAS_HOME", str(real_keras_home()))
        dataset = keras_images.fashion_mnist()
        assert dataset.train.x[INPUT].shape == (60000, 28, 28, 1)
        assert list(np.bincount(dataset.train.y)) == [6000] * 10
        assert list(np.bincount(dataset.test.y)) == [1000] * 10
        # The first training image is an ankle boot, as the authors' README shows.
        assert keras_images.CLOTHES[dataset.train.y[0]] == "Ankle boot"


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def test_mnist_is_read_from_its_npz(monkeypatch):
    x_train, y_train, x_test, y_test = pixels(4, 28, 28), pixels(4), pixels(2, 28, 28), pixels(2)
    content = npz(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    monkeypatch.setattr(keras_images, "MNIST", publish(keras_images.MNIST, content))
    dataset = keras_images.mnist()
    assert_images(dataset.train, x_train[..., None], y_train)
    assert_images(dataset.test, x_test[..., None], y_test)


def unpack(place: str, batches: dict[str, bytes]) -> None:
    folder = keras_images.keras_cache.folder() / place
    folder.mkdir(parents=True)
    for name, content in batches.items():
        (folder / name).write_bytes(content)


def as_images(rows: np.ndarray) -> np.ndarray:
    """One pixel after the other, by the definition of the format."""
    planes = [rows[:, plane * 1024 : (plane + 1) * 1024] for plane in range(3)]
    return np.stack([plane.reshape(-1, 32, 32) for plane in planes], axis=-1)


def test_cifar10_is_read_from_unpacked_batches_without_their_archive():
    rows = {f"data_batch_{number}": pixels(2, 3072) for number in range(1, 6)}
    rows["test_batch"] = pixels(3, 3072)
    labels = {name: [index % 10] * len(batch) for index, (name, batch) in enumerate(rows.items())}
    batches = {n: python2_pickle({"data": rows[n], "labels": labels[n]}) for n in rows}
    unpack("cifar-10-batches-py", batches)
    dataset = keras_images.cifar10()
    train = [name for name in rows if name != "test_batch"]
    expected = np.concatenate([rows[name] for name in train])
    assert_images(dataset.train, as_images(expected), np.repeat(range(5), 2))
    assert_images(dataset.test, as_images(rows["test_batch"]), [5] * 3)


@pytest.mark.parametrize(("label_mode", "classes"), [("fine", 100), ("coarse", 20)])
def test_cifar100_has_labels_of_two_kinds(label_mode, classes):
    content = {"data": pixels(2, 3072), "fine_labels": [99, 0], "coarse_labels": [19, 0]}
    batch = python2_pickle(content)
    unpack("cifar-100-python-target/cifar-100-python", {"train": batch, "test": batch})
    dataset = keras_images.cifar100(label_mode=label_mode)
    assert len(dataset.description.classes) == classes
    assert_images(dataset.train, as_images(content["data"]), [classes - 1, 0])


@pytest.mark.parametrize(
    "content", [b"", b"text", python2_pickle([1]), python2_pickle({"data": 1})]
)
def test_a_damaged_batch_is_a_clear_error(content):
    unpack("cifar-100-python", {"train": content, "test": content})
    with pytest.raises(DataError, match="cifar-100-python"):
        keras_images.cifar100()


def test_a_batch_that_runs_code_is_refused_and_not_run(tmp_path):
    attack = pickle.dumps(Malicious(tmp_path / "made"))
    unpack("cifar-100-python", {"train": attack, "test": attack})
    with pytest.raises(DataError, match="mkdir"):
        keras_images.cifar100()
    assert not (tmp_path / "made").exists()


def test_class_names_are_as_many_as_classes_and_unlike_each_other():
    for classes, size in (
        (keras_images.CIFAR100_FINE, 100),
        (keras_images.CIFAR100_COARSE, 20),
        (keras_images.CLOTHES, 10),
        (keras_images.THINGS, 10),
    ):
        assert len(set(classes)) == len(classes) == size
    assert list(keras_images.CIFAR100_FINE) == sorted(keras_images.CIFAR100_FINE)
