"""Learning-rate grids, and what a rate means to a schedule."""

from __future__ import annotations

import math

import pytest

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.catalogue.rate_ranges import RANGES, RateRange
from dlcli.compare.plan.candidates import default_rate, rate_range
from dlcli.compare.plan.rates import (
    fixed_rate,
    grid,
    peak,
    spread_grid,
    thinned,
    tidy,
    with_rate,
)
from dlcli.config.sections.experiment import Call
from dlcli.errors import UserError
from tests.compare.plan.rated import optimizer

FOUR_DECADES = RateRange(1e-3, 1e1, "")


def test_a_grid_of_half_decades():
    assert grid(FOUR_DECADES, 0.5) == (
        0.001, 0.00316, 0.01, 0.0316, 0.1, 0.316, 1.0, 3.16, 10.0,
    )  # fmt: skip
    assert len(grid(FOUR_DECADES, 0.25)) == 17


def test_a_grid_of_a_number_of_rates_spans_the_range():
    assert spread_grid(FOUR_DECADES, 5) == (0.001, 0.01, 0.1, 1.0, 10.0)
    assert spread_grid(RANGES["Adagrad"], 5)[-1] == 1.0


def test_an_optimizer_that_finds_its_step_itself_is_tried_at_a_rate_of_one():
    assert rate_range(optimizer("Prodigy")).is_point
    assert default_rate(optimizer("Prodigy")) == rate_range(optimizer("Prodigy")).low == 1.0


def test_an_unknown_optimizer_is_searched_around_its_default():
    found = rate_range(optimizer("Other"))
    assert (found.low, found.high) == (1e-5, 1e-1)


def test_thinning_keeps_both_ends():
    rates = grid(FOUR_DECADES, 0.5)
    assert thinned(rates, 3) == (0.001, 0.1, 10.0)
    assert thinned(rates, 1) == (0.1,)
    assert thinned(rates, 99) == rates


def test_a_rate_replaces_what_was_written():
    assert with_rate(optimizer(momentum=0.9), 0.1).arguments == {
        "momentum": 0.9,
        "learning_rate": 0.1,
    }
    assert fixed_rate(optimizer(learning_rate=0.5)) == 0.5
    assert fixed_rate(optimizer()) is None


def schedule(name, **arguments):
    return Call("schedules", name, arguments)


def test_a_schedule_keeps_its_shape_and_gets_a_new_peak():
    cosine = schedule("CosineDecay", initial_learning_rate=0.0, decay_steps=9, warmup_target=0.2)
    assert peak(cosine) == 0.2
    scaled = with_rate(optimizer(learning_rate=cosine), 0.1).arguments["learning_rate"]
    assert scaled.arguments["warmup_target"] == pytest.approx(0.1)
    assert scaled.arguments["initial_learning_rate"] == 0.0
    assert scaled.arguments["decay_steps"] == 9


def test_the_values_of_a_piecewise_schedule_are_scaled_together():
    steps = schedule("PiecewiseConstantDecay", boundaries=(2,), values=(0.4, 0.1))
    scaled = with_rate(optimizer(learning_rate=steps), 1.0).arguments["learning_rate"]
    assert scaled.arguments["values"] == pytest.approx((1.0, 0.25))


@pytest.fixture
def own_schedule():
    """Have a plugin's schedule in the catalogue."""
    number = {"types": [{"name": "number"}]}
    arguments = {"steps": number, "peak_learning_rate": number, "final_learning_rate": number}
    module = f"{plugins.PREFIX}own"
    kinds = {"schedules": {"Wave": {"module": module, "arguments": arguments}}}
    plugins.activate_found([plugins.Plugin("own", module, "own.py", "digest", b"", kinds)])
    yield "Wave"
    plugins.deactivate()


def test_a_plugin_s_schedule_is_scaled_where_its_arguments_are_rates_by_name(own_schedule):
    wave = schedule(own_schedule, steps=100, peak_learning_rate=0.1, final_learning_rate=0.01)
    scaled = with_rate(optimizer(learning_rate=wave), 1.0).arguments["learning_rate"]
    assert scaled.arguments == {
        "steps": 100, "peak_learning_rate": 1.0, "final_learning_rate": pytest.approx(0.1)
    }  # fmt: skip


def test_a_plugin_s_schedule_without_a_rate_cannot_be_searched(own_schedule):
    with pytest.raises(UserError, match="no learning rate can be searched under Wave"):
        with_rate(optimizer(learning_rate=schedule(own_schedule, steps=3)), 1.0)


def test_an_end_that_nobody_wrote_is_scaled_too():
    decay = schedule("PolynomialDecay", initial_learning_rate=0.1, decay_steps=5)
    scaled = with_rate(optimizer(learning_rate=decay), 1.0).arguments["learning_rate"]
    assert scaled.arguments["end_learning_rate"] == pytest.approx(1e-3)


def test_the_table_of_schedules_is_that_of_keras():
    for name in load_catalogue().names("schedules"):
        entry = load_catalogue().find("schedules", name)
        if not entry.refused:
            rates = {a.name for a in entry.arguments}
            arguments = {"values": (0.5, 0.1)} if "values" in rates else {
                "initial_learning_rate": 0.5
            }  # fmt: skip
            assert peak(schedule(name, **arguments)) == 0.5


def test_rates_are_rounded_as_people_write_them():
    assert tidy(10**-2.5) == 0.00316
    assert math.isclose(tidy(1.0000001), 1.0)
