"""Files of comparisons cut off, overwritten or replaced: found, said, made anew; never a crash."""

from __future__ import annotations

import pytest

from dlcli.compare.home import Home
from dlcli.compare.placement import Placement
from dlcli.compare.session import ComparisonSession, write_settings
from dlcli.report.writing import write_comparison
from dlcli.store.comparisons import ComparisonFolder
from tests.compare.made import by_rate, plan
from tests.compare.test_session import TWO, MadeUp, Told
from tests.fuzz.driving import drive


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
    whole = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path))
    whole.run(MadeUp(whole.plan), Told())
    victim = sorted(tmp_path.glob(f"trials/*/{name}"))[3]
    DAMAGES[damage](victim)
    again = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path))
    executor = MadeUp(again.plan)
    again.run(executor, Told())
    assert executor.done == 1
    said = any(f"{victim.parent.name} was damaged" in note for note in again.notes)
    assert said or (name == "trial.json" and "link" in damage)  # then it was never finished
    assert again.results().verdict == whole.results().verdict
    assert victim.is_file()
    third = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path))
    assert third.remaining() == 0


@pytest.mark.parametrize("damage", ["a file", "a dangling link"])
def test_what_lies_where_a_trials_folder_should_be_is_moved_away(tmp_path, damage):
    whole = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path))
    whole.run(MadeUp(whole.plan), Told())
    victim = sorted(tmp_path.glob("trials/*"))[3]
    victim.rename(tmp_path / "elsewhere")
    if damage == "a file":
        victim.write_text("mine")
    else:
        victim.symlink_to("nowhere")
    again = ComparisonSession(plan(TWO), ComparisonFolder(tmp_path))
    again.run(MadeUp(again.plan), Told())
    assert again.results().verdict == whole.results().verdict
    assert ComparisonSession(plan(TWO), ComparisonFolder(tmp_path)).remaining() == 0
    assert [path.name for path in (tmp_path / "earlier").iterdir()] == [f"1-{victim.name}"]


HERE = Placement("serial", 1)


@pytest.fixture
def compared(tmp_path):
    """Return a finished comparison with its tables, in `comparisons/made`."""
    made = plan(TWO)
    session = ComparisonSession(
        made, Home(made, None, tmp_path / "comparisons").opened(fresh=False)
    )
    with session.folder.lock():
        write_settings(session, ["dlcli"], HERE)
        session.run(MadeUp(made), Told())
        write_comparison(session, print, figures=False)
    return session


def again(compared, compare=TWO, *, name=None):
    """Do the same comparison once more, as the command does.

    Returns:
        The comparison, how much it trained, and what was said of its folder.
    """
    made = plan(compare)
    home = Home(made, name, compared.folder.path.parent)
    found = home.found()
    session = ComparisonSession(made, found)
    session.folder = home.opened(fresh=False)
    executor = MadeUp(made)
    executor.score = by_rate(dict.fromkeys(("SGD", "Adam", "Lion"), (0.01, 0.8)), width=3)
    with session.folder.lock():
        write_settings(session, ["dlcli"], HERE)
        session.run(executor, Told())
        write_comparison(session, print, figures=False)
    return session, executor.done, "\n".join(home.remarks)


def _gone(path):
    path.unlink()


@pytest.mark.parametrize("damage", [*(name for name in DAMAGES if name != "a folder"), "gone"])
def test_a_comparison_whose_environment_is_damaged_is_known_by_its_trials(compared, damage):
    {**DAMAGES, "gone": _gone}[damage](compared.folder.path / "environment.json")
    session, trained, told = again(compared)
    assert (session.folder.path, trained) == (compared.folder.path, 0)
    assert "environment.json is missing or damaged: it is written anew" in told
    assert session.folder.problems() is not None
    assert again(compared)[2] == ""


def test_a_wider_comparison_goes_on_in_the_damaged_folder(compared):
    (compared.folder.path / "environment.json").write_text("")
    session, trained, _ = again(compared, TWO.replace("[SGD, Adam]", "[SGD, Adam, Lion]"))
    assert session.folder.path == compared.folder.path
    assert 9 + 5 * 3 <= trained < 30  # those of Lion alone


def test_one_of_other_trials_is_left_alone_and_told(compared):
    (compared.folder.path / "environment.json").write_bytes(bytes(range(256)))
    before = sorted(compared.folder.path.rglob("*"))
    session, trained, told = again(compared, TWO.replace("[SGD, Adam]", "[Lion]"))
    assert session.folder.path.name == "made-2"
    assert 9 + 5 * 3 <= trained < 30  # those of Lion alone
    assert sorted(compared.folder.path.rglob("*")) == before
    assert "none of these trials lies there: it is left as it is" in told


@pytest.mark.parametrize("damage", sorted(set(DAMAGES) - {"a folder"}))
def test_a_comparison_whose_environment_is_damaged_is_listed_told_and_deleted(compared, damage):
    DAMAGES[damage](compared.folder.path / "environment.json")
    place = ["--comparisons", str(compared.folder.path.parent)]
    listed = drive(["runs", "ls", *place])
    assert (listed.code, listed.problem) == (0, "")
    assert "made" in listed.told
    report = drive(["report", "made", *place])
    assert (report.code, report.problem) == (0 if damage == "an empty object" else 2, "")
    assert report.code == 0 or "environment.json" in report.told
    assert report.code == 0 or "hint: " in report.told
    for command in (["runs", "show", "made"], ["runs", "show", "made", "--json"]):
        assert drive([*command, *place]).code == 0
    if "link" not in damage:
        assert drive(["runs", "rm", "made", "--yes", *place]).code == 0
        assert not compared.folder.path.exists()


COMPARED = ("trials.csv", "summary.csv", "summary.md", "curves.csv", "arrivals.csv", "config.yaml")
OF_TABLES = ("cut at 0 %", "cut in half", "cut at 90 %", "binary", "zeros", "deep",
             "a field too long", "a folder", "a dangling link")  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize("damage", OF_TABLES)
def test_a_damaged_table_is_told_and_the_next_comparison_writes_it_anew(compared, name, damage):
    place = compared.folder.path
    whole = (place / name).read_bytes()
    DAMAGES[damage](place / name)
    for command in (["report", "made"], ["runs", "show", "made"], ["runs", "diff", "made", "made"],
                    ["runs", "ls"], ["runs", "ls", "--json"]):  # fmt: skip
        end = drive([*command, "--comparisons", str(place.parent)])
        assert end.problem == "", end.told
        assert end.code in ((0,) if "ls" in command else (0, 2)), (command, end.told)
        assert end.code == 0 or "hint: " in end.told
    if damage == "a folder":
        (place / name).rmdir()  # what is there is not dlcli's, and said
    _, trained, _ = again(compared)
    assert trained == 0
    assert (place / name).read_bytes() == whole
    assert not (place / "earlier").exists()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_tables_that_are_cut_off_hide_no_trial_that_would_be_lost(compared, share):
    """Of what is left of a wider table the narrower comparison still keeps what it has not."""
    table = compared.folder.path / "trials.csv"
    table.write_bytes(table.read_bytes()[: int(table.stat().st_size * share)])
    left = table.read_text().count("\n") - 1
    keys = {record.key for record in compared.records}
    assert not compared.folder.would_lose(keys)
    assert compared.folder.would_lose(set()) == (left > 0)
