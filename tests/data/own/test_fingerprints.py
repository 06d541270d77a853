"""A change of the user's own files is noticed, and what is only touched is not."""

from __future__ import annotations

import os

import pytest

from dlcli.data.own.fingerprints import differences, fingerprint


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,2\n")
    return path


def test_nothing_has_changed(file):
    assert differences([fingerprint(file)]) == []


def test_a_file_that_is_only_touched_is_the_same(file):
    saved = fingerprint(file)
    os.utime(file, ns=(0, 0))
    assert differences([saved]) == []


def test_another_size_is_told(file):
    saved = fingerprint(file)
    file.write_text("a,y\n1,2\n3,4\n")
    assert differences([saved]) == [f"{file} has 12 bytes now, but had 8"]


def test_another_content_of_the_same_size_is_told(file):
    saved = fingerprint(file)
    file.write_text("a,y\n1,3\n")
    os.utime(file, ns=(0, 0))
    assert differences([saved]) == [f"{file} has the same size, but another content"]


def test_a_file_that_joins_a_folder_is_told(tmp_path, file):
    saved = fingerprint(tmp_path)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "u.csv").write_text("x")
    assert differences([saved]) == [f"{tmp_path} has 2 files now, but had 1"]


def test_data_that_are_not_here_say_nothing(file):
    saved = fingerprint(file)
    file.unlink()
    assert differences([saved]) == []
