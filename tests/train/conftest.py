"""A config, and a run of it."""

from __future__ import annotations

import shutil

import pytest

from dlcli.store.runs import RunFolder
from tests.helpers import SMALL


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return str(path)


@pytest.fixture
def finished(tmp_path, trained_once):
    """Return a finished run of the config, which the test may change."""
    shutil.copytree(trained_once(), tmp_path / "runs" / "whole")
    return RunFolder(tmp_path / "runs" / "whole")
