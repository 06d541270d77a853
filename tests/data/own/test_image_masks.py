"""A mask tells the class of each pixel of its image."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.own.pictures import load_images, plain


def masked(tmp_path, suffix="_mask"):
    for i in range(20):
        plain(tmp_path / "images" / f"{i}.png", 10 * i)
        mask = np.zeros((6, 6), np.uint8)
        mask[: i % 5 + 1] = 255
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(tmp_path / "masks" / f"{i}{suffix}.png")
    return {"masks": tmp_path / "masks"}


def test_a_mask_tells_the_class_of_each_pixel(tmp_path):
    found = load_images(tmp_path / "images", **masked(tmp_path))
    assert found.description.classes == ("0", "255")
    assert found.description.target_shape == (6, 6)
    assert found.train.y.shape == (16, 6, 6)
    number = np.round(found.train.x[INPUT][:, 0, 0, 0] * 25.5).astype(int)
    np.testing.assert_array_equal(found.train.y.sum(axis=(1, 2)), 6 * (number % 5 + 1))


def test_images_without_a_mask_are_named(tmp_path):
    options = masked(tmp_path, suffix="")
    (tmp_path / "masks" / "7.png").unlink()
    with pytest.raises(DataError, match=r"1 of 20 images have no mask: 7\.png"):
        load_images(tmp_path / "images", **options)
    found = load_images(tmp_path / "images", **options, unlabeled="drop")
    assert found.train.size + found.test.size == 19


def test_photographs_are_no_masks(tmp_path):
    options = masked(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    for i in range(20):
        Image.fromarray(np.roll(noise, i) * (i + 1)).save(tmp_path / "masks" / f"{i}_mask.png")
    with pytest.raises(DataError, match="too many for classes"):
        load_images(tmp_path / "images", **options)
