"""A comparison that does not go on in the folder of its name says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlcli.compare.beside import CONTENT, beside
from dlcli.compare.home import Home
from dlcli.compare.placement import Placement
from dlcli.compare.session import ComparisonSession, write_settings
from tests.compare.made import plan

COMPARE = "compare: {optimizers: [SGD, Adam], seeds: 6}"


def opened(made, root, *, fresh=False):
    """Open the home of a plan as the command does; return it and the folder."""
    home = Home(made, None, root)
    session = ComparisonSession(made, home.found())
    session.folder = home.opened(fresh=fresh)
    write_settings(session, ["dlcli"], Placement("serial", 1))
    return home, session.folder


@pytest.fixture
def taken(tmp_path):
    """Return the folder of a comparison."""
    return opened(plan(COMPARE), tmp_path)[1]


def change(made, **keys):
    """Return a plan whose problem has other values of some keys of its config."""
    problem = made.problems[0]
    return replace(made, problems=(replace(problem, config=replace(problem.config, **keys)),))


def test_a_changed_epoch_is_named_with_both_values(taken, tmp_path):
    home, folder = opened(plan(COMPARE, epochs=9), tmp_path)
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
    home, folder = opened(plan(COMPARE.replace("6", "9")), tmp_path, fresh=fresh)
    assert folder.name == ("made-2" if fresh else taken.name)
    assert home.beside is None
    assert home.remarks == []


def test_it_is_the_newest_of_its_name_that_it_is_held_against(taken, tmp_path):
    opened(plan(COMPARE, epochs=9), tmp_path)
    home, _ = opened(plan(COMPARE, epochs=7), tmp_path)
    assert (home.beside.name, home.beside.differs) == ("made-2", {"fit.epochs": (9, 7)})


def test_what_may_differ_within_a_folder_is_no_reason(taken):
    made = plan(COMPARE.replace("Adam", "Lion").replace("6", "9"))
    assert beside(change(made, name="other", seed=8), taken).differs == {
        "seed": (made.problems[0].config.seed, 8)
    }


def test_networks_of_their_own_are_no_reason_but_their_data_are(taken):
    made = plan(COMPARE, epochs=9)
    own = replace(made, problems=(replace(made.problems[0], has_own_networks=True),))
    data = replace(own.problems[0].config.data, batch_size=99, validation=0.4)
    assert beside(change(own, data=data), taken).differs == {"data.validation": (0.1, 0.4)}


def test_split_versions_and_a_plain_grid_are_reasons(taken):
    made = plan(COMPARE)
    environment = taken.read_json("environment.json")
    environment["packages"]["keras"] = "1.0"
    taken.write_json("environment.json", environment)
    found = beside(replace(made, split="official", is_grid=True), taken).differs
    assert found["split"] == ("resample", "official")
    assert found["keras"][0] == "1.0"
    assert found["a plain grid (--seeds 0)"] == (False, True)


def test_where_nothing_else_differs_it_is_the_content_of_the_files(taken):
    assert list(beside(plan(COMPARE), taken).differs) == [CONTENT]


def test_of_several_problems_the_path_names_the_one(tmp_path):
    names = ("one", "two")
    _, folder = opened(plan(COMPARE, names=names), tmp_path)
    found = beside(plan(COMPARE, names=names, epochs=5), folder)
    assert found.differs == {"one: fit.epochs": (4, 5), "two: fit.epochs": (4, 5)}


@pytest.mark.parametrize("text", ["", "[]", "a: [", "\x00"])
def test_a_damaged_config_gives_no_reason_but_the_comparison_its_folder(taken, tmp_path, text):
    (taken.path / "config.yaml").write_text(text)
    home, folder = opened(plan(COMPARE, epochs=9), tmp_path)
    assert home.beside is None
    assert home.remarks == [
        f"{taken.path} holds another comparison. This one goes to {folder.path}"
    ]
