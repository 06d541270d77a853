"""A trial of the compiled program equals Keras's own `fit` on the same weights and batches."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from dlcli import engine
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.binding.binding import bind
from dlcli.config.conversion.loading import parse_config
from dlcli.config.sections.experiment import Call
from dlcli.config.yaml.nodes import Text
from dlcli.data.description import DataDescription, Dataset, Split, TensorSpec
from dlcli.engine.program import Network, Program, leave_optimizing_to_xla
from tests.engine.draws import draw_of

pytestmark = pytest.mark.slow

CLASSES = 3
EXAMPLES = 44  # two whole batches of 20 and one of 4
EPOCHS = 2
OPTIMIZERS = [
    name
    for name in load_catalogue().names("optimizers")
    if not load_catalogue().find("optimizers", name).refused and name != "LossScaleOptimizer"
]
RATE = 0.02

DENSE = "\n".join(
    f"    - {layer}"
    for layer in (
        "{Dense: {units: 6, activation: tanh}}",
        "{Dense: {units: 3, activation: softmax}}",
    )
)


@cache
def noise(shape, dtype="float32"):
    """Return a data set with one input of the given shape, and validation and test parts.

    It is the same for all tests, which do not change it.
    """
    rng = np.random.default_rng(1)

    def split(size):
        x = (
            rng.normal(size=(size, *shape))
            if dtype == "float32"
            else rng.integers(0, 9, (size, *shape))
        )
        return Split({"input": x.astype(dtype)}, rng.integers(0, CLASSES, size))

    names = tuple(f"c{i}" for i in range(CLASSES))
    spec = {"input": TensorSpec(shape, dtype)}
    vocabulary = 9 if dtype == "int32" else None
    description = DataDescription(
        "noise", "multiclass", spec, names, (), EXAMPLES, 10, vocabulary_size=vocabulary
    )
    return Dataset(description, split(EXAMPLES), split(13), split(10))


def read(layers, dataset, *, optimizer="SGD", extra=""):
    text = f"data: {{dataset: iris, batch_size: 20}}\ncompile: {{optimizer: {optimizer}}}\n{extra}"
    text += f"model:\n  layers:\n{layers}\n"
    return bind(parse_config(Text("cfg.yaml", text)), dataset.description, train_size=EXAMPLES)


def by_fit(config, dataset):
    """Train with Keras; return the losses and the weights.

    What `fit` makes of a config and data is the same whoever asks, so that it is asked once.
    """
    return once(fit_anew, config, dataset)


_MADE = {}


def once(make, config, dataset, **how):
    """Return what a function makes of a config and a data set, made when it is first asked for."""
    key = make, repr(config), id(dataset), *how.items()
    if key not in _MADE:
        _MADE[key] = dataset, make(config, dataset, **how)
    return _MADE[key][1]


def fit_anew(config, dataset):
    """Train with Keras, whoever asked before; return the losses and the weights."""
    leave_optimizing_to_xla(jit=config.fit.jit is True)
    model = engine.prepare(config, dataset)
    weights = engine.class_weights(config, dataset.train, CLASSES)
    history = model.fit(
        engine.batches(model, dataset.train, config, class_weights=weights),
        epochs=EPOCHS,
        steps_per_epoch=-(-EXAMPLES // 20),
        validation_data=engine.validation_batches(model, dataset.validation, config),
        shuffle=False,
        verbose=0,
    ).history
    return history["loss"], history["val_loss"][-1], model.get_weights()


def by_program(program, config, seed, rate):
    """Train with the program; return the same."""
    network = program.network
    program.start(network.initial_state(config, seed), rate)
    losses = []
    for epoch in range(EPOCHS):
        losses.append(program.train_epoch(seed, epoch))
        validated = network.evaluate(network.draw.parts.validation).loss
    program.finish()
    return losses, validated, network.model.get_weights()


def network_of(config, dataset, *, jit=False):
    """Return a network, the same for all tests and optimizers, whose programs train it in turn."""
    anyones = replace(config.compile, optimizer=Call("optimizers", "SGD", {"learning_rate": 1.0}))
    network = once(_network, replace(config, compile=anyones), dataset, jit=jit)
    leave_optimizing_to_xla(jit=jit)
    return network


def _network(config, dataset, *, jit):
    return Network(config, draw_of(dataset), jit=jit)


def assert_same(found, wanted, tolerance=2e-5):
    np.testing.assert_allclose(found[0], wanted[0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found[1], wanted[1], rtol=tolerance, atol=tolerance)
    for ours, theirs in zip(found[2], wanted[2], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=tolerance)


def check(layers, dataset, name="SGD", arguments=None, extra="", tolerance=2e-5, by=None):
    """Compare a program that has trained something else before with a fresh fit.

    Args:
        layers: Of the network, as YAML.
        dataset: Both train on it.
        name: The optimizer.
        arguments: Its arguments.
        extra: Further sections of the config.
        tolerance: Of losses and weights.
        by: Further sections of the config that `fit` trains by, if they are others.
    """
    given = {"learning_rate": RATE, **(arguments or {})}
    written = "{" + name + ": {" + ", ".join(f"{k}: {v}" for k, v in given.items()) + "}}"
    config = read(layers, dataset, optimizer=written, extra=extra)
    unit = Call("optimizers", name, {**config.compile.optimizer.arguments, "learning_rate": 1.0})
    program = Program(network_of(config, dataset, jit=config.fit.jit is True), unit)
    by_program(program, config, 17, 0.3)
    found = by_program(program, config, config.seed, RATE)
    reference = config if by is None else read(layers, dataset, optimizer=written, extra=by)
    assert_same(found, by_fit(reference, dataset), tolerance)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer(name):
    check(DENSE, noise((5,)), name)


@pytest.mark.parametrize(
    "arguments",
    [
        {"momentum": 0.9, "nesterov": "true"},
        {"clipnorm": 0.1},
        {"clipvalue": 0.01},
        {"global_clipnorm": 0.1},
        {"weight_decay": 0.1},
        {"use_ema": "true", "ema_momentum": 0.5},
        {"use_ema": "true", "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2},
    ],
    ids=str,
)
def test_arguments_of_optimizers(arguments):
    check(DENSE, noise((5,)), "SGD", arguments)


MODELS = {
    "batch normalization": ((5,), ["Dense: {units: 6}", "BatchNormalization: {}"]),
    "dropout": ((5,), ["Dense: {units: 16, activation: relu}", "Dropout: {rate: 0.5}"]),
    "regularizers": (
        (5,),
        [("Dense: {units: 6, kernel_regularizer: {L2: {l2: 0.1}},"
         " activity_regularizer: {L1: {l1: 0.01}}}")],
    ),
    "convolution": (
        (8, 8, 1),
        ["Conv2D: {filters: 4, kernel_size: 3}", "MaxPooling2D: {pool_size: 2}", "Flatten: {}"],
    ),
    "normalization": ((5,), ["Normalization: {}", "Dense: {units: 4}"]),
    "masking": ((6, 2), ["Masking: {mask_value: 0.0}", "LSTM: {units: 4}"]),
    "recurrent dropout": ((6, 2), ["LSTM: {units: 4, dropout: 0.3, recurrent_dropout: 0.3}"]),
    "bidirectional": ((6, 2), ["Bidirectional: {layer: {LSTM: {units: 4}}}"]),
    "simple rnn": ((6, 2), ["SimpleRNN: {units: 4}"]),
}  # fmt: skip

NAMES = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in MODELS]
"""Each in one worker, which asks `fit` once for all tests."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_models(name, optimizer):
    shape, layers = MODELS[name]
    lines = [*layers, "Dense: {units: 3, activation: softmax}"]
    check("\n".join(f"    - {{{line}}}" for line in lines), noise(shape), optimizer)


