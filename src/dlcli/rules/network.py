"""A network as rules see it: layers with all their arguments, and how they are wired."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Shape = tuple[int | None, ...] | None
"""Of one example; an axis may be of variable length, and a whole shape unknown."""

RECURRENT: Final = frozenset({"LSTM", "GRU", "SimpleRNN"})
DENSE: Final = frozenset({"Dense", "EinsumDense"})
CONVOLUTIONS: Final = frozenset(
    f"{kind}{rank}D{transposed}"
    for kind in ("Conv", "DepthwiseConv", "SeparableConv")
    for rank in (1, 2, 3)
    for transposed in ("", "Transpose")
)
ATTENTION: Final = frozenset(
    {"MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"}
)
OTHERS_WITH_KERNEL: Final = frozenset(
    {"Embedding", "ReversibleEmbedding", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)
WITH_KERNEL: Final = RECURRENT | DENSE | CONVOLUTIONS | ATTENTION | OTHERS_WITH_KERNEL
"""Layers that multiply by weights that training finds."""

WRAPPERS: Final = frozenset({"Bidirectional", "TimeDistributed", "SpectralNormalization"})

ACTIVATION_LAYERS: Final = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
}
NORMALIZERS: Final = frozenset(
    {
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "UnitNormalization",
        "Normalization",
    }
)
DROPOUTS: Final = frozenset(
    {"Dropout", "AlphaDropout", "GaussianDropout"}
    | {f"SpatialDropout{rank}D" for rank in (1, 2, 3)}
)
MERGING: Final = frozenset(
    {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"}
)


@dataclass(frozen=True)
class Part:
    """A Keras object of a config: an activation, a regularizer, an optimizer, a loss.

    Attributes:
        name: The exact class name.
        arguments: All of them, Keras's defaults included; nested objects are `Part`s.
        given: Names of those that the config gives.
        path: Dotted path in the config; empty for what is nowhere written.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    path: str = ""

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, or a default if there is none of the name."""
        return self.arguments.get(name, default)

    def named(self, name: str) -> str:
        """Return the name of an argument's object, such as that of an initializer."""
        value = self.get(name)
        return value.name if isinstance(value, Part) else str(value or "")

    def path_of(self, name: str) -> str:
        """Return the path of an argument, or of the object if the argument is not written."""
        return f"{self.path}.{name}" if name in self.given else self.path


@dataclass(frozen=True)
class Layer(Part):
    """One application of a layer.

    Attributes:
        id: Unique in the network.
        inputs: Ids of what it is applied to.
        ignore: Rules that say nothing about it.
        shared: Whether its weights are those of an earlier layer.
    """

    id: str = ""
    inputs: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    shared: bool = False

    @property
    def core(self) -> Part:
        """The layer that computes: what a wrapper holds, else itself."""
        inner = self.get("layer")
        return inner if self.name in WRAPPERS and isinstance(inner, Part) else self

    @property
    def kind(self) -> str:
        """The class that computes; a wrapper's is that of what it holds."""
        return self.core.name

    @property
    def activation(self) -> str:
        """The nonlinearity at its end, in Keras's lower-case name; `linear` for none."""
        if self.kind in ACTIVATION_LAYERS:
            return ACTIVATION_LAYERS[self.kind]
        given = self.core.get("activation")
        if isinstance(given, Part):
            return ACTIVATION_LAYERS.get(given.name, given.name)
        return str(given) if given else "linear"

    @property
    def has_kernel(self) -> bool:
        """Whether it multiplies by weights that training finds."""
        return self.kind in WITH_KERNEL

    @property
    def units(self) -> int | None:
        """The size of its output's last axis, if an argument says it."""
        found = self.core.get("units", self.core.get("filters", self.core.get("output_dim")))
        if not isinstance(found, int):
            return None
        doubled = self.name == "Bidirectional" and self.get("merge_mode", "concat") == "concat"
        return 2 * found if doubled else found

    @property
    def returns_steps(self) -> bool:
        """Whether a recurrent layer passes on what it makes of every step."""
        return bool(self.core.get("return_sequences"))


