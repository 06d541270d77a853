"""The documentation is true: its configs are valid, its commands run, and nothing is missing."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
PAGES = {
    path.relative_to(ROOT_FOLDER / "docs").as_posix(): path.read_text("utf-8")
    for path in sorted(ROOT_FOLDER.joinpath("docs").rglob("*.md"))
}
COMMANDS, CONFIG = PAGES["commands.md"], PAGES["config.md"]
NOT_HERE = {"cluster.md"}
"""Pages whose commands need more than this machine."""

RUN = {name: text for name, text in {"README.md": README, **PAGES}.items() if name not in NOT_HERE}


class Fence(NamedTuple):
    """A fenced block of a page.

    Attributes:
        language: What it is written in.
        title: The file that it is, empty for none.
        text: Its content.
    """

    language: str
    title: str
    text: str


def fences(text: str) -> list[Fence]:
    pattern = r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```'
    return [Fence(*found) for found in re.findall(pattern, text, re.MULTILINE | re.DOTALL)]


CONFIGS = {
    f"{name}-{number}": fence.text
    for name, text in RUN.items()
    for number, fence in enumerate(fences(text))
    if fence.language == "yaml"
}
SESSIONS = [
    name for name, text in RUN.items() if any(fence.language == "sh" for fence in fences(text))
]


@pytest.mark.parametrize("name", CONFIGS)
def test_every_config_in_the_documentation_is_valid(name):
    assert parse_config(Text("docs.yaml", CONFIGS[name])).model.layers


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
@pytest.mark.parametrize("name", SESSIONS)
def test_a_page_can_be_followed_from_top_to_bottom(name, tmp_path):
    """Files are written, Python is run, and commands end well, in the order of the page."""
    for fence in fences(RUN[name]):
        if fence.title:
            (tmp_path / fence.title).write_text(fence.text, "utf-8")
        if fence.language == "python":
            subprocess.run([sys.executable, "-c", fence.text], cwd=tmp_path, check=True)
        for line in fence.text.splitlines() if fence.language == "sh" else ():
            command, *arguments = shlex.split(line, comments=True)
            assert command == "dlcli"
            done = dlcli(*arguments, cwd=tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_the_readme_is_short_enough_to_be_read():
    assert len(README.split()) <= 1200


def test_the_site_builds_and_every_link_leads_somewhere(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT_FOLDER,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    for page in PAGES:
        assert (tmp_path / "site" / page).with_suffix(".html").exists()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_every_link_beside_the_site_leads_to_a_file_and_a_heading(name):
    text = (ROOT_FOLDER / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        found = (ROOT_FOLDER / name).parent / path if path else ROOT_FOLDER / name
        assert found.exists(), target
        if anchor:
            assert anchor in headings(found.read_text("utf-8")), target


def headings(text: str) -> set[str]:
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in found}


def test_constraints_are_names_and_versions_only():
    lines = (ROOT_FOLDER / "constraints.txt").read_text("utf-8").splitlines()
    assert len(lines) > 40
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+]+", line)] == []


def test_every_dependency_is_bounded_from_above_and_the_tested_versions_are_within():
    project = tomllib.loads((ROOT_FOLDER / "pyproject.toml").read_text("utf-8"))["project"]
    named = [project["dependencies"], *project["optional-dependencies"].values()]
    lines = (ROOT_FOLDER / "constraints.txt").read_text("utf-8").splitlines()
    tested = dict(line.split("==") for line in lines)
    tested = {canonicalize_name(name): version for name, version in tested.items()}
    for requirement in map(Requirement, itertools.chain(*named)):
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {">=", "<"}, str(requirement)
        assert tested[canonicalize_name(requirement.name)] in requirement.specifier


def test_no_configured_path_is_a_machines_own():
    named = [*ROOT_FOLDER.joinpath("configs").glob("*.yaml"), ROOT_FOLDER / "Makefile"]
    absolute = re.compile(r"(?:^|[\s:=\"'])/(?:home|root|Users|work)/", re.MULTILINE)
    assert [p.name for p in named if absolute.search(p.read_text("utf-8"))] == []
