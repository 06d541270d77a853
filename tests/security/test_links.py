"""A folder from somebody else leads nothing that is written out of it, whatever links lie in it."""

from __future__ import annotations

import contextlib
import shutil

import pytest

from dlcli.compare.session import ComparisonSession
from dlcli.errors import UserError
from dlcli.report.writing import write_comparison
from dlcli.store.comparisons import ComparisonFolder, find_comparison
from dlcli.tracking.records import comparison_records, run_record
from tests.compare.made import plan
from tests.compare.test_session import TWO, MadeUp, Told
from tests.fuzz.driving import drive
from tests.helpers import SMALL, Silent, dlcli
from tests.security.places import write_predictions, write_run

SUBFOLDERS = ("trials", "figures", "earlier")


@pytest.fixture
def outside(tmp_path):
    """Return a folder that nothing may be written to."""
    place = tmp_path / "outside"
    (place / "inner").mkdir(parents=True)
    (place / "file").write_text("precious")
    return place


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def compared(place):
    session = ComparisonSession(plan(TWO), ComparisonFolder(place))
    session.run(MadeUp(session.plan), Told())
    write_comparison(session, print, figures=False)
    session.folder.write_json("environment.json", {"problems": "p"})
    return session


def test_a_linked_trial_counts_as_damaged_and_what_it_leads_to_is_neither_read_nor_changed(
    tmp_path, outside
):
    whole = compared(tmp_path / "c")
    victim = sorted((tmp_path / "c").glob("trials/*"))[3]
    forged = outside / "forged"
    shutil.move(victim, forged)
    text = (forged / "trial.json").read_text().replace('"status": "ok"', '"status": "diverged"')
    (forged / "trial.json").write_text(text)
    victim.symlink_to(forged)
    before = content(outside)
    again = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path / "c"))
    executor = MadeUp(again.plan)
    again.run(executor, Told())
    assert executor.done == 1
    assert f"trial {victim.name} was damaged and is trained again" in again.notes
    assert again.results().verdict == whole.results().verdict
    assert not victim.is_symlink()
    (moved,) = (tmp_path / "c" / "earlier").iterdir()
    assert moved.is_symlink()
    assert content(outside) == before


@pytest.mark.parametrize("name", SUBFOLDERS)
def test_a_comparison_whose_subfolder_is_a_link_is_not_gone_on_with(tmp_path, outside, name):
    compared(tmp_path / "made")
    place = tmp_path / "made" / name
    shutil.rmtree(place, ignore_errors=True)
    place.symlink_to(outside)
    with pytest.raises(UserError, match="leads outside its folder") as caught:
        find_comparison(tmp_path, "made", "p")
    assert "Remove the link" in caught.value.remedy
    with (
        pytest.raises(UserError, match="leads outside its folder"),
        ComparisonFolder(tmp_path / "made").lock(),
    ):
        pass


def test_a_place_for_what_is_moved_away_is_never_outside(tmp_path, outside):
    session = compared(tmp_path / "c")
    (tmp_path / "c" / "earlier").symlink_to(outside)
    before = content(outside)
    with pytest.raises(UserError, match="leads outside its folder"):
        session.folder.set_aside(())
    victim = min((tmp_path / "c").glob("trials/*"))
    shutil.rmtree(victim)
    victim.write_text("a file")
    with pytest.raises(UserError, match="leads outside its folder"):
        session.folder.write_trial(victim.name, {}, [])
    assert content(outside) == before


def test_what_was_moved_away_before_is_never_in_the_way(tmp_path):
    session = compared(tmp_path / "c")
    (tmp_path / "c" / "earlier" / "2").mkdir(parents=True)
    (tmp_path / "c" / "earlier" / "2" / "mine").write_text("kept")
    assert session.folder.set_aside(()).name == "1"
    session.folder.write_text("trials.csv", "seed,key\n1,a\n")
    assert session.folder.set_aside(()).name == "3"


def test_a_table_that_is_a_link_is_replaced_and_not_written_through(tmp_path, outside):
    session = compared(tmp_path / "c")
    before = content(outside)
    names = [path.name for path in (tmp_path / "c").iterdir() if path.suffix in (".csv", ".md")]
    for name in (*names, "report.html"):
        (tmp_path / "c" / name).unlink(missing_ok=True)
        (tmp_path / "c" / name).symlink_to(outside / "file")
    write_comparison(session, print, figures=False)
    assert content(outside) == before
    assert not any((tmp_path / "c" / name).is_symlink() for name in names)