@pytest.mark.parametrize("name", NAMES)
def test_models_with_xla(name):
    shape, layers = MODELS[name]
    lines = [*layers, "Dense: {units: 3, activation: softmax}"]
    text = "\n".join(f"    - {{{line}}}" for line in lines)
    # A bias before a normalization has no gradient but rounding, which Adam makes whole steps of.
    text = text.replace("Dense: {units: 6}", "Dense: {units: 6, use_bias: false}")
    xla = "fit: {jit: true}\n"
    # XLA draws other numbers for dropout; all else it computes as TensorFlow does without it,
    # whose `fit` is compiled in a fraction of the time.
    by = xla if "dropout" in name else ""
    check(text, noise(shape), "Adam", extra=xla, tolerance=2e-4, by=by)


def test_embedding_with_mask():
    layers = ["Embedding: {input_dim: 9, output_dim: 4, mask_zero: true}", "LSTM: {units: 3}"]
    lines = [*layers, "Dense: {units: 3, activation: softmax}"]
    check("\n".join(f"    - {{{line}}}" for line in lines), noise((7,), "int32"), "Adam")


def test_shared_layers_and_several_outputs():
    layers = """\
    - {Dense: {units: 5, activation: tanh}, id: once}
    - {use: once, id: twice}
    - {Add: {}, from: [once, twice], id: sum}
    - {Dense: {units: 3, activation: softmax}, id: first, from: sum}
    - {Dense: {units: 3, activation: softmax}, id: second, from: once}
  outputs: [first, second]"""
    check(layers, noise((5,)), "Adam")


