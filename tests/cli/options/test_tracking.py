"""A tracker that is not installed is told before anything is trained."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from dlcli.cli.options.tracking import check_tracking
from dlcli.errors import UserError


def test_without_a_tracker_none_is_looked_for(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    check_tracking(None)


@pytest.mark.parametrize("kind", ["tensorboard", "mlflow"])
def test_one_that_is_missing_is_told_with_the_way_to_install_it(kind, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=f"needs the package {kind}") as caught:
        check_tracking(kind)
    assert "[tracking]" in caught.value.remedy


def test_no_tracker_is_imported_by_looking_for_it():
    code = (
        "import sys\nfrom dlcli.cli.options.tracking import check_tracking\n"
        "check_tracking('tensorboard')\nprint('tensorboard' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
