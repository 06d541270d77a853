"""A model that dlcli did not save is refused before Keras sees it."""

from __future__ import annotations

import copy
import json
import pickle
import zipfile

import numpy as np
import pytest

from dlcli.errors import UserError
from dlcli.store import model_file
from dlcli.store.model_file import check_model_file
from tests.fuzz.driving import drive
from tests.helpers import SMALL, dlcli
from tests.security.places import Payload, write_run, write_zip

TENSOR = {
    "class_name": "__keras_tensor__",
    "config": {"shape": [None, 4], "dtype": "float32", "keras_history": ["input", 0, 0]},
}


def layer(module, name, config, **more):
    return {"module": module, "class_name": name, "config": {"name": "hostile", **config},
            "registered_name": None, "name": "hostile",
            "inbound_nodes": [{"args": [TENSOR], "kwargs": {}}], **more}  # fmt: skip


def network(*layers):
    """Return the config of a functional model, as Keras saves it."""
    first = {"module": "keras.layers", "class_name": "InputLayer", "name": "input",
             "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "input"},
             "registered_name": None, "inbound_nodes": []}  # fmt: skip
    return {
        "module": "keras.src.models.functional", "class_name": "Functional",
        "config": {"name": "net", "layers": [first, *layers],
                   "input_layers": [["input", 0, 0]], "output_layers": [["hostile", 0, 0]]},
        "registered_name": "Functional",
    }  # fmt: skip


def members(config, weights=b""):
    return {
        "metadata.json": b'{"keras_version": "3.15.1"}',
        "config.json": json.dumps(config).encode(),
        "model.weights.h5": weights,
    }


DENSE = layer("keras.layers", "Dense", {"units": 3})
FUNCTION = {
    "module": "builtins",
    "class_name": "function",
    "config": "eval",
    "registered_name": "eval",
}


def with_argument(value):
    return layer("keras.layers", "Dense", {"units": 3, "kernel_initializer": value})


HOSTILE = {
    "a Lambda": layer("keras.layers", "Lambda", {"function": {
        "class_name": "__lambda__", "config": {"value": ["x", None, None]}}}),
    "a lambda as argument": with_argument({"class_name": "__lambda__", "config": {"value": "x"}}),
    "os.system": layer("os", "system", {}),
    "subprocess.Popen": layer("subprocess", "Popen", {"args": ["id"]}),
    "builtins.eval": with_argument(FUNCTION),
    "a function of Keras that downloads": with_argument(
        {"module": "keras.utils", "class_name": "function", "config": "get_file",
         "registered_name": "get_file"}),
    "a class of Keras that is no layer": with_argument(
        {"module": "keras.utils", "class_name": "PyDataset", "config": {}}),
    "a private module of Keras": layer("keras.src.saving.saving_lib", "DiskIOStore", {}),
    "another registered name": layer("keras.layers", "Dense", {"units": 3},
                                     registered_name="evil>Dense"),
    "a custom object": layer("evil", "Layer", {}, registered_name="evil>Layer"),
    "a class without a module": layer(None, "Dense", {"units": 3}),
    "a class that is a list": layer("keras.layers", ["Dense"], {}),
    "a SavedModel": layer("keras.layers", "TFSMLayer", {"filepath": ".", "call_endpoint": "x"}),
    "a PyTorch module": layer("keras.layers", "TorchModuleWrapper", {"module": "gASV"}),
    "a type": with_argument({"class_name": "__typespec__", "spec_name": "os", "module": "os",
                             "registered_name": "x", "config": []}),
    "a file to be read": layer("keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"}),
    "a Lambda in a wrapper": layer("keras.layers", "TimeDistributed", {
        "layer": {"module": "keras.layers", "class_name": "Lambda", "config": {},
                  "registered_name": None}}),
}  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_what_a_config_may_not_name_is_refused(hostile, tmp_path):
    run = write_run(tmp_path / "runs")
    write_zip(run.path / "model.keras", members(network(copy.deepcopy(hostile))))
    (tmp_path / "new.csv").write_text("1,2,3,4\n")
    end = drive(["predict", "first", str(tmp_path / "new.csv"), "--root", str(tmp_path / "runs")])
    assert (end.code, end.problem) == (2, "")
    assert "dlcli loads only models that contain no code" in end.told
    assert "root:" not in end.told


def test_what_dlcli_saves_is_not_refused(tmp_path):
    write_zip(tmp_path / "model.keras", members(network(DENSE)))
    check_model_file(tmp_path / "model.keras")


GOOD = members(network(DENSE))
ARCHIVES = {
    "a member above": GOOD | {"../../evil.py": b"x"},
    "an absolute member": GOOD | {"/evil.py": b"x"},
    "another member": GOOD | {"assets/evil.py": b"x"},
    "other weights": {**{k: v for k, v in GOOD.items() if "h5" not in k}, "model.weights.npz": b""},
    "no config": {"metadata.json": b"{}", "model.weights.h5": b""},
    "no JSON": GOOD | {"config.json": b"import os"},
    "no end of nesting": GOOD | {"config.json": b"[" * 100_000},
    "a number without end": GOOD | {"config.json": b"9" * 10_000},
}


