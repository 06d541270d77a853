"""What a comparison consists of before anything is trained."""

from __future__ import annotations

import pytest

from dlcli.compare.plan.candidates import describe_call
from dlcli.compare.plan.plan import budget_seconds, within_budget
from dlcli.config.sections.experiment import Call
from dlcli.errors import UserError
from tests.compare.made import plan


def names(made):
    return [candidate.name for candidate in made.candidates]


def test_the_standard_plan():
    made = plan()
    assert names(made) == [
        "SGD", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "AdamW", "Lion",
    ]  # fmt: skip
    assert {len(c.rates) for c in made.candidates} == {7, 9}
    assert len(made.seeds) == 10
    assert (made.searches, made.split, made.tune) == (1, "resample", "each")
    assert made.planned == 70 + 8 * 9 * 3
    assert all(c.step == 0.5 for c in made.candidates)


def test_presets():
    quick, full = plan("compare: {preset: quick}"), plan("compare: {preset: full}")
    assert (len(quick.candidates), len(quick.seeds)) == (6, 3)
    assert {len(c.rates) for c in quick.candidates} == {5}
    assert len(full.seeds) == 20
    assert full.candidates[0].step == 0.25


def test_tuned_once_a_later_replication_is_a_single_trial():
    assert plan("compare: {tune: once}").planned == 70 + 8 * 9


def test_no_replications_make_a_plain_grid():
    made = plan("compare: {seeds: 0, search_seeds: 3}")
    assert made.is_grid
    assert (len(made.seeds), made.planned) == (3, 3 * 70)
    assert not plan().is_grid


@pytest.mark.parametrize("preset", ["quick", "standard", "full"])
def test_an_optimizer_that_finds_its_step_itself_is_tried_at_one_rate_which_is_said(preset):
    made = plan(f"compare: {{preset: {preset}, optimizers: [Adam, Prodigy, SOAP]}}")
    adam, prodigy, soap = made.candidates
    assert prodigy.rates == (1.0,)
    assert (prodigy.step, prodigy.extensions) == (None, 0)
    assert len(soap.rates) == len(adam.rates)
    assert made.notes == ("Prodigy finds its step size itself: no rate is searched, it stays 1",)


def test_a_rate_that_is_written_is_no_rate_that_was_found():
    made = plan("compare: {optimizers: [Adam, {Prodigy: {learning_rate: 0.5}}]}")
    assert made.notes == ("Prodigy is tried at one rate only: nothing is searched",)


def test_more_seeds_begin_with_the_same_ones():
    assert plan("compare: {seeds: 9}").seeds[:3] == plan("compare: {seeds: 3}").seeds


def test_candidates_have_labels_arguments_and_rates_of_their_own():
    made = plan(
        "compare:\n  optimizers:\n    - {SGD: {momentum: 0.9}}\n"
        "    - {SGD: {momentum: 0.5}, label: half, learning_rates: [1e-1, 1e-2]}\n"
        "    - {Adam: {learning_rate: 3e-3}}"
    )
    assert names(made) == ["SGD(momentum=0.9)", "half", "Adam"]
    assert made.candidates[1].rates == (0.01, 0.1)
    assert made.candidates[1].step is None
    assert made.candidates[2].rates == (0.003,)
    assert any("Adam is tried at one rate only" in note for note in made.notes)


def test_one_list_of_rates_for_all_is_used_as_it_is():
    made = plan("compare: {learning_rates: [0.1, 0.01, 0.1]}")
    assert {c.rates for c in made.candidates} == {(0.01, 0.1)}
    assert all(c.extensions == 0 for c in made.candidates)


def test_a_schedule_is_part_of_a_candidate_and_its_peak_is_searched():
    made = plan(
        "compare:\n  optimizers:\n    - SGD: {learning_rate: {CosineDecay: "
        "{initial_learning_rate: 0.1, decay_steps: $steps_per_epoch}}}"
    )
    (candidate,) = made.candidates
    assert candidate.name == "SGD(CosineDecay(initial_learning_rate=0.1, decay_steps=4))"
    assert len(candidate.rates) == 9
    assert candidate.default_rate is None


def test_initializers_are_crossed_with_optimizers():
    made = plan("compare: {optimizers: [SGD, Adam], initializers: [HeNormal, GlorotUniform]}")
    assert names(made) == [
        "SGD · HeNormal", "SGD · GlorotUniform", "Adam · HeNormal", "Adam · GlorotUniform",
    ]  # fmt: skip
    first = made.candidates[0]
    dense, wrapped, _ = first.config.model.layers
    assert dense.call.arguments["kernel_initializer"].name == "HeNormal"
    inner = wrapped.call.arguments["layer"]
    assert inner.arguments["kernel_initializer"].name == "HeNormal"
    assert "recurrent_initializer" not in inner.arguments
    assert made.candidates[0].program == made.candidates[1].program
    assert made.candidates[0].program != made.candidates[2].program


