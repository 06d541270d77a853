"""The cache saves time and never does harm."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dlcli.data.formats.cache import cached, location

if TYPE_CHECKING:
    from pathlib import Path


class Conversion:
    """Counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        """Make a tiny data set."""
        self.calls += 1
        return {"x": np.arange(6, dtype="float32").reshape(3, 2), "y": np.array([0, 1, 2])}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def convert() -> Conversion:
    return Conversion()


def test_a_data_set_is_converted_once(convert):
    first, second = cached("toy", convert), cached("toy", convert)
    assert convert.calls == 1
    assert np.array_equal(first["x"], second["x"])
    assert np.array_equal(first["y"], second["y"])


def altered(content: bytes) -> bytes:
    middle = content.index(np.float32(5).tobytes())
    return content[:middle] + b"\xff" + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:0],
        lambda content: b"not an archive" + content[:0],
        lambda content: content[:-40],
        lambda content: content[: len(content) // 2],
        altered,
    ],
)
def test_a_damaged_file_is_made_again(convert, damage):
    expected = cached("toy", convert)
    path = location("toy")
    path.write_bytes(damage(path.read_bytes()))
    assert np.array_equal(cached("toy", convert)["x"], expected["x"])
    cached("toy", convert)
    assert convert.calls == 2


@pytest.mark.parametrize(
    "arrays", [{"x": np.zeros(2)}, {"x": np.array([None]), "y": np.array([None])}]
)
def test_a_file_of_other_content_is_made_again(convert, arrays):
    path = location("toy")
    path.parent.mkdir()
    np.savez(path, **arrays)
    assert cached("toy", convert)["x"].shape == (3, 2)


def test_a_data_set_names_its_arrays(convert):
    def parts():
        return {f"{name}_train": array for name, array in convert().items()}

    names = ("x_train", "y_train")
    first, second = (cached("toy", parts, names) for _ in range(2))
    assert convert.calls == 1
    assert set(first) == set(second) == set(names)
    assert np.array_equal(first["x_train"], second["x_train"])


def test_a_file_that_lacks_an_array_is_made_again(convert):
    cached("toy", convert)
    cached("toy", lambda: {**convert(), "z": np.zeros(1)}, ("x", "y", "z"))
    assert convert.calls == 2
    assert cached("toy", convert, ("x", "y", "z"))["z"].shape == (1,)
    assert convert.calls == 2


def test_a_single_array_in_its_place_is_made_again(convert):
    path = location("toy")
    path.parent.mkdir()
    with path.open("wb") as stream:
        np.save(stream, np.zeros(2))
    assert cached("toy", convert)["x"].shape == (3, 2)


def test_a_folder_that_cannot_be_written_does_not_prevent_loading(convert, place, monkeypatch):
    (place / "file").touch()
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(place / "file"))
    assert cached("toy", convert)["x"].shape == (3, 2)


def test_a_full_disk_does_not_prevent_loading_and_leaves_nothing(convert, monkeypatch):
    def full(stream, **_arrays):
        stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert cached("toy", convert)["x"].shape == (3, 2)
    assert list(location("toy").parent.iterdir()) == []
