"""What the tests of reports share."""

from __future__ import annotations

import shutil

import pytest

from dlcli.report.drawing.style import applied
from tests.helpers import HERE, SMALL, dlcli
from tests.report.page.reader import COMPARE


@pytest.fixture
def styled():
    """Draw in the style of reports."""
    with applied():
        yield


@pytest.fixture(scope="module")
def workplace(shared, tmp_path_factory):
    """A folder with a run and a comparison, which the tests of a module may change."""

    def make(place):
        (place / "small.yaml").write_text(SMALL + COMPARE)
        done = dlcli("train", "small.yaml", "--out", "runs/first", cwd=place)
        assert done.returncode == 0, done.stderr
        done = dlcli("compare-optimizers", "small.yaml", *HERE, cwd=place)
        assert done.returncode == 0, done.stderr
        assert "report: comparisons/small/report.html" in done.stdout

    folder = tmp_path_factory.mktemp("pages")
    return shutil.copytree(shared.once("pages", make), folder, dirs_exist_ok=True)
