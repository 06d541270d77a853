"""Every private or undocumented name of Keras that dlcli reads or writes, each with why.

Keras may change them without a word. They are used through the functions here and nowhere else,
and `missing` tells which of them the installed Keras lacks. What Keras writes into `model.keras`
(`store.model_file`) and its table of identifiers (`catalogue.introspection`) are read where those
are the subject; dlcli's own optimizers call what they inherit (`optimizers.base`), which is listed
here too; what is imported of TensorFlow is the business of `runtime.quiet`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

import keras

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class Private(NamedTuple):
    """A name that Keras does not promise to keep.

    Attributes:
        owner: What has it.
        name: The attribute's.
        why: What it is needed for, and why nothing public will do.
        example: Returns an object that has it; its value may not be None.
    """

    owner: str
    name: str
    why: str
    example: Callable[[], Any]

    @property
    def is_there(self) -> bool:
        """Whether the installed Keras has it, and what leads to it."""
        with contextlib.suppress(AttributeError):
            return getattr(self.example(), self.name) is not None
        return False


def applications(operation: Any) -> Sequence[Any]:
    """Return an operation's applications, in the order in which the graph was built.

    Each has `operation`, `input_tensors` and `output_tensors`; a shared layer has several.
    """
    nodes: Sequence[Any] = operation._inbound_nodes  # noqa: SLF001
    return nodes


def maker(tensor: Any) -> Any:
    """Return the operation that makes a symbolic tensor."""
    return tensor._keras_history.operation  # noqa: SLF001


def takers(tensor: Any) -> Sequence[Any]:
    """Return the applications that take what an operation makes, such as an input."""
    nodes: Sequence[Any] = maker(tensor)._outbound_nodes  # noqa: SLF001
    return nodes


def sources(*tensors: Any) -> dict[str, Any]:
    """Return the inputs that tensors are made of, by name."""
    found: dict[str, Any] = {}
    seen, waiting = set(), list(tensors)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        earlier = applications(maker(tensor))[_application(tensor)].input_tensors
        if not earlier:
            found[tensor.name] = tensor
        waiting += earlier
    return found


def _application(tensor: Any) -> int:
    """Return which of its maker's applications has made a tensor."""
    number: int = tensor._keras_history.node_index  # noqa: SLF001
    return number


def mask_of(tensor: Any) -> Any:
    """Return the mask that goes with a symbolic tensor, None if there is none."""
    return getattr(tensor, "_keras_mask", None)


def with_mask(tensor: Any, mask: Any) -> Any:
    """Mark a symbolic tensor as Keras's own layers do, and return it."""
    tensor._keras_mask = mask  # noqa: SLF001
    return tensor


def with_logits_of(source: Any, tensor: Any) -> Any:
    """Let a loss know what a softmax or sigmoid was applied to, and return the tensor."""
    logits = getattr(source, "_keras_logits", None)
    if logits is not None:
        tensor._keras_logits = logits  # noqa: SLF001
    return tensor


def rate_of(optimizer: keras.optimizers.Optimizer) -> Any:
    """Return an optimizer's learning rate as it was set: a variable, or a schedule."""
    return optimizer._learning_rate  # noqa: SLF001


def set_rate(optimizer: keras.optimizers.Optimizer, rate: Any) -> None:
    """Give an optimizer a schedule before it is built."""
    optimizer._learning_rate = rate  # noqa: SLF001


def set_direction(metric: keras.metrics.Metric, *, greater_is_better: bool) -> None:
    """Let callbacks know whether more of a metric is better."""
    metric._direction = "up" if greater_is_better else "down"  # noqa: SLF001


def copy_direction(source: keras.metrics.Metric, metric: keras.metrics.Metric) -> None:
    """Let callbacks know that more of a metric is as good, or bad, as of another one."""
    metric._direction = getattr(source, "_direction", None)  # noqa: SLF001


def learns_from_data(layer: keras.layers.Layer) -> bool:
    """Whether a layer is fitted to data before the model is trained, such as Normalization.

    One that was given what it would learn is not.
    """
    return hasattr(layer, "adapt") and getattr(layer, "input_mean", None) is None


def adapted_moments(layer: keras.layers.Normalization) -> tuple[Any, Any]:
    """Return the variables of the mean and the variance that a Normalization has learned."""
    return layer.adapt_mean, layer.adapt_variance


