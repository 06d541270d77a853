"""The process that a user starts: exit codes, streams and what an error looks like."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import click
import pytest

from dlcli import cli
from dlcli.cli import COMMANDS, run
from dlcli.errors import InterruptedRunError, UserError, WorkError
from tests.helpers import dlcli

ENTRY = f'"{sys.executable}" -m dlcli'


def shell(line, cwd, **environment):
    """Run a line in a shell that fails if any part of a pipe does."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def failing(error):
    """Return a command's body that raises."""

    def body(*_args, **_options):
        raise error

    return body


@pytest.fixture
def told(monkeypatch, capsys):
    """Return how an error that a command raises is told: exit code and text on stderr."""

    def tell(error, *arguments):
        monkeypatch.setattr(cli.dlcli, "main", failing(error))
        code = run(["runs", "ls", *arguments])
        streams = capsys.readouterr()
        assert streams.out == ""
        return code, streams.err

    return tell


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_leads_to_a_command_of_that_name(name):
    context = click.Context(cli.dlcli)
    command = cli.dlcli.get_command(context, name)
    assert isinstance(command, click.Command)
    assert command.name in (name, "evaluate")


def test_python_m_dlcli_prints_versions(tmp_path):
    done = dlcli("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert [word for word in done.stdout.split() if word.isalpha()] == [
        "dlcli", "keras", "tensorflow",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["trian"], "Did you mean 'train'?"),
        (["run"], "Did you mean 'runs'?"),
        (["runs", "lst"], "ls"),
        (["train", "--epoch", "3"], "--epochs"),
        (["xyzzy"], "No such command 'xyzzy'."),
        (["--bogus"], "--bogus"),
    ],
)
def test_a_mistyped_word_gets_the_one_that_was_meant(arguments, hint, capsys):
    assert run(arguments) == 2
    streams = capsys.readouterr()
    assert hint in streams.err
    assert streams.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("m", remedy="r"), 2),
        (WorkError("m", remedy="r"), 1),
        (InterruptedRunError("m", remedy="r"), 130),
    ],
)
def test_an_error_is_one_block_with_a_remedy_and_its_own_exit_code(told, error, code):
    assert told(error) == (code, "error: m\n  = hint: r\n")


def test_an_error_without_a_remedy_is_one_line(told):
    assert told(UserError("m")) == (2, "error: m\n")


def test_an_error_that_renders_itself_does(told):
    class RenderedError(UserError):
        def render(self):
            return "a.yaml:1:1: error[rule]: m"

    assert told(RenderedError("m")) == (2, "a.yaml:1:1: error[rule]: m\n")


@pytest.mark.parametrize(
    ("number", "code", "remedy"),
    [
        (errno.ENOSPC, 1, "Free some space"),
        (errno.EDQUOT, 1, "Free some space"),
        (errno.EIO, 1, "Check the disk"),
        (errno.EACCES, 2, "permissions"),
        (errno.EROFS, 2, "permissions"),
        (errno.ENOTDIR, 2, "Check the path"),
    ],
)
def test_an_error_of_the_file_system_names_the_file(told, number, code, remedy):
    got, text = told(OSError(number, os.strerror(number), "some/file"))
    assert got == code
    assert text.startswith(f"error: some/file: {os.strerror(number)}\n")
    assert remedy in text


def test_out_of_memory_is_no_bug(told):
    code, text = told(MemoryError())
    assert code == 1
    assert text.startswith("error: out of memory")
    assert "make the network smaller" in text


def test_nor_is_tensorflows_own_error_of_it(told):
    class ResourceExhaustedError(Exception):
        pass

    code, text = told(ResourceExhaustedError("OOM when allocating tensor\n[[node x]]"))
    assert code == 1
    assert text.startswith("error: out of memory: OOM when allocating tensor\n")


def test_a_package_that_is_missing_is_no_bug_of_dlcli(told):
    code, text = told(ModuleNotFoundError("No module named 'h5py'", name="h5py"))
    assert code == 1
    assert "dlcli doctor" in text


@pytest.mark.parametrize(
    "error",
    [
        ImportError("cannot import", name="dlcli.store"),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        ZeroDivisionError("division\nby zero"),
    ],
)
def test_anything_else_is_a_bug_with_its_traceback_in_a_file(told, error, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, text = told(error)
    assert code == 1
    assert "bug of dlcli" in text
    assert "Traceback" not in text
    assert len(text.splitlines()) == 2
    (log,) = tmp_path.iterdir()
    assert str(log) in text
    assert "Traceback" in log.read_text()


def test_a_bug_is_told_even_if_its_traceback_cannot_be_kept(told, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nothing"))
    code, text = told(ZeroDivisionError("x"))
    assert code == 1
    assert "--debug" in text


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_wherever_it_stands(place, capsys):
    arguments = ["runs", "show", "nothing"]
    arguments.insert(place, "--debug")
    assert run(arguments) == 2
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert "error: there is no run 'nothing'" in text


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_ends_with_130_and_one_line(told, error):
    assert told(error) == (130, "interrupted\n")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["ls layers", "config schema", "--help"])
def test_a_reader_that_has_seen_enough_is_left_quietly(command, tmp_path):
    done = shell(f"{ENTRY} {command} | true", tmp_path)
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["ls layers", "runs ls", "--version", "runs show nothing"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_is_closed_is_no_error(command, closed, tmp_path):
    done = shell(f"{ENTRY} {command} {closed}", tmp_path)
    assert done.returncode == (2 if "nothing" in command else 0)
    assert "bug" not in done.stderr


@pytest.mark.slow
def test_a_character_that_the_terminal_lacks_is_escaped(tmp_path):
    folder = tmp_path / "runs" / "nż"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("data: {dataset: iris}\n")
    (folder / "source.yaml").write_text("")
    done = shell(f"{ENTRY} runs ls", tmp_path, PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "n\\u017c" in done.stdout
    done = shell(f"{ENTRY} runs ls --json", tmp_path, PYTHONIOENCODING="utf-8")
    assert json.loads(done.stdout)["runs"][0]["name"] == "nż"
