"""Whatever is done to a config, a data file or a run, dlcli ends with 0, 1 or 2, in words."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.driving import SECONDS, End, drive
from tests.fuzz.kinds import KINDS, MADE, sources
from tests.helpers import dlcli

EXAMPLES = {"config_text": 400, "config_values": 400, "summary": 25, "new_examples": 60,
            "model_file": 80, "checkpoint": 6}  # fmt: skip
"""Examples of a kind; 150 of the others. `python benchmarks/fuzz.py` runs ten thousand."""

RANDOMS = st.randoms(use_true_random=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with two runs and a comparison, as dlcli writes them."""
    folder = tmp_path_factory.mktemp("made")
    for command in sources(folder):
        done = dlcli(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """Keep caches apart, and the network away."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("DLCLI_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


def check(make):
    """Run an example in a folder of its own."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        try:
            os.chdir(name)
            command, stdin = make(Path(name))
            end = drive(command, stdin)
        finally:
            os.chdir(before)
    assert end.problem == "", f"{command}\n{end.told}"


def fuzzed(kind):
    """Return the settings of a kind: the same examples every time."""
    return settings(
        max_examples=EXAMPLES.get(kind, 150), derandomize=True, database=None, deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_config_or_data_file_ends_in_words(kind):
    @fuzzed(kind)
    @given(RANDOMS)
    def examples(rng):
        check(lambda folder: KINDS[kind](rng, folder))

    examples()


@pytest.mark.slow
@pytest.mark.parametrize("kind", MADE)
def test_a_changed_run_or_comparison_ends_in_words(kind, made):
    @fuzzed(kind)
    @given(RANDOMS)
    def examples(rng):
        check(lambda folder: MADE[kind](rng, folder, made))

    examples()


@pytest.mark.parametrize(
    ("end", "problem"),
    [
        (End(0, "fine"), ""),
        (End(2, "error: no"), ""),
        (End(None, ""), "hangs"),
        (End(130, "interrupted"), "exit code 130"),
        (End(1, "error: unexpected error: KeyError"), "bug"),
        (End(1, "Traceback (most recent call last)"), "traceback"),
    ],
)
def test_what_must_not_be_is_noticed(end, problem):
    assert end.problem == problem


def test_a_command_that_hangs_is_noticed(monkeypatch):
    from tests.fuzz import driving

    assert SECONDS >= 10
    monkeypatch.setattr(driving, "SECONDS", 0.2)
    monkeypatch.setattr("dlcli.cli.commands.config.checked", lambda *_: time.sleep(60))
    assert drive(["config", "show", "x.yaml"]).problem == "hangs"


def test_a_bug_is_noticed_with_its_traceback(monkeypatch):
    def broken(*_):
        raise KeyError("what")

    monkeypatch.setattr("dlcli.cli.commands.config.checked", broken)
    end = drive(["config", "show", "x.yaml"])
    assert end.problem == "bug"
    assert "KeyError: 'what'" in end.told
    assert "in broken" in end.told
