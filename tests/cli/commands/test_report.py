"""`dlcli report` without a name reports the newest."""

from __future__ import annotations

import pytest

from dlcli.cli import run
from tests.cli.commands.kept import make

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_without_a_name_the_newest_is_reported(capsys):
    assert run(["report"]) == 2
    assert "no run in runs and no comparison in comparisons" in capsys.readouterr().err
    make("mlp-1")
    assert run(["report"]) == 0
    assert capsys.readouterr().out == "runs/mlp-1/report.html\n"
