"""Asking a Keras class whether it accepts an argument: construct it, and use it on tiny input.

It corrects 164 of the 2,083 arguments of Keras 3.15, in 114 classes: choices that the docstring
leaves out (`reduction: none` of every loss), lists of a size for each dimension, limits.

Layers are called on symbolic tensors only: TensorFlow's kernels divide by some sizes, and a zero
among them ends the whole process.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import warnings
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dlcli.catalogue.introspection.inventory import Item

    Use = Callable[[Any], object]

_REQUIRED: Mapping[str, Callable[[], dict[str, Any]]] = {
    "Activation": lambda: {"activation": "relu"},
    "Bidirectional": lambda: {"layer": keras.layers.SimpleRNN(3)},
    "CategoryEncoding": lambda: {"num_tokens": 4},
    "Discretization": lambda: {"bin_boundaries": [0.1, 0.5]},
    "EinsumDense": lambda: {"equation": "ab,bc->ac", "output_shape": 8},
    "GroupNormalization": lambda: {"groups": 2},
    "IntegerLookup": lambda: {"vocabulary": [1, 2, 3]},
    "IoU": lambda: {"num_classes": 5, "target_class_ids": [0]},
    "LossScaleOptimizer": lambda: {"inner_optimizer": keras.optimizers.SGD()},
    "ModelCheckpoint": lambda: {"filepath": "model.keras"},
    "Normalization": lambda: {"mean": 0.5, "variance": 1.0},
    "OneHotIoU": lambda: {"num_classes": 4, "target_class_ids": [0]},
    "Permute": lambda: {"dims": [2, 1]},
    "PiecewiseConstantDecay": lambda: {"boundaries": [1, 2], "values": [0.1, 0.2, 0.3]},
    "Pipeline": lambda: {"layers": [keras.layers.Rescaling(2.0)]},
    "RNN": lambda: {"cell": keras.layers.SimpleRNNCell(3)},
    "Reshape": lambda: {"target_shape": [-1]},
    "SpectralNormalization": lambda: {"layer": keras.layers.Dense(3)},
    "StackedRNNCells": lambda: {"cells": [keras.layers.SimpleRNNCell(3)]},
    "StringLookup": lambda: {"vocabulary": ["a", "b"]},
    "TextVectorization": lambda: {"vocabulary": ["a", "b"]},
    "TimeDistributed": lambda: {"layer": keras.layers.Dense(3)},
}
"""Arguments without which a class does nothing, where no simple value will do."""

_SIMPLE: tuple[Any, ...] = (4, 1, 0.5, "a")
"""Values tried for all other required arguments alike."""


class Probe:
    """A Keras class or function, with arguments that it works with.

    Args:
        item: The class or function.
        required: The names of its required arguments.

    Attributes:
        works: Whether it works at all; if not, nothing can be learnt of its arguments.
        given: The names of the arguments that are the same in every trial.
    """

    def __init__(self, item: Item, required: list[str]) -> None:
        self._item = item
        self._fixed = _REQUIRED.get(item.name, dict)
        self._simple: dict[str, Any] = {}
        self._use: Use | None = None
        self._noise: set[str] = set()
        missing = [name for name in required if name not in self._fixed()]
        self.works = self._settle(missing)
        self.given = {*self._fixed(), *self._simple}

    def accepts(self, *, used: bool = True, **changes: Any) -> bool:
        """Return whether the class takes the arguments, by construction and, if `used`, in use.

        A warning that the defaults do not cause counts as a refusal: Keras warns when it replaces
        a wrong value by a default.
        """
        try:
            return self._try(changes, used=used) <= self._noise
        except Exception:  # noqa: BLE001 (whatever Keras raises means no)
            return False

    def _settle(self, missing: list[str]) -> bool:
        """Find required values, and a use, under which the class works."""
        uses = _USES.get(self._item.kind, _NO_USES)
        for value, use in itertools.product(_SIMPLE, uses):
            self._use = use
            self._simple = dict.fromkeys(missing, value)
            with contextlib.suppress(Exception):
                self._noise = self._try({}, used=True)
                return True
        return False

    def _try(self, changes: dict[str, Any], *, used: bool) -> set[str]:
        """Make the object and perhaps use it; return the texts of the warnings about it."""
        arguments = {**self._fixed(), **self._simple, **changes}
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
            warnings.simplefilter("always")
            if self._item.kind == "activations":
                made: Any = functools.partial(self._item.object, **arguments)
            else:
                made = self._item.object(**arguments)
            if used and self._use is not None:
                self._use(made)
        return {str(w.message) for w in caught if issubclass(w.category, UserWarning)}


def _tensor(*shape: int, dtype: str = "float32") -> keras.KerasTensor:
    return keras.KerasTensor(shape, dtype)


def _scores(*shape: int) -> np.ndarray:
    """Return an array of the given shape with values in [0, 1), float32."""
    size = int(np.prod(shape))
    return (np.arange(size, dtype="float32") / size).reshape(shape)


def _classes(*shape: int) -> np.ndarray:
    return np.arange(int(np.prod(shape)), dtype="int32").reshape(shape) % 4


def _calling(*inputs: Any) -> Use:
    return lambda layer: layer(*inputs)


def _stepping(cell: Any) -> None:
    """Run a recurrent cell for one step."""
    states = cell.get_initial_state(2)
    symbols = keras.tree.map_structure(lambda state: _tensor(*state.shape), states)
    cell(_tensor(2, 4), symbols)


def _scoring(targets: np.ndarray, scores: np.ndarray) -> Use:
    return lambda function: np.asarray(function(targets, scores))


def _applying(optimizer: Any) -> None:
    variable = keras.Variable(_scores(3, 3))
    optimizer.apply([keras.ops.ones((3, 3))], [variable])


_NO_USES: tuple[Use, ...] = (lambda made: made,)
_USES: Mapping[str, tuple[Use, ...]] = {
    "layers": (
        _calling(_tensor(2, 6, 6, 4)),
        _calling(_tensor(2, 6, 4)),
        _calling(_tensor(2, 4)),
        _calling(_tensor(2, 5, 5, 5, 4)),
        _calling(_tensor(2, 3, 6, 6, 4)),
        _calling(_tensor(2, 3, 5, 5, 5, 4)),
        _calling(_tensor(2, 4, dtype="int32")),
        _calling([_tensor(2, 6, 4), _tensor(2, 6, 4)]),
        _calling(_tensor(2, 6, 4), _tensor(2, 6, 4)),
        _calling(_tensor(2, 4096)),
        _calling(_tensor(2, 4096, 1)),
        _calling(_tensor(2, 6, 6, 3)),
        _calling(_tensor(2, 1, dtype="string")),
        _calling((_tensor(2, 1, dtype="string"), _tensor(2, 1, dtype="string"))),
        _stepping,
    ),
    "optimizers": (_applying,),
    "schedules": (lambda schedule: float(schedule(1)),),
    "losses": (
        _scoring(np.eye(4, dtype="float32"), _scores(4, 4)),
        _scoring(_classes(4), _scores(4, 4)),
        _scoring(np.array([[1, 2], [3, 1]]), _scores(2, 6, 4)),
    ),
    "metrics": (
        _scoring(np.eye(4, dtype="float32"), _scores(4, 4)),
        _scoring(_classes(4), _scores(4, 4)),
        _scoring(_classes(4), _classes(4)),
        _scoring(np.array([[0.0], [1.0]]), np.array([[0.25], [0.75]])),
    ),
    "initializers": (
        lambda initializer: initializer((4, 4)),
        lambda initializer: initializer((8, 1, 5)),
    ),
    "regularizers": (lambda regularizer: regularizer(keras.ops.ones((4, 4))),),
    "constraints": (lambda constraint: constraint(keras.ops.ones((4, 4))),),
    "activations": (lambda activation: activation(_scores(2, 4)),),
}
"""Ways to use an object of a kind, tried in this order; the first that works is kept."""
