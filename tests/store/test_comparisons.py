"""Comparison folders: what is found again, what is kept apart, what is damaged."""

from __future__ import annotations

import json

import pytest

from dlcli.errors import InUseError, UserError
from dlcli.store.comparisons import (
    ENVIRONMENT,
    ComparisonFolder,
    find_comparison,
    from_csv,
    open_comparison,
    to_csv,
)

HISTORY = [
    {"epoch": 1, "train_loss": 0.1 + 0.2, "val_accuracy": None},
    {"epoch": 2, "train_loss": float("nan"), "val_accuracy": 1e-12},
]


def opened(root, problems="p", *, fresh=False):
    folder = open_comparison(root, "made", problems, fresh=fresh)
    folder.write_text(ENVIRONMENT, json.dumps({"problems": problems}))
    return folder


def test_the_same_problems_go_on_in_their_folder(tmp_path):
    first = opened(tmp_path)
    assert opened(tmp_path).path == first.path == tmp_path / "made"


def test_changed_problems_get_a_folder_beside_it_and_find_it_again(tmp_path):
    first, second = opened(tmp_path), opened(tmp_path, "q")
    assert second.path == tmp_path / "made-2"
    assert opened(tmp_path).path == first.path
    assert opened(tmp_path, "q").path == second.path
    assert find_comparison(tmp_path, "made", "r") is None


def test_fresh_starts_beside_the_old_one_and_is_the_newest_then(tmp_path):
    opened(tmp_path)
    fresh = opened(tmp_path, fresh=True)
    assert fresh.path == tmp_path / "made-2"
    assert opened(tmp_path).path == fresh.path


def test_folders_of_other_things_are_left_alone(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("x")
    (tmp_path / "made-2").write_text("a file")
    assert opened(tmp_path).path == tmp_path / "made-3"
    assert (tmp_path / "made" / "mine.txt").read_text() == "x"


def test_a_folder_that_was_cut_off_while_it_was_made_is_used(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / ".lock").touch()
    assert opened(tmp_path).path == tmp_path / "made"


def test_a_trial_comes_back_as_it_was_kept(tmp_path):
    folder = opened(tmp_path)
    folder.write_trial("abc", {"seed": 3, "loss": 0.1 + 0.2}, HISTORY)
    content, history = folder.read_trial("abc")
    assert content == {"seed": 3, "loss": 0.1 + 0.2, "epochs": 2}
    assert history[0] == HISTORY[0]
    assert history[1]["train_loss"] != history[1]["train_loss"]
    assert history[1]["val_accuracy"] == 1e-12
    assert folder.kept_trials() == 1
    assert folder.read_trial("other") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("trial.json", ""),
        ("trial.json", '{"seed": 3'),
        ("trial.json", "[1]"),
        ("trial.json", '{"seed": 3}'),
        ("history.csv", ""),
        ("history.csv", "epoch,train_loss,val_accuracy\n1,0.3,\n"),
        ("history.csv", "epoch,train_loss,val_accuracy\n1,0.3,\n2,0.x,1\n"),
        ("history.csv", "epoch,train_loss,val_accuracy\n1,0.3,\n2,0.1"),
    ],
)
def test_a_damaged_trial_is_told(tmp_path, name, text):
    folder = opened(tmp_path)
    folder.write_trial("abc", {"seed": 3}, HISTORY)
    (folder.path / "trials" / "abc" / name).write_text(text)
    with pytest.raises(UserError):
        folder.read_trial("abc")
    folder.write_trial("abc", {"seed": 3}, HISTORY)
    assert folder.read_trial("abc") is not None


def test_a_trial_cut_off_before_its_last_file_is_none(tmp_path):
    folder = opened(tmp_path)
    folder.write_trial("abc", {"seed": 3}, HISTORY)
    (folder.path / "trials" / "abc" / "trial.json").unlink()
    assert folder.read_trial("abc") is None
    assert folder.kept_trials() == 0


def test_only_one_process_compares_in_a_folder(tmp_path):
    folder = opened(tmp_path)
    with (
        folder.lock(),
        pytest.raises(InUseError, match="being compared right now") as caught,
        ComparisonFolder(folder.path).lock(),
    ):
        pass
    assert "--fresh" in caught.value.remedy
    with folder.lock():
        pass


def test_numbers_survive_csv():
    assert from_csv(to_csv([{"a": 1, "b": 1e-300}])) == [{"a": 1, "b": 1e-300}]
    assert from_csv(to_csv([])) == []


def test_tables_that_would_lose_trials_are_kept_beside(tmp_path):
    folder = opened(tmp_path)
    assert folder.set_aside({"a"}) is None
    folder.write_text("trials.csv", "seed,key\n1,a\n2,b\n")
    folder.write_text("summary.md", "wide")
    (folder.path / "figures").mkdir()
    assert folder.set_aside({"a", "b", "c"}) is None
    assert folder.set_aside({"a"}) == folder.path / "earlier" / "1"
    assert (folder.path / "earlier" / "1" / "summary.md").read_text() == "wide"
    assert (folder.path / "earlier" / "1" / "figures").is_dir()
    assert not (folder.path / "trials.csv").exists()
    assert (folder.path / ENVIRONMENT).exists()
    folder.write_text("trials.csv", "seed,key\n1,a\n")
    assert folder.set_aside(()) == folder.path / "earlier" / "2"
