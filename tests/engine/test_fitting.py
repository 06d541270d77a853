"""Trials that go through Keras's own `fit` come to what compiled epochs come to."""

from __future__ import annotations

import numpy as np
import pytest

from dlcli.config.sections.experiment import Call
from dlcli.engine import compilation, feeding
from dlcli.engine.fitting import FittedProgram, make_program
from dlcli.engine.program import Network, Program
from tests.engine.draws import draw_of
from tests.engine.test_program import (
    DENSE,
    EPOCHS,
    MODELS,
    NAMES,
    RATE,
    assert_same,
    by_fit,
    by_program,
    fit_anew,
    noise,
    read,
)

pytestmark = pytest.mark.slow

ADAM = Call("optimizers", "Adam", {"learning_rate": 1.0})


@pytest.fixture
def large(monkeypatch):
    """Have every data set count as too large to be held twice."""
    monkeypatch.setattr(feeding, "RESIDENT_SHARE", 0.0)


def layers_of(name):
    shape, layers = MODELS[name]
    lines = [*layers, "Dense: {units: 3, activation: softmax}"]
    return "\n".join(f"    - {{{line}}}" for line in lines), noise(shape)


@pytest.mark.parametrize("name", NAMES)
def test_models(monkeypatch, name):
    text, dataset = layers_of(name)
    config = read(text, dataset, optimizer=f"{{Adam: {{learning_rate: {RATE}}}}}")
    wanted = by_fit(config, dataset)
    monkeypatch.setattr(feeding, "RESIDENT_SHARE", 0.0)
    program = make_program(Network(config, draw_of(dataset)), ADAM)
    assert isinstance(program, FittedProgram)
    assert program.network.obstacle == "the training data do not fit in memory twice"
    program.warm_up()
    by_program(program, config, 17, 0.3)
    assert_same(by_program(program, config, config.seed, RATE), wanted)


def test_fit_gives_what_compiled_epochs_give_with_class_weights_and_a_schedule(monkeypatch):
    dataset = noise((5,))
    extra = "fit: {class_weight: {'0': 3, '2': 0.2}}\n"
    config = read(DENSE, dataset, extra=extra)
    decay = Call(
        "schedules",
        "ExponentialDecay",
        {"initial_learning_rate": 1.0, "decay_steps": 2, "decay_rate": 0.5},
    )
    optimizer = Call("optimizers", "SGD", {"learning_rate": decay, "use_ema": True})
    fast = make_program(Network(config, draw_of(dataset)), optimizer)
    assert type(fast) is Program
    monkeypatch.setattr(feeding, "RESIDENT_SHARE", 0.0)
    slow = make_program(Network(config, draw_of(dataset)), optimizer)
    assert type(slow) is FittedProgram
    assert_same(by_program(slow, config, 4, 0.1), by_program(fast, config, 4, 0.1))


def test_programs_of_one_network_take_turns(large):
    dataset = noise((5,))
    config = read(DENSE, dataset)
    network = Network(config, draw_of(dataset))
    sgd = make_program(network, Call("optimizers", "SGD", {"learning_rate": 1.0}))
    adam = make_program(network, ADAM)
    first = by_program(sgd, config, 3, 0.1)
    by_program(adam, config, 3, 0.1)
    # A trial hands the optimizer to the model, which must not look as if it were compiled.
    network.model.optimizer = sgd.optimizer
    assert_same(by_program(sgd, config, 3, 0.1), first)


def test_it_stops_at_the_first_loss_that_is_not_finite(large):
    dataset = noise((5,))
    config = read(DENSE, dataset)
    program = make_program(Network(config, draw_of(dataset)), ADAM)
    program.start([np.full_like(v, np.nan) for v in program.network.state()], 0.1)
    assert np.isnan(program.train_epoch(1, 0))
    assert int(program.optimizer.iterations) == 1


def test_float16_scales_its_losses(monkeypatch):
    monkeypatch.setattr(compilation, "_policy", lambda _: "mixed_float16")
    dataset = noise((5,))
    config = read(DENSE, dataset, optimizer=f"{{Adam: {{learning_rate: {RATE}}}}}")
    program = make_program(Network(config, draw_of(dataset)), ADAM)
    assert isinstance(program, FittedProgram)
    assert program.network.obstacle == "float16 needs its losses scaled"
    by_program(program, config, 17, 0.3)
    found = by_program(program, config, config.seed, RATE)
    assert_same(found, fit_anew(config, dataset), tolerance=2e-3)
    assert int(program.optimizer.iterations) == 3 * EPOCHS


@pytest.mark.parametrize("jit", [False, True])
def test_bfloat16_needs_none(jit):
    dataset = noise((5,))
    extra = "fit: {mixed_precision: true}\n"
    config = read(DENSE, dataset, optimizer=f"{{SGD: {{learning_rate: {RATE}}}}}", extra=extra)
    sgd = Call("optimizers", "SGD", {"learning_rate": 1.0})
    program = make_program(Network(config, draw_of(dataset), jit=jit), sgd)
    assert type(program) is Program
    # Seven bits of a fraction: what is rounded otherwise differs by a hundredth.
    tolerance = 1e-2 if jit else 2e-4
    found = by_program(program, config, config.seed, RATE)
    assert_same(found, by_fit(config, dataset), tolerance)


def test_memory_mapped_arrays_are_read_as_they_are_needed(large, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(120, dtype="float32").reshape(40, 3))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    taken = feeding._taker({"a": mapped}, resident=False)
    np.testing.assert_array_equal(taken(np.array([3, 1]))["a"], mapped[[3, 1]])
