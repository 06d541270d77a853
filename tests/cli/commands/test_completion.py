"""What a shell is given, and what dlcli answers when the shell asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from dlcli.cli import COMMANDS, run

SHELLS = ("bash", "zsh", "fish")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_calls_dlcli_back(shell, capsys):
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_DLCLI_COMPLETE={shell}_complete" in script
    assert "dlcli" in script


@pytest.mark.parametrize("shell", [name for name in SHELLS if shutil.which(name)])
def test_the_script_is_valid_where_its_shell_is_installed(shell, capsys, tmp_path):
    assert run(["completion", shell]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    subprocess.run([shell, "-n", tmp_path / "script"], check=True)


def test_another_shell_is_a_mistake_that_names_the_ones_there_are(capsys):
    assert run(["completion", "tcsh"]) == 2
    told = capsys.readouterr().err
    assert all(shell in told for shell in SHELLS)


def completed(words, position):
    """Ask for completions as bash does."""
    environment = {
        **os.environ, "_DLCLI_COMPLETE": "bash_complete", "COMP_WORDS": words,
        "COMP_CWORD": str(position),
    }  # fmt: skip
    code = "from dlcli.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_commands_and_options_are_completed():
    assert completed("dlcli ", 1) == list(COMMANDS)
    assert completed("dlcli tr", 1) == ["train"]
    assert completed("dlcli runs ", 2) == ["diff", "ls", "rm", "show"]
    assert completed("dlcli train --ep", 2) == ["--epochs"]
    assert completed("dlcli completion ", 2) == list(SHELLS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell, capsys):
    assert run(["completion", shell]) == 0
    assert "_DLCLI_COMPLETE" in capsys.readouterr().out
