"""Recurrent layers unrolled in time: states, gates, and what of the gradient reaches each step."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from dlcli.engine.graph import maker, mask_of
from dlcli.errors import UserError
from dlcli.inspection.layers import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dlcli.data.description import Split

Tensors: TypeAlias = dict[str, Any]

CARRIED = ("hidden state", "cell state")
"""What a step hands to the next."""

MERGES: Mapping[str, Callable[[Any, Any], Any]] = {
    "concat": lambda a, b: tf.concat([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
}


@dataclass(frozen=True)
class Unrolled:
    """A recurrent layer at each step of one sequence, padding left out.

    Attributes:
        layer: Its name; of a bidirectional one also the direction.
        kind: The class of its cell, such as `LSTM`.
        steps: Positions of the steps in the example, (t,).
        inputs: What it reads, (t, features).
        values: Name to values (t, units): the hidden state, the cell state and the gates.
        gradient: Norm of the gradient of the prediction by the state after each step, hidden and
            cell state together, (t,); None where what follows the layer depends on something else
            too.
    """

    layer: str
    kind: str
    steps: np.ndarray
    inputs: np.ndarray
    values: Mapping[str, np.ndarray]
    gradient: np.ndarray | None

    def is_gate(self, name: str) -> bool:
        """Whether a value is a share, from 0 to 1, of what passes, and not a state."""
        return name not in CARRIED


def unroll(
    model: keras.Model, layer: keras.layers.Layer, example: Split, *, classes: bool
) -> list[Unrolled]:
    """Compute a recurrent layer step by step for one example.

    The gradient is that of the log-odds of the predicted class (of the first predicted value for
    regression): log p - log(1 - p) has the slope of the logit, so it does not vanish where the
    network is sure. Its norm by step is what Bengio, Y., Simard, P. & Frasconi, P. (1994, Learning
    long-term dependencies with gradient descent is difficult, IEEE Transactions on Neural
    Networks 5(2)) show to shrink or grow exponentially in plain recurrent networks.

    Args:
        model: The network.
        layer: SimpleRNN, LSTM, GRU, an RNN of one of their cells, or Bidirectional around them.
        example: A single one.
        classes: Whether the output is of classes; else of values.

    Returns:
        One for the layer, or one for each direction.

    Raises:
        UserError: If the layer has another kind of cell.
    """
    given, mask = _given(model, layer, example)
    steps = np.flatnonzero(mask)
    inputs = tf.constant(given[steps], dtype=tf.float32)
    parts = _directions(layer)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        traces = [_run(part, inputs) for part in parts]
        merged = _merged(layer, [_output(part, t) for part, t in zip(parts, traces, strict=True)])
        score = _score(model, layer, merged, classes=classes)
    return [
        Unrolled(
            _title(layer, part),
            _cell_name(part),
            steps,
            inputs.numpy(),
            {name: _in_time(part, tf.stack(values)) for name, values in trace.items()},
            None if score is None else _norms(tape, score, part, trace),
        )
        for part, trace in zip(parts, traces, strict=True)
    ]


def _given(
    model: keras.Model, layer: keras.layers.Layer, example: Split
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a layer reads of an example, (steps, features), and which steps are real."""
    tensor = layer.input[0] if isinstance(layer.input, list | tuple) else layer.input
    mask = mask_of(tensor)
    if mask is None:
        (given,) = evaluate(model, [tensor], example)
        return given[0], np.ones(given.shape[1], dtype=bool)
    given, real = evaluate(model, [tensor, mask], example)
    return given[0], real[0].astype(bool)


def _directions(layer: Any) -> list[Any]:
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def _title(layer: Any, part: Any) -> str:
    if part is layer:
        return str(layer.name)
    return f"{layer.name}, {'backward' if part.go_backwards else 'forward'}"


def _cell_name(part: Any) -> str:
    return type(part.cell).__name__.removesuffix("Cell")


def _run(part: Any, inputs: Any) -> dict[str, list[Any]]:
    """Return the values after each step, (units,) each, in the order they are computed."""
    cell = part.cell
    step = _STEPS.get(type(cell))
    if step is None:
        known = ", ".join(kind.__name__ for kind in _STEPS)
        message = f"the cell of '{part.name}' is a {type(cell).__name__}"
        raise UserError(message, remedy=f"Choose a layer whose states can be shown: {known}.")
    state: Tensors = dict.fromkeys(CARRIED, tf.zeros(cell.units))
    trace: dict[str, list[Any]] = {}
    order = tf.unstack(inputs)
    for given in reversed(order) if part.go_backwards else order:
        state = step(cell, given, state)
        for name, value in state.items():
            trace.setdefault(name, []).append(value)
    return trace


def _times(vector: Any, matrix: Any) -> Any:
    return tf.matmul(vector[None], tf.convert_to_tensor(matrix))[0]


def _biased(cell: Any, value: Any, row: int | None = None) -> Any:
    if cell.bias is None:
        return value
    bias = tf.convert_to_tensor(cell.bias)
    return value + (bias if row is None else bias[row])


def _simple_step(cell: Any, given: Any, state: Tensors) -> Tensors:
    drive = _biased(cell, _times(given, cell.kernel))
    recurrent = _times(state["hidden state"], cell.recurrent_kernel)
    return {"hidden state": cell.activation(drive + recurrent)}


