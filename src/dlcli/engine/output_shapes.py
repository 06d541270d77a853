"""Whether a model's outputs are what is to be predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlcli.config.yaml.diagnostics import ConfigError, Diagnostic
from dlcli.config.yaml.nodes import nowhere

if TYPE_CHECKING:
    from dlcli.config.sections.experiment import Config, Reference
    from dlcli.data.description import DataDescription

MOVING = (
    "RandomCrop", "RandomElasticTransform", "RandomFlip", "RandomPerspective", "RandomRotation",
    "RandomShear", "RandomTranslation", "RandomZoom",
)  # fmt: skip
"""Layers that move what is in an image, but not what is in its mask."""


def check_unmoved(config: Config, description: DataDescription) -> None:
    """Make sure that no layer moves an image whose pixels have targets.

    Raises:
        ConfigError: If one does; it names its line.
    """
    if len(description.target_shape) < 2:
        return
    for layer in config.model.layers:
        if layer.call is not None and layer.call.name in MOVING:
            message = f"{layer.call.name} moves the image, but not the targets of its pixels"
            hint = "Leave it out; layers that change colors or contrast are fine."
            mark = layer.mark or nowhere()
            raise ConfigError([Diagnostic("moved-targets", mark, layer.path, message, hint)])


def check_output(
    config: Config, description: DataDescription, ref: Reference, shape: tuple[int | None, ...]
) -> None:
    """Make sure that an output has a number for everything that is to be predicted.

    Raises:
        ConfigError: If it has not; it names the layer's line.
    """
    wanted = _output_shapes(description)
    if any(_fits(shape, one) for one in wanted):
        return
    layer = next((layer for layer in config.model.layers if layer.id == ref.id), None)
    mark = (layer.mark if layer else None) or nowhere()
    made = " x ".join("any" if n is None else str(n) for n in shape) or "a single number"
    units = " or ".join(" x ".join("any" if n is None else str(n) for n in one) for one in wanted)
    message = f"the output is {made}, but this {description.task} task needs {units}"
    hint = (
        "Add Flatten or a global pooling layer before the last Dense layer."
        if len(shape) > len(wanted[0])
        else "give the last layer units: $classes (filters, for a convolution)"
        if description.classes
        else f"give the last layer units: {units}"
    )
    path = layer.path if layer else "model.outputs"
    raise ConfigError([Diagnostic("output-shape", mark, path, message, hint)])


def _fits(shape: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether an output has a wanted shape, of which None is a number that varies."""
    return len(shape) == len(wanted) and all(
        want is None or want == made for made, want in zip(shape, wanted, strict=True)
    )


def _output_shapes(description: DataDescription) -> list[tuple[int | None, ...]]:
    """Return the shapes an output may have, without the batch axis."""
    classes, places = len(description.classes), description.target_shape
    if description.task == "binary":
        return [(*places, 1), (*places, 2)]
    if description.task == "multilabel":
        return [(classes,)]
    if description.task == "multiclass":
        return [(*places, classes)]
    return [places, (*places, 1)] if places else [(1,)]
