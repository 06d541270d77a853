"""A data file starts no program, leads to no other file, and fills neither memory nor disk."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from dlcli.data.own import images, opening
from dlcli.data.own.cells import read_table
from dlcli.data.own.image_encoder import ImageEncoder
from dlcli.data.own.text import text
from dlcli.errors import DataError
from tests.fuzz.driving import drive

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n(x) print\n%%EOF\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of two classes with an image each."""
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "images" / name / "0.png")
    return tmp_path / "images"


def test_an_image_starts_no_interpreter(folder, tmp_path, monkeypatch):
    marker, tools = tmp_path / "marker", tmp_path / "bin"
    tools.mkdir()
    (tools / "gs").write_text(f"#!/bin/sh\nmkdir -p {marker}\n")
    (tools / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)
    with contextlib.suppress(OSError):
        Image.open(io.BytesIO(EPS)).load()
    assert marker.is_dir()  # the payload is real
    marker.rmdir()
    (folder / "cat" / "1.png").write_bytes(EPS)
    with pytest.raises(DataError, match="no image in a format that is known"):
        images.images(path=folder)
    with pytest.raises(DataError, match="cannot be read"):
        ImageEncoder(8, 8, "RGB").encode([folder / "cat" / "1.png"], np.array([0]))
    assert not marker.exists()


@pytest.mark.parametrize("side", [9_600, 65_000])
def test_an_image_of_more_pixels_than_a_photograph_is_refused_in_words(folder, side):
    whole = (folder / "cat" / "0.png").read_bytes()
    size = whole[:16] + side.to_bytes(4, "big") * 2 + whole[24:29]
    checksum = zlib.crc32(size[12:]).to_bytes(4, "big")
    (folder / "cat" / "1.png").write_bytes(size + checksum + whole[33:])
    with pytest.raises(DataError, match="more than 89,478,485 pixels, which may fill the memory"):
        images.images(path=folder)


def test_a_text_that_unpacks_to_many_times_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "LARGEST_SMALL", 2**16)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"a,y\n" + b"1,0\n" * 2**20))
    (tmp_path / "line.csv.gz").write_bytes(gzip.compress(b"a,y\n" + b"1" * 2**22))
    (tmp_path / "bytes.csv.gz").write_bytes(gzip.compress(b"\xff" + b"1" * 2**22))
    (tmp_path / "texts.jsonl.gz").write_bytes(gzip.compress(b'{"t": "x", "y": 1}\n' * 2**18))
    for name in ("bomb", "line", "bytes"):
        with pytest.raises(DataError, match="unpacks to more than 200 times its size"):
            read_table(tmp_path / f"{name}.csv.gz")
    with pytest.raises(DataError, match="unpacks to more than 200 times its size"):
        text(path=tmp_path / "texts.jsonl.gz", text="t", label="y")


def test_a_text_that_packs_well_is_read(tmp_path):
    rows = "".join(f"{i % 7},{i % 2}\n" for i in range(50_000))
    (tmp_path / "good.csv.gz").write_bytes(gzip.compress(b"a,y\n" + rows.encode()))
    assert len(read_table(tmp_path / "good.csv.gz").rows) == 50_000


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/urandom", "/dev/full"])
@pytest.mark.parametrize("kind", ["csv", "text", "npz", "images", "sequences"])
def test_a_device_that_never_ends_is_no_data_file(kind, path, tmp_path):
    options = {"csv": {"target": "y"}, "text": {}, "npz": {}, "images": {},
               "sequences": {"target": "y", "id": "i"}}[kind]  # fmt: skip
    source = {kind: {"path": path, **options}}
    (tmp_path / "cfg.yaml").write_text(
        f"data: {{dataset: {json.dumps(source)}}}\nmodel: {{layers: [Flatten]}}\n"
    )
    for command in (["data", "show"], ["config", "validate"]):
        end = drive([*command, str(tmp_path / "cfg.yaml")])
        assert (end.code, end.problem) == (2, ""), end.told


@pytest.mark.parametrize("path", ["/dev/zero", "/proc/self/mem", "/dev/full"])
def test_a_device_is_no_config(path):
    end = drive(["config", "validate", path])
    assert (end.code, end.problem) == (2, "")


@pytest.mark.parametrize("kind", ["images", "text"])
def test_a_link_in_a_class_folder_leads_to_no_file_outside(kind, tmp_path):
    suffix = {"images": "png", "text": "txt"}[kind]
    (tmp_path / f"outside.{suffix}").write_text("what nobody else may read")
    for name in ("good", "bad"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / f"0.{suffix}").symlink_to(tmp_path / f"outside.{suffix}")
    source = {kind: {"path": str(tmp_path / "data")}}
    (tmp_path / "cfg.yaml").write_text(
        f"data: {{dataset: {json.dumps(source)}}}\nmodel: {{layers: [Flatten]}}\n"
    )
    end = drive(["data", "show", str(tmp_path / "cfg.yaml")])
    assert (end.code, end.problem) == (2, "")
    assert "leads outside its folder" in end.told
    assert "nobody" not in end.told


def test_half_a_character_in_a_line_of_json_is_replaced(tmp_path):
    lines = [json.dumps({"text": f"good \ud83d {i}", "label": i % 2}) for i in range(12)]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    loaded = text(path=tmp_path / "t.jsonl", text="text", label="label")
    assert loaded.raw[0].startswith("good ? ")
