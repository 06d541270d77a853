"""The `data` section names one data set, in one of three ways, and keeps options apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlcli.config.conversion.loading import parse_config
from dlcli.config.conversion.rendering import to_yaml
from dlcli.config.sections.data import find_dataset
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.config.yaml.nodes import Text


def parsed(data, name="c.yaml"):
    return parse_config(Text(name, f"data: {data}\nmodel: {{layers: [{{Dense: {{units: 1}}}}]}}\n"))


def refused(data):
    with pytest.raises(ConfigError) as caught:
        parsed(data)
    (found,) = caught.value.diagnostics
    return found


def test_options_beside_the_data_set_and_below_it_are_the_same():
    beside = parsed("{dataset: imdb, vocabulary: 99, batch_size: 8}")
    below = parsed("{dataset: {imdb: {vocabulary: 99}}, batch_size: 8}")
    assert beside == below
    assert beside.data.source.name == "imdb"
    assert beside.data.source.options == {"vocabulary": 99}
    assert beside.data.batch_size == 8
    assert parse_config(Text("c.yaml", to_yaml(beside))) == beside


def test_a_file_is_named_by_its_kind_and_looked_for_beside_the_config_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    for place in (tmp_path, tmp_path / "configs"):
        (place / "a.npz").touch()
    (tmp_path / "here.npz").touch()

    def path(name):
        config = parsed(f"{{npz: {{path: {name}}}}}", str(tmp_path / "configs" / "c.yaml"))
        return Path(config.data.source.options["path"])

    assert path("a.npz") == tmp_path / "configs" / "a.npz"
    assert path("here.npz") == tmp_path / "here.npz"


@pytest.mark.parametrize(
    ("data", "rule", "said"),
    [
        ("digits", "wrong-type", "write data: {dataset: digits}"),
        ("{batch_size: 3}", "missing-key", "name one data set"),
        ("{dataset: digits, npz: {path: a}}", "missing-key", "name one data set"),
        ("{dataset: digit}", "unknown-dataset", "did you mean 'digits'?"),
        ("{dataset: {digits: 3}}", "wrong-type", "the options of digits by name"),
        ("{csv: {path: a, target: y, batch_size: 3}}", "unknown-argument", "beside the data set"),
        ("{csv: {path: a, target: y, window: 3}}", "unknown-argument", "forecast: {path: ..."),
        ("{dataset: imdb, vocabulary: $classes}", "undefined-variable", "write a number"),
    ],
)
def test_a_mistake_says_what_to_write(data, rule, said):
    found = refused(data)
    assert found.rule == rule
    assert said in f"{found.message} {found.hint}"


def test_data_sets_are_found_by_their_names_alone():
    assert find_dataset("digits").name == "digits"
    assert find_dataset("digit") is None
