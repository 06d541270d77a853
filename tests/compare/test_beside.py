"""A comparison that does not go on in the folder of its name says why."""

from __future__ import annotations

from dataclasses import replace

from dlcli.compare.beside import CONTENT, beside
from tests.compare.homes import COMPARE, at_home
from tests.compare.made import plan


def change(made, **keys):
    """Return a plan whose problem has other values of some keys of its config."""
    problem = made.problems[0]
    return replace(made, problems=(replace(problem, config=replace(problem.config, **keys)),))


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
    _, folder = at_home(plan(COMPARE, names=names), tmp_path)
    found = beside(plan(COMPARE, names=names, epochs=5), folder)
    assert found.differs == {"one: fit.epochs": (4, 5), "two: fit.epochs": (4, 5)}
