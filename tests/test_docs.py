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

import click
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.catalogue.family import family
from dlcli.catalogue.rate_ranges import RANGES
from dlcli.compare.plan.candidates import FEWEST_RATES, MOST_EXTENSIONS, PRESETS
from dlcli.compare.plan.rates import HALF_DECADE, grid
from dlcli.compare.results.ranking import POINT, SHARE
from dlcli.compare.trial import SAMPLE
from dlcli.compare.worker import RUNGS
from dlcli.config.conversion.loading import parse_config
from dlcli.config.grammar.pieces import REQUIRED, keys_of
from dlcli.config.sections.experiment import (
    VARIANT,
    Call,
    CompareConfig,
    CompileConfig,
    DataConfig,
    FitConfig,
)
from dlcli.config.sections.root import ROOT
from dlcli.config.yaml.nodes import Text
from dlcli.data import own_files, table
from dlcli.data.own.labels import FEW_NUMBERS
from dlcli.data.pool import WINDOW
from dlcli.data.splitting import TEST_FRACTION
from dlcli.engine.bucketing import POOL
from dlcli.engine.feeding import RESIDENT_SHARE
from dlcli.metrics.luck import CHANCE_MARGIN, HEADROOM_SHARE
from dlcli.report.text.documents import VERSION
from dlcli.runtime.interrupts import EXIT_CODE
from dlcli.statistics.power import ALPHA, FEWEST_REPLICATIONS
from dlcli.statistics.ranking import FEWEST_PROBLEMS
from dlcli.statistics.sensitivity import TOLERANCE
from dlcli.statistics.signs import FEWEST_FLIPS
from tests.cli.test_light_commands import ALL
from tests.helpers import dlcli

ROOT_FOLDER = Path(__file__).parents[1]
README = (ROOT_FOLDER / "README.md").read_text("utf-8")
PAGES = {
    path.relative_to(ROOT_FOLDER / "docs").as_posix(): path.read_text("utf-8")
    for path in sorted(ROOT_FOLDER.joinpath("docs").rglob("*.md"))
}
OPTIMIZERS = PAGES["optimizers.md"]
COMMANDS, CONFIG = PAGES["commands.md"], PAGES["config.md"]
RESULTS, DATA, CLUSTER = PAGES["results.md"], PAGES["data.md"], PAGES["cluster.md"]
TABLE, TEXTS = PAGES["data/table.md"], PAGES["data/texts.md"]
NOT_HERE = {"cluster.md", "plugins.md"}
"""Pages that need a cluster, or are followed by tests of their own (tests/plugged.py)."""

RUN = {name: text for name, text in {"README.md": README, **PAGES}.items() if name not in NOT_HERE}

WORDS = {3: "three", 4: "four", 5: "five", 1 / 2: "half", 1 / 4: "quarter", 1 / 5: "fifth",
         1 / 8: "eighth", 1 / 10: "tenth"}  # fmt: skip
"""Numbers and shares that the documentation writes in words."""

TEXT_DEFAULTS = {a.name: a.default for a in table.find("text").signature.arguments}
STANDARD, QUICK, FULL = (PRESETS[name] for name in ("standard", "quick", "full"))

NUMBERS = {
    "512 examples": (RESULTS, f"the loss of the same {SAMPLE} training examples"),
    "stuck": (RESULTS, (f"no better than chance and {100 * CHANCE_MARGIN:g} points "
              f"(a {WORDS[HEADROOM_SHARE]} of what is left above chance, where that is less; "
              f"{100 * CHANCE_MARGIN:g} % for errors)")),
    "width": (RESULTS, f"within {100 * TOLERANCE:g} % of the candidate's best validation score"),
    "good share": (RESULTS, f"within {100 * TOLERANCE:g} % of the best"),
    "form": (RESULTS, f"`version` ({VERSION}),"),
    "problems": (RESULTS, f"several configs; {WORDS[FEWEST_PROBLEMS]} or more"),
    "level": (RESULTS, f"simultaneous {100 * (1 - ALPHA):g} % bounds"),
    "extensions": (COMMANDS, f"the grid grows there, by {WORDS[MOST_EXTENSIONS]} rates at most"),
    "step": (COMMANDS, f"{WORDS[HALF_DECADE]} a decade apart"),
    "quick": (COMMANDS, (f"`--preset quick` ({len(QUICK.candidates)} optimizers, {QUICK.rates} "
              f"rates, {QUICK.seeds} replications: no ranking)")),
    "standard": (COMMANDS, (f"`standard` ({len(STANDARD.candidates)} optimizers, 7 to 9 rates, "
                 f"{STANDARD.seeds} replications)")),
    "full": (COMMANDS, f"`full` ({FULL.seeds} replications, {WORDS[FULL.step]} decades)"),
    "fewest": (COMMANDS, f"fewer than {FEWEST_REPLICATIONS} cannot show any difference"),
    "rates": (COMMANDS, f"where fewer than {WORDS[FEWEST_RATES]} rates are left to search"),
    "rungs": (COMMANDS, (f"after a {WORDS[RUNGS[0]]} of the epochs and again after "
              f"{WORDS[RUNGS[1]]}")),
    "margin": (COMMANDS, f"(one point of scores between 0 and 1, {100 * SHARE:g} % of the best"),
    "interrupted": (COMMANDS, f"{EXIT_CODE} after Ctrl-C"),
    "default margin": (CONFIG, f"| {POINT:g}, or {100 * SHARE:g} % |"),
    "resident": (CONFIG, f"no more than an {WORDS[RESIDENT_SHARE]} of the free memory"),
    "test part": (DATA, f"a fixed {WORDS[TEST_FRACTION]} is taken for the test"),
    "numbers": (TABLE, f"up to {FEW_NUMBERS} different whole numbers, are classes"),
    "vocabulary": (TEXTS, (f"`vocabulary` ({TEXT_DEFAULTS['vocabulary']}) and `max_length` "
                   f"({TEXT_DEFAULTS['max_length']} tokens")),
    "window": (DATA, f"a window of {100 * WINDOW:g} % of the series"),
    "room": (DATA, f"The other {100 * (1 - WINDOW):.0f} % are the room"),
    "pools": (DATA, f"within pools of {POOL} batches"),
    "flips": (CLUSTER, f"({FEWEST_FLIPS - 1} at least)"),
}  # fmt: skip
"""Sentences of the documentation with numbers that are constants of the code."""


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


