"""What an optimizer must do to be trusted in a comparison, tried out on a small problem.

Each check is a function that raises `Failed` with what is wrong, or returns what it has seen.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import keras
import numpy as np
import tensorflow as tf

from dlcli.catalogue import plugins
from dlcli.catalogue.catalogue import load_catalogue
from dlcli.config.yaml.diagnostics import ConfigError
from dlcli.engine.model import construct
from dlcli.runtime.memory import is_short
from dlcli.runtime.messages import keras_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dlcli.config.sections.experiment import Call

SHAPES = ((4, 3), (3,), (2, 2, 2, 3))
"""A kernel, a bias, and a kernel of a convolution."""

STEPS = 20
"""Of the checks that compare two ways of doing the same."""

LONG = 400
"""Steps in which a quadratic function must be brought down."""

DOWN = 0.05
"""To what share of its first value, at the best of the rates."""

CLOSE = 1e-3
"""Difference of two results as a share of their movement: float32 adds up in another order."""

STILL = 1e-5
"""Movement that may come of rounding in all steps, of weights of size 1."""

ROUNDING = 1e-6
"""Difference that float32 makes, of weights of size 1."""


class Failed(Exception):  # noqa: N818 (no error of dlcli: it is what was found)
    """A check has found something wrong."""


class Unasked(Exception):  # noqa: N818
    """A check has nothing to ask of this optimizer."""


@dataclass(frozen=True)
class Outcome:
    """What a check has come to.

    Attributes:
        check: What was checked.
        result: `unasked` if the optimizer has no such setting.
        detail: What was seen, or what is wrong.
    """

    check: str
    result: Literal["passed", "failed", "unasked"]
    detail: str


@dataclass(frozen=True)
class Subject:
    """The optimizer that is checked.

    Attributes:
        call: As a config names it.
        rates: Learning rates to try, ascending.
    """

    call: Call
    rates: tuple[float, ...]

    @property
    def rate(self) -> float:
        """A rate that moves the weights: its own default, or one in the middle."""
        entry = load_catalogue().find("optimizers", self.call.name)
        default = entry.by_name["learning_rate"].default if entry else None
        return float(default or self.rates[len(self.rates) // 2])

    def make(self, **changes: Any) -> Any:
        """Make the optimizer with some settings changed; its rate is a number.

        Raises:
            Unasked: If it has no such setting.
        """
        entry = load_catalogue().find("optimizers", self.call.name)
        for name in changes:
            if entry and name not in entry.by_name:
                raise Unasked(f"it takes no {name}")
        arguments = {"learning_rate": self.rate} | dict(self.call.arguments) | changes
        return construct(replace(self.call, arguments=arguments))


def check_optimizer(subject: Subject) -> list[Outcome]:
    """Try everything; no check stops the others."""
    return [_outcome(name, check, subject) for name, check in CHECKS]


def _outcome(name: str, check: Callable[[Subject], str], subject: Subject) -> Outcome:
    try:
        return Outcome(name, "passed", check(subject))
    except Failed as found:
        return Outcome(name, "failed", str(found))
    except Unasked as found:
        return Outcome(name, "unasked", str(found))
    except ConfigError as error:
        return Outcome(name, "failed", error.diagnostics[0].message)
    except Exception as error:
        if is_short(error):
            raise
        text = plugins.told(error) or f"{type(error).__name__}: {keras_message(error)}"
        return Outcome(name, "failed", text)


def _start(dtype: str = "float32") -> list[Any]:
    rng = np.random.default_rng(1)
    return [keras.Variable(rng.normal(size=shape), dtype=dtype) for shape in SHAPES]


def _gradients(count: int, dtype: str = "float32") -> list[list[Any]]:
    """Return gradients that do not depend on the weights, so that two ways can be compared.

    They mean one direction, and what finds its step size itself soon takes large steps.
    """
    rng = np.random.default_rng(2)
    means = [rng.normal(size=shape) for shape in SHAPES]
    return [
        [tf.constant(m + rng.normal(size=m.shape) / 2, dtype) for m in means] for _ in range(count)
    ]


def _flat(variables: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(v.numpy()).astype(float) for v in variables])


def _trained(
    optimizer: Any, gradients: Sequence[Sequence[Any]], *, how: str = "traced"
) -> np.ndarray:
    """Return the weights after a step with each of the gradients.

    Args:
        optimizer: New.
        gradients: One list a step.
        how: `eager`, `traced` into a graph, or compiled by `XLA`.
    """
    variables = _start()
    optimizer.build(variables)

    def apply(found: list[Any]) -> None:
        optimizer.apply(found, variables)

    if how != "eager":
        apply = tf.function(apply, autograph=False, jit_compile=how == "XLA" or None)
    for found in gradients:
        apply(list(found))
    after = _flat(variables)
    if not np.isfinite(after).all():
        raise Failed(f"weights are no longer finite after {len(gradients)} steps")
    return after


def _off(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest difference; the weights are of size 1."""
    return float(np.abs(first - second).max())


