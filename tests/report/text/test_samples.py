"""Samples of data sets are what the data hold, within 80 columns, whatever the kind."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dlcli import data
from dlcli.data.description import INPUT, DataDescription, Dataset, Source, Split, TensorSpec
from dlcli.report.figures.samples import write_sample
from dlcli.report.text.samples import SHADES, balance, balance_lines, sample_lines
from tests.helpers import dlcli

NAMES = ("digits", "mnist_5k", "wine", "adding", "copy_memory", "temporal_order")


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_is_drawn_within_80_columns(name):
    loaded = data.load(Source(name), validation=0)
    lines = [*balance_lines(loaded), *sample_lines(loaded)]
    assert len(lines) > 8
    assert max(map(len, lines)) <= 80


def test_an_image_is_dark_where_it_is_high():
    description = DataDescription(
        "own", "binary", {INPUT: TensorSpec((2, 2, 1), "float32")}, ("off", "on")
    )
    x = np.array([[[[0.0], [1.0]], [[0.5], [0.0]]]] * 2, np.float32)
    split = Split({INPUT: x}, np.array([0, 1]))
    lines = list(sample_lines(Dataset(description, split, None, None)))
    assert lines[0].split() == ["off", "on"]
    assert lines[1].startswith("  ██")
    assert lines[2].startswith(SHADES[2] * 2)


def test_the_balance_counts_every_class_in_every_part():
    loaded = data.load(Source("iris"), validation=0)
    expected = dict.fromkeys(("setosa", "versicolor", "virginica"), 40)
    assert balance(loaded) == {"train": expected, "test": dict.fromkeys(expected, 10)}
    assert balance(data.load(Source("adding", {"train_size": 10}), validation=0)) == {}


@pytest.mark.parametrize("name", [*NAMES, "imdb-like"])
def test_a_figure_is_drawn(name, tmp_path):
    if name == "imdb-like":
        path = tmp_path / "t.jsonl"
        path.write_text(
            "".join(json.dumps({"text": "a b " * i, "label": i % 2}) + "\n" for i in range(1, 20))
        )
        source = Source("text", {"path": str(path)})
    else:
        source = Source(name)
    write_sample(data.load(source, validation=0), tmp_path / "s.png")
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_command_shows_draws_and_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "empty"))
    done = dlcli("data", "show", "digits", "--png", "d.png", cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "d.png").exists()
    assert "█" in done.stdout
    done = dlcli("data", "show", "mnist", cwd=tmp_path)
    assert "`dlcli data fetch mnist` downloads it" in done.stdout
    done = dlcli("data", "show", "mnist", "--png", "m.png", cwd=tmp_path)
    assert done.returncode == 2
    assert "no examples of 'mnist' are available to draw" in done.stderr
    done = dlcli("data", "show", "digits", "--png", "d.nonsense", cwd=tmp_path)
    assert done.returncode == 2
    done = dlcli("data", "show", "iris", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["balance"]["train"]["setosa"] == 40
    (tmp_path / "t.csv").write_text("x,y\n" + "1,a\n2,b\n" * 5)
    config = "data: {csv: {path: t.csv, target: y}}\nmodel: {layers: [{Dense: {units: 1}}]}\n"
    (tmp_path / "c.yaml").write_text(config)
    done = dlcli("data", "show", "c.yaml", cwd=tmp_path)
    assert "8 to train, 2 to test" in done.stdout