@pytest.mark.parametrize("kind", ["folder", "dangling", "file"])
def test_inspect_writes_into_no_linked_folder(tmp_path, outside, kind):
    run = write_run(tmp_path / "runs")
    (run.path / "model.keras").write_bytes(b"")
    target = {"folder": outside, "dangling": tmp_path / "nowhere", "file": outside / "file"}[kind]
    (run.path / "inspect").symlink_to(target)
    before = content(outside)
    end = drive(["inspect", run.name, "--filters", "--root", str(tmp_path / "runs")])
    assert (end.code, end.problem) == (2, "")
    assert "leads outside its folder" in end.told
    assert "hint: Remove the link" in end.told
    assert content(outside) == before
    assert not (tmp_path / "nowhere").exists()


def test_report_writes_through_no_link(tmp_path, outside):
    run = write_run(tmp_path / "runs")
    write_predictions(run)
    (run.path / "report.html").symlink_to(outside / "file")
    before = content(outside)
    assert drive(["report", run.name, "--root", str(tmp_path / "runs")]).code == 0
    assert content(outside) == before
    assert "<html" in (run.path / "report.html").read_text()


def test_a_tracker_is_given_no_file_that_a_link_leads_to(tmp_path, outside):
    run = write_run(tmp_path / "runs")
    (run.path / "mine.txt").symlink_to(outside / "file")
    assert all(path.name != "mine.txt" for path in run_record(run).files)
    session = compared(tmp_path / "c")
    (tmp_path / "c" / "figures").mkdir()
    (tmp_path / "c" / "figures" / "x.png").symlink_to(outside / "file")
    first = next(comparison_records(session.folder))
    assert all(path.suffix != ".png" for path in first.files)
    (tmp_path / "c" / "figures" / "x.png").unlink()
    (tmp_path / "c" / "figures").rmdir()
    (tmp_path / "c" / "figures").symlink_to(outside)
    with pytest.raises(UserError, match="leads outside its folder"):
        next(comparison_records(session.folder))


WRITERS = """
fit:
  epochs: 2
  callbacks:
    - {ModelCheckpoint: {filepath: "kept/{epoch}.keras"}}
    - {CSVLogger: {filename: logs/rows.csv}}
    - {TensorBoard: {log_dir: board}}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folder of a run whose callbacks write files."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "small.yaml").write_text(SMALL.replace("fit: {epochs: 4}\n", WRITERS))
    done = dlcli("train", "small.yaml", "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "run"


@contextlib.contextmanager
def resumed(run):
    from dlcli.train import session as sessions

    session = sessions.resume(run.parent, run.name, epochs=4, config=None)
    with session:
        yield session


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("kept/3.keras", "refused"), ("logs", "refused"), ("logs/rows.csv", "refused"),
        ("board/train", "refused"), ("board", "refused"), ("checkpoint.npz", "refused"),
        ("config.yaml", "refused"), ("history.csv", "trains"), ("metrics.json", "trains"),
        ("model.keras", "trains"), ("predictions.npz", "trains"), ("environment.json", "refused"),
    ],
)  # fmt: skip
def test_a_run_that_goes_on_writes_nothing_outside(trained, tmp_path, outside, name, ends):
    run = tmp_path / "runs" / "theirs"
    shutil.copytree(trained, run)
    place = run / name
    kept = outside / "kept"
    if place.exists():
        shutil.move(place, kept)
    else:
        kept.write_text("precious")
    place.symlink_to(kept)
    before, status = content(outside), (run / "status.json").read_text()
    if ends == "trains":
        with resumed(run) as session:
            session.train(Silent())
    else:
        with pytest.raises(UserError, match="leads outside its folder"), resumed(run):
            pass
        assert (run / "status.json").read_text() == status
    assert content(outside) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", SUBFOLDERS)
def test_a_comparison_that_goes_on_writes_nothing_outside(tmp_path, outside, name):
    (tmp_path / "small.yaml").write_text(SMALL)
    command = ("compare-optimizers", "small.yaml", "--optimizers", "SGD,Adam", "--seeds", "6",
               "--learning-rates", "0.1", "--jobs", "1")  # fmt: skip
    assert dlcli(*command, "--no-figures", cwd=tmp_path).returncode == 0
    place = tmp_path / "comparisons" / "small" / name
    shutil.rmtree(place, ignore_errors=True)
    place.symlink_to(outside)
    before = content(outside)
    done = dlcli(*command, "--learning-rates", "0.2", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "leads outside its folder" in done.stderr
    assert "hint: Remove the link" in done.stderr
    assert content(outside) == before
