"""Which settings a candidate's score depends on stands in the tables, and on a map."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.compare.results import make_results
from dlcli.compare.results.importance import placed
from dlcli.config.sections.space import Space
from dlcli.report.drawing import style
from dlcli.report.figures.settings import score_map
from dlcli.report.text.documents import as_data, markdown
from tests.compare.made import plan, run

WIDE = """\
compare:
  optimizers: [SGD, {Adam: {}, learning_rates: [0.01, 0.1]}]
  search:
    weight_decay: {low: 1.0e-6, high: 0.1, scale: log}
    model.layers.0.Dense.units: {low: 2, high: 60}
  tries: 24
  seeds: 6
"""


def made(score):
    planned = plan(WIDE)
    schedule, records = run(planned, score)
    return make_results(planned, records, schedule)


@pytest.fixture(scope="module")
def results():
    return made(
        lambda _, trial: 0.3 + 0.01 * dict(trial.rate.values)["model.layers[0].Dense.units"]
    )


def test_the_setting_that_decides_comes_first(results):
    found = results.importance
    assert set(found["candidate"]) == {"SGD", "Adam"}
    first = found.groupby("candidate").first()
    assert set(first["setting"]) == {"Dense[0].units"}
    assert (first["share"] > 0.8).all()
    assert (found["tries"] == 24).all()
    assert as_data(results)["importance"][0]["setting"] == "Dense[0].units"
    share = 100 * first.loc["SGD", "share"]
    assert f"SGD: Dense[0].units {share:.0f} %" in markdown(results)


def test_the_map_shows_every_try_over_the_two_settings_that_matter_most(results):
    with style.applied():
        figure = score_map(results)
    maps = [axes for axes in figure.axes if "Dense[0].units" in axes.get_xlabel()]
    assert len(maps) == 2
    dots = maps[0].collections[0].get_offsets()
    searched = results.searched
    name = maps[0].get_title(loc="left")
    own = searched[(searched["candidate"] == name) & (searched["setting"] == "Dense[0].units")]
    np.testing.assert_allclose(np.sort(dots[:, 0]), np.sort(own["value"].to_numpy(float)))


def test_where_nothing_matters_nothing_is_said():
    rng = np.random.default_rng(0)
    results = made(lambda *_: float(0.5 + 0.01 * rng.normal()))
    assert results.importance.empty
    assert "depends on" not in markdown(results)


def test_values_lie_where_their_space_has_them():
    assert placed([1e-4, 1e-3, 1e-2], Space(low=1e-4, high=1e-2, scale="log")) == pytest.approx(
        [0, 0.5, 1]
    )
    assert placed([2, 3], Space(low=2, high=4)) == [0, 0.5]
    assert placed(["b", "a", "c"], Space(choices=("a", "b", "c"))) == [0.5, 0, 1]
    assert placed([7], Space(choices=(7,))) == [0]
