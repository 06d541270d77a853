"""Why a comparison lies beside another one is kept in its folder."""

from __future__ import annotations

import pytest

from dlcli.store.beside import BESIDE, KEPT, Beside, read_beside
from dlcli.store.folder import Folder


def test_it_reads_back_as_it_was_written(tmp_path):
    folder, made = Folder(tmp_path), Beside("small", {"fit.epochs": (4, 5), "a": (None, [1])}, 2)
    assert read_beside(folder) is None
    made.write(folder)
    assert read_beside(folder) == made


def test_the_first_differences_are_told_and_the_others_counted():
    differs = {"a": (1, 2), "b": (None, "x"), "c": (True, None), "d": (1.5, 2)}
    told = Beside("small", differs, 9).text()
    assert told == 'a 1 -> 2, b nothing -> "x", c true -> nothing, and 6 more'


def test_a_long_value_is_cut_off_and_of_many_differences_the_first_are_kept(tmp_path):
    made = Beside("small", {f"key{i}": (i, "x" * 500) for i in range(99)}, 99)
    assert all(len(part) < 100 for part in made.text().split(", "))
    made.write(Folder(tmp_path))
    found = read_beside(Folder(tmp_path))
    assert (len(found.differs), found.count) == (KEPT, 99)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"name": 1, "differs": [], "count": 1}',
     '{"name": "a", "differs": {"b": 1}, "count": 1}',
     '{"name": "a", "differs": {"b": [1]}, "count": 1}',
     '{"name": "a", "differs": {}, "count": "x"}'],
)  # fmt: skip
def test_a_damaged_one_says_nothing(tmp_path, text):
    (tmp_path / BESIDE).write_text(text)
    assert read_beside(Folder(tmp_path)) is None
