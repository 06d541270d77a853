"""Images become arrays of one size and one number of channels."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli import data
from dlcli.data.description import INPUT
from dlcli.errors import DataError
from tests.data.own.pictures import grey, load, save


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


def test_images_are_resized_to_the_size_asked_for(folder):
    save(folder / "dark" / "large.png", grey(5, 40, 60))
    assert load(folder, size=8).train.x[INPUT].shape[1:] == (8, 8, 1)
    assert load(folder, size=[8, 10]).train.x[INPUT].shape[1:] == (8, 10, 1)


def test_mixed_sizes_need_a_size(folder):
    save(folder / "light" / "large.png", grey(5, 40, 60))
    with pytest.raises(DataError, match=r"4 x 6 .*but .*large\.png is 40 x 60") as caught:
        load(folder)
    assert "size: 64" in caught.value.remedy


@pytest.mark.parametrize("size", [[8], [8, 8, 8], [0, 8]])
def test_a_size_is_a_height_and_a_width(folder, size):
    with pytest.raises(DataError, match="a height and a width"):
        load(folder, size=size)


def test_a_folder_of_new_images_is_read_in_the_order_of_names(folder, tmp_path):
    form = data.read_form(data.form_of(load(folder)).to_dict())
    for i in (3, 1, 2):
        save(tmp_path / "new" / f"{i}.png", grey(i * 10))
    new = data.read_examples(tmp_path / "new", form, targets=False)
    assert [round(float(x.mean()) * 255) for x in new.x[INPUT]] == [10, 20, 30]
    scored = data.read_examples(folder, form, targets=True)
    assert scored.y.tolist() == [0] * 10 + [1] * 10
