"""Each optimizer does what independent implementations of it do, step by step."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlcli import optimizers
from tests.optimizers.reference.make import RUNS
from tests.optimizers.reference.problem import CASES, KEPT, STEPS, Gradients, start, sums

if TYPE_CHECKING:
    from tests.optimizers.reference.problem import Case

ALIKE = 1e-5


@cache
def witnessed() -> dict[str, np.ndarray]:
    """Return what `make.py` has kept."""
    with np.load(RUNS, allow_pickle=False) as content:
        return {name: content[name] for name in content.files}


def run(case: Case, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums after each step, and the weights after some and, if asked for, averaged."""
    made = getattr(optimizers, case.optimizer)(**case.settings)
    variables = [keras.Variable(w, dtype=dtype) for w in start()]
    made.build(variables)
    apply = tf.function(lambda found: made.apply(found, variables), autograph=False)
    gradients, every, kept = Gradients(), [], []
    for step in range(STEPS):
        held = [v.numpy() for v in variables]
        apply([tf.constant(g, dtype) for g in gradients(step, held)])
        every.append(sums([v.numpy() for v in variables]))
        if step + 1 in KEPT:
            kept.append(flat(variables))
    if case.witness == "schedulefree":
        made.finalize_variable_values(variables)
        kept.append(flat(variables))
    return np.array(every), np.array(kept)


def flat(variables: list[Any]) -> np.ndarray:
    return np.concatenate([v.numpy().ravel() for v in variables])


def off(made: np.ndarray, wanted: np.ndarray) -> float:
    """Return the largest difference as a share of the numbers' own size."""
    return float(np.max(np.abs(made - wanted)) / np.sqrt(np.mean(np.square(wanted))))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hundred_steps_are_those_of_an_independent_implementation(case: Case):
    every, kept = run(case, "float64")
    assert off(every, witnessed()[f"{case.name}: sums"]) < ALIKE
    assert off(kept, witnessed()[f"{case.name}: weights"]) < ALIKE


SEEN = [case for case in CASES if not case.begins_in_the_dark]


@pytest.mark.slow
@pytest.mark.parametrize("case", SEEN, ids=lambda case: case.name)
def test_in_single_precision_a_hundred_steps_are_the_same(case: Case):
    every, kept = run(case, "float32")
    assert off(every, witnessed()[f"{case.name}: sums"]) < ALIKE
    assert off(kept, witnessed()[f"{case.name}: weights"]) < ALIKE


def test_every_optimizer_has_a_witness_with_weight_decay_and_without():
    decayed = {case.optimizer for case in CASES if case.settings.get("weight_decay")}
    plain = {case.optimizer for case in CASES if not case.settings.get("weight_decay")}
    assert decayed == plain == set(optimizers.__all__)


def test_the_witnesses_have_moved_far_from_the_start():
    begun = np.concatenate([w.ravel() for w in start()])
    for case in CASES:
        assert off(witnessed()[f"{case.name}: weights"][-1], begun) > 1e-3, case.name
