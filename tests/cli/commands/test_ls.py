"""`dlcli ls` shows what a config may name."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from dlcli.catalogue.catalogue import load_catalogue
from dlcli.cli.commands.ls import KINDS, ls
from dlcli.errors import UserError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(ls, arguments)


def first_words(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()]


def test_without_a_kind_the_kinds_are_listed():
    assert first_words(run().stdout) == list(KINDS)
    assert [row["kind"] for row in json.loads(run("--json").stdout)] == list(KINDS)


def test_a_kind_has_a_line_for_every_name():
    assert first_words(run("layers").stdout) == list(load_catalogue().names("layers"))


def test_what_is_refused_is_marked_with_the_reason():
    line = next(t for t in run("layers").stdout.splitlines() if t.startswith("Lambda"))
    assert "(refused) Lambda runs code" in line
    assert "A config cannot use it" in run("layers", "Lambda").stdout


def test_an_entry_shows_arguments_defaults_types_and_help():
    text = run("layers", "Conv2D").stdout
    assert text.startswith("Conv2D  2D convolution layer.\nAlso called Convolution2D.")
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("kernel_size"))
    assert lines[start].split(maxsplit=2)[1:] == [
        "required",
        "an integer ≥ 1 or a list of 2 integers ≥ 1",
    ]
    assert "size of the convolution window" in lines[start + 1]
    assert any(line.split()[:2] == ["padding", '"valid"'] for line in lines)


def test_an_alias_shows_its_entry():
    assert run("optimizers", "adam").stdout == run("optimizers", "Adam").stdout


def test_an_entry_without_arguments_says_so():
    assert "It takes no arguments." in run("constraints", "NonNeg").stdout


def test_json_has_the_same_with_types_as_data():
    entry = json.loads(run("layers", "Dropout", "--json").stdout)
    assert (entry["kind"], entry["name"], entry["refused"]) == ("layers", "Dropout", None)
    rate = entry["arguments"][0]
    assert rate["name"] == "rate"
    assert rate["required"] is True
    assert rate["accepts"] == "a number from 0 to 1"
    assert rate["types"] == [{"name": "number", "minimum": 0, "maximum": 1}]
    seed = next(a for a in entry["arguments"] if a["name"] == "seed")
    assert seed["default"] is None


def test_json_of_a_kind_lists_records():
    records = json.loads(run("losses", "--json").stdout)
    mse = next(r for r in records if r["name"] == "MeanSquaredError")
    assert "mse" in mse["aliases"]
    assert mse["help"]


def test_metrics_are_dlcli_s_own_and_keras_s():
    names = first_words(run("metrics").stdout)
    assert names.index("f1_score") < names.index("F1Score")
    own = json.loads(run("metrics", "accuracy", "--json").stdout)
    assert own["name"] == "accuracy"  # not Keras's Accuracy, whose alias it is too
    assert json.loads(run("metrics", "Accuracy", "--json").stdout)["name"] == "Accuracy"


def test_data_sets_are_listed_too():
    assert "digits" in first_words(run("datasets").stdout)
    assert run("datasets", "digits").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("layer",), "there are no 'layer'; did you mean 'layers'?"),
        (("layers", "conv2d"), "'conv2d' is not one of the layers; did you mean 'Conv2D'?"),
        (("optimizers", "xyzzy"), "'xyzzy' is not one of the optimizers"),
        (("datasets", "digit"), "'digit' is not one of the datasets; did you mean 'digits'?"),
    ],
)
def test_an_unknown_word_gets_the_one_that_was_meant(arguments, message):
    result = run(*arguments)
    assert isinstance(result.exception, UserError)
    assert result.exception.message == message
    assert result.exception.remedy


def test_on_a_terminal_text_is_wrapped_below_its_column(monkeypatch):
    monkeypatch.setattr("dlcli.cli.commands.ls._is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    lines = run("layers", "Conv2D").stdout.splitlines()
    assert max(len(line) for line in lines) <= 60
    row = next(i for i, line in enumerate(lines) if line.startswith("kernel_size"))
    column = lines[row].index("an integer")
    assert not lines[row + 1][:column].strip()
    assert lines[row + 1][column:].startswith("list of 2 integers")


def test_completion_knows_kinds_and_names():
    kind, name = ls.params[:2]
    context = ls.make_context("ls", ["optimizers"])
    assert [item.value for item in kind.shell_complete(context, "opt")] == ["optimizers"]
    assert "Adam" in [item.value for item in name.shell_complete(context, "Ad")]


def test_listing_imports_no_framework():
    program = (
        "import sys; from click.testing import CliRunner; from dlcli.cli.commands.ls import ls;"
        "[CliRunner().invoke(ls, a) for a in ([], ['metrics'], ['datasets'], ['layers', 'Dense'])];"
        "names = 'tensorflow keras numpy pandas scipy sklearn matplotlib plotly'.split();"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_a_name_alone_is_looked_for_in_all_kinds():
    found = run("Adam")
    assert found.stderr == "Adam is one of the optimizers\n"
    assert found.stdout == run("optimizers", "Adam").stdout
