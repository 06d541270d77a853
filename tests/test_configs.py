"""Every example config that needs no network trains, is scored and saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dlcli.config.conversion.loading import load_config
from dlcli.data import table
from dlcli.train.session import start
from tests.helpers import Silent

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("converted")]

CONFIGS = sorted(Path(__file__).parents[1].joinpath("configs").glob("*.yaml"))
OFFLINE = [
    path
    for path in CONFIGS
    if table.find(load_config(str(path)).data.source.name).origin in ("offline", "generated")
]
GENERATED = ("adding", "temporal_order", "copy_memory")


def test_most_examples_need_no_network():
    assert len(OFFLINE) > 25


@pytest.mark.parametrize("path", OFFLINE, ids=lambda path: path.stem)
def test_an_example_trains(path, tmp_path):
    changed = ["fit.epochs=1"]
    name = load_config(str(path)).data.source.name
    if name in GENERATED:
        changed += [f"data.dataset.{name}.{part}_size=200" for part in ("train", "test")]
    session = start(str(path), tuple(changed), root=tmp_path, out=None)
    with session as run:
        result = session.train(Silent())
    assert run.state == "finished"
    assert np.isfinite(result.scores["test"]["loss"])
    assert not result.diverged