def _lstm_step(cell: Any, given: Any, state: Tensors) -> Tensors:
    """Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000."""
    drive = _biased(cell, _times(given, cell.kernel))
    drive += _times(state["hidden state"], cell.recurrent_kernel)
    opened, kept, candidate, shown = tf.split(drive, 4)
    opened, kept, shown = (cell.recurrent_activation(gate) for gate in (opened, kept, shown))
    memory = kept * state["cell state"] + opened * cell.activation(candidate)
    return {
        "hidden state": shown * cell.activation(memory),
        # A tensor of its own: what is carried on, apart from what the hidden state is made of.
        "cell state": tf.identity(memory),
        "input gate": opened, "forget gate": kept, "output gate": shown,
    }  # fmt: skip


def _gru_step(cell: Any, given: Any, state: Tensors) -> Tensors:
    """Cho et al. 2014; `reset_after` is the form of NVIDIA's library, with two biases."""
    before = state["hidden state"]
    units = cell.units
    drive = _biased(cell, _times(given, cell.kernel), 0 if cell.reset_after else None)
    matrix = tf.convert_to_tensor(cell.recurrent_kernel)
    if cell.reset_after:
        recurrent = _biased(cell, _times(before, matrix), 1)
    else:
        recurrent = _times(before, matrix[:, : 2 * units])
    kept = cell.recurrent_activation(drive[:units] + recurrent[:units])
    reset = cell.recurrent_activation(drive[units : 2 * units] + recurrent[units : 2 * units])
    if cell.reset_after:
        remembered = reset * recurrent[2 * units :]
    else:
        remembered = _times(reset * before, matrix[:, 2 * units :])
    candidate = cell.activation(drive[2 * units :] + remembered)
    hidden = kept * before + (1 - kept) * candidate
    return {"hidden state": hidden, "update gate": kept, "reset gate": reset}


_STEPS: Mapping[type, Callable[[Any, Any, Tensors], Tensors]] = {
    keras.layers.SimpleRNNCell: _simple_step,
    keras.layers.LSTMCell: _lstm_step,
    keras.layers.GRUCell: _gru_step,
}
"""Cells that are computed here as Keras does, one step at a time."""


def _output(part: Any, trace: Mapping[str, list[Any]]) -> Any:
    """Return what a layer gives of its states, as Keras orders them, with a batch axis."""
    hidden = trace["hidden state"]
    return (tf.stack(hidden) if part.return_sequences else hidden[-1])[None]


def _merged(layer: Any, outputs: list[Any]) -> Any:
    if not isinstance(layer, keras.layers.Bidirectional):
        return outputs[0]
    forward, backward = outputs
    if layer.return_sequences:
        backward = tf.reverse(backward, axis=[1])
    merge = MERGES.get(layer.merge_mode)
    return None if merge is None else merge(forward, backward)


def _score(model: keras.Model, layer: Any, value: Any, *, classes: bool) -> Any:
    """Return the number whose gradient is taken, or None if it depends on more than the layer."""
    made = layer.output
    if value is None or isinstance(made, list | tuple):
        return None
    mask = mask_of(made)  # what follows may ask for it: all steps are real
    masked = [] if mask is None else [(mask, tf.ones(value.shape[:2], dtype=bool))]
    tensors, values = zip((made, value), *masked, strict=True)
    try:
        with _linear_end(model) if classes else nullcontext():
            said = keras.Model(list(tensors), model.outputs[0])(list(values))
    except ValueError:  # another path leads past the layer
        return None
    output = tf.reshape(said, [-1])
    return _log_odds(output) if classes and len(output) > 1 else output[0]


@contextmanager
def _linear_end(model: keras.Model) -> Iterator[None]:
    """Leave out the last softmax or sigmoid, whose slope is lost to rounding where it is sure."""
    last = maker(model.outputs[0])
    activation = getattr(last, "activation", None)
    if activation not in (keras.activations.softmax, keras.activations.sigmoid):
        yield
        return
    last.activation = keras.activations.linear
    try:
        yield
    finally:
        last.activation = activation


def _log_odds(logits: Any) -> Any:
    """Return log p - log(1 - p) of the likeliest class."""
    best = int(tf.argmax(logits))
    others = tf.concat([logits[:best], logits[best + 1 :]], axis=0)
    return logits[best] - tf.reduce_logsumexp(others)


def _norms(tape: Any, score: Any, part: Any, trace: Mapping[str, list[Any]]) -> np.ndarray:
    """Return the norm of the gradient by each step's state, in the order of time."""
    squares = 0.0
    for name in CARRIED:
        slopes = tape.gradient(
            score, trace.get(name, []), unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        wide = [tf.cast(slope, tf.float64) for slope in slopes]  # squares of 1e-20 are 0 otherwise
        squares += tf.stack([tf.reduce_sum(slope**2) for slope in wide]) if wide else 0.0
    return _in_time(part, tf.sqrt(squares))


def _in_time(part: Any, values: Any) -> np.ndarray:
    """Bring values by step, computed in a layer's order, into the order of time."""
    array: np.ndarray = values.numpy()
    return array[::-1] if part.go_backwards else array
