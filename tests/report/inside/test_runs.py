"""`dlcli inspect` on trained runs: the files, the numbers, and every wrong word."""

from __future__ import annotations

import csv
import json
import shutil

import keras
import numpy as np
import pytest

from dlcli.cli import run
from dlcli.report import inside
from dlcli.train.session import start
from tests.helpers import Silent

pytestmark = pytest.mark.slow

CNN = """\
name: cnn
data: {dataset: digits, validation: 0.1, batch_size: 64}
model:
  layers:
    - {Conv2D: {filters: 4, kernel_size: 3, activation: relu}, id: edges}
    - {MaxPooling2D: {pool_size: 2}}
    - Flatten
    - {Dense: {units: $classes}}
compile:
  loss: {SparseCategoricalCrossentropy: {from_logits: true}}
  optimizer: {Adam: {learning_rate: 0.01}}
fit: {epochs: 3}
"""
RNN = """\
name: %s
data: {dataset: japanese_vowels, batch_size: 32}
model:
  layers: [Masking, {%s: {units: 6}}, {Dense: {units: $classes, activation: softmax}}]
fit: {epochs: 1}
"""
TEXT = """\
name: words
data: {text: {path: t.jsonl}}
model:
  layers:
    - {Embedding: {input_dim: $vocabulary_size, output_dim: 4, mask_zero: true}}
    - {Conv1D: {filters: 3, kernel_size: 2, activation: relu}}
    - {Bidirectional: {layer: {GRU: {units: 3}}}}
    - {Dense: {units: 1, activation: sigmoid}}
fit: {epochs: 1}
"""


SEVERAL = """\
name: several
data: {npz: {path: several.npz}, validation: 0.2}
model:
  inputs: [a_table, b_image, c_steps]
  layers:
    - {Conv2D: {filters: 2, kernel_size: 3, activation: relu}, id: edges, from: b_image}
    - {Flatten: {}, id: flat}
    - {LSTM: {units: 3}, id: memory, from: c_steps}
    - {Dense: {units: 4}, id: both, from: a_table}
    - {Concatenate: {}, from: [flat, memory, both]}
    - {Dense: {units: $classes, activation: softmax}}
fit: {epochs: 1}
"""


