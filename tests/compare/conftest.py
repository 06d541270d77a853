"""Comparisons that several tests look at."""

from __future__ import annotations

import pytest

from dlcli.compare.reading import plan_comparison, read_problems
from dlcli.compare.worker import Workshop
from tests.compare.homes import COMPARE, at_home
from tests.compare.made import plan
from tests.compare.trained import CONFIG


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens the workshop of a config."""

    def make(fit="", compare="", dataset="iris"):
        path = tmp_path / "small.yaml"
        path.write_text(CONFIG.format(fit=fit, compare=compare, dataset=dataset))
        plan = plan_comparison(*read_problems([str(path)], ()))
        return Workshop(plan), path

    return make


@pytest.fixture
def taken(tmp_path):
    """Return the folder of a comparison."""
    return at_home(plan(COMPARE), tmp_path)[1]
