"""What a budget of time leaves of a plan."""

from __future__ import annotations

import pytest

from dlcli.comparing import estimated_seconds, within_time
from dlcli.comparison.records import Measurement
from dlcli.errors import UserError
from tests.comparison.made import EPOCHS, plan

TWO = "compare: {optimizers: [SGD, Adam], seeds: 6}"


def measured(made, epoch=0.25):
    shared = Measurement(compiling=1.0, epoch=epoch, evaluation=0.0)
    return dict.fromkeys(range(len(made.contenders)), shared)


def test_the_estimate_counts_every_epoch_and_divides_by_the_jobs():
    made = plan(TWO)
    trials = 18 + 12
    assert estimated_seconds(made, measured(made), 1) == 1.0 + trials * EPOCHS * 0.25
    assert estimated_seconds(made, measured(made), 2) == (1.0 + trials * EPOCHS * 0.25) / 2


def test_a_plan_that_fits_is_left_as_it_is():
    made = plan(TWO)
    assert within_time(made, measured(made), 1, 60) is made


def test_a_plan_that_does_not_fit_is_cut_alike_for_all():
    made = plan(TWO)
    cut = within_time(made, measured(made), 1, 20)
    assert estimated_seconds(cut, measured(cut), 1) <= 20
    assert len({len(c.rates) for c in cut.contenders}) == 1
    assert cut.seeds
    assert "leaves out" in cut.notes[-1]


def test_a_time_too_short_for_anything_is_told_in_seconds():
    made = plan(TWO)
    with pytest.raises(UserError, match="the 1 s left are too short for 2 candidates") as caught:
        within_time(made, measured(made), 1, 1)
    assert "about 31 s" in caught.value.remedy
