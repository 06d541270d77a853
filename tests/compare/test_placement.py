"""How many trials run side by side if nobody says it."""

from __future__ import annotations

import os
import sys

import pytest

from dlcli.compare import placement
from dlcli.errors import UserError


def test_all_processors_without_a_gpu(monkeypatch, tmp_path):
    monkeypatch.setattr(placement, "HINTS", (str(tmp_path / "none"),))
    monkeypatch.setattr(placement, "_sees_gpu", pytest.fail)
    assert placement.default_jobs() == len(os.sched_getaffinity(0))


def test_one_on_a_gpu(monkeypatch, tmp_path):
    monkeypatch.setattr(placement, "HINTS", (str(tmp_path),))
    monkeypatch.setattr(placement, "_sees_gpu", lambda: True)
    assert placement.default_jobs() == 1


@pytest.mark.slow
def test_a_driver_alone_is_no_gpu(monkeypatch, tmp_path):
    """TensorFlow is asked, which in tests is kept from any GPU."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(placement, "HINTS", (str(tmp_path),))
    assert placement.default_jobs() == len(os.sched_getaffinity(0))


def test_a_cluster_without_ray_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match="Ray is not installed") as caught:
        placement.place("ray")
    assert caught.value.remedy == "from the dlcli checkout: pip install -e '.[ray]'"
