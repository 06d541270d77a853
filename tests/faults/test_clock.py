"""A clock that jumps: results, folders and budgets do not depend on it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from dlcli.cli import run
from dlcli.compare.session import ComparisonSession
from dlcli.store.comparisons import ComparisonFolder
from dlcli.store.runs import ENVIRONMENT, create_run, list_runs, newest_run
from tests.compare.made import plan
from tests.compare.test_session import TWO, MadeUp, Told

NOW = datetime.now(UTC)
JUMPS = [timedelta(days=-20_000), timedelta(days=-1), timedelta(hours=3), timedelta(days=9_000)]


def made(root, name, *, started):
    folder = create_run(root, name, now=started)
    for file in ("config.yaml", "source.yaml"):
        folder.write_text(file, "data: {dataset: iris}\n")
    folder.write_json(ENVIRONMENT, {"started": started.isoformat(timespec="seconds")})
    folder.finish("finished", epochs_done=1)
    return folder


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_comparison_under_a_jumping_clock_is_the_same_and_keeps_its_time(
    tmp_path, monkeypatch, jump
):
    steady = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path / "steady"))
    steady.run(MadeUp(steady.plan), Told())
    real = time.time
    jumped = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path / "jumped"))

    class Jumping(MadeUp):
        def next_done(self):
            if self.done == 4:
                monkeypatch.setattr(time, "time", lambda: real() + jump.total_seconds())
            return super().next_done()

    jumped.run(Jumping(jumped.plan), Told(), deadline=time.monotonic() + 600)
    assert jumped.results().trials.equals(steady.results().trials)
    assert not any("the time was over" in note for note in jumped.notes)


def test_a_run_that_begins_before_the_others_were_made_gets_a_folder_of_its_own(tmp_path):
    first = made(tmp_path, "made", started=NOW)
    again = create_run(tmp_path, "made", now=NOW)
    earlier = create_run(tmp_path, "made", now=NOW - timedelta(days=20_000))
    assert len({first.path, again.path, earlier.path}) == 3


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=9_000)], ids=str)
def test_a_run_from_the_future_is_not_taken_for_the_newest(tmp_path, ahead):
    """The clock was wrong then, or is now; either way the run that is dated now is the newer."""
    made(tmp_path, "future", started=NOW + ahead)
    older = made(tmp_path, "older", started=NOW - timedelta(hours=2))
    now = made(tmp_path, "now", started=NOW)
    assert newest_run(tmp_path).path == now.path
    assert [folder.path for folder in list_runs(tmp_path)][:2] == [now.path, older.path]


def test_dates_to_come_are_listed_like_any_other(tmp_path, capsys):
    made(tmp_path, "future", started=NOW + timedelta(days=9_000))
    made(tmp_path, "old", started=datetime(1970, 1, 2, tzinfo=UTC))
    assert run(["runs", "ls", "--root", str(tmp_path), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert "1970-01-02" in json.dumps(listed)
    assert len(listed["runs"] if isinstance(listed, dict) else listed) == 2
