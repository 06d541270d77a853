"""Reading a comparison or a run that is going on works, or says why not, and harms nothing."""

from __future__ import annotations

import json
import shutil
import threading

import pytest

from dlcli.compare.placement import Placement
from dlcli.compare.session import ComparisonSession, write_settings
from dlcli.report.writing import write_comparison
from dlcli.store.comparisons import ComparisonFolder
from tests.compare.made import plan
from tests.compare.test_session import TWO, MadeUp, Told
from tests.faults.running import WIDE, place, same_tables, started, trials, wait_until
from tests.fuzz.driving import drive
from tests.security.places import write_run

HERE = Placement("serial", 1)


@pytest.fixture
def running(tmp_path):
    """Return a comparison in `comparisons/made` that is held, and has trained but not written."""
    (tmp_path / "comparisons").mkdir()
    session = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path / "comparisons" / "made"))
    session.folder.path.mkdir()
    with session.folder.lock():
        write_settings(session, ["dlcli"], HERE)
        session.run(MadeUp(session.plan), Told())
        yield session


def asked(session, *command):
    end = drive([*command, "--comparisons", str(session.folder.path.parent)])
    assert end.problem == "", end.told
    return end


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", ["report made", "runs show made"])
def test_without_tables_it_says_that_it_is_being_compared(running, command):
    before = content(running.folder.path)
    end = asked(running, *command.split())
    assert end.code == 2
    assert "is being compared right now and has no" in end.told
    assert "hint: Wait for it to end" in end.told
    assert content(running.folder.path) == before


def test_lists_show_it_as_running(running):
    end = asked(running, "runs", "ls", "--root", "nowhere", "--json")
    (found,) = json.loads(end.told)["comparisons"]
    assert (found["state"], found["trials"]) == ("running", 18 + 2 * 5 * 3)
    assert asked(running, "runs", "show", "made", "--json").code == 0
    assert asked(running, "runs", "diff", "made", "made").code == 0


def test_it_is_not_deleted(running):
    before = content(running.folder.path)
    end = asked(running, "runs", "rm", "made", "--yes")
    assert end.code == 2
    assert "is being compared right now" in end.told
    assert content(running.folder.path) == before


def test_with_the_tables_of_before_the_page_is_written_and_that_is_said(running):
    write_comparison(running, print, figures=False)
    end = asked(running, "report", "made")
    assert end.code == 0
    assert "is in use right now: the page shows an earlier state" in end.told
    assert "Adam" in (running.folder.path / "report.html").read_text()


def test_a_table_that_is_missing_for_the_moment_is_no_damage(running):
    write_comparison(running, print, figures=False)
    (running.folder.path / "curves.csv").unlink()
    (running.folder.path / "trials.csv").write_text("half")
    end = asked(running, "report", "made")
    assert end.code == 2
    assert "is being compared right now" in end.told
    assert "hint: Wait for it to end" in end.told


def test_reports_while_the_tables_are_written_end_in_words_and_the_tables_are_whole(
    running, tmp_path
):
    write_comparison(running, print, figures=False)
    expected = {k: v for k, v in content(running.folder.path).items() if k.suffix == ".csv"}
    over = threading.Event()

    def write():
        while not over.is_set():
            running.folder.set_aside(())
            shutil.rmtree(running.folder.path / "earlier")
            write_comparison(running, print, figures=False)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        codes = [asked(running, "report", "made").code for _ in range(15)]
    finally:
        over.set()
        writer.join()
    assert set(codes) <= {0, 2}
    found = {k: v for k, v in content(running.folder.path).items() if k.suffix == ".csv"}
    assert found == expected
    assert not list(tmp_path.rglob(".*.part*"))


def test_a_run_that_is_being_trained_says_so(tmp_path):
    run = write_run(tmp_path / "runs")
    (run.path / "status.json").unlink()
    (run.path / "metrics.json").unlink()
    (run.path / "history.csv").unlink()
    with run.lock():
        for command in (["report"], ["predict"], ["inspect", "--filters"]):
            arguments = [command[0], run.name, *command[1:], "--root", str(tmp_path / "runs")]
            if command == ["predict"]:
                arguments.append(str(run.path / "config.yaml"))
            end = drive(arguments)
            assert (end.code, end.problem) == (2, ""), end.told
            assert "is being trained right now and has no" in end.told
            assert "hint: Wait for it to end" in end.told
        assert drive(["runs", "ls", "--root", str(tmp_path / "runs")]).code == 0


@pytest.mark.slow
def test_a_comparison_that_is_asked_all_the_time_ends_with_the_same_tables(tmp_path, compared_once):
    folder = place(tmp_path / "work")
    comparison = folder / "comparisons" / "small"
    command = ("compare-optimizers", "small.yaml", *WIDE, "--epochs", "40")
    process = started(folder, *command)
    wait_until(lambda: len(trials(comparison)) >= 2, process)
    ends = []
    while process.poll() is None:
        for asking in (["report", str(comparison)], ["runs", "ls", "--root", str(folder / "runs"),
                       "--comparisons", str(comparison.parent)]):  # fmt: skip
            end = drive(asking)
            assert end.problem == "", end.told
            ends.append((asking[0], end.code))
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert ("report", 2) in ends
    assert ("runs", 0) in ends
    assert ("runs", 2) not in ends
    assert same_tables(comparison, compared_once(*WIDE, "--epochs", "40")) == 0
    assert not list(comparison.rglob(".*.part*"))