def _alike(first: np.ndarray, second: np.ndarray, otherwise: str) -> str:
    """Make sure that two results are the same; one that has not moved says nothing."""
    moved = _off(second, _flat(_start()))
    if moved < ROUNDING:
        raise Failed(f"the weights do not move in {STEPS} steps")
    difference = _off(first, second)
    if difference > CLOSE * moved + ROUNDING:
        share = f"{difference / moved:.1g} of their movement"
        raise Failed(f"{otherwise}: the weights differ by {share}")
    return f"the same within {max(difference / moved, 1e-7):.0e} of the movement"


def builds_its_state(subject: Subject) -> str:
    """All state is there after `build`, and only Keras variables hold it."""
    variables = _start()
    optimizer = subject.make()
    optimizer.build(variables)
    before = len(optimizer.variables)
    for found in _gradients(STEPS):
        optimizer.apply(found, variables)
    if len(optimizer.variables) != before:
        more = len(optimizer.variables) - before
        raise Failed(f"{more} more state variables after {STEPS} steps: create them in build()")
    eager = _flat(variables)
    traced = _trained(subject.make(), _gradients(STEPS))
    _alike(traced, eager, "state that is no Keras variable stands still in a compiled step")
    return f"{before - 2} variables beside the step and the rate"


def keeps_the_precision(subject: Subject) -> str:
    """It computes in the precision of the weights, float64 or float32, and its state is in it."""
    for dtype in ("float32", "float64"):
        variables = _start(dtype)
        optimizer = subject.make()
        optimizer.build(variables)
        shapes = {tuple(v.shape) for v in variables}
        for state in optimizer.variables:
            if tuple(state.shape) in shapes and state.dtype != dtype:
                raise Failed(f"its state of {dtype} weights is {state.dtype}")
        for found in _gradients(2, dtype):
            optimizer.apply(found, variables)
    return "float32 and float64"


def converges(subject: Subject) -> str:
    """It brings a quadratic function down, at one of its rates at least."""
    variables, optimizer = _start(), subject.make()
    optimizer.build(variables)
    states = [*variables, *optimizer.variables]
    fresh = [v.numpy() for v in states]
    rng = np.random.default_rng(3)
    bends = [tf.constant(np.exp(rng.normal(size=s) / 2), tf.float32) for s in SHAPES]

    def going_down() -> Any:
        parts = list(zip(bends, variables, strict=True))
        optimizer.apply([b * (v + 1.0) for b, v in parts], variables)
        return tf.add_n([tf.reduce_sum(b * (v + 1.0) ** 2) for b, v in parts])

    step = tf.function(going_down, autograph=False)
    shares = {}
    for rate in subject.rates:
        for state, value in zip(states, fresh, strict=True):
            state.assign(value)
        if not _has_schedule(subject):
            optimizer.learning_rate = rate
        first = float(step())
        shares[rate] = _after(step, LONG - 1) / first
    best = min(shares, key=lambda rate: np.nan_to_num(shares[rate], nan=np.inf))
    if not shares[best] < DOWN:
        tried = ", ".join(f"{rate:g}" for rate in subject.rates)
        fell = f"a quadratic function falls to {shares[best]:.2g} of its start at best"
        raise Failed(f"{fell}; tried: {tried}")
    return f"to {shares[best]:.0e} of its start in {LONG} steps at a rate of {best:g}"


def _after(step: Callable[[], Any], count: int) -> float:
    """Return what the last of some steps returns."""
    for _ in range(count - 1):
        step()
    return float(step())


def _has_schedule(subject: Subject) -> bool:
    return not isinstance(subject.call.arguments.get("learning_rate", 0.0), int | float)


