"""Images of the user's own from class folders."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dlcli import data
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError


def save(path, pixels, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8), mode).save(path)
    return path


def grey(value, height=4, width=6):
    return np.full((height, width), value)


@pytest.fixture
def folder(tmp_path):
    for i in range(10):
        save(tmp_path / "im" / "dark" / f"{i}.png", grey(i))
        save(tmp_path / "im" / "light" / f"{i}.png", grey(255 - i))
    return tmp_path / "im"


def load(path, **options):
    return data.load(Source("images", {"path": str(path), **options}), validation=0)


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


def test_colour_is_found_and_forced(folder, tmp_path):
    save(folder / "dark" / "c.png", np.full((4, 6, 3), [10, 20, 30]))
    x = load(folder).train.x[INPUT]
    assert x.shape[1:] == (4, 6, 3)
    assert load(folder, color="grey").train.x[INPUT].shape[1:] == (4, 6, 1)
    form = data.form_of(load(folder))
    new = data.read_examples(
        save(tmp_path / "n.png", np.full((8, 12, 3), [255, 0, 0])), form, targets=False
    )
    assert new.x[INPUT].shape == (1, 4, 6, 3)
    assert new.x[INPUT][0, 0, 0].tolist() == [1, 0, 0]


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


def test_images_are_resized_to_the_size_asked_for(folder):
    save(folder / "dark" / "large.png", grey(5, 40, 60))
    assert load(folder, size=8).train.x[INPUT].shape[1:] == (8, 8, 1)
    assert load(folder, size=[8, 10]).train.x[INPUT].shape[1:] == (8, 10, 1)


def test_parts_in_folders_are_kept(tmp_path):
    for part, count in (("train", 4), ("test", 3)):
        for label, value in (("a", 0), ("b", 255)):
            for i in range(count):
                save(tmp_path / "p" / part / label / f"{i}.png", grey(value))
    loaded = load(tmp_path / "p")
    assert (loaded.train.size, loaded.test.size) == (8, 6)
    assert loaded.description.name == "p"


def test_mixed_sizes_need_a_size(folder):
    save(folder / "light" / "large.png", grey(5, 40, 60))
    with pytest.raises(DataError, match=r"4 x 6 .*but .*large\.png is 40 x 60") as caught:
        load(folder)
    assert "size: 64" in caught.value.remedy


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


@pytest.mark.parametrize("size", [[8], [8, 8, 8], [0, 8]])
def test_a_size_is_a_height_and_a_width(folder, size):
    with pytest.raises(DataError, match="a height and a width"):
        load(folder, size=size)


def test_folders_that_cannot_be_used(folder, tmp_path):
    with pytest.raises(DataError, match="is not there"):
        load(tmp_path / "none")
    with pytest.raises(DataError, match="is a file"):
        load(folder / "dark" / "1.png")
    with pytest.raises(DataError, match="0 folder"):
        load(folder / "dark")
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no files"):
        load(folder)
    (folder / "empty").rmdir()
    outside = save(tmp_path / "outside.png", grey(1))
    (folder / "dark" / "link.png").symlink_to(outside)
    with pytest.raises(DataError, match=r"link\.png is a symbolic link that leads out"):
        load(folder)


def test_a_test_folder_without_a_training_class_is_refused(folder, tmp_path):
    for label in ("dark", "new"):
        save(tmp_path / "t" / label / "1.png", grey(1))
    with pytest.raises(DataError, match="is the class 'new', of which there is no training"):
        load(folder, test=str(tmp_path / "t"))


def test_a_folder_of_new_images_is_read_in_the_order_of_names(folder, tmp_path):
    form = data.read_form(data.form_of(load(folder)).to_dict())
    for i in (3, 1, 2):
        save(tmp_path / "new" / f"{i}.png", grey(i * 10))
    new = data.read_examples(tmp_path / "new", form, targets=False)
    assert [round(float(x.mean()) * 255) for x in new.x[INPUT]] == [10, 20, 30]
    scored = data.read_examples(folder, form, targets=True)
    assert scored.y.tolist() == [0] * 10 + [1] * 10
