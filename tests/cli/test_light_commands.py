"""Commands that only look things up: what they print, and what they do not import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dlcli.cli import COMMANDS, dlcli, run
from tests.config.test_broken_configs import GOOD
from tests.helpers import SMALL

CONFIGS = Path(__file__).parents[2] / "configs"
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


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell, capsys):
    assert run(["completion", shell]) == 0
    assert "_DLCLI_COMPLETE" in capsys.readouterr().out


def test_no_arguments_print_the_help(capsys):
    assert run([]) == 0
    assert "compare-optimizers" in capsys.readouterr().out


def test_init_writes_a_config_that_is_valid_and_its_schema(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    text = Path("digits_cnn.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=dlcli.schema.json\n")
    assert json.loads(Path("dlcli.schema.json").read_text())["$schema"]
    assert run(["config", "validate", "digits_cnn.yaml"]) == 0
    assert run(["init"]) == 2
    assert Path("digits_cnn.yaml").read_text() == text


def test_init_offers_every_example(capsys):
    assert run(["init", "--list"]) == 0
    assert capsys.readouterr().out.split() == sorted(p.stem for p in CONFIGS.glob("*.yaml"))


def test_validate_tells_all_mistakes_of_all_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD)
    Path("one.yaml").write_text(GOOD.replace("Flatten", "Flaten"))
    Path("two.yaml").write_text(GOOD + "fit: {epochs: 0}\nfti: 1\n")
    assert run(["config", "validate", "good.yaml", "one.yaml", "two.yaml"]) == 2
    told = capsys.readouterr().err
    assert "good.yaml: ok" in told
    assert "one.yaml:4:7: error[unknown-name]" in told
    assert "two.yaml:6:15: error[out-of-range]" in told
    assert "two.yaml:7:1: error[unknown-key]" in told


def test_validate_tells_a_missing_file_beside_a_mistake(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(GOOD.replace("Flatten", "Flaten"))
    assert run(["config", "validate", "one.yaml", "nothing.yaml"]) == 2
    blocks = capsys.readouterr().err.split("\n\n")
    assert blocks[0].startswith("one.yaml:4:7: error[unknown-name]")
    assert any(b.startswith("error: there is no config nothing.yaml\n  = hint:") for b in blocks)


def test_init_makes_no_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "typo/my.yaml"]) == 2
    assert not Path("typo").exists()


def test_validate_prints_json_for_machines(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("one.yaml").write_text(GOOD.replace("Flatten", "Flaten"))
    assert run(["config", "validate", "one.yaml", "nothing.yaml", "--format", "json"]) == 2
    found, missing = json.loads(capsys.readouterr().out)
    assert (found["line"], found["column"], found["rule"]) == (4, 7, "unknown-name")
    assert (missing["file"], missing["rule"]) == ("nothing.yaml", "unusable")
    assert set(found) == set(missing)


def test_show_prints_a_config_that_means_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    assert run(["config", "show", "small.yaml"]) == 0
    shown = capsys.readouterr().out
    assert "beta_1: 0.9" in shown
    assert "SparseCategoricalCrossentropy" in shown
    Path("shown.yaml").write_text(shown)
    assert run(["config", "show", "shown.yaml"]) == 0
    assert capsys.readouterr().out == shown


def test_show_diff_prints_only_what_differs_from_the_defaults(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SMALL)
    assert run(["config", "show", "small.yaml", "--diff", "--json"]) == 0
    diff = json.loads(capsys.readouterr().out)["diff"]
    assert diff["fit.epochs"] == {"value": 4, "default": 10}
    assert "fit.shuffle" not in diff
    assert "model.layers[0].id" not in diff
    Path("good.yaml").write_text(GOOD)
    assert run(["config", "show", "good.yaml", "--diff", "--json"]) == 0
    diff = json.loads(capsys.readouterr().out)["diff"]
    assert not [key for key in diff if key.startswith(("compile", "fit"))]


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
