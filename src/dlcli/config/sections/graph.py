"""The frozen model of a config: a graph of layers, with blocks expanded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlcli.catalogue.signature import Type
from dlcli.config.grammar.pieces import Typed, key

if TYPE_CHECKING:
    from dlcli.config.grammar.calls import Call
    from dlcli.config.yaml.nodes import Mark

SHAPE = Typed((Type("array", items=(Type("integer", minimum=1), Type("null"))),), variables=True)
DTYPE = Typed((Type("string"),))


@dataclass(frozen=True)
class InputConfig:
    """One input of the model; shape and dtype are the data's where None."""

    id: str
    shape: Any = key(SHAPE, None, "shape of one example; default: the data's", quiet=True)
    dtype: str | None = key(DTYPE, None, "default: the data's", quiet=True)


@dataclass(frozen=True)
class Reference:
    """The output of a layer; `index` picks one where the layer has several."""

    id: str
    index: int | None = None

    def __str__(self) -> str:
        return self.id if self.index is None else f"{self.id}[{self.index}]"


@dataclass(frozen=True)
class LayerConfig:
    """One application of a layer.

    Attributes:
        id: Unique in the model; also the Keras layer's name.
        call: The layer's class and arguments; None when an earlier layer is applied again.
        shared: Id of the earlier layer whose weights this application shares, or None.
        inputs: What it is applied to.
        ignore: Rules that say nothing about it; they change nothing else.
    """

    id: str
    call: Call | None
    inputs: tuple[Reference, ...]
    shared: str | None = None
    ignore: tuple[str, ...] = ()
    path: str = field(default="", compare=False)
    mark: Mark | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class ModelConfig:
    """The graph of layers, in an order in which it can be built."""

    inputs: tuple[InputConfig, ...]
    layers: tuple[LayerConfig, ...]
    outputs: tuple[Reference, ...]

    @property
    def is_chain(self) -> bool:
        """Whether every layer follows the one before it, from one input to one output."""
        previous = Reference(self.inputs[0].id)
        for layer in self.layers:
            if layer.inputs != (previous,) or layer.shared:
                return False
            previous = Reference(layer.id)
        return len(self.inputs) == 1 and self.outputs == (previous,)
