"""From the same files, dlcli and keras.datasets read the same examples in the same order."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlcli.data.builtin import keras_images, keras_tables, keras_texts
from dlcli.data.description import INPUT
from tests.data.builtin.test_keras_texts import npz, ragged
from tests.data.conftest import python2_pickle

WITH_KERAS = """
import sys, json
import numpy as np
from importlib import import_module
from keras.utils import pad_sequences

def load(name, path, **arguments):
    module = import_module(f"keras.src.datasets.{name}")
    module.get_file = lambda *_, **__: path
    return module.load_data(**arguments)

def rows(parts):
    (x_train, y_train), (x_test, y_test) = parts
    pad = lambda x: pad_sequences(x, maxlen=20, padding="post", truncating="pre")
    return (pad(x_train), y_train), (pad(x_test), y_test)

files = json.loads(sys.argv[1])
loaded = {
    "imdb": rows(load("imdb", files["imdb"], num_words=40)),
    "reuters": rows(load("reuters", files["reuters"], num_words=40)),
    "california_housing": load("california_housing", files["california_housing"]),
    "cifar100": load("cifar100", files["cifar100"]),
    "labels": ((import_module("keras.datasets.reuters").get_label_names(), []), ([], [])),
}
arrays = {}
for name, ((x_train, y_train), (x_test, y_test)) in loaded.items():
    arrays |= {f"{name}.x_train": x_train, f"{name}.y_train": y_train}
    arrays |= {f"{name}.x_test": x_test, f"{name}.y_test": y_test}
np.savez(files["result"], **arrays)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("published")
    random = np.random.default_rng(3)
    texts = ragged([random.integers(1, 60, random.integers(1, 40)).tolist() for _ in range(30)])
    labels = np.arange(30)
    features = random.normal(size=(25, 8))
    batch = {"data": random.integers(0, 256, (6, 3072), "uint8"), "fine_labels": [5, 4, 3, 2, 1, 0]}
    unpacked = folder / "cifar-100-python-target" / "cifar-100-python"
    unpacked.mkdir(parents=True)
    for name in ("train", "test"):
        (unpacked / name).write_bytes(python2_pickle(batch))
    contents = {
        "imdb": npz(x_train=texts, y_train=labels, x_test=texts[:9], y_test=labels[:9]),
        "reuters": npz(x=texts, y=labels),
        "california_housing": npz(x=features, y=features.sum(axis=1)),
    }
    for name, content in contents.items():
        (folder / f"{name}.npz").write_bytes(content)
    return {name: folder / f"{name}.npz" for name in contents} | {"cifar100": unpacked.parent}


@pytest.fixture(scope="module")
def keras_result(files, tmp_path_factory) -> dict[str, np.ndarray]:
    result = tmp_path_factory.mktemp("keras") / "result.npz"
    paths = {name: str(path) for name, path in (files | {"result": result}).items()}
    command = [sys.executable, "-c", WITH_KERAS, json.dumps(paths)]
    subprocess.run(command, check=True, capture_output=True)
    with np.load(result) as arrays:
        return dict(arrays)


@pytest.fixture
def dlcli_result(files, monkeypatch):
    """The data sets read from the same files, their hashes not being Keras's."""
    for module in (keras_texts, keras_tables):
        monkeypatch.setattr(
            module.keras_cache, "read", lambda file: (files[Path(file.path).stem]).read_bytes()
        )
    monkeypatch.setattr(keras_images.keras_cache, "folder", lambda: files["cifar100"].parent)
    return {
        "imdb": keras_texts.imdb(vocabulary=40, max_length=20),
        "reuters": keras_texts.reuters(vocabulary=40, max_length=20),
        "california_housing": keras_tables.california_housing(),
        "cifar100": keras_images.cifar100(),
    }


@pytest.mark.slow
def test_dlcli_and_keras_read_the_same(keras_result, dlcli_result):
    for name, dataset in dlcli_result.items():
        for part, split in (("train", dataset.train), ("test", dataset.test)):
            x, y = keras_result[f"{name}.x_{part}"], keras_result[f"{name}.y_{part}"]
            scaled = x / np.float32(255) if name == "cifar100" else x
            assert np.array_equal(split.x[INPUT], scaled.astype(split.x[INPUT].dtype)), name
            assert np.array_equal(split.y, y.reshape(-1).astype(split.y.dtype)), name


@pytest.mark.slow
def test_the_names_of_the_topics_are_keras_own(keras_result):
    assert tuple(keras_result["labels.x_train"]) == keras_texts.TOPICS
