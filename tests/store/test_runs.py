"""Nothing is overwritten, nothing is half-written, and a folder tells what became of its run."""

from __future__ import annotations

import fcntl
import os
import re
import time
from pathlib import Path

import pytest

from dlcli.errors import UserError
from dlcli.store import runs as store
from tests.store.made import NOW, mark


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


def test_the_state_follows_from_the_folder(run):
    assert run.state == store.INCOMPLETE
    with run.lock():
        assert run.state == store.RUNNING
    run.finish(store.INTERRUPTED, epochs_done=1)
    assert run.state == store.INTERRUPTED
    run.finish(store.FINISHED)
    assert run.state == store.FINISHED
    for damaged in ('{"sta', "[]", "3", '{"state": 3}', '{"state": []}', "{}"):
        (run.path / store.STATUS).write_text(damaged)
        assert run.state == store.INCOMPLETE


def test_a_look_at_the_state_does_not_keep_a_training_from_starting(run, monkeypatch):
    (run.path / store.LOCK).write_bytes(b"")
    with (run.path / store.LOCK).open("rb") as look:
        fcntl.flock(look, fcntl.LOCK_EX)
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(look, fcntl.LOCK_UN))
        with run.lock():
            assert run.state == store.RUNNING


@pytest.mark.parametrize("content", ["[1]", '{"started": 3}', '{"started": "soon"}', "{", "{}"])
def test_a_run_without_a_usable_start_has_its_folders_time(run, content):
    (run.path / store.ENVIRONMENT).write_text(content)
    os.utime(run.path, (0, 0))
    assert run.started() == "1970-01-01T00:00:00+00:00"


def test_starts_are_compared_in_one_time_zone(run):
    run.write_json(store.ENVIRONMENT, {"started": "2026-01-01T01:00:00+02:00"})
    assert run.started() == "2025-12-31T23:00:00+00:00"


def test_a_missing_file_says_what_to_do_about_it(run):
    with pytest.raises(UserError, match="is not finished") as caught:
        run.read_json(store.METRICS)
    assert "--resume" in caught.value.remedy
    run.finish(store.FINISHED)
    with pytest.raises(UserError, match="the file was deleted") as caught:
        run.read_json(store.METRICS)
    assert "--resume" not in caught.value.remedy


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
    with pytest.raises(UserError, match="is the beginning of several runs"):
        store.find_run(root, "ne")
    with pytest.raises(UserError, match="there is no run 'x'"):
        store.find_run(root, "x")
    with pytest.raises(UserError, match="the name of the run is empty"):
        store.find_run(root, "")


def test_the_runs_folder_must_be_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is not a folder"):
        store.list_runs(tmp_path / "file")


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
        with pytest.raises(UserError, match="is not a run"):
            store.remove_run(store.RunFolder(path))
    store.remove_run(run)
    assert not run.path.exists()
    assert folder.exists()


def test_what_dlcli_did_not_write_is_not_deleted(run):
    (run.path / "notes.md").write_text("precious")
    with pytest.raises(UserError, match=r"did not write: notes\.md"):
        store.remove_run(run)
    assert (run.path / store.CONFIG).exists()


@pytest.mark.parametrize(
    ("callback", "written"),
    [
        ("{CSVLogger: {filename: log.csv}}", "log.csv"),
        ("{TensorBoard: {log_dir: logs}}", "logs/train/events"),
        ("{ModelCheckpoint: {filepath: kept/best.keras}}", "kept/best.keras"),
        ("{ModelCheckpoint: {filepath: 'e{epoch:02d}-{val_loss:.2f}.keras'}}", "e07-0.12.keras"),
        ("{ModelCheckpoint: {filepath: 'e{epoch:02d}-{val_loss:.2f}.keras'}}", "e10-nan.keras"),
    ],
)
def test_what_a_callback_wrote_is_deleted_too(run, callback, written):
    run.write_text(store.CONFIG, f"fit: {{callbacks: [{callback}]}}\n")
    (run.path / written).parent.mkdir(parents=True, exist_ok=True)
    (run.path / written).write_text("")
    store.remove_run(run)
    assert not run.path.exists()


