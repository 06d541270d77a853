"""Copies of plugins lie in a folder of their own, which holds nothing else."""

from __future__ import annotations

import pytest

from dlcli.catalogue.plugins import FOLDER, Plugin
from dlcli.store.copies import holds_copies, write_copies
from dlcli.store.folder import Folder


def plugin(name, source):
    return Plugin(name, f"dlcli_plugins.{name}", f"{name}.py", "digest", source, {})


def test_the_source_is_kept_byte_by_byte_and_installed_ones_are_not(tmp_path):
    source = "x = '\u00e4'\r\n".encode()
    write_copies(Folder(tmp_path), [plugin("mine", source), plugin("installed", None)])
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["mine.py"]
    assert (tmp_path / FOLDER / "mine.py").read_bytes() == source
    assert holds_copies(tmp_path / FOLDER)


def test_without_plugins_there_is_no_folder(tmp_path):
    write_copies(Folder(tmp_path), [plugin("installed", None)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["notes.txt", "no name.py", "mine.pyc"])
def test_whatever_else_lies_there_is_no_copy(tmp_path, name):
    write_copies(Folder(tmp_path), [plugin("mine", b"")])
    (tmp_path / FOLDER / name).touch()
    assert not holds_copies(tmp_path / FOLDER)


def test_a_folder_of_another_name_holds_none(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.py").touch()
    assert not holds_copies(tmp_path / "other")
