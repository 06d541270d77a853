"""The frozen config: what a YAML file means once it is read, with every default filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlcli.config.nodes import Mark
    from dlcli.data.description import Source


@dataclass(frozen=True)
class Call:
    """A Keras class with its keyword arguments, as written; defaults are Keras's own.

    Attributes:
        kind: The catalogue's kind, e.g. `layers`.
        name: The exact class name, e.g. `Conv2D`.
        arguments: Values are plain data, tuples, nested `Call`s, or `Variable`s until bound.
        path: Dotted path in the config, for messages.
    """

    kind: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    path: str = field(default="", compare=False, repr=False)
    mark: Mark | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Variable:
    """A value that comes from the data, such as `$classes`."""

    name: str
    path: str = field(default="", compare=False)
    mark: Mark | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class InputConfig:
    """One input of the model; shape and dtype are the data's where None."""

    id: str
    shape: Any = None
    dtype: str | None = None


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
    """

    id: str
    call: Call | None
    inputs: tuple[Reference, ...]
    shared: str | None = None
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


@dataclass(frozen=True)
class DataConfig:
    """Which data, how much of it validates, and how batches are made of it."""

    source: Source
    validation: float = 0.1
    batch_size: int = 32
    bucketing: bool = False
    group: str | None = None


@dataclass(frozen=True)
class CompileConfig:
    """Keras's compile: optimizer, loss (None: inferred from task and last activation), metrics.

    `loss` and `loss_weights` are mappings by output id where there are several outputs and they
    differ. `metrics` holds dlcli's own names as text (`f1`, `top_k:3`) and Keras classes as calls;
    None stands for the task's usual one.
    """

    optimizer: Call = field(default_factory=lambda: Call("optimizers", "Adam"))
    loss: Call | Mapping[str, Call] | None = None
    loss_weights: Mapping[str, float] | None = None
    metrics: tuple[str | Call, ...] | None = None


@dataclass(frozen=True)
class FitConfig:
    """Keras's fit. `class_weight` maps a label (as text) to its weight, or is `balanced`."""

    epochs: int = 10
    callbacks: tuple[Call, ...] = ()
    shuffle: bool = True
    class_weight: Mapping[str, float] | Literal["balanced"] | None = None
    jit: bool | Literal["auto"] = "auto"
    mixed_precision: bool = False


@dataclass(frozen=True)
class Candidate:
    """One optimizer of a comparison, with its own rates if it has them."""

    optimizer: Call
    label: str | None = None
    learning_rates: tuple[float, ...] | None = None


@dataclass(frozen=True)
class CompareConfig:
    """The comparison; None leaves a choice to the protocol's preset."""

    optimizers: tuple[Candidate, ...] | None = None
    learning_rates: tuple[float, ...] | None = None
    initializers: tuple[Call, ...] | None = None
    seeds: int | None = None
    search_seeds: int | None = None
    budget: int | str | None = None
    target: Mapping[str, float] | None = None
    score: str | None = None
    preset: Literal["quick", "standard", "full"] = "standard"
    prune: bool = False
    split: Literal["resample", "official"] = "resample"
    tune: Literal["each", "once"] = "each"
    margin: float | None = None


@dataclass(frozen=True)
class Config:
    """One experiment."""

    name: str
    data: DataConfig
    model: ModelConfig
    compile: CompileConfig
    fit: FitConfig
    compare: CompareConfig | None = None
    seed: int = 0
    version: int = 1