def test_two_candidates_of_one_name_need_labels():
    with pytest.raises(UserError, match="two candidates are called 'SGD'"):
        plan("compare: {optimizers: [SGD, SGD]}")


@pytest.mark.parametrize("budget", [8, 24, 40, 80, 120, 200])
def test_a_budget_is_kept_and_what_is_left_out_is_said(budget):
    made = plan(f"compare: {{budget: {budget}}}")
    assert made.planned <= budget
    assert len({len(c.rates) for c in made.candidates if len(c.rates) < 7}) <= 1
    assert all(c.step is None or c.extensions for c in made.candidates)
    assert made.seeds
    (note,) = made.notes
    assert note.startswith(f"a budget of {budget} trials is less than the plan's 286: it tries ")


@pytest.mark.parametrize(
    ("budget", "rates", "replications", "ranks"),
    [(8, 1, 1, False), (16, 2, 1, False), (24, 3, 1, True), (48, 3, 2, True), (120, 3, 5, True)],
)
def test_a_search_of_fewer_than_three_rates_ranks_nothing(budget, rates, replications, ranks):
    made = plan(f"compare: {{budget: {budget}}}")
    assert {len(c.rates) for c in made.candidates} == {rates}
    assert len(made.seeds) == replications
    assert (not made.unranked) == ranks


def test_a_plan_knows_what_its_budget_leaves_of_what_was_asked_for():
    made = plan("compare: {budget: 120}").allowance
    assert (made.budget, made.replications, made.rates, made.left, made.what) == (
        "120 trials", 10, 9, 3, "learning rates",
    )  # fmt: skip
    whole = plan("compare: {budget: 1000}").allowance
    assert (whole.rates, whole.left) == (9, 9)
    assert plan().allowance is None


def test_rates_that_were_given_are_not_too_few():
    made = plan("compare: {optimizers: [SGD, Adam], learning_rates: [0.1, 0.01], budget: 10}")
    assert not made.unranked
    assert made.planned == 8


def test_a_large_budget_changes_nothing_but_bounds_the_extensions():
    made = plan("compare: {budget: 1000}")
    assert made.planned == 286
    assert not made.notes
    tight = within_budget(plan(), 296)
    assert {c.extensions for c in tight.candidates} == {1, 3}


def test_as_many_replications_as_it_takes_are_planned_up_to_forty():
    made = plan("compare: {seeds: auto}")
    assert (len(made.seeds), made.looks) == (40, (10, 20, 40))
    assert made.seeds[:10] == plan().seeds
    assert made.planned == 70 + 8 * 39 * 3
    assert plan().looks == ()
    assert not plan("compare: {seeds: auto, preset: quick}").unranked


def test_of_as_many_as_it_takes_a_budget_cuts_replications_before_rates():
    made = plan("compare: {seeds: auto, budget: 400}")
    assert {len(c.rates) for c in made.candidates} == {7, 9}
    assert (len(made.seeds), made.looks) == (13, (10, 13))
    assert {c.extensions for c in made.candidates} == {4}
    assert made.planned <= 400
    (note,) = made.notes
    assert note.endswith("the plan's 1006: it makes 13 instead of 40 replications")
    tight = plan("compare: {seeds: auto, budget: 120}")
    assert (len(tight.candidates[0].rates), tight.looks) == (3, (5,))


@pytest.mark.parametrize("count", [11, 40])
def test_more_searches_than_there_are_before_the_first_look_are_refused(count):
    with pytest.raises(UserError, match="looks after 10 replications") as caught:
        plan(f"compare: {{seeds: auto, search_seeds: {count}}}")
    assert caught.value.remedy == "Set search_seeds to 10 or less, or give a number of seeds."
    assert plan("compare: {seeds: auto, search_seeds: 10}").searches == 10


def test_a_budget_below_a_trial_of_each_is_refused():
    with pytest.raises(UserError, match="too small") as caught:
        plan("compare: {budget: 7}")
    assert "at least 8" in caught.value.remedy
    assert plan("compare: {budget: 8, seeds: 0}").planned == 8


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400)])
def test_budgets_of_time(text, seconds):
    assert budget_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "ten", "10", "-3m", "0s", "3d"])
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(UserError, match="is not a budget"):
        budget_seconds(text)


def test_a_call_is_described_as_people_write_it():
    assert describe_call(Call("optimizers", "Adam", {"learning_rate": 0.1})) == "Adam"
    assert describe_call(Call("optimizers", "Adam", {"beta_1": 0.5})) == "Adam(beta_1=0.5)"
