"""What the optimizers of this package share: their settings, their state, how they decay weights.

All of them are ordinary `keras.optimizers.Optimizer`s and need nothing else of dlcli.
"""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, ClassVar

import keras
from keras import ops

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Base(keras.optimizers.Optimizer):
    """An optimizer whose settings are its constructor's arguments, kept under their names.

    Attributes:
        learning_rates: The rates to search, both ends included; `(1, 1)` if there is nothing to
            search because the optimizer finds its step size itself.
        rates_source: Who says so.
    """

    learning_rates: ClassVar[tuple[float, float] | None] = None
    rates_source: ClassVar[str] = ""

    def get_config(self) -> dict[str, Any]:
        """Return the settings, as Keras saves and copies an optimizer by them."""
        settings: dict[str, Any] = super().get_config()
        parameters = inspect.signature(type(self).__init__).parameters.values()
        own = (p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
        return settings | {n: getattr(self, n) for n in own if n not in {"self", *settings}}

    def build(self, variables: Sequence[Any]) -> None:
        """Create the state of the variables.

        Args:
            variables: All that will be trained.
        """
        if not self.built:
            super().build(variables)
            self.add_state(variables)

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the algorithm's own state; called once.

        Args:
            variables: All that will be trained.
        """

    def copies(self, variables: Sequence[Any], name: str) -> list[Any]:
        """Return new state variables that start as copies of the variables.

        Args:
            variables: What is copied, as it is when the state is created.
            name: Of the state.
        """
        return [
            self.add_variable_from_reference(v, name=name, initializer=copy_of(v))
            for v in variables
        ]

    def scalar(self, name: str, value: float, variables: Sequence[Any]) -> Any:
        """Return a new state variable that is a single number.

        Args:
            name: Its name.
            value: What it starts at.
            variables: Their precision is its own.
        """
        constant = keras.initializers.Constant(value)
        return self.add_variable((), constant, dtype=variables[0].dtype, name=name)

    def step_of(self, variable: Any) -> Any:
        """Return the number of this update, from 1, in the precision of a variable."""
        return ops.cast(self.iterations + 1, variable.dtype)

    def decay_of(self, variable: Any) -> float:
        """Return the weight decay of a variable; 0 for none."""
        decayed = self.weight_decay and self._use_weight_decay(variable)
        return float(self.weight_decay) if decayed else 0.0


class OwnDecay(Base):
    """An optimizer that decays weights in its own way, where Keras multiplies by 1 - rate x decay.

    Its updates read `decay_of`.
    """

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Leave the weights to the update."""


class Joint(OwnDecay):
    """An optimizer whose step depends on all gradients at once, such as on their norm."""

    def update(self, gradients: list[Any], variables: list[Any], rate: Any) -> None:
        """Do a step.

        Args:
            gradients: Dense, one for each variable, in its precision.
            variables: Those that have a gradient.
            rate: The learning rate, a scalar.
        """
        raise NotImplementedError

    def _backend_update_step(
        self, grads: Any, trainable_variables: Any, learning_rate: Any
    ) -> None:
        """Take Keras's loop over the variables over: it would show one gradient at a time."""
        strategy = getattr(self, "_distribution_strategy", None)
        if strategy is not None and strategy.num_replicas_in_sync > 1:
            name = type(self).__name__
            raise NotImplementedError(f"{name} cannot train on several devices at once yet")
        variables = list(trainable_variables)
        gradients = [dense(g, v) for g, v in zip(grads, variables, strict=True)]
        self.update(gradients, variables, ops.cast(learning_rate, variables[0].dtype))


def dense(gradient: Any, variable: Any) -> Any:
    """Return a gradient as a dense tensor in the precision of its variable.

    That of an embedding holds only the rows that a batch has used, some of them several times.
    """
    if hasattr(gradient, "indices"):
        gradient = ops.zeros(variable.shape, gradient.dtype) + gradient
    return ops.cast(gradient, variable.dtype)


def copy_of(variable: Any) -> Callable[..., Any]:
    """Return an initializer that gives what a variable holds at that moment."""
    return lambda shape, dtype=None: ops.reshape(ops.cast(variable, dtype), shape)


def one_minus_power(decay: float, step: Any) -> Any:
    """Return 1 - decay^step, precise in float32 too where the power is nearly 1.

    Args:
        decay: Between 0 and 1.
        step: A scalar of the precision wanted.
    """
    if decay <= 0.0:
        return ops.ones_like(step)
    return -ops.expm1(step * math.log(decay)) if decay < 1.0 else ops.zeros_like(step)


def total(tensors: Sequence[Any]) -> Any:
    """Return the sum of all elements of all tensors, a scalar."""
    return sum(ops.sum(tensor) for tensor in tensors[1:]) + ops.sum(tensors[0])


def ratio(numerator: Any, denominator: Any) -> Any:
    """Return the quotient of two scalars, or 0 where the denominator is 0."""
    empty = ops.equal(denominator, 0)
    return ops.where(empty, 0.0, numerator / ops.where(empty, 1.0, denominator))
