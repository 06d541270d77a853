"""The description of a Keras model as a config: what `dlcli init --from model.keras` writes.

Only the JSON is read in which Keras describes a model; nothing is built, loaded or run.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from dlcli.catalogue.catalogue import MODULES, load_catalogue
from dlcli.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dlcli.catalogue.signature import Argument, Entry

MODELS: Final = ("Functional", "Sequential")
KINDS: Final = {module: kind for kind, module in MODULES.items()}

MOST_BYTES: Final = 2**26
"""Bound on a description; that of a network of a thousand layers has 1 MB."""

UNWRITTEN: Final = ("name", "dtype", "quantization_config", "seed", "registered_name")
"""Arguments that a config leaves out: ids are names, and seeds are the config's."""

WRITTEN: Final = {"Embedding": ("mask_zero",)}
"""Arguments that a config needs although they are Keras's defaults: dlcli's own are others."""

CONTROLS: Final = ("training", "mask")
"""What a call may be given beside its tensors without a say in the result, if it is no tensor."""

Plain = dict[str, Any]


class Node(NamedTuple):
    """One application of a layer.

    Attributes:
        layer: The layer's description.
        id: What its output is called in the config.
        shared: The id of the layer's first application, None if this is the first.
        inputs: Ids of what it is applied to, with an index where one has several outputs.
    """

    layer: Plain
    id: str
    shared: str | None
    inputs: tuple[str, ...]


def config_of(description: Any) -> Plain:
    """Return the config of a model's description, as plain data.

    Its data are a placeholder: a description does not say what a model was trained with.

    Args:
        description: What `model.to_json()` returns, or `config.json` of a `.keras` file, parsed.

    Raises:
        UserError: If it describes no model, or something that a config cannot say; it is named.
    """
    try:
        graph = _Graph()
        outputs = graph.model(description, None)
        written = {
            "data": {"npz": {"path": "data.npz"}, "validation": 0.1},
            "model": _model(graph, outputs),
        }
        compiled = _compiled(description.get("compile_config"))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"this describes no Keras 3 model that is built: {type(error).__name__}: {error}",
            remedy="Save a Functional or Sequential model by model.save('model.keras').",
        ) from None
    return written | ({"compile": compiled} if compiled else {})


def read_description(path: Path) -> Any:
    """Return a model's description: of a `.keras` file, or of JSON that `to_json` has written.

    Raises:
        UserError: If the file is neither, or cannot be read.
    """
    try:
        return json.loads(_text_of(path))
    # zipfile raises a RuntimeError for what is encrypted; json a RecursionError for deep nesting.
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UserError(
            f"{path} holds no model that can be read: {told}",
            remedy="Give a file of model.save('model.keras') or model.to_json(); an .h5 file is "
            "opened by Keras and saved anew first.",
        ) from None


def _text_of(path: Path) -> bytes:
    """Return the JSON in a file, which may be a `.keras` file.

    Raises:
        ValueError: If it is too large.
    """
    if not zipfile.is_zipfile(path):
        _check_size(path.stat().st_size)
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        _check_size(archive.getinfo("config.json").file_size)
        return archive.read("config.json")


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError("it is too large to describe a model")


def _cannot(what: str, remedy: str = "Say it in another way, or leave it out.") -> NoReturn:
    raise UserError(f"a config cannot say this: {what}", remedy=remedy)


