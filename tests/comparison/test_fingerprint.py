"""A trial's key changes with all that decides its result, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcli.comparison.fingerprint import TrialKeys, problems_key
from dlcli.comparison.plan import make_plan
from dlcli.comparison.records import Trial
from dlcli.config.experiment import CompareConfig
from dlcli.data.description import Source
from tests.comparison.made import ACCURACY, plan

VERSIONS = {"keras": "3", "tensorflow": "2"}
TRIAL = Trial(1, 0.01, 7, "confirm")
TWO = "compare: {optimizers: [SGD, Adam]}"


def key(made, trial=TRIAL, versions=VERSIONS):
    return TrialKeys(made, versions)(trial)


def changed(made, **sections):
    """Return the plan with the problem's config changed."""
    problem = made.problems[0]
    config = replace(
        problem.config,
        **{name: replace(getattr(problem.config, name), **v) for name, v in sections.items()},
    )
    settings = problem.config.compare or CompareConfig()
    return make_plan([replace(problem, config=config)], settings, made.score, made.target)


def test_the_same_trial_has_the_same_key_whatever_is_compared_with_it():
    base = key(plan(TWO))
    assert key(plan(TWO)) == base
    assert key(plan("compare: {optimizers: [Lion, Adam], seeds: 3}")) == base
    assert key(plan("compare: {optimizers: [SGD, {Adam: {}, label: mine}]}")) == base
    assert key(plan(TWO, names=("other",))) == base
    assert key(plan(TWO), versions=dict(reversed(VERSIONS.items()))) == base


@pytest.mark.parametrize(
    "trial",
    [
        replace(TRIAL, rate=0.02), replace(TRIAL, seed=8), replace(TRIAL, stage="search"),
        replace(TRIAL, contender=0),
    ],
    ids=str,
)  # fmt: skip
def test_rate_seed_stage_and_optimizer_decide(trial):
    assert key(plan(TWO), trial) != key(plan(TWO))


@pytest.mark.parametrize(
    "sections",
    [
        {"data": {"batch_size": 8}}, {"data": {"validation": 0.3}}, {"fit": {"epochs": 9}},
        {"fit": {"shuffle": False}}, {"fit": {"class_weight": "balanced"}},
        {"fit": {"mixed_precision": True}},
    ],
    ids=str,
)  # fmt: skip
def test_data_and_fit_decide(sections):
    made = plan(TWO)
    assert key(changed(made, **sections)) != key(made)
    assert problems_key(changed(made, **sections), VERSIONS) != problems_key(made, VERSIONS)


def test_arguments_initialisers_versions_and_the_seed_of_the_split_decide():
    base = key(plan(TWO))
    assert key(plan("compare: {optimizers: [SGD, {Adam: {beta_1: 0.5}}]}")) != base
    he = "compare: {optimizers: [SGD, Adam], initializers: [HeNormal]}"
    assert key(plan(he)) != base
    assert key(plan(TWO), versions={**VERSIONS, "keras": "4"}) != base
    made = plan(TWO)
    problem = replace(made.problems[0], config=replace(made.problems[0].config, seed=5))
    assert key(make_plan([problem], problem.config.compare, ACCURACY, None)) != base


def test_the_content_of_own_files_decides_not_their_time(tmp_path):
    path = tmp_path / "own.npz"

    def of(content):
        np.savez(path, x=np.full(3, content))
        return key(changed(plan(TWO), data={"source": Source("npz", {"path": str(path)})}))

    assert of(1.0) == of(1.0)
    assert of(1.0) != of(2.0)


def test_what_is_compared_does_not_decide_the_folder():
    narrow, wide = plan(TWO), plan("compare: {preset: full, seeds: 3}")
    assert problems_key(narrow, VERSIONS) == problems_key(wide, VERSIONS)
