"""A trial's key changes with all that decides its result, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlcli.catalogue import plugins
from dlcli.compare.plan import fingerprint
from dlcli.compare.plan.fingerprint import TrialKeys, problems_key
from dlcli.compare.plan.plan import make_plan
from dlcli.compare.plan.records import Trial
from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.experiment import Call, CompareConfig, InputConfig
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import Source
from tests.compare.made import ACCURACY, plan
from tests.helpers import SMALL

VERSIONS = {"keras": "3", "tensorflow": "2"}
TRIAL = Trial(1, 0.01, 7)
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


def test_what_a_config_ignores_decides_nothing():
    made = plan(TWO)
    problem = made.problems[0]
    layers = tuple(replace(lay, ignore=("linear-stack",)) for lay in problem.config.model.layers)
    silent = replace(
        problem.config,
        ignore=("learning-rate-range",),
        model=replace(problem.config.model, layers=layers),
    )
    settings = problem.config.compare
    other = make_plan([replace(problem, config=silent)], settings, made.score, made.target)
    assert key(other) == key(made)
    assert problems_key(other, VERSIONS) == problems_key(made, VERSIONS)


@pytest.mark.parametrize(
    "trial",
    [
        replace(TRIAL, rate=0.02), replace(TRIAL, seed=8), replace(TRIAL, candidate=0),
    ],
    ids=str,
)  # fmt: skip
def test_rate_seed_and_optimizer_decide(trial):
    assert key(plan(TWO), trial) != key(plan(TWO))


@pytest.mark.parametrize(
    "sections",
    [
        {"data": {"batch_size": 8}}, {"data": {"validation": 0.3}}, {"fit": {"epochs": 9}},
        {"fit": {"shuffle": False}}, {"fit": {"class_weight": "balanced"}},
        {"fit": {"mixed_precision": True}}, {"data": {"bucketing": True}},
        {"model": {"inputs": (InputConfig("input", dtype="float16"),)}},
        {"compile": {"loss": Call("losses", "Poisson")}},
    ],
    ids=str,
)  # fmt: skip
def test_data_and_fit_decide(sections):
    made = plan(TWO)
    assert key(changed(made, **sections)) != key(made)
    assert problems_key(changed(made, **sections), VERSIONS) != problems_key(made, VERSIONS)


def test_two_dtypes_of_a_lone_input_are_two_problems():
    made = plan(TWO)
    keys = {
        key(changed(made, model={"inputs": (InputConfig("input", dtype=dtype),)}))
        for dtype in (None, "float16", "float32")
    }
    assert len(keys) == 3


def test_trials_of_older_versions_keep_their_keys():
    """These are the keys of this protocol; a key that is new in the grammar must be `quiet`."""
    assert key(plan(TWO)) == "aff7446f7761d52f621e"
    assert problems_key(plan(TWO), VERSIONS) == "b2feba65de0f413ac5c6"


def test_arguments_initializers_versions_and_the_seed_of_the_split_decide():
    base = key(plan(TWO))
    assert key(plan("compare: {optimizers: [SGD, {Adam: {beta_1: 0.5}}]}")) != base
    he = "compare: {optimizers: [SGD, Adam], initializers: [HeNormal]}"
    assert key(plan(he)) != base
    assert key(plan(TWO), versions={**VERSIONS, "keras": "4"}) != base
    made = plan(TWO)
    problem = replace(made.problems[0], config=replace(made.problems[0].config, seed=5))
    assert key(make_plan([problem], problem.config.compare, ACCURACY, None)) != base


@pytest.mark.parametrize("changed", ["split: official", "seeds: 0"])
def test_how_examples_are_split_decides(changed):
    made, base = plan(TWO.replace("}", f", {changed}}}")), plan(TWO)
    assert key(made) != key(base)
    assert problems_key(made, VERSIONS) != problems_key(base, VERSIONS)


def test_how_rates_are_tuned_does_not_decide():
    assert key(plan(TWO.replace("}", ", tune: once, margin: 0.1}"))) == key(plan(TWO))


def test_a_plugin_s_code_decides_for_the_trials_that_use_it_alone():
    entries = {
        "optimizers": {"Mine": {"arguments": {"learning_rate": {"types": [], "default": 1}}}}
    }
    text = "compare: {optimizers: [Mine, Adam]}"
    keys = []
    for digest in ("first", "second"):
        module = plugins.PREFIX + "own"
        kinds = {"optimizers": {"Mine": {**entries["optimizers"]["Mine"], "module": module}}}
        plugins.activate_found([plugins.Plugin("own", module, "own.py", digest, b"", kinds)])
        made = plan(text)
        assert made.problems[0].config.plugins == ("own",)
        keys.append(
            (key(made, replace(TRIAL, candidate=0)), key(made), problems_key(made, VERSIONS))
        )
        plugins.deactivate()
    (mine, adam, folder), (other, same, again) = keys
    assert mine != other
    assert adam == same == key(plan(TWO))
    assert folder == again == problems_key(plan(TWO), VERSIONS)


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


def test_neither_the_place_in_the_config_nor_files_of_callbacks_nor_orders_decide():
    decay = "{initial_learning_rate: 1, decay_steps: 9, decay_rate: 0.5}"
    schedule = f"{{SGD: {{learning_rate: {{ExponentialDecay: {decay}}}}}}}"
    first = plan(f"compare: {{optimizers: [{schedule}, Adam]}}")
    second = plan(f"compare: {{optimizers: [Adam, {schedule}]}}")
    assert key(first, replace(TRIAL, candidate=0)) == key(second, TRIAL)
    assert first.candidates[0].program == second.candidates[1].program
    made = plan(TWO)
    logger = Call("callbacks", "CSVLogger", {"filename": "log.csv"})
    assert key(changed(made, fit={"callbacks": (logger,)})) == key(made)
    stopping = Call("callbacks", "EarlyStopping", {"patience": 2})
    assert key(changed(made, fit={"callbacks": (stopping,)})) != key(made)
    problem = replace(made.problems[0], metrics=("f1", "accuracy"))
    turned = replace(problem, metrics=("accuracy", "f1"))
    settings = problem.config.compare
    plans = [make_plan([p], settings, ACCURACY, None) for p in (problem, turned)]
    assert key(plans[0]) == key(plans[1])


def test_where_own_files_lie_does_not_decide(tmp_path):
    keys = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.npz"
        np.savez(path, x=np.ones(3))
        source = Source("npz", {"path": str(path)})
        keys.append(key(changed(plan(TWO), data={"source": source})))
    assert keys[0] == keys[1]


def test_the_content_of_a_folder_decides_and_words_that_are_no_paths_do_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = tmp_path / "texts"
    for label in ("a", "b"):
        (texts / label).mkdir(parents=True)
        for i in range(3):
            (texts / label / f"{i}.txt").write_text(f"{label} {i}")
    (tmp_path / "text").write_text("a file that is called like the option's default")

    def of(folder, **options):
        source = Source("text", {"path": str(folder), **options})
        return key(changed(plan(TWO), data={"source": source}))

    first = of(texts, text="text")
    assert of(texts, text="texts") != first  # both are there, and neither is a path
    texts.rename(tmp_path / "elsewhere")
    assert of(tmp_path / "elsewhere", text="text") == first
    (tmp_path / "elsewhere" / "a" / "0.txt").write_text("other")
    assert of(tmp_path / "elsewhere", text="text") != first


def test_only_trials_with_a_normalization_are_another_since_it_does_another_thing(monkeypatch):
    plain = plan(TWO)
    first = parse_config(Text("small.yaml", SMALL)).model.layers[0]
    layers = (first, *plain.problems[0].config.model.layers)
    normalized = changed(plain, model={"layers": layers})
    before = key(plain), key(normalized)
    monkeypatch.setattr(fingerprint, "NORMALIZATION", 99)
    assert key(plain) == before[0]
    assert key(normalized) != before[1]