def test_several_inputs():
    one = noise((5,))
    rng = np.random.default_rng(2)

    def doubled(split):
        extra = rng.normal(size=(split.size, 2)).astype("float32")
        return Split({"left": split.x["input"], "right": extra}, split.y)

    specs = {"left": TensorSpec((5,), "float32"), "right": TensorSpec((2,), "float32")}
    description = DataDescription(
        "two", "multiclass", specs, one.description.classes, (), EXAMPLES, 10
    )
    dataset = Dataset(description, doubled(one.train), doubled(one.validation), doubled(one.test))
    layers = """\
    - {Concatenate: {}, from: [left, right]}
    - {Dense: {units: 3, activation: softmax}}
  inputs: {left: {}, right: {}}"""
    check(layers, dataset, "Adam")


def test_class_weights_and_order_of_the_data():
    check(DENSE, noise((5,)), extra="fit: {class_weight: {'0': 3.0, '2': 0.5}, shuffle: false}\n")


@pytest.mark.parametrize(
    "schedule",
    [
        ("{CosineDecay: {initial_learning_rate: 0.0, decay_steps: 6, warmup_target: 0.2,"
        " warmup_steps: 2}}"),
        "{ExponentialDecay: {initial_learning_rate: 0.2, decay_steps: 2, decay_rate: 0.5}}",
        "{PiecewiseConstantDecay: {boundaries: [2, 4], values: [0.2, 0.1, 0.01]}}",
    ],
)  # fmt: skip
def test_schedules_scale_with_the_rate(schedule):
    dataset = noise((5,))
    config = read(DENSE, dataset, optimizer=f"{{SGD: {{learning_rate: {schedule}}}}}")
    program = Program(network_of(config, dataset), config.compile.optimizer)
    by_program(program, config, 3, 5.0)
    assert_same(by_program(program, config, config.seed, 1.0), by_fit(config, dataset))
    doubled = schedule.replace("0.2", "0.4").replace("0.1,", "0.2,").replace("0.01", "0.02")
    other = read(DENSE, dataset, optimizer=f"{{SGD: {{learning_rate: {doubled}}}}}")
    assert_same(by_program(program, config, config.seed, 2.0), by_fit(other, dataset))


