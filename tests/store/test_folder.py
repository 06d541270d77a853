"""A folder of dlcli's: nothing is half-written, and a file that cannot be read says why."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.errors import UserError, WorkError
from dlcli.store import runs as store


def test_a_failed_write_leaves_the_old_file_and_no_rest(run):
    run.write_text("a.txt", "old")

    def write_half():
        with run.replace_into("a.txt") as path:
            path.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert run.read_text("a.txt") == "old"
    assert sorted(p.name for p in run.path.iterdir()) == ["a.txt", store.CONFIG, store.SOURCE]


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (errno.ENOSPC, WorkError, "disk is full"),
        (errno.EROFS, UserError, "cannot be written"),
        (errno.EACCES, UserError, "cannot be written"),
    ],
)
def test_a_disk_that_refuses_is_told_in_words(run, monkeypatch, code, kind, message):
    def refuse(*_args, **_options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(kind, match=message) as caught:
        run.write_text("a.txt", "text")
    assert caught.value.remedy
    assert not list(run.path.glob(".a.*"))


def test_a_file_that_cannot_be_read_says_why(run):
    (run.path / store.METRICS).mkdir()
    with pytest.raises(UserError, match=r"metrics\.json cannot be read: Is a directory"):
        run.read_json(store.METRICS)
    (run.path / store.HISTORY).write_bytes(b"\xff")
    with pytest.raises(UserError, match=r"history\.csv is damaged"):
        run.read_text(store.HISTORY)


@given(st.text() | st.text(alphabet="a-.", min_size=90, max_size=110))
def test_any_name_becomes_one_plain_part_of_a_path(name):
    made = store.slug(name)
    assert Path(made).parts == (made,)
    assert made not in (".", "..")
    assert made.isascii()
    assert len(made) <= 100
    assert store.slug(made) == made


def test_only_one_process_trains_in_a_run_and_a_killed_one_frees_it(run):
    code = (
        "import sys, time; from pathlib import Path; from dlcli.store.runs import RunFolder\n"
        f"with RunFolder(Path({str(run.path)!r})).lock():\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        assert run.state == store.RUNNING
        with pytest.raises(UserError, match="being trained"), run.lock():
            pass
        other.kill()
    assert run.state == store.INCOMPLETE
    with run.lock():
        pass


def test_json_holds_null_for_what_is_not_a_number(run):
    run.write_json("a.json", {"x": float("nan"), "y": [float("inf"), 1.5, None, True]})
    assert json.loads(run.read_text("a.json")) == {"x": None, "y": [None, 1.5, None, True]}