@pytest.mark.parametrize("content", ARCHIVES.values(), ids=ARCHIVES)
def test_an_archive_of_other_members_is_refused(content, tmp_path):
    write_zip(tmp_path / "model.keras", content)
    with pytest.raises(UserError, match="cannot be loaded"):
        check_model_file(tmp_path / "model.keras")


def test_a_member_that_is_a_link_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        for name, content in GOOD.items():
            info = zipfile.ZipInfo(name)
            if name == "config.json":
                info.external_attr, content = 0o120777 << 16, b"/etc/passwd"  # noqa: PLW2901
            archive.writestr(info, content)
    with pytest.raises(UserError, match="cannot be loaded"):
        check_model_file(tmp_path / "model.keras")


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_an_archive_that_unpacks_to_many_times_its_size_is_refused(member, tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "MAX_CONFIG_BYTES", 2**20)
    monkeypatch.setattr(model_file, "ALWAYS_FITS", 2**20)
    write_zip(tmp_path / "model.keras", GOOD | {member: b" " * 2**24}, packed=True)
    with pytest.raises(UserError, match="unpacks from"):
        check_model_file(tmp_path / "model.keras")


@pytest.mark.parametrize("kind", ["pickle", "HDF5", "folder", "text", "nothing"])
def test_another_kind_of_file_by_the_name_of_a_model_is_refused(kind, tmp_path):
    path, marker = tmp_path / "model.keras", tmp_path / "marker"
    if kind == "folder":
        path.mkdir()
        (path / "config.json").write_text(json.dumps(network(HOSTILE["os.system"])))
    else:
        content = {
            "pickle": pickle.dumps(Payload(marker)),
            "HDF5": b"\x89HDF\r\n\x1a\n" + b"\0" * 64,
            "text": b"import os",
            "nothing": b"",
        }
        path.write_bytes(content[kind])
    with pytest.raises(UserError, match="cannot be loaded"):
        check_model_file(path)
    assert not marker.exists()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a run that dlcli trained."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "small.yaml").write_text(SMALL)
    done = dlcli("train", "small.yaml", "--epochs", "1", "--out", "runs/first", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "new.csv").write_text("5.1,3.5,1.4,0.2\n")
    return folder


@pytest.mark.slow
def test_a_lambda_that_runs_elsewhere_does_not_run_here(trained, tmp_path, monkeypatch):
    import keras

    marker = tmp_path / "marker"
    code = f"lambda x: (__import__('os').makedirs({str(marker)!r}, exist_ok=True), x)[1]"
    made = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(eval(code), output_shape=(4,))])  # noqa: S307
    made.save(tmp_path / "model.keras")
    if marker.exists():
        marker.rmdir()
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=False)
    loaded(np.ones((1, 4), "float32"))
    assert marker.is_dir()  # the payload is real
    marker.rmdir()
    place = trained / "runs" / "first" / "model.keras"
    kept = place.read_bytes()
    try:
        place.write_bytes((tmp_path / "model.keras").read_bytes())
        done = dlcli("predict", "first", "new.csv", cwd=trained)
        told = dlcli("inspect", "first", "--filters", cwd=trained)
    finally:
        place.write_bytes(kept)
    assert done.returncode == told.returncode == 2
    assert "Lambda, which can run code and is never loaded" in done.stderr
    assert not marker.exists()


@pytest.mark.slow
def test_weights_that_lead_to_another_file_are_refused(trained, tmp_path):
    import io

    import h5py

    secret = tmp_path / "secret"
    secret.write_bytes(np.full(200, 1234567.0, "float32").tobytes())
    place = trained / "runs" / "first" / "model.keras"
    kept = place.read_bytes()
    with zipfile.ZipFile(place) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    stream = io.BytesIO(content["model.weights.h5"])
    with h5py.File(stream, "r+") as file:
        found = []
        file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
        name = next(name for name in found if file[name].ndim == 2)
        shape = file[name].shape
        del file[name]
        external = [(str(secret), 0, int(np.prod(shape)) * 4)]
        file.create_dataset(name, shape, "float32", external=external)
        assert file[name][0, 0] == 1234567.0  # the payload is real
    write_zip(place, content | {"model.weights.h5": stream.getvalue()})
    try:
        done = dlcli("predict", "first", "new.csv", cwd=trained)
    finally:
        place.write_bytes(kept)
    assert done.returncode == 2
    assert "cannot be loaded" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_every_layer_that_a_config_may_name_can_be_loaded_again():
    import keras

    from dlcli.catalogue.catalogue import load_catalogue

    checked = 0
    for kind in ("layers", "initializers", "regularizers", "constraints"):
        for name in load_catalogue().names(kind):
            entry = load_catalogue().find(kind, name)
            given = {a.name: _some(a) for a in entry.arguments if a.required}
            if entry.refused:
                continue
            try:
                made = getattr(getattr(keras, kind), name)(**given)
            except (ValueError, TypeError):
                continue  # it needs more than any value
            written = keras.saving.serialize_keras_object(made)
            model_file._check_objects(json.loads(json.dumps(written, default=str)))
            checked += 1
    assert checked > 130


def _some(argument):
    import keras

    if argument.name in ("cell", "cells"):
        return keras.layers.LSTMCell(2)
    kind = argument.types[0].name
    if kind == "layers":
        return keras.layers.LSTM(2, return_sequences=True)
    return {"number": 0.5, "array": [2, 1], "string": "relu"}.get(kind, 2)
