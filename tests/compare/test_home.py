"""A comparison goes on in its folder, or goes beside the one that has its name."""

from __future__ import annotations

import pytest

from tests.compare.homes import COMPARE, at_home
from tests.compare.made import plan


def test_a_changed_epoch_is_named_with_both_values(taken, tmp_path):
    home, folder = at_home(plan(COMPARE, epochs=9), tmp_path)
    assert folder.name == "made-2"
    assert home.beside.differs == {"fit.epochs": (4, 9)}
    (told,) = home.remarks
    assert told == (
        f"{taken.path} holds another comparison; different: fit.epochs 4 -> 9. "
        f"This one goes to {folder.path}"
    )


@pytest.mark.parametrize("fresh", [False, True])
def test_nothing_is_said_of_the_same_comparison_or_one_that_was_asked_to_be_new(
    taken, tmp_path, fresh
):
    home, folder = at_home(plan(COMPARE.replace("6", "9")), tmp_path, fresh=fresh)
    assert folder.name == ("made-2" if fresh else taken.name)
    assert home.beside is None
    assert home.remarks == []


def test_it_is_the_newest_of_its_name_that_it_is_held_against(taken, tmp_path):
    at_home(plan(COMPARE, epochs=9), tmp_path)
    home, _ = at_home(plan(COMPARE, epochs=7), tmp_path)
    assert (home.beside.name, home.beside.differs) == ("made-2", {"fit.epochs": (9, 7)})


@pytest.mark.parametrize("text", ["", "[]", "a: [", "\x00"])
def test_a_damaged_config_gives_no_reason_but_the_comparison_its_folder(taken, tmp_path, text):
    (taken.path / "config.yaml").write_text(text)
    home, folder = at_home(plan(COMPARE, epochs=9), tmp_path)
    assert home.beside is None
    assert home.remarks == [
        f"{taken.path} holds another comparison. This one goes to {folder.path}"
    ]