@dataclass(frozen=True)
class Network:
    """A graph of layers, in an order in which it can be built.

    Attributes:
        inputs: Shape of one example by input, and whether it holds token ids.
        layers: All of them.
        outputs: Ids.
        shapes: Of what layers and inputs put out, by id; only what is known.
    """

    inputs: Mapping[str, Shape]
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]
    shapes: Mapping[str, Shape] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> Mapping[str, Layer]:
        """The layers by id."""
        return {layer.id: layer for layer in self.layers}

    @cached_property
    def _users(self) -> Mapping[str, tuple[Layer, ...]]:
        found: dict[str, list[Layer]] = {}
        for layer in self.layers:
            for source in layer.inputs:
                found.setdefault(source, []).append(layer)
        return {source: tuple(users) for source, users in found.items()}

    def users(self, layer_id: str) -> tuple[Layer, ...]:
        """Return the layers that a layer or input is passed to."""
        return self._users.get(layer_id, ())

    def next(self, layer: Layer) -> Layer | None:
        """Return the only layer that a layer is passed to, which takes nothing else; or None."""
        users = self.users(layer.id)
        alone = len(users) == 1 and len(users[0].inputs) == 1 and layer.id not in self.outputs
        return users[0] if alone else None

    def previous(self, layer: Layer) -> Layer | None:
        """Return the layer that is a layer's only input; None at an input or a merge."""
        return self.by_id.get(layer.inputs[0]) if len(layer.inputs) == 1 else None

    def after(self, layer: Layer) -> Iterator[Layer]:
        """Yield the layers of the chain that follows a layer, as long as nothing branches."""
        following = self.next(layer)
        while following is not None:
            yield following
            following = self.next(following)

    def before(self, layer: Layer) -> Iterator[Layer]:
        """Yield the layers that lead to a layer, the last one first, until an input or a merge."""
        earlier = self.previous(layer)
        while earlier is not None:
            yield earlier
            earlier = self.previous(earlier)

    def has_lengths(self, layer: Layer) -> bool:
        """Whether a layer gets steps of sequences of which is known how long each is."""
        first = [layer, *self.before(layer)][-1].inputs
        shape = self.inputs.get(first[0]) if len(first) == 1 else None
        return shape is not None and shape[:1] == (None,)

    def shape_before(self, layer: Layer) -> Shape:
        """Return the shape that a layer is given, if it is known and one."""
        return self.shapes.get(layer.inputs[0]) if len(layer.inputs) == 1 else None

    def first_with_kernel(self, input_id: str) -> Iterator[tuple[tuple[Layer, ...], Layer]]:
        """Yield each first layer with weights after an input, and what stands before it."""
        waiting: list[tuple[tuple[Layer, ...], str]] = [((), input_id)]
        seen = {input_id}
        while waiting:
            passed, current = waiting.pop(0)
            for user in self.users(current):
                if user.has_kernel:
                    yield passed, user
                elif user.id not in seen:
                    seen.add(user.id)
                    waiting.append(((*passed, user), user.id))


@dataclass(frozen=True)
class Head:
    """The end of a network towards one of its outputs.

    Attributes:
        output: Id of the output.
        kernel: The last layer with weights; None if there is none in the chain.
        after: The layers behind it, in order.
    """

    output: str
    kernel: Layer | None
    after: tuple[Layer, ...] = ()

    @property
    def last(self) -> Layer | None:
        """The layer that puts the output out."""
        return self.after[-1] if self.after else self.kernel

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The last layer with weights and those behind it, in order."""
        return (*((self.kernel,) if self.kernel else ()), *self.after)

    @property
    def activations(self) -> tuple[tuple[str, Layer], ...]:
        """The nonlinearities that end the network, with their layers, in order."""
        named = ((layer.activation, layer) for layer in self.layers)
        return tuple((name, layer) for name, layer in named if name != "linear")

    @property
    def activation(self) -> str:
        """The last of them; `linear` if there is none."""
        return self.activations[-1][0] if self.activations else "linear"

    @property
    def at(self) -> Layer | None:
        """The layer that the last nonlinearity is in, else the last layer with weights."""
        return self.activations[-1][1] if self.activations else self.kernel

    @property
    def units(self) -> int | None:
        """The size of the last layer with weights."""
        return self.kernel.units if self.kernel else None

    @property
    def scaled(self) -> tuple[float, float]:
        """The factor and the shift of `Rescaling` layers behind the last nonlinearity."""
        scale, offset = 1.0, 0.0
        start = self.layers.index(self.activations[-1][1]) + 1 if self.activations else 0
        for layer in self.layers[start:]:
            if layer.kind == "Rescaling" and all(
                isinstance(layer.get(name), int | float) for name in ("scale", "offset")
            ):
                scale *= layer.get("scale")
                offset = offset * layer.get("scale") + layer.get("offset")
        return scale, offset


def head(network: Network, output: str) -> Head:
    """Return the end of a network towards an output."""
    after: list[Layer] = []
    layer = network.by_id.get(output)
    while layer is not None and not layer.has_kernel:
        after.insert(0, layer)
        layer = network.previous(layer)
    return Head(output, layer, tuple(after))
