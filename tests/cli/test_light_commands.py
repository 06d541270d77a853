"""Commands that only look things up: what they print, and what they do not import."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from dlcli.cli import COMMANDS, dlcli, run
from tests.cli.work import CONFIGS

HEAVY = ("tensorflow", "keras", "numpy", "pandas", "scipy", "sklearn", "matplotlib", "plotly")


def commands(group=dlcli, path=()):
    """Yield every command and subcommand with its path."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands())


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_and_option_has_help(path):
    command = ALL[path]
    assert command.get_short_help_str()
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_the_first_screen_of_help_fits_a_terminal():
    lines = CliRunner().invoke(dlcli, ["--help"]).output.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("path", [(), *ALL], ids=" ".join)
def test_help_cuts_no_line_off(path):
    text = CliRunner().invoke(dlcli, [*path, "--help"]).output
    assert not [line for line in text.splitlines() if line.endswith("...") and "Usage" not in line]


def test_help_lists_the_commands_in_the_tables_order():
    text = CliRunner().invoke(dlcli, ["--help"]).output
    places = [text.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


LIGHT = [
    ["--help"],
    ["--version"],
    *([*path, "--help"] for path in ALL),
    ["runs", "ls"],
    ["data", "ls"],
    ["ls", "layers"],
    ["ls", "optimizers", "Adam"],
    ["completion", "bash"],
    ["config", "validate", str(CONFIGS / "digits_cnn.yaml")],
    ["config", "show", str(CONFIGS / "digits_cnn.yaml")],
    ["config", "schema"],
]


@pytest.mark.slow
def test_looking_things_up_imports_nothing_heavy(tmp_path):
    """One process runs them all: what none imports, no single one does."""
    code = (
        "import sys, json; from dlcli.cli import run\n"
        "for arguments in json.loads(sys.argv[1]):\n"
        "    code = run(arguments)\n"
        f"    heavy = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "    assert not code and not heavy, (arguments, code, heavy)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(LIGHT)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_no_arguments_print_the_help(capsys):
    assert run([]) == 0
    assert "compare-optimizers" in capsys.readouterr().out


def test_an_unforeseen_error_becomes_a_short_message_and_a_log(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def fail(*_args, **_options):
        raise RuntimeError("inner workings")

    monkeypatch.setattr(dlcli, "main", fail)
    assert run(["runs", "ls"]) == 1
    told = capsys.readouterr().err
    assert "bug of dlcli" in told
    assert "Traceback" not in told
    (log,) = tmp_path.glob("dlcli-*.log")
    assert "inner workings" in log.read_text()
    assert run(["--debug", "runs", "ls"]) == 1
    assert "Traceback" in capsys.readouterr().err


WORKING = ("report.inside.runs", "report.writing", "train.saved", "train.session",
           "compare.comparison")  # fmt: skip


def test_commands_that_train_import_keras_only_when_it_can_be_kept_quiet():
    code = (
        f"import importlib, sys\nfor name in {WORKING}: importlib.import_module('dlcli.' + name)\n"
        "print(sorted({'keras', 'tensorflow'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
