"""A named pipe instead of a file: nobody waits for who would write into it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.fuzz.driving import drive
from tests.helpers import dlcli
from tests.security.places import own_data, write_run

OPTIONS = {"csv": {"target": "y"}, "text": {}, "npz": {}, "images": {},
           "sequences": {"target": "y", "id": "i"}}  # fmt: skip
SUFFIXES = {"csv": ".csv", "text": ".jsonl", "npz": ".npz", "images": "", "sequences": ".csv.gz"}


@pytest.fixture
def pipe(tmp_path):
    """Return what makes a pipe of a name."""

    def make(name):
        os.mkfifo(tmp_path / name)
        return tmp_path / name

    return make


def refused(*arguments):
    end = drive(arguments)
    assert (end.code, end.problem) == (2, ""), end.told
    assert "is a pipe or a device, not a file" in end.told
    assert "hint: " in end.told


PLACES = [(kind, "path") for kind in OPTIONS]
PLACES += [(kind, "test") for kind in OPTIONS if kind != "npz"]  # which holds its test part itself


@pytest.mark.parametrize(("kind", "role"), PLACES)
@pytest.mark.parametrize("command", ["data show", "config validate", "train", "compare-optimizers"])
def test_as_data_it_is_refused_at_once(pipe, tmp_path, kind, role, command):
    place = pipe(f"data{SUFFIXES[kind]}")
    options = {"path": str(place), **OPTIONS[kind]}
    if role == "test":
        options |= {"path": str(_some(kind, tmp_path)), "test": str(place)}
    (tmp_path / "cfg.yaml").write_text(
        f"data: {{dataset: {json.dumps({kind: options})}}}\nmodel: {{layers: [Flatten]}}\n"
    )
    refused(*command.split(), str(tmp_path / "cfg.yaml"))


def _some(kind, folder):
    """Return good data of a kind."""
    if kind == "images":
        from PIL import Image

        for name in ("cat", "dog"):
            (folder / "images" / name).mkdir(parents=True)
            Image.new("L", (4, 4)).save(folder / "images" / name / "0.png")
        return folder / "images"
    texts = {
        "csv": "a,y\n" + "1,0\n2,1\n" * 9,
        "text": "text,label\n" + "good,0\nbad,1\n" * 9,
        "sequences": "i,a,y\n" + "".join(f"{n},1,{n % 2}\n{n},2,{n % 2}\n" for n in range(18)),
    }
    (folder / "good.csv").write_text(texts[kind])
    return folder / "good.csv"


@pytest.mark.parametrize(
    "command", ["config validate", "config show", "train", "compare-optimizers", "data show"]
)
def test_as_a_config_it_is_refused_at_once(pipe, command):
    refused(*command.split(), str(pipe("cfg.yaml")))


@pytest.mark.parametrize("kind", ["none", "table", "texts", "images"])
def test_as_examples_it_is_refused_at_once(pipe, tmp_path, kind):
    data = {
        "none": None,
        "table": own_data(["a", "b"]),
        "texts": own_data(["a", "b"], kind="text", text="text", label=["label"], unit="word",
                          size=9, max_length=4, vocabulary=["x"]),
        "images": own_data(["a", "b"], kind="images", height=4, width=4, mode="L"),
    }[kind]  # fmt: skip
    run = write_run(tmp_path / "runs")
    (run.path / "model.keras").write_bytes(b"")
    if data is not None:
        run.write_json("data.json", data)
    root = ("--root", str(tmp_path / "runs"))
    suffixes = {"none": (".csv", ".npz", ""), "images": (".png",)}.get(kind, (".csv", ".csv.gz"))
    for suffix in suffixes:
        place = str(pipe(f"new{suffix}"))
        refused("predict", run.name, place, *root)
        if kind != "images":
            refused("eval", run.name, "--data", place, *root)


def test_what_the_shell_has_opened_is_read(tmp_path):
    config = "data: {dataset: iris}\nmodel: {layers: [{Dense: {units: $classes}}]}\n"
    script = f"{sys.executable} -m dlcli config validate <(printf '{config}')"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    if "bash" in done.stderr and done.returncode == 127:
        pytest.skip("there is no bash here")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", ["config show --summary", "train", "compare-optimizers"])
def test_as_a_vocabulary_it_is_refused_at_once(pipe, tmp_path, command):
    layer = f"{{StringLookup: {{vocabulary: {pipe('words.txt')}}}}}"
    layers = f"[{layer}, Flatten, {{Dense: {{units: $classes}}}}]"
    (tmp_path / "cfg.yaml").write_text(f"data: {{dataset: iris}}\nmodel: {{layers: {layers}}}\n")
    done = dlcli(*command.split(), str(tmp_path / "cfg.yaml"), cwd=tmp_path, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "is a pipe or a device, not a file" in done.stderr
    assert "hint: name a file" in done.stderr
