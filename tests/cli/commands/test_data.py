"""`dlcli data` tells what there is and fills the cache."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from dlcli.cli.commands.data import data
from dlcli.data import table
from dlcli.data.builtin import keras_images
from dlcli.data.formats import cache
from dlcli.errors import UserError, WorkError
from dlcli.runtime.cachedir import cache_folder

NAMES = [entry.name for entry in table.TABLE]


@pytest.fixture(autouse=True)
def _offline(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")  # as without a network


def run(*arguments: str):
    return CliRunner().invoke(data, arguments)


def test_ls_has_a_line_for_every_data_set():
    lines = run("ls").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", *NAMES]
    digits = next(line for line in lines if line.startswith("digits"))
    assert digits.split()[1:8] == ["multiclass", "8x8x1", "float32", "10", "1438", "359", "offline"]


def test_ls_tells_where_length_varies():
    assert "variable x 12 float32" in line_of("japanese_vowels")
    assert "variable int32" in line_of("languages")


def test_ls_prints_the_same_as_json():
    records = json.loads(run("ls", "--json").stdout)
    assert [record["name"] for record in records] == NAMES
    imdb = next(record for record in records if record["name"] == "imdb")
    assert imdb["inputs"] == {"input": {"shape": [None], "dtype": "int32"}}
    assert imdb["classes"] == ["negative", "positive"]
    assert (imdb["origin"], imdb["available"]) == ("keras", False)
    assert records[-1]["task"] is None  # a file of the user's: nothing is known


def test_ls_tells_what_was_downloaded_before(tmp_path):
    assert "download" in line_of("cifar10")
    (tmp_path / "keras" / "datasets" / keras_images.CIFAR10.unpacked[0]).mkdir(parents=True)
    assert "cached" in line_of("cifar10")


def line_of(name: str) -> str:
    return next(line for line in run("ls").stdout.splitlines() if line.startswith(f"{name} "))


@pytest.mark.usefixtures("converted")
@pytest.mark.parametrize("name", NAMES)
def test_show_describes_every_data_set(name):
    shown = run("show", name).stdout
    entry = table.find(name)
    assert shown.startswith(f"{name}: {entry.prose}")
    assert entry.citation in shown
    assert entry.licence in shown
    for argument in entry.signature.arguments:
        assert f"  {argument.name}: " in shown


def test_show_tells_types_and_defaults_of_options():
    shown = run("show", "imdb").stdout
    assert "max_length: integer or null, default 200" in shown
    assert "label_mode: fine or coarse, default" in run("show", "cifar100").stdout
    assert "path: path, required" in run("show", "npz").stdout


def test_show_prints_the_same_as_json(tmp_path):
    record = json.loads(run("show", "imdb", "--json").stdout)
    assert record["options"][0]["name"] == "vocabulary"
    assert record["options"][0]["default"] == 20000
    assert record["files"] == [str(tmp_path / "keras" / "datasets" / "imdb.npz")]
    assert record["citation"].startswith("Maas")


def test_show_of_an_unknown_name_is_the_users_error():
    error = run("show", "iirs").exception
    assert isinstance(error, UserError)
    assert "did you mean 'iris'" in error.message


def test_fetch_prints_where_the_files_lie():
    result = run("fetch", "iris", "wine")
    places = [cache.location(name) for name in ("iris", "wine")]
    assert result.stdout.splitlines() == [f"iris\t{places[0]}", f"wine\t{places[1]}"]
    assert all(place.is_file() for place in places)


def test_fetch_checks_every_name_first():
    assert isinstance(run("fetch", "iris", "whine").exception, UserError)
    assert not cache_folder().exists()


def test_fetch_without_a_network_fails_with_a_remedy():
    error = run("fetch", "mnist").exception
    assert isinstance(error, WorkError)
    assert "mnist_5k" in error.remedy


def test_fetch_needs_a_name():
    assert run("fetch").exit_code == 2


def test_names_are_completed():
    parameter = data.commands["show"].params[0]
    context = data.commands["show"].make_context("show", ["iris"])
    completed = parameter.shell_complete(context, "mnist")
    assert [item.value for item in completed] == ["mnist_5k", "mnist"]


@pytest.mark.parametrize("arguments", [["ls"], ["show", "imdb"], ["ls", "--help"]])
def test_listing_imports_nothing_heavy(arguments):
    program = (
        "import sys\n"
        "from dlcli.cli.commands.data import data\n"
        f"data({arguments}, standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'pandas', 'sklearn', 'rich'} & {*sys.modules}\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_show_counts_the_groups_and_says_by_what(tmp_path):
    lines = run("show", "languages").stdout.splitlines()
    (groups,) = (line for line in lines if line.startswith("groups "))
    assert groups.split("  ")[-1].strip() == "1923, by emoji; 14 examples each on average"
    assert not any(line.startswith("groups ") for line in run("show", "iris").stdout.splitlines())
    rows = [f"{i},p{i // 4},{'ab'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("v,patient,y\n" + "\n".join(rows))
    config = tmp_path / "c.yaml"
    config.write_text(
        "data: {csv: {path: t.csv, target: y}, group: patient}\n"
        "model: {layers: [{Dense: {units: 1, activation: sigmoid}}]}\n"
    )
    shown = json.loads(run("show", str(config), "--json").stdout)
    assert shown["groups"] == {"count": 10, "by": "column 'patient'"}
    assert json.loads(run("show", "iris", "--json").stdout)["groups"] is None


def test_show_of_a_config_tells_of_its_own_file(tmp_path):
    rows = [f"{i % 7},{'abc'[i % 3]},{'' if i % 5 == 0 else i},{'ny'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("v,city,income,y\n" + "\n".join(rows))
    config = tmp_path / "c.yaml"
    config.write_text(
        "data: {csv: {path: t.csv, target: y}}\n"
        "model: {layers: [{Dense: {units: 1, activation: sigmoid}}]}\n"
    )
    record = json.loads(run("show", str(config), "--json").stdout)
    assert (record["task"], record["classes"]) == ("binary", ["n", "y"])
    assert record["train_size"] + record["test_size"] == 40
    assert record["columns"] == [
        {"name": "v", "kind": "number", "categories": None, "has_gaps": False},
        {"name": "city", "kind": "category", "categories": ["a", "b", "c"], "has_gaps": False},
        {"name": "income", "kind": "number", "categories": None, "has_gaps": True},
    ]
    lines = run("show", str(config)).stdout.splitlines()
    assert any(line.split() == ["city", "category", "3:", "a,", "b,", "c"] for line in lines)
    assert any(line.split() == ["income", "number", "yes"] for line in lines)
    assert any(line.split() == ["v", "number", "7", "whole", "numbers"] for line in lines)
    assert "write categories: [v]." in run("show", str(config)).stdout


def test_show_lists_columns_that_are_ignored(tmp_path):
    rows = [f"{i},{i * 1.5},{'ny'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("id,v,y\n" + "\n".join(rows))
    config = tmp_path / "c.yaml"
    config.write_text(
        "data: {csv: {path: t.csv, target: y, ignore: [id]}}\n"
        "model: {layers: [{Dense: {units: 1, activation: sigmoid}}]}\n"
    )
    shown = run("show", str(config)).stdout
    assert ["id", "ignored"] in [line.split() for line in shown.splitlines()]
    assert "Numbers or categories?" not in shown
