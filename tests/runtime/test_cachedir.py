"""The cache folder is the system's unless the user names another."""

from __future__ import annotations

from dlcli.runtime.cachedir import cache_folder


def test_the_folder_is_the_systems_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("DLCLI_CACHE_DIR")
    assert cache_folder().name == "dlcli"
