"""What XLA has compiled is kept for the next process, and no damage to it stops one."""

from __future__ import annotations

import os

import pytest

from dlcli.runtime import xla_cache
from tests.helpers import dlcli


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv(xla_cache.FLAGS, raising=False)
    return xla_cache.folder()


def test_a_users_flags_stay(monkeypatch, place):
    monkeypatch.setenv(xla_cache.FLAGS, "--tf_xla_auto_jit=1")
    xla_cache.remember_compiled()
    assert os.environ[xla_cache.FLAGS] == f"--tf_xla_auto_jit=1 {xla_cache.OPTION}={place}"
    monkeypatch.setenv(xla_cache.FLAGS, f"{xla_cache.OPTION}=/mine")
    xla_cache.remember_compiled()
    assert os.environ[xla_cache.FLAGS] == f"{xla_cache.OPTION}=/mine"


@pytest.mark.parametrize("name", ["with space", "file/below"])
def test_it_is_done_without_where_it_cannot_be(monkeypatch, tmp_path, name):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / name))
    xla_cache.remember_compiled()
    assert xla_cache.FLAGS not in os.environ
    assert not xla_cache.forget_compiled()


def test_the_oldest_go_first(monkeypatch, place):
    monkeypatch.setattr(xla_cache, "MOST_FILES", 2)
    place.mkdir(parents=True)
    for age, name in enumerate(("new", "old", "older")):
        (place / name).write_text("")
        os.utime(place / name, (1e9 - age, 1e9 - age))
    xla_cache.remember_compiled()
    assert {path.name for path in place.iterdir()} == {"new", "old"}
    assert xla_cache.forget_compiled()
    assert not list(place.iterdir())
    assert not xla_cache.forget_compiled()


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "serial"])
def test_a_damaged_cache_is_forgotten(tmp_path, place, executor):
    (tmp_path / "small.yaml").write_text(
        "data: {dataset: iris, validation: 0.2}\n"
        "model: {layers: [{Dense: {units: $classes, activation: softmax}}]}\n"
        "fit: {epochs: 2, jit: true}\n"
        "compare: {optimizers: [SGD], learning_rates: [0.1, 0.01], seeds: 2}\n"
    )
    arguments = ("compare-optimizers", "small.yaml", "--fresh", "--no-figures", "--jobs", "1")
    first = dlcli(*arguments, "--executor", executor, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    kept = list(place.iterdir())
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    again = dlcli(*arguments, "--executor", executor, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[:3] == first.stdout.splitlines()[:3]
    assert all(path.stat().st_size > 100 for path in place.iterdir())
