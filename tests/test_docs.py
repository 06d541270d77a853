"""The documentation is true: its configs are valid, its commands run, and nothing is missing."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.experiment import CompareConfig, CompileConfig, DataConfig, FitConfig
from dlcli.config.grammar import keys_of
from dlcli.config.loading import parse_config
from dlcli.config.nodes import Text
from dlcli.config.sections import ROOT
from dlcli.data import own_files
from tests.cli.test_light_commands import ALL
from tests.helpers import dlcli

ROOT_FOLDER = Path(__file__).parents[1]
README = (ROOT_FOLDER / "README.md").read_text("utf-8")
COMMANDS = (ROOT_FOLDER / "docs" / "commands.md").read_text("utf-8")
CONFIG = (ROOT_FOLDER / "docs" / "config.md").read_text("utf-8")
OPTIMIZERS = (ROOT_FOLDER / "docs" / "optimizers.md").read_text("utf-8")
DATA = (ROOT_FOLDER / "docs" / "data.md").read_text("utf-8")


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "yaml", [y for t in (README, CONFIG, DATA, OPTIMIZERS) for y in fenced(t, "yaml")]
)
def test_every_config_in_the_documentation_is_valid(yaml):
    assert parse_config(Text("docs.yaml", yaml)).model.layers


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_and_option_is_documented(path):
    assert f"## dlcli {path[0]}" in COMMANDS
    assert f"`dlcli {path[0]}`" in README
    section = COMMANDS.split(f"## dlcli {path[0]}\n")[1].split("\n## ")[0]
    assert path[-1] in section
    for option in ALL[path].params:
        for name in option.opts:
            if name.startswith("--"):
                assert name in section, f"{' '.join(path)} {name}"


def test_every_optimizer_of_dlcli_is_documented_with_its_rates():
    row = r"^\| `(\w+)` \| .* \| ([^|]+) \| \[.*\]\(https://arxiv"
    rows = dict(re.findall(row, OPTIMIZERS, re.MULTILINE))
    catalogue = load_catalogue()
    entries = [catalogue.find("optimizers", name) for name in catalogue.names("optimizers")]
    stated = {e.name: e.rates for e in entries if e and e.module and e.rates}
    assert rows == {
        name: "none: 1" if low == high else f"{low:g} to {high:g}"
        for name, (low, high, _) in stated.items()
    }


def test_every_config_key_is_documented():
    keys = [f.name for f in ROOT.fields if f.name not in ("data", "model", "compile", "fit")]
    keys += [f"data.{k.name}" for k in keys_of(DataConfig, beside=("source",))]
    keys += [f"compile.{k.name}" for k in keys_of(CompileConfig)]
    keys += [f"fit.{k.name}" for k in keys_of(FitConfig)]
    keys += ["data.dataset", *(f"data.{name}" for name in own_files())]
    keys += ["model.inputs", "model.layers", "model.outputs"]
    keys += [k.name for k in keys_of(CompareConfig)]
    assert [key for key in keys if f"`{key}`" not in CONFIG] == []


@pytest.mark.slow
@pytest.mark.parametrize("text", [README, COMMANDS], ids=["README.md", "docs/commands.md"])
def test_the_commands_in_the_documentation_run(text, tmp_path):
    lines = [line for block in fenced(text, "sh") for line in block.splitlines() if line]
    assert len(lines) > 5
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)
        assert name == "dlcli"
        done = dlcli(*arguments, cwd=tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_constraints_are_names_and_versions_only():
    lines = (ROOT_FOLDER / "constraints.txt").read_text("utf-8").splitlines()
    assert len(lines) > 40
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+]+", line)] == []


def test_no_configured_path_is_a_machines_own():
    named = [*ROOT_FOLDER.joinpath("configs").glob("*.yaml"), ROOT_FOLDER / "Makefile"]
    absolute = re.compile(r"(?:^|[\s:=\"'])/(?:home|root|Users|work)/", re.MULTILINE)
    assert [p.name for p in named if absolute.search(p.read_text("utf-8"))] == []
