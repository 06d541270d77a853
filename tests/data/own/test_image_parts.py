"""Folders of images as they lie on disks: parts, rubbish, links, labels, masks, unusual pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError, UserError


def picture(path, level=100, size=(6, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, level, np.uint8)).save(path)
    return path


def load(path, *, validation=0.0, group=None, **options):
    source = Source("images", {"path": path} | options)
    return data.load(source, validation=validation, group=group)


def classes(folder, count=10):
    for name, level in (("cat", 50), ("dog", 200)):
        for i in range(count):
            picture(folder / name / f"{i}.png", level)


@pytest.mark.parametrize(
    "names",
    [("train", "val", "test"), ("Training", "Validation", "Testing"), ("TRAIN", "dev", "Test")],
)
def test_folders_of_parts_are_parts_in_any_spelling(tmp_path, names):
    for name, count in zip(names, (8, 3, 4), strict=True):
        classes(tmp_path / name, count)
    found = load(tmp_path, validation=0.3)
    assert found.description.classes == ("cat", "dog")
    assert [p.size for p in (found.train, found.validation, found.test)] == [16, 6, 8]


def test_a_mixture_of_parts_and_classes_is_refused_with_what_was_seen(tmp_path):
    classes(tmp_path / "train")
    classes(tmp_path / "test")
    classes(tmp_path)
    with pytest.raises(DataError, match="cat") as error:
        load(tmp_path)
    assert "train" in error.value.message
    assert error.value.remedy


def test_what_archives_and_notebooks_leave_is_no_class(tmp_path):
    classes(tmp_path)
    picture(tmp_path / "__MACOSX" / "._0.png")
    picture(tmp_path / ".ipynb_checkpoints" / "0.png")
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"\0")
    found = load(tmp_path)
    assert found.description.classes == ("cat", "dog")
    assert found.train.size + found.test.size == 20
    assert found.told == ()


def test_files_of_other_kinds_are_counted(tmp_path):
    classes(tmp_path)
    for i in range(3):
        (tmp_path / "cat" / f"{i}.heic").write_bytes(b"x")
        (tmp_path / "dog" / f"{i}.jfif").write_bytes(b"x")
    found = load(tmp_path)
    assert found.train.size + found.test.size == 20
    (told,) = found.told
    assert "6 files are left out: 3 .heic and 3 .jfif; save them as .png or .jpg" in told


def test_links_that_lead_out_of_the_folder_are_followed_on_request(tmp_path):
    classes(tmp_path / "raw")
    for name in ("cat", "dog"):
        (tmp_path / "split" / name).mkdir(parents=True)
        for i in range(10):
            (tmp_path / "split" / name / f"{i}.png").symlink_to(
                tmp_path / "raw" / name / f"{i}.png"
            )
    with pytest.raises(DataError) as error:
        load(tmp_path / "split")
    assert "follow_links: true" in error.value.remedy
    assert load(tmp_path / "split", follow_links=True).train.size == 16


def test_numbered_classes_keep_their_names_in_the_order_of_the_numbers(tmp_path):
    for label in (0, 9, 10, 2):
        for i in range(5):
            picture(tmp_path / str(label) / f"{i}.png", 20 * label + 10)
    found = load(tmp_path)
    assert found.description.classes == ("0", "2", "9", "10")
    for x, y in zip(found.train.x[INPUT], found.train.y, strict=True):
        assert x[0, 0, 0] * 255 == pytest.approx(20 * int(found.description.classes[y]) + 10)


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
    found = load(tmp_path)
    means = [found.train.x[INPUT][found.train.y == label].mean() for label in (0, 1)]
    assert means[0] / means[1] == pytest.approx(bright / dark, rel=1e-3)
    assert 0 < means[1] < means[0] <= 1
    assert found.told


def labelled(tmp_path):
    breeds = ["pug", "corgi"]
    rows = [f"dog{i},{breeds[i % 2]},{i}" for i in range(20)]
    for i in range(20):
        picture(tmp_path / "photos" / f"dog{i}.png", 10 * i)
    (tmp_path / "labels.csv").write_text("\n".join(["id,breed,age", *rows]) + "\n")
    return {"labels": tmp_path / "labels.csv", "file": "id", "target": "breed"}


def test_a_file_tells_the_target_of_each_image(tmp_path):
    options = labelled(tmp_path)
    found = load(tmp_path / "photos", **options)
    assert found.description.classes == ("corgi", "pug")
    levels = np.round(found.train.x[INPUT][:, 0, 0, 0] * 25.5).astype(int)
    np.testing.assert_array_equal(found.train.y, 1 - levels % 2)
    ages = load(tmp_path / "photos", **{**options, "target": "age", "task": "regression"})
    np.testing.assert_allclose(ages.train.y, ages.train.x[INPUT][:, 0, 0, 0] * 25.5, atol=1e-3)


def test_an_image_that_a_file_of_labels_names_and_that_is_not_there_is_told(tmp_path):
    options = labelled(tmp_path)
    (tmp_path / "photos" / "dog3.png").unlink()
    with pytest.raises(UserError, match="dog3"):
        load(tmp_path / "photos", **options)


def test_images_without_folders_of_classes_lead_to_a_file_of_labels(tmp_path):
    labelled(tmp_path)
    with pytest.raises(DataError) as error:
        load(tmp_path / "photos")
    assert "labels: labels.csv" in error.value.remedy


def masked(tmp_path, suffix="_mask"):
    for i in range(20):
        picture(tmp_path / "images" / f"{i}.png", 10 * i)
        mask = np.zeros((6, 6), np.uint8)
        mask[: i % 5 + 1] = 255
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(tmp_path / "masks" / f"{i}{suffix}.png")
    return {"masks": tmp_path / "masks"}


def test_a_mask_tells_the_class_of_each_pixel(tmp_path):
    found = load(tmp_path / "images", **masked(tmp_path))
    assert found.description.classes == ("0", "255")
    assert found.description.target_shape == (6, 6)
    assert found.train.y.shape == (16, 6, 6)
    number = np.round(found.train.x[INPUT][:, 0, 0, 0] * 25.5).astype(int)
    np.testing.assert_array_equal(found.train.y.sum(axis=(1, 2)), 6 * (number % 5 + 1))


def test_images_without_a_mask_are_named(tmp_path):
    options = masked(tmp_path, suffix="")
    (tmp_path / "masks" / "7.png").unlink()
    with pytest.raises(DataError, match=r"1 of 20 images have no mask: 7\.png"):
        load(tmp_path / "images", **options)
    found = load(tmp_path / "images", **options, unlabeled="drop")
    assert found.train.size + found.test.size == 19


def test_photographs_are_no_masks(tmp_path):
    options = masked(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    for i in range(20):
        Image.fromarray(np.roll(noise, i) * (i + 1)).save(tmp_path / "masks" / f"{i}_mask.png")
    with pytest.raises(DataError, match="too many for classes"):
        load(tmp_path / "images", **options)
