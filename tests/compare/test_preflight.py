"""What a budget of time leaves of a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlcli.compare.plan.plan import budget_seconds
from dlcli.compare.plan.records import Measurement
from dlcli.compare.preflight import check, estimated_seconds, shown_duration, within_time
from dlcli.errors import UserError, WorkError
from dlcli.parallel import Done
from tests.compare.made import EPOCHS, plan

TWO = "compare: {optimizers: [SGD, Adam], seeds: 6}"
TRIALS = 18 + 2 * 5 * 3


def measured(made, epoch=0.25):
    shared = Measurement(compiling=1.0, epoch=epoch, evaluation=0.0)
    return dict.fromkeys(range(len(made.candidates)), shared)


class Failing:
    """Fails at every check."""

    def __init__(self, **how):
        self.how, self.tasks = how, []

    def submit(self, task, _group):
        self.tasks.append(task)

    def next_done(self):
        return Done(self.tasks.pop(), None, "no", **self.how)


@pytest.mark.parametrize("how", [{"crashed": True}, {"out_of_memory": True}])
def test_a_check_that_dies_or_finds_no_memory_is_not_the_configs_fault(how):
    with pytest.raises(WorkError, match="made cannot be trained: no") as caught:
        check(plan(TWO), Failing(**how), 1)
    assert "--jobs" in caught.value.remedy


def test_a_check_that_fails_otherwise_is_the_configs_fault():
    with pytest.raises(UserError, match="made cannot be trained: no") as caught:
        check(plan(TWO), Failing(), 1)
    assert "fit the data" in caught.value.remedy


def test_the_estimate_counts_every_epoch_and_divides_by_the_jobs():
    made = plan(TWO)
    assert estimated_seconds(made, measured(made), 1) == 1.0 + TRIALS * EPOCHS * 0.25
    assert estimated_seconds(made, measured(made), 2) == (1.0 + TRIALS * EPOCHS * 0.25) / 2


def test_a_plan_that_fits_is_left_as_it_is():
    made = plan(TWO)
    whole = within_time(made, measured(made), 1, "90s")
    assert replace(whole, allowance=None) == made
    assert (whole.allowance.budget, whole.allowance.left) == ("90s", whole.allowance.rates)


def test_a_plan_that_does_not_fit_has_fewer_rates_and_keeps_its_replications():
    made = plan(TWO)
    cut = within_time(made, measured(made), 1, "40s")
    assert len({len(c.rates) for c in cut.candidates}) == 1
    assert len(cut.candidates[0].rates) < len(made.candidates[0].rates)
    assert cut.seeds == made.seeds
    assert cut.allowance.budget == "40s"
    assert cut.allowance.left == len(cut.candidates[0].rates) < cut.allowance.rates
    assert cut.allowance.replications == len(made.seeds)


def test_what_a_budget_can_tell_is_said_with_what_would_do():
    made = plan(TWO)
    (note,) = within_time(made, measured(made), 1, "20s").notes
    told, _, enough = note.partition("; about ")
    assert told == (
        "20s are enough for about 1 replication of 6, with up to 3 learning rates: too few to "
        "tell two candidates apart"
    )
    notes = within_time(made, measured(made), 1, enough.removesuffix(" would do")).notes
    assert not notes or "too few" not in notes[0]


def test_the_same_budget_plans_the_same_each_time():
    made = plan(TWO)
    first = within_time(made, measured(made), 1, "30s")
    assert within_time(made, measured(made), 1, "30s") == first


def test_a_time_too_short_for_anything_names_one_that_would_do():
    made = plan(TWO)
    with pytest.raises(UserError, match="9s are too short for 2 candidates") as caught:
        within_time(made, measured(made), 1, "9s")
    shortest = caught.value.remedy.split()[3]
    assert shortest == "15s"
    assert within_time(made, measured(made), 1, shortest).candidates[0].rates


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.1, "15s"), (90, "2m"), (330, "6m"), (5400, "2h")]
)
def test_durations_are_written_as_a_budget_is(seconds, text):
    assert shown_duration(seconds) == text
    assert budget_seconds(text) >= seconds


def test_as_many_replications_as_it_takes_are_at_most_those_that_the_time_is_enough_for():
    made = plan(TWO.replace("6", "auto"))
    cut = within_time(made, measured(made), 1, "2m")
    assert {len(c.rates) for c in cut.candidates} == {9}
    assert cut.looks == (10, 13)
    assert any("enough for about 13 replications of 40" in note for note in cut.notes)
    assert within_time(made, measured(made), 1, "1h").seeds == made.seeds
