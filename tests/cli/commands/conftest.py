"""A folder to run commands in."""

from __future__ import annotations

import pytest


@pytest.fixture
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