def test_weights_are_averaged_for_a_while_and_put_back():
    dataset = noise((5,))
    config = read(DENSE, dataset)
    averaging = {"learning_rate": 1.0, "use_ema": True, "ema_momentum": 0.9}
    program = Program(Network(config, draw_of(dataset)), Call("optimizers", "SGD", averaging))
    program.start(program.network.initial_state(config, 1), 0.5)
    program.train_epoch(1, 0)
    before = program.network.state()
    with program.as_finished():
        averaged = program.network.state()
    for left, right in zip(before, program.network.state(), strict=True):
        np.testing.assert_array_equal(left, right)
    program.finish()
    for left, right in zip(averaged, program.network.state(), strict=True):
        np.testing.assert_array_equal(left, right)
    assert not all(np.array_equal(a, b) for a, b in zip(before, averaged, strict=True))


def test_nothing_is_traced_again_by_the_next_trial():
    dataset = noise((5,))
    config = read(DENSE, dataset)
    network = Network(config, draw_of(dataset))
    program = Program(network, Call("optimizers", "Adam", {"learning_rate": 1.0}))
    by_program(program, config, 1, 0.1)
    traced = program._epoch.experimental_get_tracing_count()
    shared = network._gradients.experimental_get_tracing_count()
    by_program(program, config, 2, 0.2)
    other = Program(network, Call("optimizers", "SGD", {"learning_rate": 1.0}))
    by_program(other, config, 2, 0.2)
    assert program._epoch.experimental_get_tracing_count() == traced == 1
    assert network._gradients.experimental_get_tracing_count() == shared == 1


def test_training_stops_at_the_first_loss_that_is_not_finite():
    dataset = noise.__wrapped__((5,))
    dataset.train.x["input"][:] = np.nan
    config = read(DENSE, dataset)
    program = Program(
        Network(config, draw_of(dataset)), Call("optimizers", "SGD", {"learning_rate": 1.0})
    )
    program.start(program.network.initial_state(config, 0), 0.1)
    assert np.isnan(program.train_epoch(0, 0))
    assert int(program.optimizer.iterations) == 1
    assert not program.has_finite_weights()


def test_two_optimizers_start_from_the_same_weights_and_see_the_same_batches():
    dataset = noise((5,))
    config = read(DENSE, dataset)
    network = Network(config, draw_of(dataset))
    starts, orders = [], []
    for name in ("SGD", "Adam"):
        program = Program(network, Call("optimizers", name, {"learning_rate": 1.0}))
        program.start(network.initial_state(config, 5), 0.1)
        starts.append(network.state())
        orders.append([np.asarray(program.order(5, epoch)) for epoch in range(3)])
        program.train_epoch(5, 0)
    for first, second in zip(*starts, strict=True):
        np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(*orders)
    assert not np.array_equal(orders[0][0], orders[0][1])
    assert sorted(orders[0][0]) == list(range(EXAMPLES))
    assert not np.array_equal(orders[0][0], np.asarray(program.order(6, 0)))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_a_new_optimizer_starts_with_is_found_out_once(name):
    dataset = noise((5,))
    config = read(DENSE, dataset)
    call = Call("optimizers", name, {"learning_rate": 1.0})
    program = Program(network_of(config, dataset), call)
    assert program._origins is not None
    program.network.set_state(program.network.initial_state(config, 5))
    for ours, new in zip(program._fresh_state(), program._made_state(), strict=True):
        np.testing.assert_array_equal(ours, new)


def test_what_starts_with_the_weights_follows_them():
    dataset = noise((5,))
    config = read(DENSE, dataset)
    call = Call("optimizers", "ScheduleFreeAdamW", {"learning_rate": 1.0})
    program = Program(network_of(config, dataset), call)
    weights = len(program.network.model.trainable_variables)
    assert [o for o in program._origins if isinstance(o, int)] == list(range(weights))


def test_a_state_that_cannot_be_found_out_is_made_anew(monkeypatch):
    dataset = noise((5,))
    config = read(DENSE, dataset)
    draws = iter(range(9))
    monkeypatch.setattr(Program, "_made_state", lambda _: [np.float32(next(draws))])
    program = Program(
        Network(config, draw_of(dataset)), Call("optimizers", "SGD", {"learning_rate": 1.0})
    )
    assert program._origins is None
    assert program._fresh_state() == [2.0]
