"""New examples fit the model's input, or the message names the row that does not."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.data.description import DataDescription, TensorSpec
from dlcli.data.own.examples import read_examples
from dlcli.errors import DataError

TABLE = DataDescription("t", "binary", {"input": TensorSpec((3,), "float32")}, ("no", "yes"))
IMAGES = DataDescription("i", "multiclass", {"input": TensorSpec((2, 2, 1), "float32")}, ("a", "b"))
WORDS = DataDescription("w", "binary", {"input": TensorSpec((None,), "int32")}, ("no", "yes"))
PAIRS = DataDescription(
    "p", "binary", {n: TensorSpec((3,), "float32") for n in ("left", "right")}, ("no", "yes")
)


def csv(tmp_path, text):
    path = tmp_path / "new.csv"
    path.write_text(text)
    return path


def npz(tmp_path, **arrays):
    path = tmp_path / "new.npz"
    np.savez(path, **arrays)
    return path


def test_a_csv_holds_an_example_a_row_with_or_without_a_header(tmp_path):
    for text in ("a,b,c\n1,2,3\n4,5,6\n", "1,2,3\n\n4,5,6\n", "\ufeffa,b,c\n1,2,3\n4,5,6"):
        found = read_examples(csv(tmp_path, text), TABLE, targets=False).x["input"]
        np.testing.assert_array_equal(found, [[1, 2, 3], [4, 5, 6]])
        assert found.dtype == np.float32


def test_an_image_is_written_row_by_row(tmp_path):
    found = read_examples(csv(tmp_path, "1,2,3,4\n"), IMAGES, targets=False).x["input"]
    assert found.shape == (1, 2, 2, 1)
    np.testing.assert_array_equal(found[0, :, :, 0], [[1, 2], [3, 4]])


def test_sequences_of_different_lengths_are_padded_at_the_end(tmp_path):
    found = read_examples(csv(tmp_path, "5,6,7\n8\n"), WORDS, targets=False).x["input"]
    np.testing.assert_array_equal(found, [[5, 6, 7], [8, 0, 0]])


def test_an_npz_holds_x_and_y(tmp_path):
    path = npz(tmp_path, x=np.ones((4, 3)), y=[0, 1, 0, 1])
    found = read_examples(path, TABLE, targets=True)
    assert (found.x["input"].shape, list(found.y)) == ((4, 3), [0, 1, 0, 1])


def test_several_inputs_come_by_name(tmp_path):
    path = npz(tmp_path, **{"x.left": np.ones((2, 3)), "x.right": np.zeros((2, 3))})
    assert set(read_examples(path, PAIRS, targets=False).x) == {"left", "right"}


def test_eight_bit_images_become_0_to_1_and_gain_their_channel(tmp_path):
    path = npz(tmp_path, x=np.full((1, 2, 2), 255, "uint8"))
    found = read_examples(path, IMAGES, targets=False).x["input"]
    np.testing.assert_array_equal(found, np.ones((1, 2, 2, 1)))


def test_eight_bit_table_rows_are_no_images(tmp_path):
    path = npz(tmp_path, x=np.array([[1, 2, 255]], "uint8"))
    found = read_examples(path, TABLE, targets=False).x["input"]
    np.testing.assert_array_equal(found, [[1, 2, 255]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n", r"new\.csv:1: 2 values, but an example has 3"),
        ("1,2,3\n1,2,3,4\n", r"new\.csv:2: 4 values"),
        ("1,2,3\n1,,3\n", r"new\.csv:2: column 2 is ''"),
        ("1,2,nan\n", r"new\.csv:1: column 3 is 'nan'"),
        ("", "holds no examples"),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_examples(csv(tmp_path, text), TABLE, targets=False)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.ones((1, 3))}, "has no array 'x'; it has z"),
        ({"x": np.ones((1, 4))}, r"shape \(1, 4\), but examples are \(3,\)"),
        ({"x": np.ones((0, 3))}, r"shape \(0, 3\)"),
        ({"x": np.full((1, 3), np.inf)}, "no finite numbers"),
        ({"x": np.array([["a", "b", "c"]])}, "no finite numbers"),
        ({"x": np.array([[1, 2, 3]], dtype=object)}, "no .npz of plain arrays"),
        ({"x": np.ones((2, 3))}, "has no array 'y'"),
        ({"x": np.ones((2, 3)), "y": [1]}, "x has 2 examples, y 1"),
    ],
)
def test_arrays_that_do_not_fit_are_named(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        read_examples(npz(tmp_path, **arrays), TABLE, targets=True)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"no archive")
    for path, targets in ((tmp_path / "x.npz", False), (tmp_path / "nothing.csv", False)):
        with pytest.raises(DataError):
            read_examples(path, TABLE, targets=targets)
    with pytest.raises(DataError, match="come from an"):
        read_examples(csv(tmp_path, "1,2,3\n"), TABLE, targets=True)
    with pytest.raises(DataError, match="the model has several"):
        read_examples(csv(tmp_path, "1,2,3\n"), PAIRS, targets=False)
