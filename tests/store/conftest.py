"""A run that several tests write into."""

from __future__ import annotations

import pytest

from dlcli.store import runs as store
from tests.store.made import NOW, mark
from tests.train.conftest import finished  # noqa: F401 (a fixture)


@pytest.fixture
def run(tmp_path):
    made = store.create_run(tmp_path / "runs", "net", now=NOW)
    mark(made)
    return made