class _Graph:
    """The layers of a model in an order to build them in, nested models in their place."""

    def __init__(self) -> None:
        self.inputs: dict[str, Plain] = {}
        self.nodes: list[Node] = []
        self._ids: set[str] = set()

    def model(self, description: Plain, given: Sequence[str] | None) -> list[str]:
        """Add a model, and return the ids of its outputs.

        Args:
            description: Of the model.
            given: What its inputs are; None for the outermost one, which has its own.
        """
        if description["class_name"] not in MODELS:
            kind = description["class_name"]
            _cannot(f"a model of class {kind}", "A Functional or Sequential model can be written.")
        config = description["config"]
        if description["class_name"] == "Sequential":
            return [self._chain(config["layers"], given)]
        return self._functional(config, given)

    def _chain(self, layers: Sequence[Plain], given: Sequence[str] | None) -> str:
        begins = layers[0]["class_name"] == "InputLayer"
        if given is None and not begins:
            raise ValueError("the Sequential model has no input shape")
        current = self._input(layers[0]) if given is None else given[0]
        for layer in layers[1:] if begins else layers:
            (current,) = self._apply(layer, (current,))
        return current

    def _functional(self, config: Plain, given: Sequence[str] | None) -> list[str]:
        names = [entry[0] for entry in _entries(config["input_layers"])]
        made: dict[tuple[str, int], list[str]] = {}
        by_name = {layer["name"]: layer for layer in config["layers"]}
        for position, name in enumerate(names):
            own = self._input(by_name[name]) if given is None else given[position]
            made[name, 0] = [own]
        firsts: dict[str, str] = {}
        waiting = [
            (layer, number, node)
            for layer in config["layers"]
            if layer["name"] not in names
            for number, node in enumerate(layer["inbound_nodes"])
        ]
        while waiting:
            ready = next(
                (item for item in waiting if all(_key(t) in made for t in _tensors(item[2]))), None
            )
            if ready is None:
                raise ValueError("its layers depend on each other in a circle")
            waiting.remove(ready)
            layer, number, node = ready
            tensors = tuple(made[_key(t)][t[2]] for t in self._given(layer, node))
            first = firsts.get(layer["name"])
            outputs = self._apply(layer, tensors, shared=first)
            made[layer["name"], number] = outputs
            firsts.setdefault(layer["name"], outputs[0].partition("[")[0])
        return [made[_key(t)][t[2]] for t in _entries(config["output_layers"])]

    def _given(self, layer: Plain, node: Plain) -> list[Any]:
        """Return what a layer is applied to.

        Raises:
            UserError: If it is given anything else, which would change what it makes.
        """
        for name, value in node["kwargs"].items():
            plain = not any(True for _ in _histories(value))
            if not (plain and (name in CONTROLS or value is None or value is False)):
                _cannot(f"{layer['name']} is called with {name}")
        tensors = list(_tensors(node))
        others = [item for item in _flat(node["args"]) if not _is_tensor(item) and item is not None]
        if others or not tensors:
            _cannot(f"{layer['name']} is called with values that are no tensors")
        return tensors

    def _input(self, layer: Plain) -> str:
        config = layer["config"]
        identifier = self._new_id(config["name"])
        dtype = config.get("dtype", "float32")
        written = {"shape": list(config["batch_shape"][1:])}
        self.inputs[identifier] = written | ({} if dtype == "float32" else {"dtype": dtype})
        return identifier

    def _apply(
        self, layer: Plain, tensors: tuple[str, ...], *, shared: str | None = None
    ) -> list[str]:
        """Add an application of a layer or nested model, and return the ids of its outputs."""
        if layer["class_name"] in MODELS:
            if shared is not None:
                _cannot(f"the nested model {layer['config']['name']} is used more than once")
            return self.model(layer, tensors)
        identifier = self._new_id(layer["config"]["name"] if shared is None else f"{shared}_again")
        self.nodes.append(Node(layer, identifier, shared, tensors))
        count = _outputs_of(layer)
        return [f"{identifier}[{i}]" for i in range(count)] if count > 1 else [identifier]

    def _new_id(self, name: str) -> str:
        stem = re.sub(r"\W", "_", name, flags=re.ASCII)
        stem = stem if re.match(r"[A-Za-z]", stem) else f"layer_{stem}"
        found, number = stem, 1
        while found in self._ids:
            number += 1
            found = f"{stem}_{number}"
        self._ids.add(found)
        return found


def _outputs_of(layer: Plain) -> int:
    """Return how many outputs a layer has: with its states, a recurrent one has several."""
    config: Plain = layer["config"]
    found = config.get("layer")
    inner: Plain = found if isinstance(found, dict) else {}
    options: Plain = inner.get("config", config)
    if not options.get("return_state"):
        return 1
    states = {"LSTM": 2, "ConvLSTM1D": 2, "ConvLSTM2D": 2, "ConvLSTM3D": 2, "GRU": 1}
    name = inner.get("class_name", layer["class_name"])
    if name not in (*states, "SimpleRNN"):
        _cannot(f"{config['name']} returns the states of {name}")
    return 1 + states.get(name, 1) * (2 if layer["class_name"] == "Bidirectional" else 1)


def _entries(found: Any) -> list[Any]:
    """Return references to tensors: a single one stands without a list around it."""
    if isinstance(found, dict):
        found = list(found.values())
    return [found] if isinstance(found[0], str) else list(found)


def _key(history: Sequence[Any]) -> tuple[str, int]:
    return str(history[0]), int(history[1])


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"


def _histories(value: Any) -> Iterator[Any]:
    for item in _flat(value):
        if _is_tensor(item):
            yield item["config"]["keras_history"]


def _tensors(node: Plain) -> Iterator[Any]:
    """Yield what an application is applied to: layer, number of its application, output."""
    yield from _histories(node["args"])


