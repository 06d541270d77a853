"""A user's own file is read, or refused with what is wrong and what to do."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from dlcli.data import describe, load
from dlcli.data.description import INPUT, Source, TensorSpec
from dlcli.errors import DataError, DlcliError, UserError

FEATURES = np.arange(12, dtype="float64").reshape(6, 2)
LABELS = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "own.npz"


@pytest.fixture
def save(path):
    """Save arrays, by default a good x_train and y_train beside them; None leaves a key out."""

    def save(**arrays):
        arrays = {"x_train": FEATURES, "y_train": LABELS} | arrays
        np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
        return Source("npz", {"path": str(path)})

    return save


def test_features_and_labels_are_loaded(save):
    dataset = load(save(), validation=0)
    assert np.array_equal(dataset.train.x[INPUT], FEATURES)
    assert dataset.train.x[INPUT].dtype == "float32"
    assert np.array_equal(dataset.train.y, LABELS)
    assert dataset.validation is None
    assert dataset.test is None
    known = dataset.description
    assert known.inputs == {INPUT: TensorSpec((2,), "float32")}
    assert (known.task, known.classes) == ("multiclass", ("0", "1", "2"))
    assert (known.name, known.train_size, known.test_size) == ("own", 6, 0)


def test_validation_and_test_of_the_file_are_used(save):
    source = save(
        x_validation=FEATURES[:2], y_validation=LABELS[:2], x_test=FEATURES[:3], y_test=LABELS[:3]
    )
    dataset = load(source, validation=0.5)
    assert (dataset.train.size, dataset.validation.size, dataset.test.size) == (6, 2, 3)
    assert dataset.description.test_size == 3


def test_several_inputs_go_by_their_names(save):
    right = np.arange(6)[:, None]
    source = save(
        x_train=None,
        **{"x_train.left": FEATURES, "x_train.right": right},
        **{"x_test.right": right, "x_test.left": FEATURES},
        y_test=LABELS,
    )
    dataset = load(source, validation=0)
    assert dataset.description.inputs == {
        "left": TensorSpec((2,), "float32"),
        "right": TensorSpec((1,), "int32"),
    }
    assert np.array_equal(dataset.test.x["right"], right)


@pytest.mark.parametrize(
    ("x", "spec", "expected"),
    [
        (np.full((6, 3, 3), 255, "uint8"), TensorSpec((3, 3, 1), "float32"), 1),
        (np.full((6, 3, 3, 3), 51, "uint8"), TensorSpec((3, 3, 3), "float32"), 0.2),
        (np.full((6, 2, 3, 3, 1), 255, "uint8"), TensorSpec((2, 3, 3, 1), "float32"), 1),
        (np.full((6, 3, 3), 7.0), TensorSpec((3, 3), "float32"), 7),
        (np.full((6, 3), 255, "uint8"), TensorSpec((3,), "int32"), 255),
        (np.full((6, 3), 5, ">i8"), TensorSpec((3,), "int32"), 5),
        (np.full((6, 3), 5, ">f2"), TensorSpec((3,), "float32"), 5),
        (np.full((6, 3), fill_value=True), TensorSpec((3,), "float32"), 1),
        (np.full(6, 2.5), TensorSpec((1,), "float32"), 2.5),
        (np.asfortranarray(np.full((6, 3, 3), 255, "uint8")), TensorSpec((3, 3, 1), "float32"), 1),
    ],
)
def test_inputs_become_what_the_docstring_says(save, x, spec, expected):
    source = save(x_train=x)
    assert describe(source).inputs == {INPUT: spec}
    loaded = load(source, validation=0).train.x[INPUT]
    assert loaded.shape == (6, *spec.shape)
    assert loaded.dtype == spec.dtype
    assert np.all(loaded == np.float32(expected))


def test_inputs_are_not_read_to_describe_them(save, path):
    x = np.random.default_rng(0).normal(size=(6, 10000))
    source = save(x_train=x)
    damaged = path.read_bytes().replace(x[5].tobytes(), bytes(x[5].nbytes))
    path.write_bytes(damaged)
    assert describe(source).inputs == {INPUT: TensorSpec((10000,), "float32")}
    with pytest.raises(DataError, match="is damaged"):
        load(source)


@pytest.mark.parametrize(
    ("task", "y", "expected"), [("regression", LABELS, ()), ("multiclass", LABELS * 1.0, ("0",))]
)
def test_the_task_can_be_given(save, task, y, expected):
    options = save(y_train=y).options | {"task": task}
    found = describe(Source("npz", options))
    assert found.task == task
    assert found.classes[:1] == expected


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x_trian": FEATURES}, "'x_trian' is not a key dlcli knows; did you mean 'x_train'"),
        ({"y_train.left": LABELS}, "'y_train.left' is not a key"),
        ({"x_train.": LABELS}, "'x_train.' is not a key"),
        ({"x_train": None}, "own.npz has no x_train$"),
        ({"y_train": None}, "own.npz has no y_train$"),
        ({"x_train": None, "y_train": None}, "own.npz has no x_train and no y_train$"),
        ({"x_test": FEATURES}, "own.npz has no y_test$"),
        ({"y_validation": LABELS}, "own.npz has no x_validation$"),
        ({"x_train.left": FEATURES}, "has both x_train and x_train.left"),
        (
            {"x_test.left": FEATURES, "y_test": LABELS},
            r"the inputs of test \(left\) are not those of train \(input\)",
        ),
        ({"x_train": np.array([[1], None], object)}, "x_train holds Python objects"),
        ({"y_train": np.array(["a"] * 6)}, "y_train has the dtype <U1"),
        ({"x_train": np.zeros((6, 2), complex)}, "x_train has the dtype complex128"),
        ({"x_train": np.zeros((6, 2), "M8[s]")}, r"x_train has the dtype datetime64"),
        ({"x_train": np.float32(3)}, "x_train is a single number"),
        ({"x_train": np.zeros((0, 2)), "y_train": LABELS[:0]}, r"x_train is empty"),
        ({"x_train": np.zeros((6, 0))}, r"x_train is empty: its shape is \(6, 0\)"),
        ({"x_train": FEATURES[:5]}, "x_train has 5 examples, but y_train has 6"),
        (
            {"x_test": np.zeros((6, 3)), "y_test": LABELS},
            r"x_test is float64\[3\], but one of x_train is float64\[2\]",
        ),
        (
            {"x_test": np.zeros((6, 2), "int8"), "y_test": LABELS},
            r"x_test is int8\[2\], but one of x_train is float64\[2\]",
        ),
        (
            {"x_test": FEATURES, "y_test": np.eye(3)[LABELS]},
            r"a target of y_test has the shape \(3,\), but one of y_train \(\)",
        ),
        ({"y_train": LABELS * np.nan}, "y_train holds NaN"),
        ({"x_train": np.where(FEATURES == 5, np.nan, 1)}, "1 of 6 examples, the first at index 2"),
        ({"x_train": np.where(FEATURES > 8, np.inf, 1)}, "2 of 6 examples, the first at index 4"),
        ({"x_train": FEATURES * 1e38}, "beyond float32"),
        ({"x_train": np.full((6, 2), 2**31)}, "beyond int32"),
        ({"x_train": np.full((6, 2), -(2**31) - 1)}, "beyond int32"),
        ({"x_test": FEATURES, "y_test": LABELS + 1}, "y_test holds the class 3"),
    ],
)
def test_what_cannot_be_used_is_a_clear_error_with_a_remedy(save, path, arrays, reason):
    with pytest.raises(DataError, match=reason) as caught:
        load(save(**arrays))
    assert str(path) in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    "content", [b"", b"text", b"PK\x03\x04 broken", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', "]
)
def test_a_file_that_is_no_npz_is_a_clear_error(path, content):
    path.write_bytes(content)
    with pytest.raises(DataError, match="or is damaged"):
        describe(Source("npz", {"path": path}))


def test_a_member_that_is_no_array_is_a_clear_error(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x_train.npy", b"text")
        archive.writestr("y_train.npy", b"text")
    with pytest.raises(DataError, match="or is damaged"):
        describe(Source("npz", {"path": path}))


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [(-2, 0x1, "password"), (0, 99, "compression")],
    ids=["encrypted", "compressed in an unknown way"],
)
def test_an_archive_that_cannot_be_opened_is_a_clear_error(save, path, offset, value, reason):
    file = save()
    content = bytearray(path.read_bytes())
    # The method stands at 8 and 10 bytes of a member's two headers, its flags two bytes before.
    for mark, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = content.find(mark)
        while place >= 0:
            content[place + method + offset] = value
            place = content.find(mark, place + 1)
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"is damaged: .*{reason}") as caught:
        load(file)
    assert caught.value.remedy


def test_another_kind_of_archive_is_a_clear_error(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(DataError, match=r"'config\.json' is not a key"):
        describe(Source("npz", {"path": path}))


def test_a_missing_file_and_a_folder_are_clear_errors(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        describe(Source("npz", {"path": tmp_path / "nowhere.npz"}))
    with pytest.raises(DataError, match="is a folder"):
        describe(Source("npz", {"path": tmp_path}))


def test_a_path_is_needed():
    with pytest.raises(UserError, match="needs the option 'path'"):
        describe(Source("npz"))


numbers = arrays_of.arrays(
    st.sampled_from(["bool", "uint8", "int16", "uint64", "float16", "float64", "complex64", "S2"]),
    arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["x_train", "y_train", "x_test", "y_test"]), numbers))
def test_any_arrays_are_loaded_as_described_or_refused(path, arrays):
    np.savez(path, **arrays)
    source = Source("npz", {"path": path})
    try:
        dataset = load(source, validation=0)
    except DlcliError as error:
        assert error.remedy
        return
    known = describe(source)
    assert dataset.train.x[INPUT].shape == (known.train_size, *known.inputs[INPUT].shape)
    assert dataset.train.x[INPUT].dtype == known.inputs[INPUT].dtype
    assert dataset.train.y.shape == (known.train_size, *known.target_shape)
