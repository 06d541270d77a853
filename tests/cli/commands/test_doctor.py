"""The doctor finds what is there, what is missing, and says how to get it."""

from __future__ import annotations

import json
import os

import pytest

from dlcli.cli import run
from dlcli.cli.commands import doctor
from dlcli.errors import WorkError

DEVICES = {"devices": ["/physical_device:CPU:0"], "threads": {"intra_op": "automatic"}}


@pytest.fixture(autouse=True)
def _caches(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(doctor, "_hardware", lambda: (DEVICES, ""))


@pytest.fixture
def report(capsys):
    """Return what the doctor reports, as JSON."""

    def of(code=0):
        assert run(["doctor", "--json"]) == code
        return json.loads(capsys.readouterr().out)

    return of


def test_a_healthy_installation_ends_with_0(report):
    found = report()
    assert found["problem"] == ""
    assert {"python", "dlcli", "tensorflow", "keras", "numpy"} <= set(found)
    assert found["devices"] == DEVICES["devices"]
    assert found["processors"] == os.cpu_count()


def test_the_table_has_a_row_a_finding_and_the_remedies_go_to_stderr(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda name: name == "ray")
    assert run(["doctor"]) == 0
    streams = capsys.readouterr()
    rows = dict(line.split("  ", 1) for line in streams.out.splitlines() if "  " in line)
    assert rows["threads"].strip() == "intra_op automatic"
    assert rows["missing extras"].strip() == "tensorboard, mlflow"
    assert rows["problem"].strip() == "none"
    remedy = "for tensorboard and mlflow, from the dlcli checkout: pip install -e '.[tracking]'"
    assert remedy in streams.err
    assert "[ray]" not in streams.err


def test_the_data_sets_in_kerass_cache_are_listed(report, tmp_path):
    datasets = tmp_path / "keras" / "datasets"
    datasets.mkdir(parents=True)
    (datasets / "mnist.npz").write_bytes(b"")
    found = report()
    assert found["keras cache"] == str(datasets)
    assert found["keras data"] == ["mnist"]
    assert "cifar10" in found["to download"]
    assert "mnist" not in found["to download"]


def test_a_cache_that_cannot_be_written_to_is_found(report, tmp_path, capsys):
    (tmp_path / "cache").write_text("a file, no folder")
    assert report()["not writable"] == ["dlcli cache"]
    assert run(["doctor"]) == 0
    assert "set DLCLI_CACHE_DIR" in capsys.readouterr().err


def test_a_tensorflow_that_does_not_start_ends_with_1(capsys, monkeypatch):
    problem = "TensorFlow cannot be imported: no such library"
    monkeypatch.setattr(doctor, "_hardware", lambda: ({"devices": []}, problem))
    assert run(["doctor", "--json"]) == 1
    streams = capsys.readouterr()
    assert json.loads(streams.out)["problem"] == problem
    assert streams.err.startswith(
        f"error: {problem}\n"
        "  = hint: from the dlcli checkout: pip install --upgrade -e . tensorflow keras\n"
    )


def test_a_catalogue_that_cannot_be_read_ends_with_1(report, monkeypatch):
    def fail():
        raise WorkError("no catalogue")

    monkeypatch.setattr("dlcli.catalogue.catalogue.load_catalogue", fail)
    assert report(code=1)["problem"] == "no catalogue"
