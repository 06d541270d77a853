"""An `.npz` of numbers and text is read as NumPy reads it, and nothing else is."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from dlcli.data.formats.plain_npz import open_plain

ARRAYS = {"x": np.arange(6.0).reshape(2, 3), "names": np.array(["a", "\u00e4b"]), "n": np.int8(3)}


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    return tmp_path / "a.npz"


def test_arrays_and_headers_are_numpys_own(path):
    with open_plain(path) as archive, np.load(path) as known:
        assert archive.names == tuple(known)
        for name in known:
            assert archive.header(name) == (known[name].shape, known[name].dtype)
            np.testing.assert_array_equal(archive[name], known[name])


def test_an_array_that_is_not_there_is_named(path):
    with open_plain(path) as archive, pytest.raises(ValueError, match="it has no array 'y'"):
        archive["y"]


def test_objects_are_not_loaded(tmp_path):
    np.savez(tmp_path / "o.npz", x=np.array([{}, 1], object))
    with open_plain(tmp_path / "o.npz") as archive, pytest.raises(ValueError, match="can run code"):
        archive["x"]


def test_an_array_that_claims_more_than_is_there_takes_no_room(tmp_path, path):
    with zipfile.ZipFile(path) as archive:
        content = archive.read("x.npy")
    with zipfile.ZipFile(tmp_path / "big.npz", "w") as archive:
        archive.writestr("x.npy", content.replace(b"(2, 3)", b"(9, 9)"))
    with open_plain(tmp_path / "big.npz") as archive, pytest.raises(ValueError, match="claims"):
        archive["x"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive" * 30])
def test_damage_is_a_value_error(tmp_path, content):
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"\w"), open_plain(tmp_path / "d.npz"):
        pass


def test_a_folder_is_no_archive(tmp_path):
    with pytest.raises(ValueError, match="a folder"), open_plain(tmp_path):
        pass
