"""Arrays are read; whatever else a file asks for is refused."""

from __future__ import annotations

import io
import pickle
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.formats import npy
from tests.data.conftest import Malicious, python2_pickle


def ragged() -> np.ndarray:
    array = np.empty(2, dtype=object)
    array[:] = [[1, 2, 3], [4]]
    return array


def npz_bytes(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_a_header_is_read_without_its_array(version):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.zeros((3, 2), "<i2"), version=version)
    stream.seek(0)
    assert npy.header(stream) == ((3, 2), np.dtype("<i2"))


def test_numbers_and_ragged_lists_are_read_from_an_npz():
    arrays = npy.read_npz(npz_bytes(x=ragged(), y=np.array([0, 1])))
    assert arrays["x"].tolist() == [[1, 2, 3], [4]]
    assert arrays["y"].tolist() == [0, 1]


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("core", ["core", "_core"])
def test_pickles_of_either_numpy_are_read(core, protocol):
    pickled = pickle.dumps(ragged(), protocol=protocol)
    name = f"numpy.{core}.multiarray"
    if protocol == 3:
        pickled = pickled.replace(b"numpy._core.multiarray", name.encode())
    else:  # from protocol 4 on, text is preceded by its length, and frames by theirs
        pickled = unframed(pickled)
        old = b"\x8c\x16numpy._core.multiarray"
        pickled = pickled.replace(old, b"\x8c" + bytes([len(name)]) + name.encode())
    assert name.encode() in pickled
    assert npy.restricted_load(io.BytesIO(pickled)).tolist() == [[1, 2, 3], [4]]


def unframed(pickled: bytes) -> bytes:
    return pickled[:2] + pickled[11:] if pickled[2:3] == b"\x95" else pickled


def test_pickles_of_python_2_are_read_as_bytes():
    batch = {"data": np.arange(6, dtype="uint8").reshape(2, 3), "labels": [1, 0]}
    loaded = npy.restricted_load(io.BytesIO(python2_pickle(batch)))
    assert loaded[b"data"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded[b"labels"] == [1, 0]


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="<i4").reshape(2, 3),
        np.arange(6, dtype=">f8"),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array([True, False]),
        np.zeros((0, 3)),
    ],
)
@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_come_out_as_they_went_in(array, protocol):
    loaded = npy.restricted_load(io.BytesIO(pickle.dumps({"x": array}, protocol)))["x"]
    assert loaded.dtype == array.dtype
    assert np.array_equal(loaded, array)


def test_object_arrays_may_hold_arrays():
    array = np.empty(2, dtype=object)
    array[:] = [np.array([1, 2]), np.array([3, 4])]
    loaded = npy.restricted_load(io.BytesIO(pickle.dumps(array)))
    assert [element.tolist() for element in loaded] == [[1, 2], [3, 4]]


@given(st.data())
def test_a_damaged_pickle_is_an_error_and_never_a_crash(data):
    pickled = bytearray(python2_pickle({"data": np.arange(9, dtype="uint8"), "labels": [1]}))
    for _ in range(3):
        pickled[data.draw(st.integers(0, len(pickled) - 1))] = data.draw(st.integers(0, 255))
    with suppress(pickle.UnpicklingError):
        npy.check_pickle(bytes(pickled))
        npy.restricted_load(io.BytesIO(bytes(pickled)))


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x80\x02}r\xff\xff\xff\x7f.",  # LONG_BINPUT: remembered at a place that takes 32 GB
        b"}p2147483647\n.",  # PUT: the same as text
        b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.",  # BYTEARRAY8 of a terabyte
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\x00\x00\x00.",  # BINBYTES8
    ],
)
def test_a_pickle_that_asks_for_more_memory_than_it_can_fill_is_damaged(bomb):
    with pytest.raises(pickle.UnpicklingError, match="damaged"):
        npy.check_pickle(bomb)


@pytest.mark.parametrize("protocol", range(6))
def test_a_whole_pickle_asks_for_no_more_memory_than_it_fills(protocol):
    npy.check_pickle(pickle.dumps({"data": np.arange(999), "labels": ["a"] * 9}, protocol))


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path):
    folder = tmp_path / "made"
    with pytest.raises(pickle.UnpicklingError, match="mkdir"):
        npy.restricted_load(io.BytesIO(pickle.dumps(Malicious(folder))))
    assert not folder.exists()


def test_an_npz_that_runs_code_is_refused_and_not_run(tmp_path):
    array = np.empty(1, dtype=object)
    array[0] = Malicious(tmp_path / "made")
    with pytest.raises(pickle.UnpicklingError, match="mkdir"):
        npy.read_npz(npz_bytes(x=array))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("value", [eval, getattr, pickle.loads, np.load, np.lib.format.open_memmap])
def test_any_other_function_is_refused(value):
    with pytest.raises(pickle.UnpicklingError, match="which no array needs"):
        npy.restricted_load(io.BytesIO(pickle.dumps(value)))
