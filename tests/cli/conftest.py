"""What the tests of commands share."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.cli.work import NOISE
from tests.helpers import SMALL, started_anew


@pytest.fixture(scope="module")
def workplace(shared, tmp_path_factory):
    """A folder with a config and one finished run, which the tests of a module may change."""

    def make(place):
        (place / "small.yaml").write_text(SMALL)
        done = started_anew("train", "small.yaml", "--json", cwd=place)
        assert done.returncode == 0, done.stderr
        assert not [word for word in NOISE if word in done.stderr], done.stderr
        (place / "result.json").write_text(done.stdout)

    folder = tmp_path_factory.mktemp("work")
    shutil.copytree(shared.once("workplace", make), folder, dirs_exist_ok=True)
    return folder, json.loads((folder / "result.json").read_text())