def test_a_write_that_was_cut_off_is_deleted_too(run):
    (run.path / ".model.0123abcd.part.keras").write_text("")
    store.remove_run(run)
    assert not run.path.exists()


@pytest.mark.parametrize("name", ["data", "log", "csv", "CSVLogger", "auto", "notes.keras", ".git"])
def test_a_folder_is_not_deleted_for_being_named_like_a_word_of_the_config(run, name):
    callbacks = "[{CSVLogger: {filename: log.csv}}, {ModelCheckpoint: {filepath: '{epoch}.keras'}}]"
    run.write_text(store.CONFIG, f"data: {{mode: auto}}\nfit: {{callbacks: {callbacks}}}\n")
    (run.path / name).mkdir()
    (run.path / name / "precious").write_text("")
    with pytest.raises(UserError, match=f"did not write: {re.escape(name)}"):
        store.remove_run(run)
    assert (run.path / name / "precious").exists()
    assert (run.path / store.SOURCE).exists()


@pytest.mark.parametrize(
    "damage", [b"\xff\xfe", b"data: {", b"fit: 3", b"fit: {callbacks: 3}", b""]
)
def test_a_run_with_a_damaged_config_can_be_deleted(run, damage):
    (run.path / store.CONFIG).write_bytes(damage)
    store.remove_run(run)
    assert not run.path.exists()


def test_deleting_never_follows_a_link(run, tmp_path):
    outside = tmp_path / "weights.keras"
    outside.write_text("precious")
    (run.path / "model.keras").symlink_to(outside)
    store.remove_run(run)
    assert outside.read_text() == "precious"


def test_a_deletion_that_is_cut_off_leaves_an_incomplete_run(run, monkeypatch):
    run.write_json(store.ENVIRONMENT, {})
    run.finish(store.FINISHED)
    unlink = Path.unlink

    def stop_after_the_first(path, **options):
        if path.parent == run.path and not (run.path / store.STATUS).exists():
            raise KeyboardInterrupt
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", stop_after_the_first)
    with pytest.raises(KeyboardInterrupt):
        store.remove_run(run)
    monkeypatch.undo()
    assert store.list_runs(run.path.parent) == [run]
    assert run.state == store.INCOMPLETE
    store.remove_run(run)


def test_the_folder_one_stands_in_can_be_deleted_if_it_is_a_run(run, monkeypatch):
    monkeypatch.chdir(run.path)
    store.remove_run(store.find_run(Path("runs"), "."))
    assert not run.path.exists()


def test_a_project_with_a_config_of_its_own_is_no_run(tmp_path):
    (tmp_path / store.CONFIG).write_text("mine: 1\n")
    with pytest.raises(UserError, match="there is no run"):
        store.find_run(tmp_path / "runs", str(tmp_path))
    with pytest.raises(UserError, match="is not a run"):
        store.remove_run(store.RunFolder(tmp_path))


def test_a_run_that_is_being_trained_is_not_deleted(run):
    with run.lock(), pytest.raises(UserError, match="being trained"):
        store.remove_run(run)
    assert run.path.exists()


def test_the_epochs_done_come_from_the_status_or_else_from_the_history(run):
    assert run.epochs_done() == 0
    run.write_text(store.HISTORY, "epoch,loss\n1,0.5\n2,0.4\n")
    assert run.epochs_done() == 2
    run.finish(store.FAILED, message="out of memory")
    assert run.epochs_done() == 2
    run.finish(store.FINISHED, epochs_done=5)
    assert run.epochs_done() == 5


def test_a_failed_run_says_why_and_is_not_to_be_resumed(run):
    run.finish(store.FAILED, message="out of memory")
    error = run.unfinished("model")
    assert "its training failed: out of memory" in error.message
    assert "--resume" not in error.remedy
