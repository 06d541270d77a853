"""Files of trials cut off, overwritten or replaced: found, said, trained again; never a crash."""

from __future__ import annotations

import pytest

from dlcli.comparing import Session
from dlcli.store.comparisons import ComparisonFolder
from tests.comparing.test_session import TWO, MadeUp, Told
from tests.comparison.made import plan


def _cut(share):
    return lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def _content(content):
    return lambda path: path.write_bytes(content)


def _folder(path):
    path.unlink()
    path.mkdir()


def _dangling(path):
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))


def _loop(path):
    path.unlink()
    path.symlink_to(path)


DAMAGES = {
    "cut at 0 %": _cut(0),
    "cut at 10 %": _cut(0.1),
    "cut in half": _cut(0.5),
    "cut at 90 %": _cut(0.9),
    "binary": _content(bytes(range(256))),
    "zeros": _content(bytes(300)),
    "no object": _content(b"[1, 2]"),
    "null": _content(b"null"),
    "an empty object": _content(b"{}"),
    "deep": _content(b"[" * 100_000),
    "a huge number": _content(b'{"epochs": ' + b"9" * 5000 + b"}"),
    "a field too long": _content(b"epoch,train_loss\n1," + b"9" * 200_000),
    "a folder": _folder,
    "a dangling link": _dangling,
    "a link to itself": _loop,
}


@pytest.mark.parametrize("name", ["trial.json", "history.csv"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_of_a_trial_is_found_said_and_the_trial_done_again(tmp_path, name, damage):
    whole = Session(plan(TWO), ComparisonFolder(tmp_path))
    whole.run(MadeUp(whole.plan), Told())
    victim = sorted(tmp_path.glob(f"trials/*/{name}"))[3]
    DAMAGES[damage](victim)
    again = Session(plan(TWO), ComparisonFolder(tmp_path))
    executor = MadeUp(again.plan)
    again.run(executor, Told())
    assert executor.done == 1
    said = any(f"{victim.parent.name} was damaged" in note for note in again.notes)
    assert said or (name == "trial.json" and "link" in damage)  # then it was never finished
    assert again.results().verdict == whole.results().verdict
    assert victim.is_file()
    third = Session(plan(TWO), ComparisonFolder(tmp_path))
    assert third.remaining() == 0


@pytest.mark.parametrize("damage", ["a file", "a dangling link"])
def test_what_lies_where_a_trials_folder_should_be_is_moved_away(tmp_path, damage):
    whole = Session(plan(TWO), ComparisonFolder(tmp_path))
    whole.run(MadeUp(whole.plan), Told())
    victim = sorted(tmp_path.glob("trials/*"))[3]
    victim.rename(tmp_path / "elsewhere")
    if damage == "a file":
        victim.write_text("mine")
    else:
        victim.symlink_to("nowhere")
    again = Session(plan(TWO), ComparisonFolder(tmp_path))
    again.run(MadeUp(again.plan), Told())
    assert again.results().verdict == whole.results().verdict
    assert Session(plan(TWO), ComparisonFolder(tmp_path)).remaining() == 0
    assert [path.name for path in (tmp_path / "earlier").iterdir()] == [f"1-{victim.name}"]
