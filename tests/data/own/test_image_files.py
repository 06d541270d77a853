"""Pixels are what was saved, and a file that cannot be read is named."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError
from tests.data.own.pictures import load, load_images, save


def test_pixels_are_what_was_saved(folder):
    loaded = load(folder)
    known = data.describe(Source("images", {"path": str(folder)}))
    assert loaded.description == known
    assert (known.task, known.classes) == ("binary", ("dark", "light"))
    assert known.inputs[INPUT].shape == (4, 6, 1)
    assert (loaded.train.size, loaded.test.size) == (16, 4)
    values = {round(float(x.mean()) * 255) for x in loaded.train.x[INPUT]}
    values |= {round(float(x.mean()) * 255) for x in loaded.test.x[INPUT]}
    assert values == {*range(10), *range(246, 256)}
    for x, y in zip(loaded.train.x[INPUT], loaded.train.y, strict=True):
        assert (x.mean() > 0.5) == y


def test_jpeg_transparency_palettes_and_sixteen_bits(tmp_path):
    rgba = np.zeros((4, 4, 4), np.uint8)
    save(tmp_path / "im" / "a" / "clear.png", rgba)
    Image.new("P", (4, 4)).save(tmp_path / "im" / "a" / "palette.gif")
    Image.fromarray(np.full((4, 4), 65535, np.uint16)).save(tmp_path / "im" / "a" / "deep.png")
    save(tmp_path / "im" / "b" / "photo.jpg", np.full((4, 4, 3), 128))
    save(tmp_path / "im" / "b" / "photo.jpeg", np.full((4, 4, 3), 128))
    loaded = load(tmp_path / "im", color="grey")
    x = np.concatenate([loaded.train.x[INPUT], loaded.test.x[INPUT]])
    assert sorted(round(float(i.mean()), 2) for i in x) == [0, 0.5, 0.5, 1, 1]


def test_broken_images_are_all_counted_and_the_first_twenty_are_named(folder):
    (folder / "dark" / "text.png").write_text("no image")
    whole = (folder / "dark" / "1.png").read_bytes()
    (folder / "dark" / "cut.png").write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"2 images cannot be read: .*cut\.png.*text\.png"):
        load(folder)
    for i in range(20, 40):
        (folder / "dark" / f"u{i}.png").write_text("no image")
    with pytest.raises(DataError) as caught:
        load(folder)
    assert caught.value.message.startswith("22 images cannot be read: ")
    assert caught.value.message.endswith("u37.png (no image in a format that is known); and 2 more")
    assert "u38.png" not in caught.value.message


def test_a_jpeg_that_was_cut_off_is_named(tmp_path):
    for label in "ab":
        for i in range(3):
            save(
                tmp_path / "im" / label / f"{i}.jpg",
                np.random.default_rng(i).integers(0, 255, (64, 64, 3)),
            )
    cut = tmp_path / "im" / "a" / "1.jpg"
    cut.write_bytes(cut.read_bytes()[:1500])
    with pytest.raises(DataError, match=r"1\.jpg cannot be read"):
        load(tmp_path / "im")


@pytest.mark.parametrize(
    ("dark", "bright", "dtype"),
    [(0.2, 0.8, "float32"), (8_000, 60_000, "int32"), (700, 3_900, "uint16")],
)
def test_pixels_of_more_than_eight_bits_keep_their_values(tmp_path, dark, bright, dtype):
    for name, level in (("dark", dark), ("bright", bright)):
        for i in range(8):
            (tmp_path / name).mkdir(exist_ok=True)
            pixels = np.full((6, 6), level, dtype)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.tif")
    found = load_images(tmp_path)
    means = [found.train.x[INPUT][found.train.y == label].mean() for label in (0, 1)]
    assert means[0] / means[1] == pytest.approx(bright / dark, rel=1e-3)
    assert 0 < means[1] < means[0] <= 1
    assert found.told
