"""Large arrays lie in a file without a name, and nothing is left of it."""

from __future__ import annotations

import numpy as np

from dlcli.data.own import encoding
from dlcli.data.own.encoding import room
from dlcli.runtime.cachedir import cache_folder


def test_small_arrays_are_in_memory_and_large_ones_in_a_file(monkeypatch):
    assert not isinstance(room((10, 10), "float32"), np.memmap)
    monkeypatch.setattr(encoding, "SPOOL_BYTES", 399)
    large = room((10, 10), "float32")
    assert isinstance(large, np.memmap)
    assert not large.any()
    large[3] = 7
    assert large.sum() == 70
    assert list((cache_folder() / "spool").iterdir()) == []


def test_without_a_cache_the_systems_place_is_used(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(encoding, "SPOOL_BYTES", 0)
    assert room((2,), "int32").tolist() == [0, 0]
