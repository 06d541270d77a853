"""A folder of runs from somebody else shows no secrets, harms no files, stops nothing."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.config.conversion.loading import default_name, parse_config
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text
from dlcli.errors import UserError
from dlcli.store.folder import slug
from dlcli.store.runs import RunFolder, create_run, is_run, remove_run
from tests.fuzz.driving import drive
from tests.security.places import CONFIG, write_predictions, write_run

HIDDEN = "what nobody else may read"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FILES = (
    "config.yaml",
    "source.yaml",
    "environment.json",
    "status.json",
    "metrics.json",
    "history.csv",
)
COMMANDS = (
    ["runs", "show"],
    ["runs", "show", "--json"],
    ["report"],
    ["eval"],
    ["runs", "diff", "first"],
)


@pytest.fixture
def run(tmp_path):
    made = write_run(tmp_path / "runs")
    write_predictions(made)
    (tmp_path / "secret").write_text(HIDDEN)
    return made


def end_of(run, *command):
    end = drive([*command, run.name, "--root", str(run.path.parent)])
    assert end.problem == "", end.told
    return end


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_a_link_out_of_the_folder_leads_to_is_never_shown(run, tmp_path, command, name):
    (run.path / name).unlink()
    (run.path / name).symlink_to(tmp_path / "secret")
    assert HIDDEN not in end_of(run, *command).told
    report = run.path / "report.html"
    assert not report.exists() or HIDDEN not in report.read_text()


def test_a_file_that_is_a_link_is_told_as_such(run, tmp_path):
    (run.path / "source.yaml").unlink()
    (run.path / "source.yaml").symlink_to(tmp_path / "secret")
    end = end_of(run, "report")
    assert end.code == 2
    assert "a symbolic link that leads outside its folder" in end.told


def test_a_link_within_the_folder_and_a_linked_place_are_followed(run, tmp_path):
    (run.path / "source.yaml").unlink()
    (run.path / "source.yaml").symlink_to("config.yaml")
    (tmp_path / "elsewhere").symlink_to(run.path.parent)
    assert drive(["report", "first", "--root", str(tmp_path / "elsewhere")]).code == 0


@pytest.mark.parametrize("name", [*FILES, "predictions.npz", ".lock"])
@pytest.mark.parametrize("command", [*COMMANDS, ["runs", "rm", "--yes"]], ids=" ".join)
def test_a_pipe_in_a_run_stops_nothing(run, command, name):
    (run.path / name).unlink(missing_ok=True)
    os.mkfifo(run.path / name)
    assert end_of(run, *command).code in (0, 1, 2)


def test_a_link_to_itself_is_an_error_in_words(run):
    (run.path / "source.yaml").unlink()
    (run.path / "source.yaml").symlink_to("source.yaml")
    assert end_of(run, "report").code == 2


def test_holding_a_run_never_touches_what_its_lock_leads_to(run, tmp_path):
    (run.path / ".lock").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match="leads outside its folder"), run.lock():
        pass
    assert (tmp_path / "secret").read_text() == HIDDEN
    assert end_of(run, "runs", "rm", "--yes").code == 2
    assert (tmp_path / "secret").read_text() == HIDDEN
    (run.path / ".lock").unlink()
    (run.path / ".lock").symlink_to("config.yaml")
    with pytest.raises(OSError, match="symbolic"), run.lock():
        pass
    assert (run.path / "config.yaml").read_text() == CONFIG


def test_deleting_a_run_deletes_links_and_never_what_they_lead_to(tmp_path):
    config = CONFIG + "  callbacks: [{TensorBoard: {log_dir: logs}}]\n"
    run = write_run(tmp_path / "runs", config=config)
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_text("precious")
    (run.path / "logs").mkdir()
    (run.path / "logs" / "link").symlink_to(outside)
    (run.path / "report.html").symlink_to(outside / "file")
    remove_run(run)
    assert not run.path.exists()
    assert (outside / "file").read_text() == "precious"


def test_a_linked_run_is_no_run_to_delete(run, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "linked").symlink_to(run.path)
    assert drive(["runs", "rm", "linked", "--yes", "--root", str(tmp_path / "others")]).code == 2
    assert is_run(run.path)


@pytest.mark.parametrize("callback", ["..", "../..", "/", "../precious", "*", ".", "{x}/../.."])
def test_no_callback_of_a_run_names_what_else_may_be_deleted(tmp_path, callback):
    config = CONFIG + f"  callbacks: [{{TensorBoard: {{log_dir: '{callback}'}}}}]\n"
    run = write_run(tmp_path / "runs", config=config)
    (tmp_path / "precious").mkdir()
    (run.path / "mine").write_text("precious")
    with pytest.raises(UserError, match="files that dlcli did not write: mine"):
        remove_run(run)
    assert (run.path / "mine").exists()


@pytest.mark.slow
def test_a_name_of_many_numbers_is_compared_at_once(tmp_path):
    pattern = "{a}" * 40 + "x"
    config = CONFIG + f"  callbacks: [{{CSVLogger: {{filename: '{pattern}'}}}}]\n"
    run = write_run(tmp_path / "runs", config=config)
    (run.path / ("1" * 200)).write_text("mine")
    start = time.process_time()
    with pytest.raises(UserError, match="did not write"):
        remove_run(run)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("path", ["/x", "../x", "a/../../x", "..", "/", "~/../../x/.."])
@pytest.mark.slow
def test_no_callback_writes_out_of_the_folder(path):
    from dlcli.train.callbacks import check_callbacks

    text = CONFIG + f"  callbacks: [{{CSVLogger: {{filename: '{path}'}}}}]\n"
    with pytest.raises(ConfigError, match="is outside the run"):
        check_callbacks(parse_config(Text("cfg.yaml", text)), ["loss"])


@pytest.mark.slow
def test_no_callback_of_a_run_that_goes_on_writes_through_a_link(run, tmp_path):
    from dlcli.train.fit import _construct_callback

    text = CONFIG + "  callbacks: [{CSVLogger: {filename: logs/rows.csv}}]\n"
    call = parse_config(Text("cfg.yaml", text)).fit.callbacks[0]
    assert _construct_callback(call, run.path, True).filename == str(run.path / "logs" / "rows.csv")
    (tmp_path / "outside").mkdir()
    (run.path / "logs").rmdir()
    (run.path / "logs").symlink_to(tmp_path / "outside")
    with pytest.raises(UserError, match="leads outside the run's folder"):
        _construct_callback(call, run.path, True)
    assert list((tmp_path / "outside").iterdir()) == []


@given(
    st.text() | st.sampled_from(["..", ".", "/", "../../x", "a\0b", "-rf", "~", "a\nb", "\x1b[2J"])
)
def test_whatever_a_config_is_called_its_run_lies_in_the_folder_of_the_runs(name):
    made = slug(name)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", made)
    assert re.fullmatch(r"[\w][\w.-]*", default_name(Text(f"{name}.yaml".replace("\0", ""), "")))


def test_a_run_is_made_below_its_root_whatever_its_name(tmp_path):
    for name in ("../../x", "/etc/x", "..", "a/b", "-rf"):
        assert create_run(tmp_path / "runs", name, now=NOW).path.parent == tmp_path / "runs"


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "/", "..", ".", "'a\\nb'", '"\\e[31m"', "-rf", "'a b'"]
)
def test_a_config_whose_name_is_none_is_refused(name):
    text = CONFIG.replace("name: net", f"name: {name}").replace("'a\\nb'", '"a\\nb"')
    with pytest.raises(ConfigError, match="is not a valid name"):
        parse_config(Text("cfg.yaml", text))


ODD = ("null", "[]", "1", '"x"', "{}", "9" * 5000, "[" * 100_000, '{"state": {}}', '"\\ud800"',
       '{"metrics": {"a": "\\ud800"}}', '{"epochs_done": 1e999, "started": 1e999}', "",
       '{"command": {"a": 1}, "packages": [1], "started": []}',
       '{"state": "finished", "metrics": {"a": [{}]}, "epochs_done": [1]}')  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("name", ["status", "metrics", "environment"])
def test_files_of_odd_types_end_in_words(tmp_path, name, odd):
    run = write_run(tmp_path / "runs", **{name: odd})
    write_predictions(run)
    (run.path / "data.json").write_text(odd)
    for command in (*COMMANDS, ["runs", "ls"]):
        place = [] if command == ["runs", "ls"] else [run.name]
        end = drive([*command, *place, "--root", str(tmp_path / "runs")])
        assert end.problem == "", end.told
    assert drive(["runs", "rm", "first", "--yes", "--root", str(tmp_path / "runs")]).code == 0


def test_no_name_that_is_typed_is_a_run_by_accident(run):
    for name in ("..", ".", "/", "~", "", "*", "-"):
        assert drive(["runs", "show", "--root", str(run.path.parent), "--", name]).code == 2
    assert RunFolder(run.path).state == "finished"
