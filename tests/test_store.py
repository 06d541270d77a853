"""Nothing is overwritten, nothing is half-written, and a folder tells what became of its run."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dlcli import store
from dlcli.errors import UserError, WorkError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def run(tmp_path):
    made = store.create_run(tmp_path / "runs", "net", now=NOW)
    mark(made)
    return made


def mark(run):
    """Write what makes a folder a run."""
    run.write_text(store.CONFIG, "name: net\n")
    run.write_text(store.SOURCE, "name: net\n")


def test_a_folder_is_named_by_config_date_and_time(tmp_path):
    stamp = NOW.astimezone().strftime("%Y%m%d-%H%M%S")
    assert store.create_run(tmp_path, "my net/../x", now=NOW).name == f"my-net-..-x-{stamp}"


def test_a_taken_name_gets_a_number(tmp_path):
    names = [store.create_run(tmp_path, "a", now=NOW).name for _ in range(3)]
    assert [name[-2:] for name in names[1:]] == ["-2", "-3"]
    assert len(set(names)) == 3


def test_a_given_folder_must_be_new_or_empty(tmp_path):
    store.create_run_at(tmp_path / "new")
    store.create_run_at(tmp_path / "new")
    (tmp_path / "new" / "mine.txt").write_text("precious")
    with pytest.raises(UserError, match="exists already"):
        store.create_run_at(tmp_path / "new")
    with pytest.raises(UserError, match="exists already"):
        store.create_run_at(tmp_path / "new" / "mine.txt")
    assert (tmp_path / "new" / "mine.txt").read_text() == "precious"


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


def test_the_state_follows_from_the_folder(run):
    assert run.state == store.INCOMPLETE
    with run.lock():
        assert run.state == store.RUNNING
    run.finish(store.INTERRUPTED, epochs_done=1)
    assert run.state == store.INTERRUPTED
    run.finish(store.FINISHED)
    assert run.state == store.FINISHED
    (run.path / store.STATUS).write_text('{"sta')
    assert run.state == store.INCOMPLETE


def test_only_one_process_trains_in_a_run_and_a_killed_one_frees_it(run):
    code = (
        "import sys, time; from pathlib import Path; from dlcli.store import RunFolder\n"
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


def test_runs_are_listed_newest_first_and_strangers_are_not_runs(tmp_path):
    made = []
    for i, day in enumerate((1, 3, 2)):
        run = store.create_run(tmp_path, f"r{i}", now=NOW)
        mark(run)
        run.write_json(store.ENVIRONMENT, {"started": f"2026-01-0{day}T00:00:00+00:00"})
        made.append(run.name)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / made[0])
    assert [run.name[:2] for run in store.list_runs(tmp_path)] == ["r1", "r2", "r0"]
    assert store.list_runs(tmp_path / "nothing") == []


def test_a_run_is_found_by_path_name_or_beginning(run):
    root = run.path.parent
    for text in (str(run.path), run.name, "net"):
        assert store.find_run(root, text) == run


def test_an_unknown_or_ambiguous_run_says_so(run):
    root = run.path.parent
    mark(store.create_run(root, "net", now=NOW))
    with pytest.raises(UserError, match="begins several runs"):
        store.find_run(root, "ne")
    with pytest.raises(UserError, match="there is no run 'x'"):
        store.find_run(root, "x")


def test_the_newest_run_is_a_finished_one(run):
    root = run.path.parent
    with pytest.raises(UserError, match="no finished run"):
        store.newest_run(root)
    run.finish(store.FINISHED)
    later = store.create_run(root, "later", now=NOW)
    mark(later)
    assert store.newest_run(root) == run


def test_only_runs_are_deleted(run, tmp_path):
    folder = tmp_path / "precious"
    folder.mkdir()
    link = run.path.parent / "link"
    link.symlink_to(run.path)
    for path in (folder, link):
        with pytest.raises(UserError, match="is no run"):
            store.remove_run(store.RunFolder(path))
    store.remove_run(run)
    assert not run.path.exists()
    assert folder.exists()


def test_what_dlcli_did_not_write_is_not_deleted(run):
    (run.path / "notes.md").write_text("precious")
    with pytest.raises(UserError, match=r"did not write: notes\.md"):
        store.remove_run(run)
    assert (run.path / store.CONFIG).exists()


def test_the_files_of_callbacks_and_writes_that_were_cut_off_are_deleted(run):
    run.write_text(store.CONFIG, "callbacks: [{CSVLogger: {filename: log.csv}}]")
    (run.path / "log.csv").write_text("")
    (run.path / ".model.0123abcd.part.keras").write_text("")
    store.remove_run(run)
    assert not run.path.exists()


def test_a_run_that_is_being_trained_is_not_deleted(run):
    with run.lock(), pytest.raises(UserError, match="being trained"):
        store.remove_run(run)
    assert run.path.exists()


def test_the_environment_names_versions_seed_and_command():
    made = store.environment(7, ["/somewhere/bin/dlcli", "train", "c.yaml"], ["/cpu:0"])
    assert made["command"] == ["dlcli", "train", "c.yaml"]
    assert made["seed"] == 7
    assert {"dlcli", "keras", "tensorflow"} <= set(made["packages"])
