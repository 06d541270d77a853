"""Images of the user's own from class folders."""

from __future__ import annotations

import pytest

from dlcli.errors import DataError
from tests.data.own.pictures import grey, load, save


def test_parts_in_folders_are_kept(tmp_path):
    for part, count in (("train", 4), ("test", 3)):
        for label, value in (("a", 0), ("b", 255)):
            for i in range(count):
                save(tmp_path / "p" / part / label / f"{i}.png", grey(value))
    loaded = load(tmp_path / "p")
    assert (loaded.train.size, loaded.test.size) == (8, 6)
    assert loaded.description.name == "p"


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