def use_adapted_moments(layer: keras.layers.Normalization) -> None:
    """Let a Normalization compute with the variables that it has learned."""
    layer.finalize_state()


def moments(layer: keras.layers.Normalization) -> tuple[Any, Any]:
    """Return the mean and the variance that a Normalization computes with."""
    return layer.mean, layer.variance


def set_moments(layer: keras.layers.Normalization, mean: Any, variance: Any) -> None:
    """Let a Normalization compute with other tensors, such as variables that can change."""
    layer.mean, layer.variance = mean, variance


def has_stopped_early(state: Mapping[str, Any]) -> bool:
    """Whether a callback's attributes are those of an EarlyStopping that has stopped."""
    return bool(state.get("stopped_epoch"))


def append_log(callback: keras.callbacks.CSVLogger) -> None:
    """Let a CSVLogger go on in its file, whatever it was made with."""
    callback.append = True


def close_log(callback: keras.callbacks.CSVLogger) -> None:
    """Close a CSVLogger's file, which otherwise only the end of a training does."""
    if callback.csv_file:
        callback.csv_file.close()


def _tensor() -> Any:
    return keras.layers.Masking()(keras.Input((3, 2)))


def _normalization() -> Any:
    layer = keras.layers.Normalization()
    layer.build((None, 2))
    layer.finalize_state()
    return layer


_INSIDE = "what a Normalization has learned is told, and exchanged, in no public way"

PRIVATE = (
    Private("Operation", "_inbound_nodes", "no public list of an operation's applications",
            lambda: maker(_tensor())),
    Private("Operation", "_outbound_nodes", "no public list of what takes an input",
            lambda: maker(_tensor())),
    Private("Node", "operation", "as above", lambda: applications(maker(_tensor()))[0]),
    Private("Node", "input_tensors", "as above", lambda: applications(maker(_tensor()))[0]),
    Private("Node", "output_tensors", "as above", lambda: applications(maker(_tensor()))[0]),
    Private("KerasTensor", "_keras_history", "no public way from a tensor to what makes it",
            _tensor),
    Private("KerasTensor", "_keras_mask", "masks go on through layers where Keras drops them",
            _tensor),
    Private("Tensor", "_keras_logits", "Keras's losses take the logits of a softmax from there",
            lambda: keras.activations.softmax(keras.ops.ones((1, 2)))),
    Private("Optimizer", "_learning_rate", "the property evaluates a schedule at the first step",
            keras.optimizers.SGD),
    Private("Optimizer", "_backend_update_step", "dlcli's optimizers take its loop over",
            keras.optimizers.SGD),
    Private("Optimizer", "_get_variable_index", "dlcli's optimizers find their state by it",
            keras.optimizers.SGD),
    Private("Optimizer", "_apply_weight_decay", "dlcli's optimizers do their own",
            keras.optimizers.SGD),
    Private("Metric", "_direction", "EarlyStopping asks a metric; no public way to answer",
            keras.metrics.MeanSquaredError),
    Private("Normalization", "adapt_mean", _INSIDE, _normalization),
    Private("Normalization", "adapt_variance", _INSIDE, _normalization),
    Private("Normalization", "mean", _INSIDE, _normalization),
    Private("Normalization", "variance", _INSIDE, _normalization),
    Private("Normalization", "finalize_state", _INSIDE, _normalization),
    Private("Normalization", "input_mean", "whether it was given its mean, and does not learn it",
            lambda: keras.layers.Normalization(mean=0.0, variance=1.0)),
    Private("EarlyStopping", "stopped_epoch", "whether a training that goes on had ended early",
            keras.callbacks.EarlyStopping),
    Private("CSVLogger", "append", "a training that goes on adds to the file",
            lambda: keras.callbacks.CSVLogger("log.csv")),
)  # fmt: skip
"""All of them, without those that exist only while a training goes on (`CSVLogger.csv_file`)."""


def missing(names: Sequence[Private] = PRIVATE) -> list[str]:
    """Return a sentence for each name that the installed Keras lacks."""
    return [
        f"Keras {keras.version()} has no `{private.owner}.{private.name}` any more; "
        f"see engine/graph.py ({private.why})"
        for private in names
        if not private.is_there
    ]
