"""A model without one of its layers: what read the layer's output reads the layer's input."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dlcli.config.yaml.diagnostics import listing
from dlcli.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from dlcli.config.sections.graph import ModelConfig, Reference


def without(model: ModelConfig, layer_id: str) -> ModelConfig:
    """Return the model without a layer.

    Raises:
        UserError: If there is no such layer, or nothing can stand for its output.
    """
    ids = [layer.id for layer in model.layers]
    gone = next((layer for layer in model.layers if layer.id == layer_id), None)
    if gone is None:
        message = f"the model has no layer '{layer_id}'{did_you_mean(layer_id, ids)}"
        raise UserError(message, remedy=f"Its layers are: {listing(ids)}.")
    if len(gone.inputs) != 1:
        what = ", ".join(map(str, gone.inputs))
        remedy = "Write the model without it as a candidate: {label: ..., model: {layers: ...}}."
        raise UserError(f"'{layer_id}' joins several inputs ({what})", remedy=remedy)
    if any(layer.shared == layer_id for layer in model.layers):
        remedy = "Name a layer that is used once."
        raise UserError(f"another layer uses the weights of '{layer_id}'", remedy=remedy)
    if any(ref.id == layer_id for ref in model.outputs):
        remedy = "Name a layer before the outputs."
        raise UserError(f"'{layer_id}' is an output of the model", remedy=remedy)
    (before,) = gone.inputs

    def passed(reference: Reference) -> Reference:
        return before if reference.id == layer_id else reference

    kept = tuple(
        replace(layer, inputs=tuple(map(passed, layer.inputs)))
        for layer in model.layers
        if layer.id != layer_id
    )
    return replace(model, layers=kept)
