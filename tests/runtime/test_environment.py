"""What is recorded of a computation: where, when and with which versions."""

from __future__ import annotations

import os

import dlcli
from dlcli.runtime.environment import computing_versions, environment, versions


def test_the_environment_names_versions_seed_and_command():
    made = environment(7, ["/somewhere/bin/dlcli", "train", "c.yaml"], ["/cpu:0"])
    assert made["command"] == ["dlcli", "train", "c.yaml"]
    assert made["seed"] == 7
    assert {"dlcli", "keras", "tensorflow"} <= set(made["packages"])
    assert made["processors"] == os.cpu_count()
    assert made["processor"]
    assert made["memory_bytes"] > 2**20


def test_the_version_is_that_of_the_code_whatever_is_installed_as_dlcli(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda _: "66.6")
    assert versions()["dlcli"] == computing_versions()["dlcli"] == dlcli.__version__
