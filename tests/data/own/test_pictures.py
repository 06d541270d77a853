"""Image files for networks of built-in images: the data set's own numbers, or one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dlcli.data import form_of_source, load, read_examples
from dlcli.data.description import INPUT, Source
from dlcli.errors import DataError

pytestmark = pytest.mark.usefixtures("converted")


def form(name, **options):
    return form_of_source(Source(name, options))


def save(pixels, place):
    """Write pixels from 0 to 1 as an image of 8 bits."""
    place.parent.mkdir(exist_ok=True)
    Image.fromarray((pixels * 255).round().astype("uint8")).save(place)


def read(place, name="digits"):
    return read_examples(place, form(name), targets=False)


@pytest.mark.parametrize("name", ["digits", "mnist_5k"])
def test_images_of_a_data_set_become_its_own_arrays(name, tmp_path):
    x = load(Source(name)).test.x[INPUT][:60]
    for i, image in enumerate(x):
        save(image[..., 0], tmp_path / "images" / f"{i:02d}.png")
    found = read(tmp_path / "images", name)
    np.testing.assert_array_equal(found.x[INPUT], x)
    assert found.x[INPUT].dtype == x.dtype
    assert list(found.columns["file"]) == [f"{i:02d}.png" for i in range(60)]
    assert found.told == ()
    one = read(tmp_path / "images" / "07.png", name)
    np.testing.assert_array_equal(one.x[INPUT], x[7:8])


def test_colors_become_grey_where_the_network_takes_grey_and_16_bits_are_scaled(tmp_path):
    white = np.zeros((8, 8, 3), "uint8")
    white[2:6, 2:6] = 255
    Image.fromarray(white).save(tmp_path / "rgb.png")
    Image.fromarray(white[..., 0].astype("uint16") * 257).save(tmp_path / "deep.png")
    expected = (white[..., :1] / 255).astype("float32")
    for name in ("rgb.png", "deep.png"):
        np.testing.assert_array_equal(read(tmp_path / name).x[INPUT][0], expected)


def test_a_network_of_colors_takes_grey_images_too(tmp_path):
    grey = np.linspace(0, 1, 32 * 32).reshape(32, 32)
    save(grey, tmp_path / "a.png")
    found = read(tmp_path / "a.png", "cifar10")
    assert found.x[INPUT].shape == (1, 32, 32, 3)
    np.testing.assert_allclose(found.x[INPUT][0, ..., 1], grey, atol=0.5 / 255 + 1e-6)
    assert found.told == ()


def test_images_of_another_size_are_counted_and_the_size_is_said(tmp_path):
    for i in range(5):
        save(np.zeros((9, 8)), tmp_path / "images" / f"{i}.png")
    save(np.zeros((8, 8)), tmp_path / "images" / "right.png")
    with pytest.raises(DataError) as error:
        read(tmp_path / "images")
    assert error.value.message == (
        f"{tmp_path / 'images' / '0.png'} has 9 x 8 pixels (5 such images: files 0.png, 1.png, "
        "2.png and 2 more); this run takes images of 8 x 8 pixels in grey"
    )
    assert error.value.exit_code == 2
    with pytest.raises(DataError, match="has 9 x 8 pixels; this run takes"):
        read(tmp_path / "images" / "3.png")


def test_a_black_digit_on_white_is_warned_of(tmp_path):
    x = load(Source("digits")).test.x[INPUT][:4, ..., 0]
    for i, image in enumerate(x):
        save(image if i == 1 else 1 - image, tmp_path / "images" / f"{i}.png")
    (told,) = read(tmp_path / "images").told
    assert told.startswith(
        "warning: 0.png (3 such images: files 0.png, 2.png, 3.png) look inverted"
    )
    assert "white on black" in told
    (told,) = read(tmp_path / "images" / "0.png").told
    assert told.startswith("warning: 0.png looks inverted")


def test_broken_and_other_files_are_told(tmp_path):
    save(np.zeros((8, 8)), tmp_path / "images" / "a.png")
    (tmp_path / "images" / "b.txt").write_text("no image")
    assert "1 file is left out: 1 .txt" in read(tmp_path / "images").told[0]
    (tmp_path / "images" / "c.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(DataError, match=r"c\.png cannot be read"):
        read(tmp_path / "images")
    with pytest.raises(DataError, match="there is no file"):
        read(tmp_path / "none.png")


@pytest.mark.parametrize(
    ("name", "shape"), [("iris", "4"), ("sequential_mnist_5k", "28 x 28"), ("imdb", "n")]
)
def test_a_run_on_no_images_says_what_it_takes(name, shape, tmp_path):
    save(np.zeros((8, 8)), tmp_path / "images" / "a.png")
    for place, what in ((tmp_path / "images", "a folder"), (tmp_path / "images/a.png", "an image")):
        with pytest.raises(DataError, match=f"is {what}, but this run takes an .npz") as error:
            read(place, name)
        assert f"the shape {shape})" in error.value.message