def write_several(path):
    """Write 40 examples of three inputs, none of them for the test part."""
    rng = np.random.default_rng(1)
    shapes = {"a_table": (3,), "b_image": (8, 8, 1), "c_steps": (6, 2)}
    arrays = {f"x_train.{name}": rng.random((40, *shape)) for name, shape in shapes.items()}
    np.savez(path, **arrays, y_train=np.arange(40) % 2)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspected")
    lines = [{"text": "a good 漢字 film " * (i % 4 + 1), "label": i % 2} for i in range(40)]
    (folder / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_several(folder / "several.npz")
    configs = {
        "cnn": CNN, "lost": CNN.replace("0.01", "1e30"), "words": TEXT,
        "several": SEVERAL,
        "lstm": RNN % ("lstm", "LSTM"), "rnn": RNN % ("rnn", "SimpleRNN"),
    }  # fmt: skip
    for name, text in configs.items():
        (folder / f"{name}.yaml").write_text(text)
        path = str(folder / f"{name}.yaml")
        with (session := start(path, (), root=folder, out=folder / "runs" / name)):
            session.train(Silent())
    return folder


@pytest.fixture(autouse=True)
def _there(place, monkeypatch):
    monkeypatch.chdir(place)


def printed(capsys, *arguments):
    assert run(["inspect", *arguments]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_filters_and_feature_maps_go_into_the_runs_folder(place, capsys):
    out = printed(capsys, "cnn", "--filters", "--feature-maps", "test:3")
    names = {"filters-edges", "feature-maps-edges", "feature-maps-max_pooling2d"}
    said, *paths = out.splitlines()
    assert said == "edges: none of 4 filters is dead on 359 examples"
    files = {line.rpartition("/")[2] for line in paths}
    assert files == {f"{name}.{suffix}" for name in names for suffix in ("png", "svg")}
    for line in paths:
        head = (place / line).read_bytes()[:8]
        assert head.startswith((b"\x89PNG", b"<?xml"))
    assert run(["runs", "show", "cnn"]) == 0


def test_a_filter_of_a_far_negative_bias_is_said_to_be_dead(place, capsys):
    shutil.copytree(place / "runs" / "cnn", place / "runs" / "deaf")
    model = keras.saving.load_model(place / "runs" / "deaf" / "model.keras")
    kernel, bias = model.get_layer("edges").get_weights()
    bias[2] = -100
    model.get_layer("edges").set_weights([kernel, bias])
    model.save(place / "runs" / "deaf" / "model.keras")
    out = printed(capsys, "deaf", "--filters", "--examples", "5")
    assert out.splitlines()[0] == "edges: 1 of 4 filters is dead on 200 examples (filter 2)"
    svg = (place / "runs" / "deaf" / "inspect" / "filters-edges.svg").read_text()
    assert svg.count("dead: never active") == 1
    assert svg.count("on 200 examples") == 1
    found = json.loads(printed(capsys, "deaf", "--filters", "--json"))
    assert found["filters"] == [
        {"run": "deaf", "layer": "edges", "filters": 4, "dead": [2], "examples": 359}
    ]


def test_nothing_moved_is_the_accuracy_of_eval(capsys):
    found = json.loads(printed(capsys, "cnn", "--invariance", "shift,scale", "--json"))
    rows = found["invariance"]
    assert run(["eval", "cnn", "--metrics", "accuracy", "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    still = [row for row in rows if row["amount"] == (0 if row["kind"] == "shift" else 1)]
    assert len(still) == 2
    for row in still:
        assert row["accuracy"] == pytest.approx(scored["metrics"]["accuracy"]["value"])
        assert row["consistency"] == 1
        assert row["images"] == 359
    far = [row["accuracy"] for row in rows if row["kind"] == "shift"]
    assert far[0] > far[-1] + 0.3


def test_the_table_is_that_of_the_file(place, capsys):
    out = printed(capsys, "cnn", "--invariance", "rotate", "--examples", "50", "--out", "turned")
    with (place / "turned" / "invariance.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["amount"] for row in rows][:2] == ["0", "5"]
    assert {row["images"] for row in rows} == {"50"}
    assert all(f"{float(row['accuracy']):.3f} [" in out for row in rows)


def test_recurrent_networks_are_compared_by_their_gradients(place, capsys):
    found = json.loads(printed(capsys, "lstm", "rnn", "--hidden-states", "test:5", "--json"))
    assert {row["layer"] for row in found["gradients"]} == {"lstm: lstm", "rnn: simple_rnn"}
    assert all(np.isfinite(row["gradient"]) for row in found["gradients"])
    assert (place / "inspect" / "gradients.png").exists()
    assert (place / "inspect" / "lstm" / "hidden-states-lstm.png").exists()
    assert (place / "inspect" / "rnn" / "hidden-states-simple_rnn.svg").exists()


def test_a_raw_text_is_looked_at_as_it_was_prepared(place, capsys):
    (place / "new.txt").write_text("a good good film\n")
    out = printed(
        capsys, "words", "--hidden-states", "new.txt", "--filters", "--feature-maps", "new.txt"
    )
    names = {line.rpartition("/")[2] for line in out.splitlines() if line.endswith(".png")}
    assert {"filters-conv1d.png", "feature-maps-conv1d.png", "gradients.png"} <= names
    assert "hidden-states-bidirectional-backward.png" in names


def test_of_several_inputs_that_is_drawn_which_a_layer_sees(capsys, monkeypatch):
    drawn = {}
    keep = inside.draw_filters, inside.draw_feature_maps, inside.draw_states
    for name, draw in zip(("draw_filters", "draw_feature_maps", "draw_states"), keep, strict=True):

        def kept(found, example, name=name, draw=draw):
            drawn[name] = example[0] if isinstance(example, dict) and 0 in example else example
            return draw(found, example)

        monkeypatch.setattr(inside, name, kept)
    example = "validation:0"
    printed(
        capsys, "several", "--filters", "--feature-maps", example, "--hidden-states", example,
        "--examples", "1",
    )  # fmt: skip
    assert {name: example.kind for name, example in drawn.items()} == {
        "draw_filters": "image", "draw_feature_maps": "image", "draw_states": "sequence",
    }  # fmt: skip


def test_letters_that_no_font_has_disturb_nobody(place, capfd):
    (place / "far.txt").write_text("a good 漢字 film\n", encoding="utf-8")
    assert run(["inspect", "words", "--feature-maps", "far.txt", "--out", "far"]) == 0
    assert "Glyph" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["cnn"], "no figure was asked for"),
        (["lstm", "--filters"], "the network has no convolutions"),
        (["cnn", "--hidden-states", "test:0"], "the network has no recurrent layers"),
        (["cnn", "--invariance", "shif"], "did you mean 'shift'"),
        (["lstm", "--invariance", "shift"], "does not classify images"),
        (["cnn", "--feature-maps", "test:9999"], "it has 359, from test:0 to test:358"),
        (["several", "--feature-maps", "test:0"], "look at validation:0 or train:0"),
        (["several", "--invariance", "shift"], "does not classify images"),
        (["cnn", "--feature-maps", "gone.csv"], "there is no file gone.csv"),
        (["cnn", "--feature-maps", "tset:3"], "'tset' is no part of the data; did you mean 'test'"),
        (["cnn", "--feature-maps", "test:-3"], "'-3' is no position"),
        (["lost", "--filters"], "the training of runs/lost diverged"),
        (["lost", "--invariance", "shift"], "the training of runs/lost diverged"),
        (["cnn", "--filters", "--layer", "edge"], "did you mean 'edges'"),
        (["cnn", "--filters", "--examples", "0"], "0 is not in the range"),
        (["none", "--filters"], "there is no run 'none'"),
        ([], "no figure was asked for"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_with_a_remedy(arguments, told, capsys):
    assert run(["inspect", *arguments]) == 2
    assert told in capsys.readouterr().err
