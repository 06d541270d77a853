"""A run and a comparison that are tracked."""

from __future__ import annotations

import pytest

from dlcli.store.comparisons import ComparisonFolder
from tests.helpers import HERE, SMALL, dlcli

COMPARE = "compare: {optimizers: [SGD, Adam], learning_rates: [0.01, 0.1], seeds: 2}\n"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a run and a comparison."""
    folder = tmp_path_factory.mktemp("tracked")
    (folder / "small.yaml").write_text(SMALL + COMPARE)
    done = dlcli("train", "small.yaml", "--out", "run", "--tracking", "tensorboard", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "tensorboard --logdir tensorboard" in done.stderr
    done = dlcli(
        "compare-optimizers", "small.yaml", "--no-figures", "--root", ".", *HERE, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def comparison(workplace):
    return ComparisonFolder(workplace / "small")