@pytest.mark.parametrize(("text", "sentence"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_in_the_documentation_is_the_codes(text, sentence):
    assert sentence in " ".join(text.split())


def test_the_standard_grids_have_as_many_rates_as_the_documentation_says():
    compared = [entry.optimizer for entry in STANDARD.candidates]
    ranges = [RANGES[family(call.name, call.arguments)] for call in compared]
    sizes = {len(grid(found, STANDARD.step)) for found in ranges}
    assert (min(sizes), max(sizes)) == (7, 9)
    assert "7 to 9 rates" in COMMANDS


def test_inspect_looks_at_as_many_examples_as_the_documentation_says():
    (examples,) = (o for o in ALL["inspect",].params if o.name == "examples")
    assert f"({examples.default}, evenly spaced)" in " ".join(COMMANDS.split())


def rows_of(heading: str) -> dict[str, str]:
    """Return the defaults by key that the first table below a heading of docs/config.md has."""
    section = CONFIG.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:3]]
            for line in section.splitlines() if line.startswith("| `")]  # fmt: skip
    return {key.strip("` "): shown for keys, shown in rows for key in keys.split(",")}


def sections() -> dict[str, object]:
    """Return the default of every key that the first table is about."""
    found = {f.name: f.default for f in ROOT.fields}
    inner = {"compile": keys_of(CompileConfig), "fit": keys_of(FitConfig)}
    inner["data"] = keys_of(DataConfig, beside=("source",))
    for name, keys in inner.items():
        del found[name]
        found |= {f"{name}.{key.name}": key.default for key in keys}
    del found["model"]
    found |= dict.fromkeys(("model.inputs", "model.layers", "model.outputs"), REQUIRED)
    return found | dict.fromkeys(("data.dataset", *(f"data.{name}" for name in own_files())))


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("Keys", sections()),
        ("Comparing optimizers", {key.name: key.default for key in keys_of(CompareConfig)}),
        ("Candidates", {key.name: key.default for key in VARIANT.fields}),
    ],
)
def test_the_tables_of_keys_are_those_of_the_grammar_with_its_defaults(heading, keys):
    rows = rows_of(heading)
    assert rows.keys() == keys.keys()
    for key, default in keys.items():
        if default not in (REQUIRED, None, "", ()):
            (written,) = yaml.safe_load_all(rows[key].strip("`"))
            shown = default.name if isinstance(default, Call) else default
            assert written == shown, key


def test_every_key_of_compare_is_an_option_with_the_same_choices():
    options = {option.name: option for option in ALL["compare-optimizers",].params}
    for key in keys_of(CompareConfig):
        if key.name in ("candidates", "search"):  # mappings are no text for a command line
            continue
        types = getattr(key.spec, "types", ())
        choices = [choice for accepted in types for choice in accepted.choices]
        kind = options[key.name].type
        if isinstance(kind, click.Choice):
            assert list(kind.choices) == choices, key.name
        else:
            assert isinstance(kind, click.types.StringParamType) or not choices, key.name


@pytest.mark.parametrize(
    "path",
    [*sorted(ROOT_FOLDER.joinpath("docs").rglob("*.md")), ROOT_FOLDER / "CONTRIBUTING.md"],
    ids=lambda path: path.name,
)
def test_the_files_that_the_documentation_names_are_there(path):
    text = path.read_text("utf-8")
    linked = [path.parent / link for link in re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", text)]
    named = re.findall(r"`((?:src|tests|benchmarks|docs|configs)/[\w./-]+\.\w+)`", text)
    missing = [str(place) for place in linked if not place.exists()]
    assert missing + [name for name in named if not (ROOT_FOLDER / name).exists()] == []


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
