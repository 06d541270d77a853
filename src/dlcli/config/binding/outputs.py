"""What the numbers at a model's end are: probabilities, logits, scores, or values."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from dlcli.config.grammar.calls import Call
from dlcli.metrics.predictions import LABEL_TASKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.sections.experiment import Config
    from dlcli.config.sections.graph import Reference
    from dlcli.metrics.predictions import OutputKind

MARGIN_LOSSES: Final = ("Hinge", "SquaredHinge")

FOR_ONE: Final = ("sigmoid", "hard_sigmoid")
"""Activations of a unit that make a probability of it."""

FOR_ALL: Final = ("softmax", "sparsemax")
"""Activations that make probabilities of all units together."""


PASSING: Final = ("Flatten", "Reshape", "Permute", "Dropout", "ActivityRegularization", "Identity")
"""Layers that leave numbers what they are."""

LAYERS: Final = ("Softmax", "ReLU", "LeakyReLU", "PReLU", "ELU")
"""Layers that are activations."""


def last_activation(config: Config, output: Reference) -> str | None:
    """Return the activation that ends an output, `linear` for none, None if it is unknown."""
    by_id = {layer.id: layer for layer in config.model.layers}
    layer = by_id.get(output.id)
    while layer is not None and layer.call is not None and layer.call.name in PASSING:
        layer = by_id.get(layer.inputs[0].id)
    if layer is not None and layer.shared in by_id:
        layer = by_id[layer.shared]
    call = layer.call if layer is not None else None
    if call is None:
        return None
    if call.name in LAYERS:
        return call.name.lower()
    activation = call.arguments.get("activation")
    if activation is None:
        return "linear"
    return activation.name if isinstance(activation, Call) else str(activation)


def units_of(config: Config, output: Reference) -> int | None:
    """Return the units of the layer that ends an output, None if they are unknown."""
    layer = next((lay for lay in config.model.layers if lay.id == output.id), None)
    arguments = layer.call.arguments if layer and layer.call else {}
    units = arguments.get("units", arguments.get("filters"))
    return units if isinstance(units, int) else None


def loss_of(losses: Call | Mapping[str, Call] | None, output: Reference) -> Call:
    """Return the loss of an output: of `lstm[1]`, else of `lstm`.

    Raises:
        KeyError: If none is named.
    """
    if isinstance(losses, Call):
        return losses
    named = losses or {}
    return named[str(output)] if str(output) in named else named[output.id]


def given_loss(losses: Call | Mapping[str, Call] | None, output: Reference) -> Call | None:
    """Return the loss of an output, None if none is named."""
    with contextlib.suppress(KeyError):
        return loss_of(losses, output)
    return None


def output_kind(config: Config, task: str) -> OutputKind:
    """Return what the numbers of a model's first output are.

    Args:
        config: Of the model.
        task: Of its data.
    """
    output = config.model.outputs[0]
    activation, loss = last_activation(config, output), given_loss(config.compile.loss, output)
    if task not in LABEL_TASKS:
        return "values"
    units = units_of(config, output)
    if _are_probabilities(activation, task, units):
        return "probabilities"
    if loss is not None and loss.arguments.get("from_logits"):
        return "logits"
    if loss is None and activation == "linear":
        return "logits"  # what `infer_loss` makes of it
    if loss is not None and loss.name in MARGIN_LOSSES and task == "binary" and units in (1, None):
        return "margins"
    return "probabilities" if activation is None else "scores"


def squashed(config: Config, task: str) -> bool:
    """Whether a softmax or sigmoid is still to be applied to a model's outputs.

    It makes probabilities of logits. Of margins it makes numbers from 0 to 1 that decide and rank
    alike, one half standing for 0.
    """
    return output_kind(config, task) in ("logits", "margins")


def _are_probabilities(activation: str | None, task: str, units: int | None) -> bool:
    if activation in FOR_ALL:
        return units != 1
    each = task == "multilabel" or (task == "binary" and units in (1, None))
    return activation in FOR_ONE and each
