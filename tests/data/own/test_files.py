"""Folders as they lie on disks: parts, rubbish, links, files of other kinds."""

from __future__ import annotations

import pytest

from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.own.pictures import load_images, plain


def classes(folder, count=10):
    for name, level in (("cat", 50), ("dog", 200)):
        for i in range(count):
            plain(folder / name / f"{i}.png", level)


@pytest.mark.parametrize(
    "names",
    [("train", "val", "test"), ("Training", "Validation", "Testing"), ("TRAIN", "dev", "Test")],
)
def test_folders_of_parts_are_parts_in_any_spelling(tmp_path, names):
    for name, count in zip(names, (8, 3, 4), strict=True):
        classes(tmp_path / name, count)
    found = load_images(tmp_path, validation=0.3)
    assert found.description.classes == ("cat", "dog")
    assert [p.size for p in (found.train, found.validation, found.test)] == [16, 6, 8]


def test_a_mixture_of_parts_and_classes_is_refused_with_what_was_seen(tmp_path):
    classes(tmp_path / "train")
    classes(tmp_path / "test")
    classes(tmp_path)
    with pytest.raises(DataError, match="cat") as error:
        load_images(tmp_path)
    assert "train" in error.value.message
    assert error.value.remedy


def test_what_archives_and_notebooks_leave_is_no_class(tmp_path):
    classes(tmp_path)
    plain(tmp_path / "__MACOSX" / "._0.png")
    plain(tmp_path / ".ipynb_checkpoints" / "0.png")
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"\0")
    found = load_images(tmp_path)
    assert found.description.classes == ("cat", "dog")
    assert found.train.size + found.test.size == 20
    assert found.told == ()


def test_files_of_other_kinds_are_counted(tmp_path):
    classes(tmp_path)
    for i in range(3):
        (tmp_path / "cat" / f"{i}.heic").write_bytes(b"x")
        (tmp_path / "dog" / f"{i}.jfif").write_bytes(b"x")
    found = load_images(tmp_path)
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
        load_images(tmp_path / "split")
    assert "follow_links: true" in error.value.remedy
    assert load_images(tmp_path / "split", follow_links=True).train.size == 16


def test_numbered_classes_keep_their_names_in_the_order_of_the_numbers(tmp_path):
    for label in (0, 9, 10, 2):
        for i in range(5):
            plain(tmp_path / str(label) / f"{i}.png", 20 * label + 10)
    found = load_images(tmp_path)
    assert found.description.classes == ("0", "2", "9", "10")
    for x, y in zip(found.train.x[INPUT], found.train.y, strict=True):
        assert x[0, 0, 0] * 255 == pytest.approx(20 * int(found.description.classes[y]) + 10)