def respects_the_rate(subject: Subject) -> str:
    """A rate of 0 changes nothing, another rate another thing, also when it is set later."""
    gradients, start = _gradients(STEPS), _flat(_start())
    if _off(_trained(subject.make(learning_rate=0.0), gradients), start) > STILL:
        raise Failed("a learning rate of 0 moves the weights: use update_step's learning_rate")
    small = _trained(subject.make(learning_rate=subject.rate / 4), gradients)
    large = _trained(subject.make(learning_rate=subject.rate), gradients)
    if _off(small, large) < CLOSE * _off(large, start):
        raise Failed("a quarter of the learning rate makes no difference")
    later = subject.make(learning_rate=0.0)
    later.learning_rate = subject.rate
    return _alike(_trained(later, gradients), large, "a rate that is set later is not used")


def decays_weights(subject: Subject) -> str:
    """With `weight_decay`, weights without gradients shrink."""
    still = [[tf.zeros(shape) for shape in SHAPES]] * STEPS
    rate = max(subject.rate, 1e-3)
    start = _flat(_start())
    after = _trained(subject.make(weight_decay=0.1, learning_rate=rate), still)
    plain = _trained(subject.make(weight_decay=0.0, learning_rate=rate), still)
    if _off(plain, start) > STILL:
        raise Failed("weights move although their gradients are 0")
    moved = _trained(subject.make(weight_decay=0.1, learning_rate=rate), _gradients(STEPS))
    other = _trained(subject.make(weight_decay=0.0, learning_rate=rate), _gradients(STEPS))
    if _off(moved, other) == 0:
        raise Failed("weight_decay makes no difference")
    share = np.abs(after).sum() / np.abs(start).sum()
    if share >= 1:
        raise Failed("weights without gradients do not shrink")
    return f"to {share:.6g} of their size in {STEPS} steps without gradients"


def clips(subject: Subject) -> str:
    """With `global_clipnorm`, it does what clipped gradients do."""
    gradients = _gradients(STEPS)
    clipped = [list(tf.clip_by_global_norm(found, 0.5)[0]) for found in gradients]
    made = _trained(subject.make(global_clipnorm=0.5), gradients)
    return _alike(made, _trained(subject.make(), clipped), "clipped gradients are not used")


def accumulates(subject: Subject) -> str:
    """With `gradient_accumulation_steps`, it does what the mean gradients do."""
    gradients = _gradients(2 * STEPS)
    pairs = zip(gradients[::2], gradients[1::2], strict=True)
    means = [[(a + b) / 2 for a, b in zip(*pair, strict=True)] for pair in pairs]
    made = _trained(subject.make(gradient_accumulation_steps=2), gradients)
    return _alike(made, _trained(subject.make(), means), "accumulated gradients do something else")


def agrees_under_xla(subject: Subject) -> str:
    """XLA compiles it to the same."""
    gradients = _gradients(STEPS)
    plain = _trained(subject.make(), gradients)
    return _alike(_trained(subject.make(), gradients, how="XLA"), plain, "XLA does something else")


def survives_saving(subject: Subject) -> str:
    """A model that is saved and loaded goes on as if it had not been."""
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 1)).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile(subject.make(), "mse", jit_compile=False)
    for _ in range(STEPS):
        model.train_on_batch(x, y)
    with tempfile.TemporaryDirectory(prefix="dlcli-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of state that is not found; what comes of it is seen
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.saving.load_model(path, custom_objects=plugins.load_all())
    settings = model.optimizer.get_config()
    for name, value in dict(subject.call.arguments).items():
        if name not in settings and not hasattr(value, "kind"):
            raise Failed(f"get_config() leaves out {name}, so a copy does without it")
    for _ in range(STEPS):
        model.train_on_batch(x, y)
        loaded.train_on_batch(x, y)
    difference = _off(_flat(loaded.weights), _flat(model.weights))
    if difference > STILL:
        raise Failed(f"after loading it goes on differently, by {difference:.1g} of the weights")
    return f"goes on the same within {max(difference, 1e-7):.0e} of the weights"


CHECKS: tuple[tuple[str, Callable[[Subject], str]], ...] = (
    ("builds its state", builds_its_state),
    ("keeps the precision", keeps_the_precision),
    ("converges", converges),
    ("respects the rate", respects_the_rate),
    ("decays weights", decays_weights),
    ("clips gradients", clips),
    ("accumulates gradients", accumulates),
    ("agrees under XLA", agrees_under_xla),
    ("survives saving", survives_saving),
)
"""What is checked, in the order of the table."""