def _model(graph: _Graph, outputs: Sequence[str]) -> Plain:
    """Return the model section; `from` and `id` stand where a chain would not do."""
    first = next(iter(graph.inputs)) if len(graph.inputs) == 1 else ""
    last = graph.nodes[-1].id if graph.nodes else first
    ends = [] if list(outputs) == [last] else list(outputs)
    chained = list(_with_previous(graph.nodes, first))
    referred = [ref for before, node in chained if node.inputs != (before,) for ref in node.inputs]
    named = {ref.partition("[")[0] for ref in (*referred, *ends)}
    named |= {node.shared for node in graph.nodes if node.shared}
    layers: list[Any] = []
    for before, node in chained:
        written: Plain = {"use": node.shared} if node.shared else _called(node.layer)
        if node.id in named:
            written["id"] = node.id
        if node.inputs != (before,):
            written["from"] = node.inputs[0] if len(node.inputs) == 1 else list(node.inputs)
        layers.append(_short(written))
    section: Plain = {"inputs": graph.inputs, "layers": layers}
    return section | ({"outputs": ends} if ends else {})


def _with_previous(nodes: Sequence[Node], first: str) -> Iterator[tuple[str, Node]]:
    previous = first
    for node in nodes:
        yield previous, node
        previous = node.id


def _short(written: Plain) -> Any:
    """Return a layer's name alone where nothing stands beside it and it has no arguments."""
    (name, arguments), *beside = written.items()
    return name if arguments == {} and not beside else written


def _called(described: Plain) -> Plain:
    """Return an object of Keras as a config writes it: its class with the arguments that count.

    Raises:
        UserError: If a config cannot name the class.
    """
    module, name = described.get("module") or "", described["class_name"]
    kind = KINDS.get(module, "")
    entry = load_catalogue().find(kind, name) if kind else None
    if entry is None or entry.module or described.get("registered_name") not in (None, name):
        _cannot(f"{name} of {module or 'your own code'}")
    if entry.refused:
        _cannot(f"{name}, which {entry.refused}")
    return {entry.name: dict(_arguments(entry, described["config"]))}


def _arguments(entry: Entry, config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    policy = _policy(config.get("dtype"))
    if policy not in (None, "float32"):
        yield "dtype", policy
    for name, value in config.items():
        argument = entry.by_name.get(name)
        if argument is None or name in UNWRITTEN or _is_implied(entry, name, config):
            continue
        written = _value(value)
        if name in WRITTEN.get(entry.name, ()):
            yield name, written
        elif _simple(written) != _simple(argument.default) and not _is_default(written, argument):
            yield name, _simple(written) if _takes_one(argument) else written


def _policy(dtype: Any) -> str | None:
    if isinstance(dtype, dict):
        found = dtype["config"].get("name")
        return str(found) if found else None
    return None if dtype is None else str(dtype)


def _is_implied(entry: Entry, name: str, config: Mapping[str, Any]) -> bool:
    """Whether an argument follows from the others: the way back of a Bidirectional."""
    if entry.name != "Bidirectional" or name != "backward_layer":
        return False
    forth, back = (dict(config[key]["config"]) for key in ("layer", "backward_layer"))
    turned = {**forth, "go_backwards": not forth.get("go_backwards")}
    unequal = {key for key in turned if turned[key] != back.get(key)}
    return unequal <= {"name", "dtype"}


def _is_default(written: Any, argument: Argument) -> bool:
    """Whether a value is the default in other words: `GlorotUniform` for `glorot_uniform`."""
    default = argument.default
    if default is None:
        return written in ("linear", "channels_last")
    if not isinstance(default, str) or not isinstance(written, str):
        return False
    found = (load_catalogue().find(kind, default) for kind in ("initializers", "regularizers"))
    return any(entry is not None and entry.name == written for entry in found)


def _takes_one(argument: Argument) -> bool:
    return any(accepted.name == "integer" for accepted in argument.types)


def _simple(value: Any) -> Any:
    """Return a number for a list of equal ones: `3` for `[3, 3]`."""
    if isinstance(value, list | tuple) and value and all(item == value[0] for item in value):
        return value[0] if isinstance(value[0], int) else value
    return value


def _value(value: Any) -> Any:
    """Return a value of a description as a config writes it."""
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        written = _called(value)
        ((name, arguments),) = written.items()
        return written if arguments else name
    if isinstance(value, float):
        return float(f"{value:.7g}")  # Keras keeps learning rates with single precision
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    return value


def _compiled(described: Any) -> Plain:
    """Return the compile section: the optimizer, and the loss where it is a single one."""
    if not isinstance(described, dict):
        return {}
    found: Plain = {}
    optimizer, loss = described.get("optimizer"), described.get("loss")
    if isinstance(optimizer, dict):
        found["optimizer"] = _value(optimizer)
    elif isinstance(optimizer, str) and (entry := load_catalogue().find("optimizers", optimizer)):
        found["optimizer"] = entry.name
    if isinstance(loss, dict) and "class_name" in loss:
        found["loss"] = _value(loss)
    elif isinstance(loss, str) and (entry := load_catalogue().find("losses", loss)):
        found["loss"] = entry.name
    return found
