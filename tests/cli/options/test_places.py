"""Names of runs, comparisons and configs are completed as far as they are written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from dlcli.cli import COMMANDS, dlcli
from dlcli.cli.options import places
from dlcli.store.comparisons import ComparisonFolder
from tests.cli.commands.kept import make

PARAMETER = click.Argument(["name"])


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def shown(complete, incomplete="", **given):
    context = click.Context(click.Command("x"))
    context.params = given
    return [item.value for item in complete(context, PARAMETER, incomplete)]


def compared(name, root="comparisons"):
    folder = ComparisonFolder(Path(root) / name)
    folder.path.mkdir(parents=True)
    folder.write_json("environment.json", {"problems": "1"})


def test_runs_and_comparisons_are_completed_from_their_folders():
    make("mlp-1")
    make("cnn-1", root="elsewhere")
    compared("mlp")
    assert shown(places.complete_run) == ["mlp-1"]
    assert shown(places.complete_run, "c", root="elsewhere") == ["cnn-1"]
    assert shown(places.complete_comparison, "m") == ["mlp"]
    assert shown(places.complete_either, "m") == ["mlp", "mlp-1"]


def test_where_there_is_no_folder_nothing_is_completed():
    assert shown(places.complete_run, root="nowhere") == []
    Path("file").touch()
    assert shown(places.complete_either, root="file", comparisons="file") == []


def test_configs_are_completed_and_folders_are_left_to_the_shell():
    Path("configs/old").mkdir(parents=True)
    for name in ("a.yaml", "b.yml", "notes.txt", "configs/d.yml"):
        Path(name).touch()
    assert shown(places.complete_config, "a") == ["a.yaml"]
    for left in ("", "c", "configs/", "nowhere/x"):
        (item,) = places.complete_config(click.Context(click.Command("x")), PARAMETER, left)
        assert (item.value, item.type) == (left, "file")
    assert shown(places.complete_config, "configs/d") == ["configs/d.yml"]


def test_what_is_to_be_predicted_is_a_file_where_no_run_is_called_so():
    make("mlp-1")
    assert shown(places.complete_input, "m") == ["mlp-1"]
    (item,) = places.complete_input(click.Context(click.Command("x")), PARAMETER, "new")
    assert (item.value, item.type) == ("new", "file")


def arguments_without_completion():
    """Yield arguments that name a run, a comparison or a config, and complete nothing."""
    for command in COMMANDS:
        found = dlcli.get_command(click.Context(dlcli), command)
        for parameter in found.params:
            named = parameter.metavar or ""
            wanted = any(word in named for word in ("RUN", "COMPARISON", "CONFIG"))
            if wanted and parameter._custom_shell_complete is None:
                yield command, parameter.name


def test_every_command_completes_what_it_names():
    assert list(arguments_without_completion()) == []


def test_optimizers_are_completed_after_each_comma():
    assert shown(places.complete_optimizers, "Na") == ["Nadam"]
    assert shown(places.complete_optimizers, "SGD,AdamW,Lio") == ["SGD,AdamW,Lion"]
    assert {"SGD", "Prodigy"} <= set(shown(places.complete_optimizers))
