"""What rules judge: a config that knows its data, in plain terms."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dlcli.rules.network import Head, Layer, head

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dlcli.data.description import DataDescription
    from dlcli.rules.network import Network, Part

CLASS_TASKS: Final = ("multiclass", "binary")
LABEL_TASKS: Final = (*CLASS_TASKS, "multilabel")
VALUE_TASKS: Final = ("regression", "forecasting")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A config that is bound to its data.

    Attributes:
        network: The layers and their wiring.
        data: What is known of the data.
        source: Name of the data set.
        options: Of the data set, its defaults among them.
        train_size: Training examples, validation taken off; None if that is not known.
        validation: Share that validates.
        batch_size: Examples in a training step.
        epochs: Passes over the training part.
        shuffle: Whether each epoch has an order of its own.
        weighted: Whether classes are weighted.
        optimizer: With its schedule, if it has one.
        losses: One for each output, as written, or as inferred.
        infers_loss: Whether the loss was inferred.
        loss_weights: By output.
        metrics: Names as typed; those of Keras by their class.
        callbacks: In their order.
        is_comparison: Whether the optimizer is one of many, and its rate searched.
    """

    network: Network
    data: DataDescription
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    train_size: int | None = None
    validation: float = 0.1
    batch_size: int = 32
    epochs: int = 10
    shuffle: bool = True
    weighted: bool = False
    optimizer: Part
    losses: tuple[Part, ...]
    infers_loss: bool = False
    loss_weights: Mapping[str, float] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    callbacks: tuple[Part, ...] = ()
    is_comparison: bool = False

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """The ends of the network, in the order of its outputs."""
        return tuple(head(self.network, output) for output in self.network.outputs)

    @property
    def ends(self) -> Iterator[tuple[Head, Part]]:
        """Yield each end of the network with its loss."""
        return zip(self.heads, self.losses, strict=True)

    @property
    def has_classes(self) -> bool:
        """Whether each example, or each step, has one class."""
        return self.data.task in CLASS_TASKS

    @property
    def has_values(self) -> bool:
        """Whether numbers are predicted."""
        return self.data.task in VALUE_TASKS

    @property
    def is_sequence(self) -> bool:
        """Whether an input has steps of which there may be more or fewer."""
        return any(spec.shape[:1] == (None,) for spec in self.data.inputs.values())

    @property
    def steps_per_epoch(self) -> int | None:
        """Training batches in an epoch, if it is known how many examples there are."""
        return None if self.train_size is None else math.ceil(self.train_size / self.batch_size)

    @property
    def total_steps(self) -> int | None:
        """Training batches in all epochs."""
        return None if self.steps_per_epoch is None else self.steps_per_epoch * self.epochs

    @property
    def schedule(self) -> Part | None:
        """The optimizer's schedule of learning rates, if it has one."""
        found = self.optimizer.get("learning_rate")
        return None if found is None or isinstance(found, int | float) else found

    def layers(self, *kinds: str) -> Iterator[Layer]:
        """Yield the layers of some classes, within wrappers too."""
        return (layer for layer in self.network.layers if layer.kind in kinds)
