"""No array file runs a pickle, and none makes room for what it does not hold."""

from __future__ import annotations

import io
import pickle
import tracemalloc

import numpy as np
import pytest

from dlcli.data.builtin import keras_images
from dlcli.data.builtin.keras_texts import IMDB
from dlcli.data.formats import cache, keras_cache, plain_npz
from dlcli.data.formats.plain_npz import open_plain
from dlcli.data.own.npz import npz
from dlcli.errors import DataError, DlcliError, UserError
from dlcli.train.saved import read_predictions
from tests.fuzz.driving import drive
from tests.security.places import Payload, pickled_array, write_run, write_zip


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "marker"


@pytest.fixture
def hostile(marker):
    return pickled_array(Payload(marker))


def plain(*values):
    stream = io.BytesIO()
    np.save(stream, np.array(values))
    return stream.getvalue()


def test_the_payload_is_real(hostile, marker):
    np.load(io.BytesIO(hostile), allow_pickle=True)
    assert marker.is_dir()


@pytest.mark.parametrize("key", ["x_train", "y_train", "x_test"])
def test_arrays_of_objects_in_an_npz_of_ones_own_are_refused(key, hostile, marker, tmp_path):
    members = {
        f"{name}.npy": plain(0.5, 1.0, 0.0) for name in ("x_train", "y_train", "x_test", "y_test")
    }
    write_zip(tmp_path / "own.npz", members | {f"{key}.npy": hostile})
    with pytest.raises(DataError, match="can run code"):
        npz(path=tmp_path / "own.npz")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["own.npz", "own.csv"])
def test_a_pickle_under_another_name_is_refused(name, marker, tmp_path):
    (tmp_path / name).write_bytes(pickle.dumps(Payload(marker)))
    source = {"npz": {"path": str(tmp_path / name)}}
    if name.endswith("csv"):
        source = {"csv": {"path": str(tmp_path / name), "target": "y"}}
    (tmp_path / "cfg.yaml").write_text(
        f"data: {{dataset: {source}}}\nmodel: {{layers: [Flatten]}}\n"
    )
    end = drive(["data", "show", str(tmp_path / "cfg.yaml")])
    assert (end.code, end.problem) == (2, "")
    assert not marker.exists()


@pytest.mark.parametrize("member", ["y_true", "y_prob", "split"])
def test_saved_predictions_that_hold_objects_are_refused(member, hostile, marker, tmp_path):
    run = write_run(tmp_path / "runs")
    members = {f"{name}.npy": plain(0, 1) for name in ("y_true", "y_prob", "split")}
    write_zip(run.path / "predictions.npz", members | {f"{member}.npy": hostile})
    with pytest.raises(UserError, match="can run code"):
        read_predictions(run)
    for command in ("eval", "report"):
        end = drive([command, "first", "--root", str(tmp_path / "runs")])
        assert (end.code, end.problem) == (2, "")
    assert not marker.exists()


@pytest.mark.slow
def test_a_checkpoint_that_holds_objects_is_refused(hostile, marker, tmp_path):
    from dlcli.train.checkpoint import load_checkpoint

    write_zip(tmp_path / "checkpoint.npz", {"meta.npy": hostile, "variable_0.npy": hostile})
    with pytest.raises(DlcliError, match="can run code"):
        load_checkpoint(tmp_path / "checkpoint.npz")
    assert not marker.exists()


def test_a_cached_data_set_that_holds_objects_is_made_anew(hostile, marker, tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    place = cache.location("made")
    place.parent.mkdir(parents=True)
    write_zip(place, {"x.npy": hostile, "y.npy": hostile})
    made = cache.cached("made", lambda: {"x": np.ones(2), "y": np.ones(2)})
    assert made["x"].sum() == 2
    assert not marker.exists()


def test_the_arrays_of_imdb_are_unpickled_without_running_anything(
    hostile, marker, tmp_path, monkeypatch
):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    place = IMDB.location
    place.parent.mkdir(parents=True)
    write_zip(place, {"x_train.npy": hostile})
    with pytest.raises(DataError, match="not the file Keras publishes"):
        keras_cache.read_arrays(IMDB)
    forged = IMDB._replace(sha256=keras_cache._sha256(place.read_bytes()))
    with pytest.raises(DataError, match=r"asks for posix\.mkdir"):
        keras_cache.read_arrays(forged)
    assert not marker.exists()


def test_unpacked_cifar_files_are_unpickled_without_running_anything(marker, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    place = tmp_path / "datasets" / keras_images.CIFAR10.unpacked[0]
    place.mkdir(parents=True)
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5",
                 "test_batch"):  # fmt: skip
        (place / name).write_bytes(pickle.dumps({b"data": Payload(marker), b"labels": [0]}))
    with pytest.raises(DataError, match=r"asks for posix\.mkdir"):
        keras_images.cifar10()
    assert not marker.exists()


def test_examples_to_predict_that_hold_objects_are_refused(hostile, marker, tmp_path):
    from dlcli.data.description import DataDescription, TensorSpec
    from dlcli.data.own.examples import read_examples

    write_zip(tmp_path / "new.npz", {"x.npy": hostile})
    description = DataDescription("own", "regression", {"input": TensorSpec((2,), "float32")})
    with pytest.raises(DataError, match="can run code"):
        read_examples(tmp_path / "new.npz", description, targets=False)
    assert not marker.exists()


def claiming(shape, dtype="<f8", data=b"\0" * 64):
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


@pytest.mark.parametrize(
    "shape", ["(1000000000,)", "(100000, 100000)", "(4611686018427387904, 4)", "(-1,)", "(True,)"]
)
def test_no_room_is_made_for_what_a_file_only_claims(shape, tmp_path):
    write_zip(tmp_path / "own.npz", {"x.npy": claiming(shape)})
    tracemalloc.start()
    try:
        with (
            pytest.raises(ValueError, match="claims the shape"),
            open_plain(tmp_path / "own.npz") as content,
        ):
            content["x"]
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_an_array_larger_than_the_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(plain_npz, "machine_bytes", lambda *, swap: 2**20)
    data = np.zeros(2**18)
    with (tmp_path / "own.npz").open("wb") as stream:
        np.savez_compressed(stream, x_train=data, y_train=data)
    assert (tmp_path / "own.npz").stat().st_size < 2**15
    with pytest.raises(DataError, match="too large for this machine's memory"):
        npz(path=tmp_path / "own.npz")
