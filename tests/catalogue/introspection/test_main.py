"""`python -m dlcli.catalogue.introspection` writes a catalogue, and tells a stale one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from dlcli.catalogue.catalogue import SHIPPED
from dlcli.catalogue.introspection.__main__ import differences, main


def catalogue(version: str = "1.0", **layers: dict) -> dict:
    return {"keras_version": version, "kinds": {"layers": layers}}


def layer(**arguments: object) -> dict:
    return {"help": "A layer.", "arguments": arguments}


def test_equal_catalogues_do_not_differ():
    assert differences(catalogue(Dense=layer(units=1)), catalogue(Dense=layer(units=1))) == []


def test_each_difference_is_named():
    old = catalogue("1.0", Dense=layer(units=1, rank=1), Old=layer(), Same=layer())
    new = catalogue("1.1", Dense=layer(units=2, bias=1), New=layer(), Same=layer())
    assert differences(old, new) == [
        "keras_version: 1.0 -> 1.1",
        "layers: Dense has changed (bias, rank, units)",
        "layers: New is missing",
        "layers: Old is gone",
    ]


def test_a_changed_order_of_arguments_is_a_difference():
    old, new = catalogue(Dense=layer(a=1, b=2)), catalogue(Dense=layer(b=2, a=1))
    assert differences(old, new) == ["layers: Dense has changed (the order of the arguments)"]


def test_one_of_the_options_must_be_given():
    assert CliRunner().invoke(main, []).exit_code == 2


@pytest.fixture
def read(monkeypatch):
    text = SHIPPED.read_text(encoding="utf-8")
    monkeypatch.setattr("dlcli.catalogue.introspection.__main__.read_catalogue_text", lambda: text)
    return text


def test_the_catalogue_is_written_where_it_is_wanted(read, tmp_path):
    path = tmp_path / "catalogue.json"
    assert CliRunner().invoke(main, ["--cache", str(path)]).exit_code == 0
    assert path.read_text(encoding="utf-8") == read


def test_a_stale_catalogue_ends_with_1_and_what_differs(read, tmp_path, monkeypatch):
    stale = tmp_path / "catalogue.json"
    monkeypatch.setattr("dlcli.catalogue.introspection.__main__.SHIPPED", stale)
    stale.write_text(read.replace('"Dense": {', '"Dance": {'), encoding="utf-8")
    result = CliRunner().invoke(main, ["--check"])
    assert result.exit_code == 1
    assert result.stdout.splitlines() == ["layers: Dance is gone", "layers: Dense is missing"]
    assert CliRunner().invoke(main, ["--write"]).exit_code == 0
    assert CliRunner().invoke(main, ["--check"]).exit_code == 0


@pytest.mark.slow
def test_the_shipped_catalogue_is_what_the_installed_keras_offers():
    command = [sys.executable, "-m", "dlcli.catalogue.introspection", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
