"""What fuzzing found, mended: each ended in a bug's message before."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from dlcli.data.description import DataDescription, Split, TensorSpec
from dlcli.data.formats.plain_npz import open_plain
from dlcli.data.own.examples import read_examples
from dlcli.data.own.tokens import TextEncoder
from dlcli.errors import DataError, UserError
from dlcli.train import saved
from tests.fuzz.driving import drive
from tests.helpers import SMALL, dlcli
from tests.security.places import own_data, write_predictions, write_run, write_zip
from tests.security.test_pages import comparison_report


def array(head):
    """Return an array file with a header as written."""
    raw = head.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + bytes(64)


HEADS = (
    "{'descr': '<f8', 'fortran_order': False, 'shape': (3,",  # tokenize.TokenError
    "{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",  # TypeError
    "{'descr': '|V0', 'fortran_order': False, 'shape': (3,), 'shape2': 1}",
    "{'descr': [('a',)], 'fortran_order': False, 'shape': (3,)}",
    "(" * 400,
    "",
)


@pytest.mark.parametrize("head", HEADS)
def test_a_header_that_numpy_cannot_read_is_a_damaged_file(head, tmp_path):
    write_zip(tmp_path / "a.npz", {"x.npy": array(head)})
    with pytest.raises(ValueError, match=r"."), open_plain(tmp_path / "a.npz") as content:
        content["x"]


def test_an_archive_whose_table_of_contents_leads_nowhere_is_damaged(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    place = content.rindex(b"PK\x05\x06") + 16
    offset = int.from_bytes(content[place : place + 4], "little")
    content[place : place + 4] = (offset + 7).to_bytes(4, "little")
    (tmp_path / "a.npz").write_bytes(bytes(content))
    with pytest.raises(ValueError, match=r"."), open_plain(tmp_path / "a.npz") as found:
        found["x"]


def test_a_part_without_texts_is_encoded_as_nothing():
    encoder = TextEncoder(("text", ("label",)), "word", 10, None, ("good",))
    assert encoder.encode(["good"], np.array([], int)).shape == (0, 1)


def test_a_single_number_is_no_array_of_targets(tmp_path):
    np.savez(tmp_path / "new.npz", x=np.ones((2, 3)), y=np.array(1))
    description = DataDescription("own", "regression", {"input": TensorSpec((3,), "float32")})
    with pytest.raises(DataError, match="'y' is no array of numbers"):
        read_examples(tmp_path / "new.npz", description, targets=True)


@pytest.mark.parametrize("damage", [{"y_true": np.array(1)}, {"y_true": np.zeros((3, 2, 1))}])
def test_targets_that_do_not_fit_the_predictions_are_told(damage, tmp_path):
    run = write_run(tmp_path / "runs")
    saved = {"y_true": np.array([0, 1, 2]), "y_prob": np.eye(3), "split": "test"}
    np.savez(run.path / "predictions.npz", **(saved | damage))
    end = drive(["eval", "first", "--root", str(tmp_path / "runs")])
    assert (end.code, end.problem) == (2, ""), end.told
    assert "targets but 3 predictions" in end.told


@pytest.mark.parametrize("header", ["e,loss", "loss", "", "epoch"])
def test_a_history_of_other_columns_is_told_as_damaged(header, tmp_path):
    run = write_run(tmp_path / "runs", history=f"{header}\n1,2\n")
    write_predictions(run)
    end = drive(["report", "first", "--root", str(tmp_path / "runs")])
    assert end.problem == "", end.told


def test_a_comparison_that_says_no_time_and_no_number_is_listed(tmp_path):
    place = tmp_path / "comparisons" / "c"
    place.mkdir(parents=True)
    (place / "environment.json").write_text(json.dumps({"problems": "x", "started": "-1"}))
    (place / "summary.csv").write_text("candidate,learning_rate,mean\nAdam,0.1,upper\n")
    (place / "config.yaml").write_text("name: c\n")
    root = ["--root", str(tmp_path / "runs"), "--comparisons", str(tmp_path / "comparisons")]
    for command in (["runs", "ls"], ["runs", "show", "c", "--json"], ["runs", "diff", "c", "c"]):
        end = drive([*command, *root])
        assert (end.code, end.problem) == (0, ""), end.told


@pytest.mark.parametrize("cells", ["x", "x,1", "x,1,a,b,c,d,e,f,g,h", '"'])
def test_a_row_that_is_cut_off_is_told_as_damaged(cells, tmp_path):
    place = comparison_report(tmp_path, "x").parent
    with (place / "summary.csv").open("a") as stream:
        stream.write(f"{cells}\n")
    end = drive(["report", str(place)])
    assert end.problem == "", end.told
    assert "is damaged" in end.told or end.code == 0


@pytest.mark.slow
def test_a_model_with_a_number_that_is_too_large_is_told_as_such(monkeypatch, tmp_path):
    def overflow(*_):
        raise OverflowError("Python int too large to convert to C long")

    run = write_run(tmp_path / "runs")
    monkeypatch.setattr(saved, "load_model", lambda _: SimpleNamespace(inputs=[]))
    monkeypatch.setattr("dlcli.engine.outputs", overflow)
    part = Split({"input": np.ones((2, 3))}, np.zeros(2))
    config = saved.open_run(tmp_path / "runs", "first")[1]
    with pytest.raises(UserError, match="cannot predict these examples: Python int too large"):
        saved.predict(run, config, part, "multiclass")


@pytest.mark.slow
def test_a_model_of_other_data_is_told_as_such(tmp_path):
    rows = "".join(f"{i},{i % 3},{i % 2}\n" for i in range(40))
    (tmp_path / "own.csv").write_text("a,b,y\n" + rows)
    (tmp_path / "new.csv").write_text("a,b\n1,2\n")
    (tmp_path / "small.yaml").write_text(SMALL)
    source = "data.dataset={csv: {path: own.csv, target: y}}"
    done = dlcli("train", "small.yaml", "--set", source, "--out", "runs/first", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = tmp_path / "runs" / "first" / "data.json"
    kept = data.read_text()
    data.write_text(json.dumps(own_data(["a", "b", "c", "d"])))
    end = drive(["predict", "first", str(tmp_path / "new.csv"), "--root", str(tmp_path / "runs")])
    assert (end.code, end.problem) == (2, "")
    data.write_text(kept)
    done = dlcli("train", "small.yaml", "--out", "runs/other", cwd=tmp_path)  # of four features
    other = tmp_path / "runs" / "other" / "model.keras"
    data.with_name("model.keras").write_bytes(other.read_bytes())
    end = drive(["predict", "first", str(tmp_path / "new.csv"), "--root", str(tmp_path / "runs")])
    assert (end.code, end.problem) == (2, "")
    assert "cannot predict these examples" in end.told
