"""A trial that finds no memory is told as failed; the others go on, and the tables are written."""

from __future__ import annotations

import pytest

from tests.faults.running import place
from tests.helpers import SMALL, dlcli

pytestmark = pytest.mark.slow


def test_a_network_that_no_memory_can_hold_is_told_before_anything_is_trained(tmp_path):
    folder = place(tmp_path / "work")
    huge = SMALL.replace("units: 8", "units: 1000000000000")
    (folder / "huge.yaml").write_text(huge)
    for arguments in (("compare-optimizers", "huge.yaml", "--jobs", "2"), ("train", "huge.yaml")):
        done = dlcli(*arguments, cwd=folder)
        assert done.returncode in (1, 2), done.stderr
        assert "Traceback" not in done.stderr
        assert "should not have happened" not in done.stderr
        assert "memory" in done.stderr.lower()
        assert "hint" in done.stderr
