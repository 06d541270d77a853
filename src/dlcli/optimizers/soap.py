"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import keras
from keras import ops

from dlcli.optimizers.base import OwnDecay, dense, one_minus_power

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Side(NamedTuple):
    """One axis of a variable: the mean of its gradients' products, and the basis made of it."""

    axis: int
    products: Any
    basis: Any


@keras.saving.register_keras_serializable(package="dlcli")
class SOAP(OwnDecay):
    """Adam that sees gradients in the directions in which they vary independently.

    For a kernel w with gradients G, of which L and R are running means of G G' and G' G and Q_L
    and Q_R their eigenvectors (of more axes, likewise for each):

        M = beta_1 M + (1 - beta_1) G
        V = beta_2 V + (1 - beta_2) (Q_L' G Q_R)^2
        w -= rate * Q_L ((Q_L' M Q_R) / (sqrt(V) + epsilon)) Q_R', bias-corrected as Adam's
        w -= rate * decay * w

    The eigenvectors are brought up to date every `precondition_frequency` steps by one power
    iteration and a QR decomposition. The first step only takes the bases in and moves nothing.
    Vectors are trained by Adam, unless `precondition_1d`; an axis that is too long keeps its own
    basis. The memory and the time of a basis grow with the square and the cube of its axis: for
    an embedding of a large vocabulary, lower `max_precondition_dim`.

    Vyas et al. 2024, "SOAP: Improving and Stabilizing Shampoo using Adam"
    (https://arxiv.org/abs/2409.11321).

    Args:
        learning_rate: Float, or a schedule. The learning rate.
        beta_1: Float between 0 and 1. Decay of the mean of the gradients.
        beta_2: Float between 0 and 1. Decay of the mean of their squares.
        shampoo_beta: Float between 0 and 1, or None. Decay of L and R; None for `beta_2`.
        epsilon: Float. Keeps the denominator above zero.
        weight_decay: Float. The weight decay, after the step.
        precondition_frequency: Positive integer. Steps between two updates of the bases.
        max_precondition_dim: Positive integer. Longest axis that gets a basis.
        precondition_1d: Boolean. Whether vectors get a basis too.
        **kwargs: What every Keras optimizer takes.
    """

    learning_rates = (1e-5, 1e-1)
    rates_source = "as Adam: Vyas et al. 2024 take 3.16e-3 for both"

    def __init__(
        self,
        learning_rate: Any = 3e-3,
        beta_1: float = 0.95,
        beta_2: float = 0.95,
        shampoo_beta: float | None = None,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        precondition_frequency: int = 10,
        max_precondition_dim: int = 10000,
        precondition_1d: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.shampoo_beta = shampoo_beta
        self.epsilon = epsilon
        self.precondition_frequency = precondition_frequency
        self.max_precondition_dim = max_precondition_dim
        self.precondition_1d = precondition_1d

    def add_state(self, variables: Sequence[Any]) -> None:
        """Create the moments, the products and the bases."""
        names = ["momentum", "velocity"]
        self._momentums, self._velocities = self.add_optimizer_variables(variables, names)
        self._products: list[Any] = []
        self._bases: list[Any] = []
        self._places = [self._add_sides(variable) for variable in variables]

    def _add_sides(self, variable: Any) -> tuple[tuple[int, int], ...]:
        """Create the state of a variable's axes; return their places in it."""
        if len(variable.shape) < 1 + (not self.precondition_1d):
            return ()
        places = []
        for axis, size in enumerate(variable.shape):
            if size <= self.max_precondition_dim:
                places.append((axis, len(self._bases)))
                shape = (size, size)
                self._products.append(
                    self.add_variable(shape, dtype=variable.dtype, name="products")
                )
                self._bases.append(
                    self.add_variable(shape, "identity", dtype=variable.dtype, name="basis")
                )
        return tuple(places)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        sides = [_Side(a, self._products[p], self._bases[p]) for a, p in self._places[index]]
        g, step = dense(gradient, variable), self.step_of(variable) - 1
        begun = step > 0
        rotated = _rotated(g, sides)
        self.assign(m, ops.where(begun, m + (g - m) * (1 - self.beta_1), m))
        self.assign(v, ops.where(begun, v + (ops.square(rotated) - v) * (1 - self.beta_2), v))
        scaled = _rotated(ops.copy(m), sides) / (ops.sqrt(v) + self.epsilon)
        count = ops.maximum(step, 1.0)
        correction = ops.sqrt(one_minus_power(self.beta_2, count))
        correction = correction / one_minus_power(self.beta_1, count)
        rate = ops.where(begun, ops.cast(learning_rate, variable.dtype), 0.0)
        self.assign_sub(variable, rate * correction * _rotated(scaled, sides, back=True))
        if decay := self.decay_of(variable):
            self.assign_sub(variable, rate * decay * variable)
        self._learn_bases(g, v, sides)

    def _learn_bases(self, g: Any, v: Any, sides: list[_Side]) -> None:
        """Take a gradient into the products, and bring the bases up to date if it is time."""
        if not sides:
            return
        share = 1 - (self.beta_2 if self.shampoo_beta is None else self.shampoo_beta)
        for side in sides:
            rows = ops.reshape(ops.moveaxis(g, side.axis, 0), (g.shape[side.axis], -1))
            outer = ops.matmul(rows, ops.transpose(rows))
            self.assign_add(side.products, (outer - side.products) * share)
        products = [ops.copy(side.products) for side in sides]
        bases = [ops.copy(side.basis) for side in sides]
        squares = ops.copy(v)
        axes = [side.axis for side in sides]
        is_first = ops.equal(self.iterations, 0)
        is_due = ops.equal(self.iterations % self.precondition_frequency, 0)
        found, squares = ops.cond(
            is_due,
            lambda: ops.cond(
                is_first,
                lambda: ([_eigenvectors(p) for p in products], squares),
                lambda: _refined(products, bases, squares, axes),
            ),
            lambda: (bases, squares),
        )
        for side, basis in zip(sides, found, strict=True):
            self.assign(side.basis, basis)
        self.assign(v, squares)


def _rotated(tensor: Any, sides: list[_Side], *, back: bool = False) -> Any:
    """Return a tensor in the bases of its axes, or back from there."""
    for side in sides:
        basis = ops.transpose(side.basis) if back else ops.copy(side.basis)
        moved = ops.moveaxis(tensor, side.axis, -1)
        tensor = ops.moveaxis(ops.matmul(moved, basis), -1, side.axis)
    return tensor


def _eigenvectors(products: Any) -> Any:
    """Return the eigenvectors of a symmetric matrix as columns, the greatest eigenvalue's first."""
    return ops.flip(ops.linalg.eigh(products)[1], axis=1)


def _refined(
    products: list[Any], bases: list[Any], squares: Any, axes: list[int]
) -> tuple[list[Any], Any]:
    """Bring bases up to date by a power iteration; squares of gradients follow their order."""
    found = []
    for product, basis, axis in zip(products, bases, axes, strict=True):
        moved = ops.matmul(product, basis)
        order = ops.argsort(-ops.sum(basis * moved, axis=0))
        squares = ops.take(squares, order, axis=axis)
        found.append(ops.linalg.qr(ops.take(moved, order, axis=1))[0])
    return found, squares
